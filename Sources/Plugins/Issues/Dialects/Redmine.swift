internal import Tracker

/// Redmine's REST API, which its administration has to switch on.
///
/// | what | call | answer |
/// | --- | --- | --- |
/// | create | `POST /issues.json` `{issue: {project_id, subject, description}}` | 201 `issue.id` |
/// | find | `GET /issues.json?project_id=&status_id=*&sort=created_on:desc` | `description` has the key |
/// | status | `GET /issues/N.json` | `issue.status.name`, `issue.status.is_closed` |
/// | comment | `PUT /issues/N.json` `{issue: {notes}}` | 204, or 200 in old versions, without a body |
///
/// <https://www.redmine.org/projects/redmine/wiki/Rest_Issues>
struct Redmine: TrackerDialect {
    private let settings: DialectSettings
    /// Where people see issues: the address of the API.
    private let site: String

    init(_ settings: DialectSettings, site: String) {
        self.settings = settings
        self.site = site
    }

    var headers: [(String, String)] { [("X-Redmine-API-Key", self.settings.token), ("Accept", "application/json")] }
    var features: Set<TrackerFeature> { [.search, .comments, .status] }

    func create(_ draft: IssueDraft, _ key: DedupeKey) -> TrackerCall {
        let fields = self.settings.merged([
            .init("project_id", .text(self.settings.project)), .init("subject", .text(draft.title)),
            .init("description", .text(Self.escaped(RemoteText.body(draft, key)))),
        ])
        let body = JSONValue.object([.init("issue", .object(fields))])
        return TrackerCall(method: "POST", path: "/issues.json", body: body, expected: [201])
    }

    /// Neither Textile nor Markdown: macros and links by double braces and brackets are broken, as others are already.
    private static func escaped(_ text: String) -> String {
        text.replacing("{{", with: "{\u{200B}{").replacing("[[", with: "[\u{200B}[")
    }

    func created(_ answer: TrackerDocument) -> IssueName? { answer["issue"].flatMap(self.name) }

    private func name(_ issue: TrackerDocument) -> IssueName? {
        issue.name("id").map { IssueName(id: $0, number: $0, url: "\(self.site)/issues/\($0.percentEncoded)") }
    }

    func find(_ key: DedupeKey) -> [TrackerCall] {
        let newest = [
            ("project_id", self.settings.project), ("status_id", "*"), ("sort", "created_on:desc"), ("limit", "100"),
        ]
        return [TrackerCall(path: "/issues.json", query: newest)]
    }

    func found(_ answer: TrackerDocument, _ key: DedupeKey) -> IssueName? {
        (answer["issues"]?.items ?? []).first { RemoteText.has(key, in: $0["description"]?.text) }.flatMap(self.name)
    }

    func status(_ ref: IssueRef) -> TrackerCall { TrackerCall(path: "/issues/\(ref.id.percentEncoded).json") }

    func state(_ answer: TrackerDocument) -> IssueState? {
        guard let status = answer["issue"]?["status"], let word = status["name"]?.text else { return nil }
        // Old versions don't say whether a state is an end.
        let isClosed = status["is_closed"] == .flag(true) || answer["issue"]?["closed_on"]?.text != nil
        return IssueState(isClosed ? .closed : .open, word: word)
    }

    func comment(_ ref: IssueRef, _ text: String, _ key: DedupeKey) -> TrackerCall {
        let notes = JSONValue.text(Self.escaped(RemoteText.comment(text, key)))
        let body = JSONValue.object([.init("issue", .object([.init("notes", notes)]))])
        return TrackerCall(
            method: "PUT",
            path: "/issues/\(ref.id.percentEncoded).json",
            body: body,
            expected: [200, 204]
        )
    }

    /// One word, as a filter on subjects.
    func search(_ words: [String]) -> TrackerCall? {
        guard let longest = words.max(by: { $0.count < $1.count }) else { return nil }
        let query = [
            ("project_id", self.settings.project), ("status_id", "open"), ("subject", "~\(longest)"), ("limit", "50"),
        ]
        return TrackerCall(path: "/issues.json", query: query)
    }

    func hits(_ answer: TrackerDocument) -> [IssueHit] {
        (answer["issues"]?.items ?? []).compactMap { issue in
            guard issue["is_private"] != .flag(true), let name = self.name(issue), let title = issue["subject"]?.text
            else { return nil }
            return IssueHit(name: name, title: title, isPending: issue["closed_on"]?.text == nil)
        }
    }
}
