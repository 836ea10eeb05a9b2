internal import GRDB
public import Messages

/// How much is in an outbox.
public struct OutboxCount: Hashable, Sendable {
    /// The instance of the tracker.
    public let tracker: String
    public let state: OutboxEntry.State
    public let entries: Int
    /// When the oldest of them came.
    public let oldest: Timestamp
}

/// What the people who run the server do with an outbox.
extension IssueFile {
    /// Entries, the oldest first.
    ///
    /// - Parameters:
    ///   - states: Those in one of these states.
    ///   - tracker: Those of one instance; of all without it.
    ///   - number: Those behind this one.
    ///   - limit: At most so many, from 1.
    /// - Returns: The entries.
    /// - Throws: What the file can't do.
    public func outbox(
        in states: Set<OutboxEntry.State>,
        of tracker: String? = nil,
        after number: Int = 0,
        limit: Int
    ) async throws(TrackerError) -> [OutboxEntry] {
        let places = states.map { _ in "?" }.joined(separator: ", ")
        let sql = """
            SELECT \(OutboxEntry.columns) FROM outbox AS entry
            WHERE entry.state IN (\(places)) AND entry.number > ? AND coalesce(entry.tracker = ?, 1)
            ORDER BY entry.number LIMIT ?
            """
        let arguments = StatementArguments(states.map(\.rawValue)) + [number, tracker, max(1, limit)]
        return try await self.read { db in try Row.fetchAll(db, sql: sql, arguments: arguments).map(OutboxEntry.init) }
    }

    /// An entry by its number, or by the reference that its reporter was told.
    ///
    /// - Throws: `unknown-entry`.
    public func outboxEntry(_ name: String) async throws(TrackerError) -> OutboxEntry {
        let found = try await self.read { db in
            try Self.entry(where: "entry.number = ? OR entry.reference = ?", [Int(name), name.uppercased()], db)
        }
        guard let found else {
            throw TrackerError(.unknownEntry, name, "there is no such entry; claude-chat outbox list shows all")
        }
        return found
    }

    /// How much is there, by instance and state.
    public func outboxCounts() async throws(TrackerError) -> [OutboxCount] {
        let sql =
            "SELECT tracker, state, count(*), min(created) FROM outbox GROUP BY tracker, state ORDER BY tracker, state"
        return try await self.read { db in
            try Row.fetchAll(db, sql: sql).compactMap { row in
                guard let state = OutboxEntry.State(rawValue: row[1]) else { return nil }
                let oldest = Timestamp(milliseconds: row[3])
                return OutboxCount(tracker: row[0], state: state, entries: row[2], oldest: oldest)
            }
        }
    }

    /// Has an entry tried at once, for another 7 days; where it may have arrived the tracker is asked first.
    ///
    /// - Throws: `unknown-entry` where it is done, or under way.
    public func retry(_ entry: OutboxEntry) async throws(TrackerError) {
        let now = self.now().milliseconds
        try await self.write { db in
            try db.execute(
                sql: """
                    UPDATE outbox SET state = iif(in_doubt, 'sending', 'waiting'), next_at = ?1, since = ?1, attempts = attempts + 1
                    WHERE number = ?2 AND state IN ('waiting', 'stuck')
                    """,
                arguments: [now, entry.number]
            )
            guard db.changesCount == 1 else { throw Self.refusal(of: entry) }
        }
    }

    private static func refusal(of entry: OutboxEntry) -> TrackerError {
        let explanation =
            entry.state == .sending
            ? "is under way, or may have arrived; the tracker is asked at \(entry.nextAt)"
            : "is \(entry.state.rawValue)"
        return TrackerError(.unknownEntry, "entry \(entry.number)", explanation)
    }

    /// Removes an entry that isn't done, and with it what its reporter waits for.
    ///
    /// - Throws: `unknown-entry` where it is done.
    public func drop(_ entry: OutboxEntry) async throws(TrackerError) {
        try await self.write { db in
            try db.execute(
                sql: "DELETE FROM outbox WHERE number = ? AND state <> 'done'",
                arguments: [entry.number]
            )
            guard db.changesCount == 1 else { throw Self.refusal(of: entry) }
            try db.execute(
                sql: "DELETE FROM watch WHERE tracker = ? AND issue = ?",
                arguments: [entry.tracker, OutboxEntry.placeholder(entry.key.rawValue)]
            )
        }
    }

    /// Has another instance get what one was to get; comments stay, since their issues are in the old one.
    ///
    /// - Returns: How many entries.
    public func moveOutbox(from old: String, to new: String) async throws(TrackerError) -> Int {
        try await self.write { db in
            let movable = "tracker = ? AND kind = 'create' AND state IN ('waiting', 'stuck')"
            try db.execute(
                sql: """
                    UPDATE OR REPLACE watch SET tracker = ?, content = json_set(content, '$.tracker', ?)
                    WHERE tracker = ? AND issue IN (SELECT 'outbox:' || key FROM outbox WHERE \(movable))
                    """,
                arguments: [new, new, old, old]
            )
            try db.execute(sql: "UPDATE outbox SET tracker = ? WHERE \(movable)", arguments: [new, old])
            return db.changesCount
        }
    }
}
