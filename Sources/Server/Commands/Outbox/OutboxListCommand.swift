internal import ArgumentParser
internal import Diagnostics
internal import Messages
internal import Tracker

/// The command `claude-chat outbox list`.
struct OutboxListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List what is in the outbox, the oldest first.",
        discussion: """
            Without --state what isn't done. "maybe twice" was sent again though it may have \
            arrived, to a tracker that can't be asked.

              claude-chat outbox list --state stuck
              claude-chat outbox list --json

            Exit status: 0 listed, 1 not possible, 2 wrong usage.
            """
    )

    @OptionGroup var access: IssueAccess
    @Option(help: ArgumentHelp("Those in a state: waiting, sending, stuck, done.", valueName: "word"))
    var state: [String] = []
    @Option(help: ArgumentHelp("Those for one tracker.", valueName: "name")) var tracker: String?
    @Option(help: ArgumentHelp("How many at most, 1 to 1000.", valueName: "n")) var limit = 100
    @Option(help: ArgumentHelp("Go on behind an entry.", valueName: "number")) var after = 0
    @Flag(help: "Print JSON, one object a line.") var json = false

    func validate() throws {
        guard 1...1_000 ~= self.limit else { throw ValidationError("--limit takes 1 to 1000") }
        _ = try outboxStates(self.state)
    }

    func run() async throws {
        let (tracker, limit, after, json) = (self.tracker, self.limit, self.after, self.json)
        let states = try outboxStates(self.state)
        try await self.access.work(on: .outbox) { file in
            let entries = try await file.outbox(in: states, of: tracker, after: after, limit: limit)
            for line in json ? try entries.map({ try $0.jsonLine() }) : Self.table(entries) {
                Terminal.current.write(line)
            }
            return ("outbox-read", [("entries", "\(entries.count)")])
        }
    }

    private static func table(_ entries: [OutboxEntry]) -> [String] {
        var table = TextTable(numeric: [0, 5])
        for entry in entries {
            table.append([
                "\(entry.number)", entry.tracker, entry.kind.rawValue, entry.reference ?? "-", entry.state.rawValue,
                "\(entry.attempts)", entry.nextAt.description,
                [entry.lastCode, entry.maybeTwice ? "maybe twice" : nil].compactMap { $0 }.joined(separator: ", "),
            ])
        }
        return table.lines + [entries.count == 1 ? "1 entry" : "\(entries.count) entries"]
    }
}

/// States as people write them; what isn't done where nothing is written.
func outboxStates(_ words: [String]) throws -> Set<OutboxEntry.State> {
    guard !words.isEmpty else { return [.waiting, .sending, .stuck] }
    return Set(
        try words.map { word in
            guard let state = OutboxEntry.State(rawValue: word) else {
                let hint = suggestion(for: word, among: OutboxEntry.State.allCases.map(\.rawValue))
                throw ValidationError("\"\(printable(word))\" is no state; \(hint)")
            }
            return state
        }
    )
}
