internal import GRDB
internal import Messages

/// An entry that nobody else takes up for the time of a lease.
struct OutboxClaim: Hashable, Sendable {
    let entry: OutboxEntry
    /// Whether it was under way before, so that the tracker may have it.
    let mayHaveArrived: Bool
}

/// What one worker does to the outbox.
///
/// The number of attempts goes up with each claim: whoever comes back after its lease finds another number, and changes
/// nothing.
extension IssueFile {
    /// Those that can be taken up: the tracker's, due, and not behind another one of their session.
    ///
    /// A time further away than anything is put off is left from a clock that was wrong.
    private static let due = """
        entry.tracker = ?1 AND entry.state IN ('waiting', 'sending')
        AND (entry.next_at <= ?2 OR entry.next_at > ?2 + 7200000 OR (?3 AND entry.state = 'waiting'))
        AND NOT EXISTS (
            SELECT 1 FROM outbox AS earlier WHERE earlier.site = entry.site AND earlier.session = entry.session
            AND earlier.session <> '' AND earlier.tracker = entry.tracker AND earlier.number < entry.number
            AND earlier.state IN ('waiting', 'sending')
        )
        ORDER BY entry.next_at, entry.number
        """

    /// Takes up the next entry; when this returns, the disk has it as being under way.
    ///
    /// - Parameters:
    ///   - tracker: The instance that is to get it.
    ///   - evenEarly: Whether one that waits is taken before its time, where none is due.
    /// - Returns: The entry; nothing where there is nothing to do.
    /// - Throws: What the file can't do.
    func claim(for tracker: String, evenEarly: Bool = false) async throws(TrackerError) -> OutboxClaim? {
        let now = self.now().milliseconds
        let arguments: StatementArguments = [tracker, now, evenEarly]
        // Looking is cheap; writing holds up others.
        guard try await self.read({ db in try Self.entry(where: Self.due, arguments, db) }) != nil else { return nil }
        return try await self.write { db in
            guard let found = try Self.entry(where: Self.due, arguments, db) else { return nil }
            let entry = try Self.send(found, maybeTwice: false, now, db)
            return entry.map { OutboxClaim(entry: $0, mayHaveArrived: found.state == .sending) }
        }
    }

    /// Notes that an entry is sent once more; nothing where somebody else has it by now.
    func sendAgain(_ entry: OutboxEntry, maybeTwice: Bool) async throws(TrackerError) -> OutboxEntry? {
        let now = self.now().milliseconds
        return try await self.write { db in try Self.send(entry, maybeTwice: maybeTwice, now, db) }
    }

    private static func send(
        _ entry: OutboxEntry,
        maybeTwice: Bool,
        _ now: Int64,
        _ db: Database
    ) throws -> OutboxEntry? {
        try db.execute(
            sql: """
                UPDATE outbox SET state = 'sending', attempts = attempts + 1, next_at = ?, maybe_twice = maybe_twice OR ?
                WHERE number = ? AND attempts = ? AND state = ?
                """,
            arguments: [
                now + OutboxEntry.leaseMilliseconds, maybeTwice, entry.number, entry.attempts, entry.state.rawValue,
            ]
        )
        guard db.changesCount == 1 else { return nil }
        return try self.entry(where: "entry.number = ?", [entry.number], db)
    }

    /// Notes that the tracker has an entry, and has its session told; the words aren't kept any longer.
    ///
    /// - Parameters:
    ///   - entry: What was delivered.
    ///   - ref: The issue that it has become, or that it was a comment on.
    /// - Throws: What the file can't do.
    func delivered(_ entry: OutboxEntry, as ref: IssueRef) async throws(TrackerError) {
        let now = self.now().milliseconds
        let ref = IssueRef(
            tracker: entry.tracker,
            id: ref.id,
            number: ref.number,
            reference: entry.reference,
            url: ref.url
        )
        try await self.write { db in
            let content = try StoredRef(ref).json
            // What has arrived has arrived, whoever sent it.
            try db.execute(
                sql: """
                    UPDATE outbox SET state = 'done', ref = ?, payload = NULL, next_at = ?, last_code = NULL
                    WHERE number = ? AND state <> 'done'
                    """,
                arguments: [content, now, entry.number]
            )
            guard db.changesCount == 1, entry.kind == .create else { return }
            let placeholder = OutboxEntry.placeholder(entry.key.rawValue)
            try db.execute(
                sql: "UPDATE OR REPLACE watch SET issue = ?, content = ? WHERE tracker = ? AND issue = ?",
                arguments: [ref.id, content, entry.tracker, placeholder]
            )
            try db.execute(
                sql: "UPDATE draft SET issue = ? WHERE id = ? AND issue IS NOT NULL",
                arguments: [content, entry.key.rawValue]
            )
            guard let session = entry.session else { return }
            try db.execute(
                sql: """
                    INSERT OR IGNORE INTO notice (tracker, issue, change, site, session, content)
                    SELECT tracker, issue, 'filed', site, session, 'f' FROM watch
                    WHERE tracker = ? AND issue = ? AND site = ? AND session = ?
                    """,
                arguments: [entry.tracker, ref.id, entry.site.rawValue, session.rawValue]
            )
        }
    }

    /// Notes that an entry couldn't be delivered.
    ///
    /// - Parameters:
    ///   - entry: As it was claimed.
    ///   - error: Why.
    ///   - mayHaveArrived: Whether the tracker may have it nevertheless.
    ///   - pause: How long it waits.
    /// - Returns: Whether it is stuck now.
    /// - Throws: What the file can't do.
    func failed(
        _ entry: OutboxEntry,
        _ error: TrackerError,
        mayHaveArrived: Bool,
        pause: Duration
    ) async throws(TrackerError) -> Bool {
        let now = self.now().milliseconds
        let milliseconds = pause.milliseconds
        return try await self.write { db in
            let since = try Int64.fetchOne(
                db,
                sql: "SELECT since FROM outbox WHERE number = ?",
                arguments: [entry.number]
            )
            let isStuck = error.kind == .invalid || now - (since ?? now) >= OutboxEntry.lifeMilliseconds
            let state: OutboxEntry.State = isStuck ? .stuck : mayHaveArrived ? .sending : .waiting
            // A search that is behind would not find it yet.
            let wait = state == .sending ? max(milliseconds, OutboxEntry.leaseMilliseconds) : milliseconds
            try db.execute(
                sql: """
                    UPDATE outbox SET state = ?, next_at = ?, last_code = ?, in_doubt = ?
                    WHERE number = ? AND attempts = ? AND state = 'sending'
                    """,
                arguments: [
                    state.rawValue, now + wait, error.code.rawValue, mayHaveArrived, entry.number, entry.attempts,
                ]
            )
            return isStuck && db.changesCount == 1
        }
    }

    /// Has everything tried that waits for a tracker which answers again.
    func hasten(_ tracker: String) async throws(TrackerError) {
        let now = self.now().milliseconds
        try await self.write { db in
            try db.execute(
                sql: "UPDATE outbox SET next_at = ?1 WHERE tracker = ?2 AND state = 'waiting' AND next_at > ?1",
                arguments: [now, tracker]
            )
        }
    }
}

extension Duration {
    /// Whole milliseconds.
    var milliseconds: Int64 { Int64(self / .milliseconds(1)) }
}
