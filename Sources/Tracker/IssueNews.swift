internal import GRDB
public import Messages

/// An issue of which a session wants to hear.
public struct WatchedIssue: Hashable, Sendable {
    public let ref: IssueRef
    /// As it was when something was last heard of it.
    public let phase: IssueState.Phase
}

/// Something that a session is to be told.
public struct IssueNews: Hashable, Sendable {
    /// What happened.
    public enum Kind: Hashable, Sendable {
        /// A tracker on another machine has it, and has named it.
        case filed
        case state(IssueState)
        /// A comment that the reporter may read.
        case comment(String)
    }

    public let ref: IssueRef
    public let kind: Kind
    /// The change's, unique in its tracker.
    public let change: String
    public let site: SiteID
    public let session: SessionID
    /// The language of the page on which the session reported it.
    public let lang: String?
}

/// Who waits for news, and the news that wait for them.
extension IssueFile {
    /// Has a session hear of an issue; the same twice is once.
    public func watch(
        _ ref: IssueRef,
        by session: SessionID,
        at site: SiteID,
        lang: String?,
        phase: IssueState.Phase = .open
    ) async throws(TrackerError) {
        let now = self.now().milliseconds
        try await self.write { db in
            try Self.watch(ref, by: session, at: site, lang: lang, phase: phase, now, db)
        }
    }

    static func watch(
        _ ref: IssueRef,
        by session: SessionID,
        at site: SiteID,
        lang: String?,
        phase: IssueState.Phase,
        _ now: Int64,
        _ db: Database
    ) throws {
        try db.execute(
            sql: """
                INSERT OR IGNORE INTO watch (tracker, issue, site, session, content, lang, state, since)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                ref.tracker, ref.id, site.rawValue, session.rawValue, try StoredRef(ref).json, lang,
                phase.rawValue, now,
            ]
        )
    }

    /// The issues of which a session wants to hear, the newest first, at most 20.
    public func watched(by session: SessionID, at site: SiteID) async throws(TrackerError) -> [WatchedIssue] {
        let sql = """
            SELECT content, state FROM watch WHERE site = ? AND session = ? ORDER BY since DESC, issue DESC LIMIT 20
            """
        return try await self.read { db in
            try Row.fetchAll(db, sql: sql, arguments: [site.rawValue, session.rawValue]).map { row in
                let phase = IssueState.Phase(rawValue: row[1] as String) ?? .open
                return WatchedIssue(ref: try StoredRef(json: row[0]).ref, phase: phase)
            }
        }
    }

    /// Takes what is new in a tracker, for everybody who waits for it: each change once, however many processes ask.
    ///
    /// - Throws: What the tracker or the file can't do; nothing is lost then.
    public func collectNews(of tracker: some IssueTracker, named name: String) async throws(TrackerError) {
        while true {
            let sql = "SELECT value FROM cursor WHERE tracker = ?"
            let value = try await self.read { db in try String.fetchOne(db, sql: sql, arguments: [name]) }
            let (changes, next) = try await tracker.changes(since: value.map { ChangeCursor($0) })
            guard next.rawValue != value else { return }
            try await self.write { db in
                // Another process may have been faster.
                guard try String.fetchOne(db, sql: sql, arguments: [name]) == value else { return }
                for change in changes { try Self.note(change, db) }
                try db.execute(
                    sql: "INSERT OR REPLACE INTO cursor (tracker, value) VALUES (?, ?)",
                    arguments: [name, next.rawValue]
                )
            }
            guard !changes.isEmpty else { return }
        }
    }

    private static func note(_ change: IssueChange, _ db: Database) throws {
        let ref = change.ref
        let content: String
        switch change.kind {
        case .state(let state):
            content = "s" + state.phase.rawValue
            try db.execute(
                sql: "UPDATE watch SET state = ? WHERE tracker = ? AND issue = ?",
                arguments: [state.phase.rawValue, ref.tracker, ref.id]
            )
        case .comment(let text): content = "c" + text
        }
        try db.execute(
            sql: """
                INSERT OR IGNORE INTO notice (tracker, issue, change, site, session, content)
                SELECT tracker, issue, ?, site, session, ? FROM watch WHERE tracker = ? AND issue = ?
                """,
            arguments: [change.id, content, ref.tracker, ref.id]
        )
    }

    /// News that nobody was told yet, the oldest first, at most 100.
    public func news() async throws(TrackerError) -> [IssueNews] {
        try await self.read { db in
            let sql = """
                SELECT notice.change, site, session, notice.content, watch.content, watch.lang
                FROM notice JOIN watch USING (tracker, issue, site, session)
                ORDER BY notice.id LIMIT 100
                """
            return try Row.fetchAll(db, sql: sql).compactMap { row in
                guard let site = SiteID(row[1] as String), let session = SessionID(row[2] as String) else { return nil }
                let content: String = row[3]
                let rest = String(content.dropFirst())
                let kind: IssueNews.Kind =
                    switch content.first {
                    case "f": .filed
                    case "s": .state(IssueState(IssueState.Phase(rawValue: rest) ?? .open))
                    default: .comment(rest)
                    }
                return IssueNews(
                    ref: try StoredRef(json: row[4]).ref,
                    kind: kind,
                    change: row[0],
                    site: site,
                    session: session,
                    lang: row[5]
                )
            }
        }
    }

    /// Strikes off what somebody was told.
    public func told(_ news: IssueNews) async throws(TrackerError) {
        try await self.write { db in
            try db.execute(
                sql: "DELETE FROM notice WHERE tracker = ? AND issue = ? AND change = ? AND site = ? AND session = ?",
                arguments: [
                    news.ref.tracker, news.ref.id, news.change, news.site.rawValue, news.session.rawValue,
                ]
            )
        }
    }
}
