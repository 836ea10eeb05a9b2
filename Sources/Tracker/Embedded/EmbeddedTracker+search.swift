internal import GRDB
internal import Messages

/// What FTS5 is asked for; whatever has a meaning for it is quoted.
enum IssueSearch {
    /// The words of a text, each as it stands.
    static func quoted(_ text: String) -> [String] {
        text.split { $0.isWhitespace || $0 == "\0" }.prefix(32)
            .filter { $0.contains { $0.isLetter || $0.isNumber } }
            .map { "\"\($0.replacing("\"", with: "\"\""))\"" }
    }
}

extension EmbeddedTracker {
    /// How many issues are compared at most: the best of the search, and the newest.
    private static let candidates = (found: 50, newest: 100)

    public func similar(to draft: IssueDraft, limit: Int) async throws(TrackerError) -> [SimilarIssue] {
        let words = IssueLikeness.searchWords(draft.title).map { "\"\($0)\"" }.joined(separator: " OR ")
        let issues = try await self.file.read { db in
            let pending = "site = ? AND state IN ('open', 'in_progress')"
            // What is misspelt no search finds; the newest are looked at in any case.
            var rows = try Row.fetchAll(
                db,
                sql: "SELECT \(Issue.columns) FROM issue WHERE \(pending) ORDER BY issue.id DESC LIMIT ?",
                arguments: [draft.site.rawValue, Self.candidates.newest]
            )
            if !words.isEmpty {
                rows += try Row.fetchAll(
                    db,
                    sql: """
                        SELECT \(Issue.columns) FROM issue JOIN
                            (SELECT rowid AS found, bm25(issue_search, 4, 1) AS rank FROM issue_search
                             WHERE issue_search MATCH ? ORDER BY rank LIMIT 1000)
                        ON issue.id = found WHERE \(pending) ORDER BY rank LIMIT ?
                        """,
                    arguments: [words, draft.site.rawValue, Self.candidates.found]
                )
            }
            return try rows.map(Issue.init)
        }
        let likeness = IssueLikeness(title: draft.title, body: draft.body, page: draft.page)
        var seen: Set<Int64> = []
        let scored = issues.filter { seen.insert($0.id).inserted }.map { issue in
            SimilarIssue(
                ref: self.ref(issue),
                title: issue.title,
                score: likeness.score(IssueLikeness(title: issue.title, body: issue.body, page: issue.page)),
                isPublic: issue.isPublic,
                isOwn: issue.session != nil && issue.session == draft.session?.rawValue
            )
        }
        // Equal scores stay in a fixed order.
        return Array(
            scored.filter { $0.score > 0 }.sorted { ($0.score, $1.ref.id) > ($1.score, $0.ref.id) }.prefix(
                max(0, limit)
            )
        )
    }

    /// At most so many changes are given at once.
    private static let changesAtOnce = 500

    public func changes(since cursor: ChangeCursor?) async throws(TrackerError) -> (
        changes: [IssueChange], next: ChangeCursor
    ) {
        let start = cursor.flatMap { Int64($0.rawValue) } ?? 0
        let sql = """
            SELECT \(Issue.columns), issue_event.id AS event, issue_event.kind AS event_kind,
                issue_event.state AS event_state, issue_event.text AS event_text
            FROM issue_event JOIN issue ON issue.id = issue_event.issue
            WHERE issue_event.id > ? AND issue_event.is_public = 1 AND issue_event.kind IN ('state', 'comment')
            ORDER BY issue_event.id LIMIT ?
            """
        return try await self.file.read { db in
            let last = try Int64.fetchOne(db, sql: "SELECT max(id) FROM issue_event") ?? 0
            guard last > start else { return ([], ChangeCursor("\(start)")) }
            let rows = try Row.fetchAll(db, sql: sql, arguments: [start, Self.changesAtOnce])
            let changes = try rows.map { row in
                let issue = try Issue(row)
                let phase = (row["event_state"] as String?).flatMap { IssueState.Phase(rawValue: $0) }
                let id: Int64 = row["event"]
                let kind = phase.map { IssueChange.Kind.state(IssueState($0)) } ?? .comment(row["event_text"] ?? "")
                return IssueChange(id: "\(id)", ref: self.ref(issue), kind: kind)
            }
            let end = rows.count == Self.changesAtOnce ? rows.last?["event"] ?? last : last
            return (changes, ChangeCursor("\(end)"))
        }
    }
}
