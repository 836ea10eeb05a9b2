internal import Tracker

/// GitLab's REST API, version 4.
///
/// | what | call | answer |
/// | --- | --- | --- |
/// | create | `POST /projects/ID/issues` `{title, description, labels}` | 201 `iid`, `web_url`, `state` |
/// | find | `GET /projects/ID/issues?search=&in=description` | `description` has the key |
/// | status | `GET /projects/ID/issues/IID` | `state` `opened` or `closed` |
/// | comment | `POST /projects/ID/issues/IID/notes` `{body}` | 201 |
///
/// <https://docs.gitlab.com/api/issues>
struct GitLab: TrackerDialect {
    private let settings: DialectSettings
    var project: String { self.settings.project }
    private let issues: String

    init(_ settings: DialectSettings) {
        self.settings = settings
        // The id of a project, or its path as one part.
        self.issues = "/projects/\(settings.project.percentEncoded)/issues"
    }

    var headers: [(String, String)] { [("PRIVATE-TOKEN", self.settings.token), ("Accept", "application/json")] }
    var features: Set<TrackerFeature> { [.search, .comments, .labels, .status] }

    func create(_ draft: IssueDraft, _ key: DedupeKey) -> TrackerCall {
        let body = RemoteText.body(draft, key, keyLine: { "<!-- \($0) -->" })
        let labels = draft.labels.map { $0.replacing(",", with: " ") }.joined(separator: ",")
        let fields = self.settings.merged([
            .init("title", .text(draft.title)), .init("description", .text(body)),
            labels.isEmpty ? nil : .init("labels", .text(labels)),
        ])
        return TrackerCall(method: "POST", path: self.issues, body: .object(fields), expected: [201])
    }

    func created(_ answer: TrackerDocument) -> IssueName? {
        answer.name("iid").map { IssueName(id: $0, number: $0, url: answer.address("web_url")) }
    }

    func find(_ key: DedupeKey) -> [TrackerCall] {
        let words = [("search", RemoteText.keyLine(key)), ("in", "description"), ("state", "all"), ("per_page", "20")]
        return [TrackerCall(path: self.issues, query: words)]
    }

    func found(_ answer: TrackerDocument, _ key: DedupeKey) -> IssueName? {
        answer.items.first { RemoteText.has(key, in: $0["description"]?.text) }.flatMap(self.created)
    }

    func status(_ ref: IssueRef) -> TrackerCall { TrackerCall(path: "\(self.issues)/\(ref.id.percentEncoded)") }

    func state(_ answer: TrackerDocument) -> IssueState? {
        answer["state"]?.text.map { IssueState($0 == "closed" ? .closed : .open, word: $0) }
    }

    func comment(_ ref: IssueRef, _ text: String, _ key: DedupeKey) -> TrackerCall {
        let body = JSONValue.object([.init("body", .text("\(text)\n\n<!-- \(RemoteText.keyLine(key)) -->"))])
        let path = "\(self.issues)/\(ref.id.percentEncoded)/notes"
        return TrackerCall(method: "POST", path: path, body: body, expected: [201])
    }

    /// One word: several have to occur all.
    func search(_ words: [String]) -> TrackerCall? {
        guard let longest = words.max(by: { $0.count < $1.count }) else { return nil }
        let query = [("search", longest), ("in", "title"), ("state", "opened"), ("per_page", "50")]
        return TrackerCall(path: self.issues, query: query)
    }

    func hits(_ answer: TrackerDocument) -> [IssueHit] {
        answer.items.compactMap { issue in
            // A confidential issue is nobody's but the project's, whatever the configuration calls public.
            guard issue["confidential"] != .flag(true), let name = self.created(issue),
                let title = issue["title"]?.text
            else { return nil }
            return IssueHit(name: name, title: title, isPending: issue["state"]?.text == "opened")
        }
    }
}
