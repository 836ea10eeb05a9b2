internal import FoundationEssentials
internal import GRDB
public import Messages

/// A report that a visitor hasn't decided about yet, or has decided about lately.
public struct PendingIssue: Hashable, Sendable {
    /// How far it is.
    public enum Phase: String, Hashable, Sendable {
        /// Somebody else has written it for the visitor, who hasn't seen it.
        case unseen
        /// The visitor was asked whether a similar issue is the same.
        case offered
        /// The visitor sees what will be sent.
        case shown
        /// Not now.
        case declined
        /// It is an issue.
        case sent
        /// The visitor waits for the similar issue.
        case joined
    }

    /// The key under which it becomes an issue.
    public let id: DedupeKey
    public let draft: IssueDraft
    public let phase: Phase
    /// The language of the visitor's page.
    public let lang: String?
    /// What may be the same.
    public let similar: SimilarIssue?
    /// What it has become, or joined.
    public let issue: IssueRef?

    /// How long it waits for the visitor.
    public static let lifeMilliseconds: Int64 = 30 * 60_000
    /// How many of one session may wait at once.
    public static let mostOfSession = 20
}

/// What visitors haven't decided about yet.
extension IssueFile {
    /// Keeps a draft for ``PendingIssue/lifeMilliseconds``; the one of the same id stays as it is.
    ///
    /// - Parameters:
    ///   - draft: With a session.
    ///   - id: One for each wish: it becomes the key of the issue.
    ///   - lang: The language of the visitor's page.
    ///   - similar: What it is asked about first.
    ///   - phase: How far it is.
    /// - Returns: What is kept.
    /// - Throws: `too-many-drafts` where ``PendingIssue/mostOfSession`` wait already.
    public func keep(
        _ draft: IssueDraft,
        as id: DedupeKey,
        lang: String?,
        similar: SimilarIssue? = nil,
        phase: PendingIssue.Phase
    ) async throws(TrackerError) -> PendingIssue {
        let now = self.now().milliseconds
        let session = draft.session?.rawValue ?? ""
        return try await self.write { db in
            try db.execute(sql: "DELETE FROM draft WHERE expires < ?", arguments: [now - 86_400_000])
            if let known = try Self.pending(where: "id = ?", [id.rawValue], db) { return known }
            let count = try Int.fetchOne(
                db,
                sql: "SELECT count(*) FROM draft WHERE site = ? AND session = ? AND expires > ?",
                arguments: [draft.site.rawValue, session, now]
            )
            guard (count ?? 0) < PendingIssue.mostOfSession else {
                throw TrackerError(.tooManyDrafts, "draft", "the session has reported enough for the moment")
            }
            let pending = PendingIssue(id: id, draft: draft, phase: phase, lang: lang, similar: similar, issue: nil)
            try db.execute(
                sql: """
                    INSERT INTO draft (id, site, session, phase, content, lang, similar, expires)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    id.rawValue, draft.site.rawValue, session, phase.rawValue, try StoredDraft(draft).json, lang,
                    try similar.map { try StoredSimilar($0).json }, now + PendingIssue.lifeMilliseconds,
                ]
            )
            return pending
        }
    }

    /// What a session is asked about, or has decided about within its life: the newest.
    public func pending(of session: SessionID, at site: SiteID) async throws(TrackerError) -> PendingIssue? {
        let now = self.now().milliseconds
        return try await self.read { db in
            try Self.pending(
                where: "site = ? AND session = ? AND expires > ? ORDER BY expires DESC, id DESC",
                [site.rawValue, session.rawValue, now],
                db
            )
        }
    }

    /// Notes how far a draft is.
    ///
    /// - Parameters:
    ///   - id: The draft.
    ///   - phase: The phase that it is in from now on.
    ///   - issue: What it has become.
    /// - Throws: `unknown-draft` where there is none any more.
    public func move(
        _ id: DedupeKey,
        to phase: PendingIssue.Phase,
        issue: IssueRef? = nil
    ) async throws(TrackerError) {
        try await self.write { db in
            try db.execute(
                sql: "UPDATE draft SET phase = ?, issue = coalesce(?, issue) WHERE id = ?",
                arguments: [phase.rawValue, try issue.map { try StoredRef($0).json }, id.rawValue]
            )
            guard db.changesCount == 1 else { throw TrackerError(.unknownDraft, "draft", "is over") }
        }
    }

    private static func pending(
        where condition: String,
        _ arguments: StatementArguments,
        _ db: Database
    ) throws -> PendingIssue? {
        let sql = "SELECT id, phase, content, lang, similar, issue FROM draft WHERE \(condition) LIMIT 1"
        guard let row = try Row.fetchOne(db, sql: sql, arguments: arguments) else { return nil }
        return PendingIssue(
            id: DedupeKey(row[0]),
            draft: try StoredDraft(json: row[2]).draft(),
            phase: PendingIssue.Phase(rawValue: row[1]) ?? .declined,
            lang: row[3],
            similar: try (row[4] as String?).map { try StoredSimilar(json: $0).similar },
            issue: try (row[5] as String?).map { try StoredRef(json: $0).ref }
        )
    }
}
