internal import GRDB
internal import Messages

/// What is looked for.
public struct SearchQuery: Hashable, Sendable {
    /// Words that all have to be there, without regard to case and accents; a star at the end of one leaves its end open.
    ///
    /// Empty for all messages.
    public var words: String
    public var filter: StoreFilter
    /// How many messages at most, 1 through 1,000.
    public var limit: Int
    /// Where to go on, from ``SearchResult/next``.
    public var before: Int64?

    public init(_ words: String = "", filter: StoreFilter = StoreFilter(), limit: Int = 50, before: Int64? = nil) {
        self.words = words
        self.filter = filter
        self.limit = limit
        self.before = before
    }
}

/// What was found.
public struct SearchResult: Sendable {
    /// Newest first.
    public let found: [FoundMessage]
    /// Where the next page begins; nothing if nothing older matches.
    public let next: Int64?
    /// How many messages were looked at.
    public let scanned: Int

    /// The messages alone, newest first.
    public var messages: [StoredMessage] { self.found.map(\.message) }
}

/// A message with what became of its turn.
public struct FoundMessage: Sendable, Hashable {
    public let message: StoredMessage
    /// Nothing for a message that started no turn.
    public let turn: String?
    /// Nothing for a message that started no turn, or whose turn goes on.
    public let outcome: String?
    /// The rule that decided.
    public let rule: String?
    /// The record of the turn, JSON; nothing where there is none.
    public let trace: [UInt8]?

    init(_ item: MessageScan.Item) {
        self.message = item.message
        self.turn = item.turn?.id
        self.outcome = item.turn?.outcome
        self.rule = item.turn?.rule
        self.trace = item.turn?.trace
    }
}

extension MessageStore {
    /// Looks for messages, the newest first.
    ///
    /// A store that is encrypted is decrypted and looked through, message by message, which takes its time.
    ///
    /// - Parameters:
    ///   - query: What is looked for.
    ///   - progress: Learns how far it has come.
    /// - Returns: What was found.
    /// - Throws: A ``StoreError``, `cancelled` among them.
    public func search(
        _ query: SearchQuery,
        progress: StoreProgress.Report = { _ in }
    ) async throws -> SearchResult {
        let limit = min(max(1, query.limit), 1_000)
        let pattern = SearchIndex.pattern(query.words)
        // Words without a letter or a digit are nowhere.
        if pattern == nil, query.words.contains(where: { !$0.isWhitespace }) {
            return SearchResult(found: [], next: nil, scanned: 0)
        }
        let isIndexed = self.codec.keys == nil
        let matcher = isIndexed ? nil : try pattern.map(WordMatcher.init)
        let whole = MessageScan(
            rows: self.rows,
            filter: query.filter,
            direction: .newestFirst,
            pattern: isIndexed ? pattern : nil
        )
        // The number of the newest one: to count them all takes longer than to find some.
        let (scan, total) = try await self.read { db in
            (try whole.narrowed(db), try Int.fetchOne(db, sql: "SELECT max(id) FROM message") ?? 0)
        }
        // One more than is wanted says whether there are more, if all that is read is what is looked for.
        let rows = matcher == nil && query.filter.page == nil ? limit + 1 : MessageScan.stepRows
        var found: [MessageScan.Item] = []
        var scanned = 0
        var last = query.before
        while true {
            try self.checkCancellation()
            let start = last
            let step = try await self.read { db in try scan.step(db, from: start, limit: rows) }
            scanned += step.rows
            found += try matcher?.matching(step.items) ?? step.items
            progress(StoreProgress(done: scanned, total: max(total, scanned)))
            if found.count > limit {
                let page = found.prefix(limit)
                return SearchResult(found: page.map(FoundMessage.init), next: page.last?.id, scanned: scanned)
            }
            guard let end = step.last else {
                return SearchResult(found: found.map(FoundMessage.init), next: nil, scanned: scanned)
            }
            last = end
        }
    }
}

/// Matches texts as the index of texts would, in memory.
private struct WordMatcher {
    private let queue: DatabaseQueue
    private let pattern: String

    init(_ pattern: String) throws {
        self.pattern = pattern
        self.queue = try DatabaseQueue()
        try self.queue.write { db in
            try db.execute(sql: "PRAGMA temp_store = MEMORY")
            try db.execute(sql: "CREATE VIRTUAL TABLE search USING \(SearchIndex.table)")
        }
    }

    func matching(_ items: [MessageScan.Item]) throws -> [MessageScan.Item] {
        let found = try self.queue.write { db in
            try db.execute(sql: "INSERT INTO search (search) VALUES ('delete-all')")
            for item in items { try SearchIndex.add(item.id, item.message.frame, db) }
            return try Int64.fetchSet(db, sql: "SELECT rowid FROM search WHERE search MATCH ?", arguments: [pattern])
        }
        return items.filter { found.contains($0.id) }
    }
}
