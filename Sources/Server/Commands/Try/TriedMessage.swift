internal import ArgumentParser
internal import Diagnostics
internal import Messages
internal import Plugins
internal import Responders

/// A message that one adapter is asked alone.
struct TriedMessage: ParsableArguments {
    @Argument(help: "The message.") var text: String
    @Option(help: ArgumentHelp("The page on which it was written.", valueName: "path")) var page = "/"
    @Option(help: ArgumentHelp("The language that the page reports.", valueName: "tag")) var lang: String?

    /// Asks a responder, as it answers by now, and shows what a visitor would see, and what else there is to say of it.
    func ask(
        _ responder: some RunningResponder & ReloadableResponder,
        named name: String,
        from visitor: Visitor = Visitor(),
        details: @escaping @Sendable () async -> [String] = { [] }
    ) async throws {
        let terminal = Terminal.current
        let turn = Turn(
            id: TurnID("t_try"),
            message: Incoming(id: "try", text: self.text, lang: self.lang),
            conversation: Conversation(sessionID: "try", site: "default", said: [:]),
            visitor: visitor,
            page: Page(path: self.page),
            localTime: TimeOfDay(minutes: 720)
        )
        responder.prepareToRun()
        responder.reload()
        let (verdict, time, lines) = try await running([responder]) { () -> (Verdict, Duration, [String]) in
            let start = terminal.clock.now
            let verdict = try await responder.respond(to: turn.placed(in: .answer))
            let time = terminal.clock.now - start
            return (verdict, time, await details())
        }
        terminal.write("\(name): \(verdict.word) after \(time.milliseconds) ms")
        switch verdict {
        case .reply(let reply, _, _, _):
            for line in reply.text.split(separator: "\n") { terminal.write("  \(printable(String(line), limit: 500))") }
            for link in reply.links { terminal.write("  \(printable(link.title))  \(printable(link.url))") }
        case .pass(let reason): terminal.write("  \(reason?.rawValue ?? "no reason")")
        case .fail(let failure): terminal.write("  \(failure.problem ?? failure.code.rawValue)")
        default: break
        }
        for line in lines { terminal.write(printable(line, limit: 500)) }
    }
}
