internal import GRDB
internal import Messages

/// When somebody looks again how the issues of a tracker on another machine stand.
enum LookSchedule {
    /// How long after something has happened to it, or since somebody waits for it, an issue is looked at how often.
    private static let steps: [(age: Int64, pause: Int64)] = [(3_600_000, 60_000), (86_400_000, 300_000)]
    private static let last: Int64 = 3_600_000
    /// For so long after its end, since an issue may be opened again.
    static let afterEnd: Int64 = 30 * 86_400_000

    static func pause(age: Int64) -> Int64 { self.steps.first { age < $0.age }?.pause ?? self.last }
}

/// How the issues stand for which sessions wait.
extension IssueFile {
    /// The next issue of a tracker that should be looked at, where one is due.
    ///
    /// It is put off by that, so that two processes don't both look.
    ///
    /// - Parameter tracker: The instance.
    /// - Returns: Its name; nothing where none is due.
    /// - Throws: What the file can't do.
    public func nextLook(at tracker: String) async throws(TrackerError) -> IssueRef? {
        let now = self.now().milliseconds
        return try await self.write { db in
            try db.execute(
                sql: """
                    INSERT OR IGNORE INTO look (tracker, issue, since, next_at)
                    SELECT DISTINCT tracker, issue, ?, ? FROM watch WHERE tracker = ? AND issue NOT LIKE 'outbox:%'
                    """,
                arguments: [now, now + LookSchedule.pause(age: 0), tracker]
            )
            let sql = """
                SELECT look.issue, look.since, watch.content FROM look JOIN watch USING (tracker, issue)
                WHERE look.tracker = ? AND look.next_at <= ? AND coalesce(look.ended > ?, 1)
                ORDER BY look.next_at LIMIT 1
                """
            let ended = now - LookSchedule.afterEnd
            guard let row = try Row.fetchOne(db, sql: sql, arguments: [tracker, now, ended]) else { return nil }
            try db.execute(
                sql: "UPDATE look SET next_at = ? WHERE tracker = ? AND issue = ?",
                arguments: [now + LookSchedule.pause(age: now - (row[1] as Int64)), tracker, row[0] as String]
            )
            return try StoredRef(json: row[2]).ref
        }
    }

    /// Notes how an issue stands: whoever waits for it and knows it otherwise is told, once however it was learned.
    ///
    /// - Parameters:
    ///   - state: How it stands.
    ///   - id: The issue, as its tracker calls it.
    ///   - tracker: The instance.
    /// - Throws: What the file can't do.
    public func learned(_ state: IssueState, of id: String, at tracker: String) async throws(TrackerError) {
        let now = self.now().milliseconds
        try await self.write { db in
            let phase = state.phase.rawValue
            try db.execute(
                sql: """
                    INSERT OR IGNORE INTO notice (tracker, issue, change, site, session, content)
                    SELECT tracker, issue, ?, site, session, ? FROM watch WHERE tracker = ? AND issue = ? AND state <> ?
                    """,
                arguments: ["\(phase)-\(now)", "s\(phase)", tracker, id, phase]
            )
            guard db.changesCount > 0 else { return }
            try db.execute(
                sql: "UPDATE watch SET state = ? WHERE tracker = ? AND issue = ?",
                arguments: [phase, tracker, id]
            )
            let ended = state.phase.isPending ? nil : now
            try db.execute(
                sql: "UPDATE look SET since = ?1, next_at = ?1 + ?2, ended = ?3 WHERE tracker = ?4 AND issue = ?5",
                arguments: [now, LookSchedule.pause(age: 0), ended, tracker, id]
            )
        }
    }

    /// Notes a comment that those who wait for an issue may read.
    ///
    /// - Parameters:
    ///   - comment: The words.
    ///   - change: The comment's name, the same each time.
    ///   - id: The issue, as its tracker calls it.
    ///   - tracker: The instance.
    /// - Throws: What the file can't do.
    public func learned(
        comment: String,
        named change: String,
        on id: String,
        at tracker: String
    ) async throws(TrackerError) {
        let text = IssueText.block(comment, atMostBytes: IssueDraft.maximumBodyBytes)
        guard text.contains(where: { !$0.isWhitespace }) else { return }
        let now = self.now().milliseconds
        try await self.write { db in
            // What somebody has read isn't told again.
            try db.execute(sql: "DELETE FROM heard WHERE time < ?", arguments: [now - LookSchedule.afterEnd])
            try db.execute(
                sql: """
                    INSERT OR IGNORE INTO heard (tracker, change, time) SELECT ?1, ?2, ?3
                    WHERE EXISTS (SELECT 1 FROM watch WHERE tracker = ?1 AND issue = ?4)
                    """,
                arguments: [tracker, change, now, id]
            )
            guard db.changesCount == 1 else { return }
            try db.execute(
                sql: """
                    INSERT OR IGNORE INTO notice (tracker, issue, change, site, session, content)
                    SELECT tracker, issue, ?, site, session, ? FROM watch WHERE tracker = ? AND issue = ?
                    """,
                arguments: [change, "c\(text)", tracker, id]
            )
        }
    }
}
