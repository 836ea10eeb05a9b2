internal import ArgumentParser
internal import Diagnostics
internal import Plugins
internal import Responders
internal import Tracker

/// The command `claude-chat outbox preview`.
struct OutboxPreviewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preview",
        abstract: "Show the requests that trackers on other machines would get for a sample report.",
        discussion: """
            Sends nothing. Secrets are shown as ***.

              claude-chat outbox preview

            Exit status: 0 shown, 1 the configuration has mistakes or no such tracker, 2 \
            wrong usage.
            """
    )

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let terminal = Terminal.current
        let configuration: Configuration
        do throws(Rejection) { configuration = try self.options.load() } catch {
            terminal.complain(DiagnosticReport(error.diagnostics).text)
            throw ExitCode(ExitStatus.findings)
        }
        var blocks: [String] = []
        for name in configuration.chainNames {
            for entry in configuration.chain(named: name)?.entries ?? [] {
                guard let issues = entry.responder as? Issues else { continue }
                for (request, text) in try issues.requestPreview() {
                    let block = "# \(name)/\(entry.name): \(request)\n\(printableLines(text))"
                    if !blocks.contains(block) { blocks.append(block) }
                }
            }
        }
        guard !blocks.isEmpty else {
            terminal.complain("\(self.options.file): no chain sends reports to another machine [no-outbox]")
            throw ExitCode(ExitStatus.findings)
        }
        terminal.write(blocks.joined(separator: "\n\n"))
    }
}

/// Several lines without characters that a terminal would act on.
private func printableLines(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { printable(String($0), limit: 20_000) }
        .joined(separator: "\n")
}
