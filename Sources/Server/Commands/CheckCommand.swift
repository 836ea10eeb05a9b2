internal import ArgumentParser
internal import Diagnostics
internal import Responders

/// The command `claude-chat check`.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Find every mistake in the configuration and in the files that it names.",
        discussion: """
            Reads claude-chat.yaml, creates every responder of every chain, reads all rule \
            files and runs the tests in them, and the conversations that chains name \
            under tests. Starts nothing. Each mistake is one line, \
            file:line:column and what to write instead, with the line of the file under it.

              claude-chat check && systemctl restart claude-chat
              claude-chat plugins sample --all --files . | claude-chat check -

            Exit status: 0 where a server would start (perhaps with warnings), 1 where it \
            would not, 2 wrong usage.
            """
    )

    @OptionGroup var options: ConfigurationOptions
    @Argument(help: ArgumentHelp("In place of --config: a file, or - for the standard input.", valueName: "file"))
    var file: String?

    func run() async throws {
        var options = self.options
        if let file { options.file = file }
        do throws(Rejection) {
            let configuration = try options.load()
            let warnings = configuration.warnings
            if !warnings.isEmpty { Terminal.current.write(DiagnosticReport(warnings).text) }
            let tested = try await configuration.runTranscripts(with: Terminal.current.registry)
            let count = "; \(counted(tested.conversations, "conversation")), \(counted(tested.messages, "message"))"
            Terminal.current.write(Self.summary(of: configuration) + (tested.conversations > 0 ? count : ""))
        } catch {
            Terminal.current.write(DiagnosticReport(error.diagnostics).text)
            Terminal.current.write("\(DiagnosticReport(error.diagnostics).count); nothing would start")
            throw ExitCode(ExitStatus.findings)
        }
    }

    /// What was loaded: `claude-chat.yaml is fine: chains demo, rules-only; rules: 6 files, 45 rules, 120 tests`.
    static func summary(of configuration: Configuration) -> String {
        var parts = ["chains \(configuration.chainNames.joined(separator: ", "))"]
        for name in configuration.chainNames {
            for entry in configuration.chain(named: name)?.entries ?? [] {
                guard let contents = entry.responder.contents else { continue }
                let part = "\(entry.name): \(contents)"
                if !parts.contains(part) { parts.append(part) }
            }
        }
        let warnings = configuration.warnings.isEmpty ? "" : ", with \(DiagnosticReport(configuration.warnings).count)"
        return "\(configuration.file) is fine\(warnings): \(parts.joined(separator: "; "))"
    }
}
