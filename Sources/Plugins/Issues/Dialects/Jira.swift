internal import Crypto
internal import FoundationEssentials
internal import Tracker

/// Jira Cloud's REST API, version 3.
///
/// | what | call | answer |
/// | --- | --- | --- |
/// | create | `POST /issue` `{fields: {project, issuetype, summary, description, labels}}` | 201 `id`, `key` |
/// | find | `GET /search/jql?jql=labels = …` | `issues[].key` |
/// | status | `GET /issue/KEY?fields=status` | `fields.status.statusCategory.key` |
/// | comment | `POST /issue/KEY/comment` `{body}` | 201 |
///
/// Texts are documents of nodes, in which nothing is markup. A key is a label, since the search for texts looks for words.
///
/// <https://developer.atlassian.com/cloud/jira/platform/rest/v3>
struct Jira: TrackerDialect {
    private let settings: DialectSettings
    var project: String { self.settings.project }
    /// Where people see issues: the address of the site.
    private let site: String

    init(_ settings: DialectSettings, site: String) {
        self.settings = settings
        self.site = site
    }

    var headers: [(String, String)] {
        let login = Data("\(self.settings.user ?? ""):\(self.settings.token)".utf8).base64EncodedString()
        return [("Authorization", "Basic \(login)"), ("Accept", "application/json")]
    }

    var features: Set<TrackerFeature> { [.search, .comments, .labels, .status] }

    func create(_ draft: IssueDraft, _ key: DedupeKey) -> TrackerCall {
        // A label has no white space.
        let labels = draft.labels.map { $0.replacing(" ", with: "-") } + [Self.label(key)]
        let fields = self.settings.merged([
            .init("project", .object([.init("key", .text(self.settings.project))])),
            .init("issuetype", .object([.init("name", "Bug")])), .init("summary", .text(draft.title)),
            .init("description", Self.document(RemoteText.body(draft, key))),
            .init("labels", .list(labels.map { .text($0) })),
        ])
        let body = JSONValue.object([.init("fields", .object(fields))])
        return TrackerCall(method: "POST", path: "/issue", body: body, expected: [201])
    }

    /// A key in letters and digits.
    static func label(_ key: DedupeKey) -> String {
        let digest = SHA256.hash(data: Array(key.rawValue.utf8)).prefix(12)
        return "claude-chat-" + digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// A text as paragraphs (Atlassian Document Format); a node of text may not be empty.
    static func document(_ text: String) -> JSONValue {
        let paragraphs = text.split(separator: "\n", omittingEmptySubsequences: false).map { line -> JSONValue in
            let words: [JSONValue] = line.isEmpty ? [] : [["type": "text", "text": .text(String(line))]]
            return ["type": "paragraph", "content": .list(words)]
        }
        return ["type": "doc", "version": 1, "content": .list(paragraphs)]
    }

    func created(_ answer: TrackerDocument) -> IssueName? {
        answer.name("key").map { key in
            IssueName(id: key, number: key, url: "\(self.site)/browse/\(key.percentEncoded)")
        }
    }

    func find(_ key: DedupeKey) -> [TrackerCall] {
        let words = "project = \"\(Self.quoted(self.settings.project))\" AND labels = \"\(Self.label(key))\""
        return [self.search(jql: words, limit: 1)]
    }

    func found(_ answer: TrackerDocument, _ key: DedupeKey) -> IssueName? {
        answer["issues"]?.items.first.flatMap(self.created)
    }

    private func search(jql: String, limit: Int) -> TrackerCall {
        let query = [("jql", jql), ("fields", "summary,status"), ("maxResults", "\(limit)")]
        return TrackerCall(path: "/search/jql", query: query)
    }

    private static func quoted(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    }

    func status(_ ref: IssueRef) -> TrackerCall {
        TrackerCall(path: "/issue/\(ref.id.percentEncoded)", query: [("fields", "summary,status")])
    }

    func state(_ answer: TrackerDocument) -> IssueState? {
        guard let status = answer["fields"]?["status"], let word = status["name"]?.text else { return nil }
        return IssueState(Self.phase(status), word: word)
    }

    private static func phase(_ status: TrackerDocument) -> IssueState.Phase {
        switch status["statusCategory"]?["key"]?.text {
        case "done": .resolved
        case "indeterminate": .inProgress
        default: .open
        }
    }

    func comment(_ ref: IssueRef, _ text: String, _ key: DedupeKey) -> TrackerCall {
        let body = JSONValue.object([.init("body", Self.document(RemoteText.comment(text, key)))])
        return TrackerCall(method: "POST", path: "/issue/\(ref.id.percentEncoded)/comment", body: body, expected: [201])
    }

    /// Words are letters and digits alone, so none is an operator of JQL once it is quoted.
    func search(_ words: [String]) -> TrackerCall? {
        guard !words.isEmpty else { return nil }
        let texts = words.prefix(6).map { "summary ~ \"\(Self.quoted($0))\"" }.joined(separator: " OR ")
        let project = "project = \"\(Self.quoted(self.settings.project))\""
        return self.search(jql: "\(project) AND statusCategory != Done AND (\(texts)) ORDER BY created DESC", limit: 30)
    }

    func hits(_ answer: TrackerDocument) -> [IssueHit] {
        (answer["issues"]?.items ?? []).compactMap { issue in
            guard let name = self.created(issue), let fields = issue["fields"],
                let title = fields["summary"]?.text, let status = fields["status"]
            else { return nil }
            return IssueHit(name: name, title: title, isPending: Self.phase(status).isPending)
        }
    }
}
