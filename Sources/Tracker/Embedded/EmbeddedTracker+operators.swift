internal import GRDB
public import Messages

/// Which issues are listed.
public struct IssueFilter: Hashable, Sendable {
    /// Those of one site; of all sites without it.
    public var site: SiteID?
    /// Those in one of these states; all where it is empty.
    public var phases: Set<IssueState.Phase>
    /// Words that all occur in the title or the text, without regard to case and accents.
    public var words: String
    /// At most so many, 1 through 1,000.
    public var limit: Int
    /// Where the page begins, from ``IssuePage/next``.
    public var before: Int?

    public init(
        site: SiteID? = nil,
        phases: Set<IssueState.Phase> = [],
        words: String = "",
        limit: Int = 50,
        before: Int? = nil
    ) {
        self.site = site
        self.phases = phases
        self.words = words
        self.limit = limit
        self.before = before
    }
}

/// A part of a list.
public struct IssuePage: Sendable {
    /// The newest first.
    public let issues: [Issue]
    /// Where the next part begins; nothing where there is none.
    public let next: Int?
}

/// What the people who run the site do with issues.
extension EmbeddedTracker {
    /// Issues, the newest first.
    public func issues(_ filter: IssueFilter = IssueFilter()) async throws(TrackerError) -> IssuePage {
        let limit = min(max(1, filter.limit), 1_000)
        var conditions = ["1"]
        var arguments = StatementArguments()
        if let site = filter.site {
            conditions.append("site = ?")
            arguments += [site.rawValue]
        }
        if !filter.phases.isEmpty {
            conditions.append("state IN (\(filter.phases.map { _ in "?" }.joined(separator: ", ")))")
            arguments += StatementArguments(filter.phases.map(\.rawValue))
        }
        if let before = filter.before {
            conditions.append("issue.id < ?")
            arguments += [before]
        }
        if !filter.words.isEmpty {
            let words = IssueSearch.quoted(filter.words)
            // What has no letter and no digit is nowhere.
            guard !words.isEmpty else { return IssuePage(issues: [], next: nil) }
            conditions.append("issue.id IN (SELECT rowid FROM issue_search WHERE issue_search MATCH ?)")
            arguments += [words.joined(separator: " ")]
        }
        let sql = """
            SELECT \(Issue.columns) FROM issue WHERE \(conditions.joined(separator: " AND "))
            ORDER BY issue.id DESC LIMIT \(limit + 1)
            """
        let found = try await self.file.read { [arguments] db in
            try Row.fetchAll(db, sql: sql, arguments: arguments).map(Issue.init)
        }
        let page = Array(found.prefix(limit))
        return IssuePage(issues: page, next: found.count > limit ? page.last.map { Int($0.id) } : nil)
    }

    /// An issue by its number; nothing where there is none.
    public func issue(_ number: Int, of site: SiteID) async throws(TrackerError) -> Issue? {
        try await self.file.read { db in
            try Self.issue(where: "site = ? AND number = ?", [site.rawValue, number], db)
        }
    }

    /// What happened to an issue, the oldest first, at most 1,000.
    public func events(of issue: Issue) async throws(TrackerError) -> [IssueEvent] {
        let sql = "SELECT \(IssueEvent.columns) FROM issue_event WHERE issue = ? ORDER BY id LIMIT 1000"
        return try await self.file.read { db in
            try Row.fetchAll(db, sql: sql, arguments: [issue.id]).map(IssueEvent.init)
        }
    }

    /// The sites that have issues.
    public func sites() async throws(TrackerError) -> [SiteID] {
        try await self.file.read { db in
            try String.fetchAll(db, sql: "SELECT DISTINCT site FROM issue ORDER BY site").compactMap { SiteID($0) }
        }
    }

    /// Changes how an issue stands, and who may be told of it.
    ///
    /// What is so already is no change: nobody is told.
    ///
    /// - Parameters:
    ///   - number: Its number.
    ///   - site: Its site.
    ///   - phase: The state that it gets; nothing leaves it as it is.
    ///   - isPublic: Whether visitors other than its reporter may be told of it; nothing leaves that as it is.
    ///   - author: Who does it.
    /// - Returns: The issue as it is then.
    /// - Throws: `unknown-issue`, or `invalid-transition`: nothing is changed then.
    @discardableResult
    public func change(
        _ number: Int,
        of site: SiteID,
        to phase: IssueState.Phase? = nil,
        isPublic: Bool? = nil,
        by author: String
    ) async throws(TrackerError) -> Issue {
        let now = self.file.now()
        return try await self.file.write { db in
            let issue = try Self.known(number, site, db)
            if let phase, phase != issue.phase {
                guard issue.phase.next.contains(phase) else {
                    let possible = issue.phase.next.map(\.rawValue).sorted().joined(separator: ", ")
                    throw TrackerError(
                        .invalidTransition,
                        "#\(number)",
                        "what is \(issue.phase.rawValue) can't become \(phase.rawValue); write one of \(possible)"
                    )
                }
                try db.execute(
                    sql: "UPDATE issue SET state = ?, changed = ? WHERE id = ?",
                    arguments: [phase.rawValue, now.milliseconds, issue.id]
                )
                try Self.note(.state, of: issue.id, by: author, isPublic: true, state: phase, at: now, db)
            }
            if let isPublic, isPublic != issue.isPublic {
                try db.execute(
                    sql: "UPDATE issue SET is_public = ?, changed = ? WHERE id = ?",
                    arguments: [isPublic, now.milliseconds, issue.id]
                )
                let text = isPublic ? "public" : "private"
                try Self.note(.visibility, of: issue.id, by: author, isPublic: false, text: text, at: now, db)
            }
            return try Self.known(number, site, db)
        }
    }

    /// Adds a comment.
    ///
    /// - Parameters:
    ///   - number: The issue's number.
    ///   - site: Its site.
    ///   - text: 1 to 16,384 bytes are kept; control characters are not.
    ///   - isPublic: Whether those who wait for news of the issue are told.
    ///   - author: Who says it.
    /// - Throws: `unknown-issue`, or `invalid-issue` where nothing is left of the text.
    public func comment(
        _ number: Int,
        of site: SiteID,
        _ text: String,
        isPublic: Bool,
        by author: String
    ) async throws(TrackerError) {
        let issue = try await self.file.read { db in try Self.known(number, site, db) }
        try await self.comment(issue, text, isPublic: isPublic, by: author, key: nil)
    }

    func comment(
        _ issue: Issue,
        _ text: String,
        isPublic: Bool,
        by author: String,
        key: DedupeKey?
    ) async throws(TrackerError) {
        let kept = IssueText.block(text, atMostBytes: IssueDraft.maximumBodyBytes)
        guard kept.contains(where: { !$0.isWhitespace }) else {
            throw TrackerError(.invalidIssue, "comment", "has no character to read")
        }
        let now = self.file.now()
        try await self.file.write { db in
            let sql = "SELECT EXISTS (SELECT 1 FROM issue_event WHERE key = ?)"
            if let key, try Bool.fetchOne(db, sql: sql, arguments: [key.rawValue]) == true { return }
            try Self.note(.comment, of: issue.id, by: author, isPublic: isPublic, key: key, text: kept, at: now, db)
            try db.execute(
                sql: "UPDATE issue SET changed = ? WHERE id = ?",
                arguments: [now.milliseconds, issue.id]
            )
        }
    }

    private static func known(_ number: Int, _ site: SiteID, _ db: Database) throws -> Issue {
        guard let issue = try self.issue(where: "site = ? AND number = ?", [site.rawValue, number], db) else {
            throw TrackerError(.unknownIssue, "#\(number)", "there is no such issue of the site \"\(site)\"")
        }
        return issue
    }
}
