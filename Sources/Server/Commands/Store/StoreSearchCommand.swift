internal import Messages
internal import ArgumentParser
internal import Rules
internal import Store

/// The command `claude-chat store search`.
struct StoreSearchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Find messages by their words, session, page, rule, outcome and time.",
        discussion: """
            All words must occur, without regard to case and accents; 'refund*' leaves the \
            end open. The newest messages come first. That somebody has read is noted in \
            the audit log, without the words.

              claude-chat store search 'order refund' --site shop --since 7d
              claude-chat store search --session s_8QmZ…
              claude-chat store search --outcome fell-back --page /checkout

            Exit status: 0 searched, 1 not possible, 2 wrong usage, 130 ended by Ctrl+C.
            """
    )

    @OptionGroup var access: StoreAccess
    @Argument(help: "The words; all messages without them.") var words: String = ""
    @OptionGroup var filter: StoreFilterOptions
    @Option(help: ArgumentHelp("How many messages at most, 1 to 1000.", valueName: "n")) var limit = 50
    @Option(help: ArgumentHelp("Go on where the last page ended.", valueName: "number")) var before: Int64?
    @Flag(help: "Print JSON, one object a line.") var json = false

    func validate() throws {
        guard 1...1_000 ~= self.limit else { throw ValidationError("--limit takes 1 to 1000") }
    }

    func run() async throws {
        let settings = try self.access.settings()
        let filter = try self.filter.filter(at: SystemClocks().timestamp())
        let query = SearchQuery(self.words, filter: filter, limit: self.limit, before: self.before)
        let result = try await StoreAccess.work(on: settings, as: .reader, "searching") { store, progress in
            try await store.search(query, progress: progress.report)
        }
        let count = "\(result.found.count)"
        try StoreAccess.note("transcripts-read", filter.audited + [("messages", count)], on: settings)
        let lines = self.json ? Self.json(result) : Self.list(result)
        for line in lines { Terminal.current.write(line) }
    }

    private static func list(_ result: SearchResult) -> [String] {
        var table = TextTable(numeric: [3])
        for found in result.found {
            let message = found.message
            let turn = [found.outcome, found.rule].compactMap { $0.map { printable($0, limit: 60) } }
            table.append([
                message.time.description, message.site.rawValue, message.session.rawValue, "\(message.seq)",
                message.speaker.rawValue, printable(message.text), turn.joined(separator: " "),
            ])
        }
        let count = counted(result.found.count, "message")
        return table.lines + [count + (result.next.map { "; the next ones: --before \($0)" } ?? "")]
    }

    private static func json(_ result: SearchResult) -> [String] {
        let messages = result.found.map { found -> JSONValue in
            let message = found.message
            return .compact([
                ("time", .text(message.time.description)), ("site", .text(message.site.rawValue)),
                ("session", .text(message.session.rawValue)), ("seq", .integer(message.seq)),
                ("id", .text(message.id)), ("speaker", .text(message.speaker.rawValue)), ("page", .text(message.page)),
                ("text", .text(message.text)), ("outcome", .text(found.outcome)), ("rule", .text(found.rule)),
            ])
        }
        let summary: JSONValue = .object([
            ("messages", .integer(result.found.count)), ("next", result.next.map { .integer(Int($0)) } ?? .null),
        ])
        return (messages + [summary]).map(\.description)
    }
}
