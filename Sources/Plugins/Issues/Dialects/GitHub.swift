internal import Tracker

/// GitHub's REST API, and that of an Enterprise server.
///
/// | what | call | answer |
/// | --- | --- | --- |
/// | create | `POST /repos/O/R/issues` `{title, body, labels}` | 201 `number`, `html_url`, `state` |
/// | find | `GET /repos/O/R/issues?state=all&sort=created`, then `GET /search/issues?q=` | `body` has the key |
/// | status | `GET /repos/O/R/issues/N` | `state`, `state_reason` |
/// | comment | `POST /repos/O/R/issues/N/comments` `{body}` | 201 |
///
/// <https://docs.github.com/rest/issues>
struct GitHub: TrackerDialect {
    static let base = "https://api.github.com"

    private let settings: DialectSettings
    var project: String { self.settings.project }
    private let issues: String

    /// Nothing where the project isn't `OWNER/REPOSITORY`.
    init?(_ settings: DialectSettings) {
        let parts = settings.project.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        self.settings = settings
        self.issues = "/repos/\(parts[0].percentEncoded)/\(parts[1].percentEncoded)/issues"
    }

    var headers: [(String, String)] {
        [
            ("Authorization", "Bearer \(self.settings.token)"), ("Accept", "application/vnd.github+json"),
            ("X-GitHub-Api-Version", "2022-11-28"),
        ]
    }

    var features: Set<TrackerFeature> { [.search, .comments, .labels, .status] }

    func create(_ draft: IssueDraft, _ key: DedupeKey) -> TrackerCall {
        let fields = self.settings.merged([
            .init("title", .text(draft.title)), .init("body", .text(Self.body(draft, key))),
            .init("labels", .list(draft.labels.map { .text($0) })),
        ])
        return TrackerCall(method: "POST", path: self.issues, body: .object(fields), expected: [201])
    }

    /// Lines of quoted Markdown, and the key where readers don't see it.
    private static func body(_ draft: IssueDraft, _ key: DedupeKey) -> String {
        RemoteText.body(draft, key, keyLine: { "<!-- \($0) -->" })
    }

    func created(_ answer: TrackerDocument) -> IssueName? {
        answer.name("number").map { IssueName(id: $0, number: $0, url: answer.address("html_url")) }
    }

    /// The index of the search is behind, so the newest issues are looked through first.
    func find(_ key: DedupeKey) -> [TrackerCall] {
        let newest = [("state", "all"), ("sort", "created"), ("direction", "desc"), ("per_page", "100")]
        let words = "\"\(RemoteText.keyLine(key))\" repo:\(self.settings.project) is:issue in:body"
        return [
            TrackerCall(path: self.issues, query: newest),
            TrackerCall(path: "/search/issues", query: [("q", words), ("per_page", "10")]),
        ]
    }

    func found(_ answer: TrackerDocument, _ key: DedupeKey) -> IssueName? {
        // A list, or the items of a search.
        let issues = answer["items"]?.items ?? answer.items
        return issues.first { Self.isIssue($0) && RemoteText.has(key, in: $0["body"]?.text) }.flatMap(self.created)
    }

    /// Pull requests come as issues, too.
    private static func isIssue(_ issue: TrackerDocument) -> Bool { issue["pull_request"] == nil }

    func status(_ ref: IssueRef) -> TrackerCall { TrackerCall(path: "\(self.issues)/\(ref.id.percentEncoded)") }

    func state(_ answer: TrackerDocument) -> IssueState? {
        guard let word = answer["state"]?.text else { return nil }
        let reason = answer["state_reason"]?.text
        guard word == "closed" else { return IssueState(.open, word: word) }
        return IssueState(reason == "completed" ? .resolved : .closed, word: reason ?? word)
    }

    func comment(_ ref: IssueRef, _ text: String, _ key: DedupeKey) -> TrackerCall {
        let body = JSONValue.object([.init("body", .text("\(text)\n\n<!-- \(RemoteText.keyLine(key)) -->"))])
        let path = "\(self.issues)/\(ref.id.percentEncoded)/comments"
        return TrackerCall(method: "POST", path: path, body: body, expected: [201])
    }

    func search(_ words: [String]) -> TrackerCall? {
        // Alone a word is none of the search's operators.
        guard !words.isEmpty else { return nil }
        let words = words.prefix(6).joined(separator: " OR ")
        let query = "\(words) repo:\(self.settings.project) is:issue state:open in:title"
        return TrackerCall(path: "/search/issues", query: [("q", query), ("per_page", "30")])
    }

    func hits(_ answer: TrackerDocument) -> [IssueHit] {
        (answer["items"]?.items ?? []).filter(Self.isIssue).compactMap { issue in
            guard let name = self.created(issue), let title = issue["title"]?.text else { return nil }
            return IssueHit(name: name, title: title, isPending: issue["state"]?.text == "open")
        }
    }
}
