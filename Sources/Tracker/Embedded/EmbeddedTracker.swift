internal import GRDB
internal import Messages

/// Issues in a file of SQLite: no account, no second server.
public struct EmbeddedTracker: IssueTracker {
    /// What the configuration calls it.
    public let name: String
    public let file: IssueFile
    /// The address of an issue for people, with `{number}` and `{reference}`.
    private let link: String?

    /// - Parameters:
    ///   - file: Where the issues are.
    ///   - name: What the configuration calls it.
    ///   - link: The address of an issue for people, with `{number}` and `{reference}`; nothing where it has none.
    public init(_ file: IssueFile, name: String = "issues", link: String? = nil) {
        self.file = file
        self.name = name
        self.link = link
    }

    public var features: Set<TrackerFeature> { Set(TrackerFeature.allCases) }

    public func create(_ draft: IssueDraft, key: DedupeKey) async throws(TrackerError) -> IssueRef {
        guard 1...200 ~= key.rawValue.utf8.count else {
            throw TrackerError(.invalidIssue, "key", "must have 1 to 200 bytes")
        }
        let now = self.file.now()
        let issue = try await self.file.write { db in
            if let known = try Self.issue(where: "key = ?", [key.rawValue], db) { return known }
            return try Self.insert(draft, key, now, db)
        }
        return self.ref(issue)
    }

    public func find(key: DedupeKey) async throws(TrackerError) -> IssueRef? {
        let issue = try await self.file.read { db in try Self.issue(where: "key = ?", [key.rawValue], db) }
        return issue.map(self.ref)
    }

    public func issue(_ ref: IssueRef) async throws(TrackerError) -> IssueState {
        IssueState(try await self.known(ref).phase)
    }

    public func comment(_ ref: IssueRef, _ text: String, key: DedupeKey) async throws(TrackerError) {
        let issue = try await self.known(ref)
        try await self.comment(issue, text, isPublic: false, by: "visitor", key: key)
    }

    /// What it names, as others know it.
    public func ref(_ issue: Issue) -> IssueRef {
        IssueRef(
            tracker: self.name,
            id: "\(issue.id)",
            number: "\(issue.number)",
            reference: issue.reference,
            url: self.link.map {
                $0.replacing("{number}", with: "\(issue.number)").replacing("{reference}", with: issue.reference)
            }
        )
    }

    private func known(_ ref: IssueRef) async throws(TrackerError) -> Issue {
        let id = Int64(ref.id) ?? 0
        let issue = try await self.file.read { db in try Self.issue(where: "issue.id = ?", [id], db) }
        guard let issue else { throw TrackerError(.unknownIssue, "#\(ref.number)", "there is no such issue") }
        return issue
    }

    static func issue(where condition: String, _ arguments: StatementArguments, _ db: Database) throws -> Issue? {
        try Row.fetchOne(db, sql: "SELECT \(Issue.columns) FROM issue WHERE \(condition)", arguments: arguments)
            .map(Issue.init)
    }

    private static func insert(_ draft: IssueDraft, _ key: DedupeKey, _ now: Timestamp, _ db: Database) throws -> Issue
    {
        let sql = "SELECT coalesce(max(number), 0) + 1 FROM issue WHERE site = ?"
        let number = try Int.fetchOne(db, sql: sql, arguments: [draft.site.rawValue]) ?? 1
        let reference = try IssueReference.free(db)
        try db.execute(
            sql: """
                INSERT INTO issue (site, number, reference, key, title, body, kind, labels, reporter, page, session, state,
                    created, changed)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', ?, ?)
                """,
            arguments: [
                draft.site.rawValue, number, reference, key.rawValue, draft.title, draft.body, draft.kind,
                draft.labels.joined(separator: "\n"), draft.reporter, draft.page, draft.session?.rawValue,
                now.milliseconds, now.milliseconds,
            ]
        )
        let id = db.lastInsertedRowID
        try db.execute(
            sql: "INSERT INTO issue_search (rowid, title, body) VALUES (?, ?, ?)",
            arguments: [id, draft.title, draft.body]
        )
        try Self.note(.created, of: id, by: "visitor", isPublic: false, at: now, db)
        guard let issue = try Self.issue(where: "issue.id = ?", [id], db) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT)
        }
        return issue
    }

    /// Appends to what happened to an issue.
    static func note(
        _ kind: IssueEvent.Kind,
        of issue: Int64,
        by author: String,
        isPublic: Bool,
        key: DedupeKey? = nil,
        state: IssueState.Phase? = nil,
        text: String? = nil,
        at time: Timestamp,
        _ db: Database
    ) throws {
        try db.execute(
            sql: """
                INSERT INTO issue_event (issue, kind, key, author, is_public, state, text, time)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                issue, kind.rawValue, key?.rawValue, author, isPublic, state?.rawValue, text, time.milliseconds,
            ]
        )
    }
}
