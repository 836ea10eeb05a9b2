internal import ArgumentParser
internal import FoundationEssentials
internal import Messages
internal import NIOHTTP1
internal import Transport

/// The command `claude-chat trace`.
struct TraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "See why a message was answered as it was.",
        discussion: """
            Says who answered a turn of the running server, by which rule at which line, what \
            each responder of the chain did, and how long that took; no word of what was \
            said. A turn's id is in the log, in the store and in an export. Without one \
            the last turns are listed: all, or those of a filter.

              claude-chat trace t_0wcgWaGQ3nVrWGpo4bK9yA
              claude-chat trace --unanswered --limit 50
              claude-chat trace --slow

            Asks the running server, with server.admin_token of the configuration.
            Exit status: 0 shown, 1 no such turn, no server answers or it refused, 2 wrong \
            usage.
            """
    )

    @OptionGroup var server: RunningServerOptions

    @Argument(help: ArgumentHelp("The turn.", valueName: "turn")) var turn: String?
    @Flag(help: "List turns to which nobody had an answer.") var unanswered = false
    @Flag(help: "List turns of a second or more, the slowest first.") var slow = false
    @Flag(help: "List turns in which something failed.") var failed = false
    @Option(help: ArgumentHelp("How many turns are listed, 1 to 1000.", valueName: "n")) var limit = 20
    @Flag(help: "Print the records as JSON.") var json = false

    /// The filters that were asked for.
    private var filters: [TurnFilter] {
        [(self.unanswered, TurnFilter.unanswered), (self.slow, .slow), (self.failed, .failed)].filter(\.0).map(\.1)
    }

    func validate() throws {
        if let turn {
            let isName = turn.utf8.allSatisfy { byte in
                [UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z")].contains { $0 ~= byte }
                    || 0x30...0x39 ~= byte || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
            }
            guard isName, 1...Limits.messageIDBytes ~= turn.utf8.count else {
                throw ValidationError("\"\(printable(turn))\" is no name of a turn; they begin with t_")
            }
            if !self.filters.isEmpty { throw ValidationError("write a turn or a filter") }
        }
        if self.filters.count > 1 { throw ValidationError("write one of --unanswered, --slow and --failed") }
        guard 1...1_000 ~= self.limit else { throw ValidationError("--limit takes 1 to 1000") }
    }

    private struct Page: Decodable { var turns: [TraceRecord] }

    func run() async throws {
        if let turn {
            let answer = try await self.server.ask(.GET, "/api/admin/turns/\(turn)/trace")
            guard !self.json else { return Terminal.current.write(answer) }
            return Terminal.current.write(TraceReport(try TraceRecord(json: Array(answer.utf8))).text)
        }
        let filter = self.filters.first.map { "&filter=\($0.rawValue)" } ?? ""
        let answer = try await self.server.ask(.GET, "/api/admin/turns?limit=\(self.limit)\(filter)")
        guard !self.json else { return Terminal.current.write(answer) }
        self.list(try JSONDecoder().decode(Page.self, from: Data(answer.utf8)).turns)
    }

    private func list(_ turns: [TraceRecord]) {
        var table = TextTable(numeric: [3])
        table.append(["turn", "started", "outcome", "took", "by"])
        for turn in turns {
            let elected = turn.steps?.first { $0.elected == true }
            let failures = (turn.steps ?? []).filter { $0.code != nil }.map { "\($0.responder) \($0.code ?? "")" }
            let by = [[turn.responder ?? "–", elected?.rule].compactMap(\.self).joined(separator: " ")] + failures
            table.append([
                turn.turn ?? "", turn.started ?? "", turn.outcome ?? "",
                turn.elapsedMs.map { TraceReport.short(microseconds: Int($0 * 1_000)) } ?? "",
                printable(by.joined(separator: "; "), limit: 120),
            ])
        }
        let lines = turns.isEmpty ? [] : table.lines
        Terminal.current.write((lines + [counted(turns.count, "turn")]).joined(separator: "\n"))
    }
}
