internal import ArgumentParser
internal import Diagnostics
internal import Messages
internal import Plugins
internal import Responders

/// The command `claude-chat try`.
struct TryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "try",
        abstract: "See what one adapter would answer, and how long it takes.",
        discussion: """
            Asks the plugin alone, by its configuration, as if a visitor had written the text. \
            Nothing is stored of it.

              claude-chat try docs 'how do I return something'
            """,
        subcommands: [TryDocsCommand.self]
    )
}

/// The command `claude-chat try docs`.
struct TryDocsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "docs",
        abstract: "Ask the documents.",
        discussion: "Brings the index up to the documents first.\n\n  claude-chat try docs 'opening hours' --lang de"
    )

    @Argument(help: "The message.") var text: String
    @Option(help: ArgumentHelp("The page on which it was written.", valueName: "path")) var page = "/"
    @Option(help: ArgumentHelp("The language that the page reports.", valueName: "tag")) var lang: String?
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let terminal = Terminal.current
        let turn = Turn(
            id: TurnID("t_try"),
            message: Incoming(id: "try", text: self.text, lang: self.lang),
            conversation: Conversation(sessionID: "try", site: "default", said: [:]),
            page: Page(path: self.page),
            localTime: TimeOfDay(minutes: 720)
        )
        for docs in try self.options.docs() {
            docs.prepareToRun()
            docs.reload()
            let (verdict, time) = try await running([docs]) { () -> (Verdict, Duration) in
                let start = terminal.clock.now
                let verdict = try await docs.respond(to: turn.placed(in: .answer))
                return (verdict, terminal.clock.now - start)
            }
            terminal.write("\(docs.path): \(verdict.word) after \(time.milliseconds) ms")
            switch verdict {
            case .reply(let reply, _, _, _):
                for line in reply.text.split(separator: "\n") {
                    terminal.write("  \(printable(String(line), limit: 500))")
                }
                for link in reply.links { terminal.write("  \(printable(link.title))  \(printable(link.url))") }
            case .pass(let reason): terminal.write("  \(reason?.rawValue ?? "no reason")")
            case .fail(let failure): terminal.write("  \(failure.problem ?? failure.code.rawValue)")
            default: break
            }
        }
    }
}
