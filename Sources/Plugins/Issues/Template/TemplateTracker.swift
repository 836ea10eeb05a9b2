internal import Messages
internal import Responders
internal import Tracker

/// Any tracker with an HTTP API, by requests that the configuration describes.
struct TemplateTracker: IssueTracker {
    private let create: RequestTemplate
    private let find: RequestTemplate?
    private let status: RequestTemplate?
    private let comment: RequestTemplate?
    private let created: Naming
    private let found: Naming
    private let state: DocumentPointer?
    private let phases: [String: IssueState.Phase]
    private let name: String

    /// Where an answer has what an issue is called.
    private struct Naming: Sendable {
        var id: DocumentPointer?
        var number: DocumentPointer?
        var url: TemplateText?
    }

    /// The values that a new issue has.
    private static let draftValues: Set<String> = [
        "title", "body", "kind", "key", "page", "reporter", "labels", "site", "session",
    ]
    /// The values that are known of an issue.
    private static let issueValues: Set<String> = ["id", "number"]

    init(
        _ configuration: Issues.Configuration,
        named name: String,
        _ door: TrackerDoor
    ) throws(ConfigurationProblem) {
        guard let create = configuration.create else {
            let hint = "write create: {request: POST https://…, id: /…}"
            throw ConfigurationProblem(
                "missing-key",
                key: "tracker",
                "the tracker has no request to create with",
                hint: hint
            )
        }
        self.name = name
        let none = try TrackerHeaders(configuration.headers ?? [:], known: [], key: "headers", door.services)
        func template(
            _ written: TrackerRequestSettings?,
            _ key: String,
            _ known: Set<String>
        ) throws(ConfigurationProblem) -> RequestTemplate? {
            guard let written else { return nil }
            return try RequestTemplate(written, key: key, known: known, shared: none, door)
        }
        self.create = try RequestTemplate(create, key: "create", known: Self.draftValues, shared: none, door)
        self.created = try Self.naming(create, key: "create")
        guard self.created.id != nil else {
            let hint = "write id: /ticket/id"
            throw ConfigurationProblem(
                "missing-key",
                key: "create",
                "nothing says where the id of an issue is",
                hint: hint
            )
        }
        self.find = try template(configuration.find, "find", ["key"])
        self.found =
            try configuration.find.map { find throws(ConfigurationProblem) in
                try Self.naming(find, key: "find", like: create)
            } ?? Naming()
        guard configuration.find == nil || self.found.id != nil else {
            throw ConfigurationProblem("missing-key", key: "find", "nothing says where the id of an issue is")
        }
        self.status = try template(configuration.status, "status", Self.issueValues)
        self.state = try configuration.status?.state.map { text throws(ConfigurationProblem) in
            try DocumentPointer(text, key: "status.state")
        }
        guard configuration.status == nil || self.state != nil else {
            throw ConfigurationProblem("missing-key", key: "status", "nothing says where the state of an issue is")
        }
        self.phases = configuration.status?.map ?? [:]
        self.comment = try template(configuration.comment, "comment", Self.issueValues.union(["text", "key"]))
    }

    private static func naming(
        _ written: TrackerRequestSettings,
        key: String,
        like create: TrackerRequestSettings? = nil
    ) throws(ConfigurationProblem) -> Naming {
        func pointer(_ text: String?, _ name: String) throws(ConfigurationProblem) -> DocumentPointer? {
            guard let text else { return nil }
            return try DocumentPointer(text, key: "\(key).\(name)")
        }
        let url = try (written.url ?? create?.url).map { text throws(ConfigurationProblem) in
            guard text.hasPrefix("https://") || text.hasPrefix("http://") else {
                let hint = "write https://HOST/PATH with {id} or {number}"
                throw ConfigurationProblem("bad-link", key: "\(key).url", "this is no address for people", hint: hint)
            }
            return try TemplateText(text, known: Self.issueValues, key: "\(key).url")
        }
        return Naming(id: try pointer(written.id, "id"), number: try pointer(written.number, "number"), url: url)
    }

    var features: Set<TrackerFeature> {
        var features: Set<TrackerFeature> = [.labels]
        if self.find != nil { features.insert(.search) }
        if self.status != nil { features.insert(.status) }
        if self.comment != nil { features.insert(.comments) }
        return features
    }

    func create(_ draft: IssueDraft, key: DedupeKey) async throws(TrackerError) -> IssueRef {
        let answer = try await self.create.send(Self.values(of: draft, key))
        guard let ref = self.ref(in: answer.document, self.created) else {
            throw self.create.client.unreadable(Self.missing(answer, "the id of the issue"))
        }
        return ref
    }

    func find(key: DedupeKey) async throws(TrackerError) -> IssueRef? {
        guard let find else { return nil }
        let answer = try await find.send(["key": key.rawValue])
        guard let document = answer.document else {
            throw find.client.unreadable(Self.missing(answer, "what was found"))
        }
        return self.ref(in: document, self.found)
    }

    func issue(_ ref: IssueRef) async throws(TrackerError) -> IssueState {
        guard let status, let state else { return IssueState(.open) }
        let answer = try await status.send(Self.values(of: ref))
        guard let word = answer.document?[state]?.text else {
            throw status.client.unreadable(Self.missing(answer, "the state of the issue"))
        }
        return IssueState(self.phases[word] ?? IssueState.Phase(rawValue: word) ?? .open, word: word)
    }

    func comment(_ ref: IssueRef, _ text: String, key: DedupeKey) async throws(TrackerError) {
        guard let comment else {
            let code = TrackerError.Code("no-comments", .invalid)
            throw TrackerError(code, self.name, "nothing says how to comment; write comment: {request: …}")
        }
        var values = Self.values(of: ref)
        values["text"] = RemoteText.comment(text, key)
        values["key"] = key.rawValue
        _ = try await comment.send(values)
    }

    func similar(to draft: IssueDraft, limit: Int) async throws(TrackerError) -> [SimilarIssue] { [] }

    func changes(
        since cursor: ChangeCursor?
    ) async throws(TrackerError) -> (changes: [IssueChange], next: ChangeCursor) { ([], cursor ?? ChangeCursor("")) }

    // MARK: Values

    private static func values(of draft: IssueDraft, _ key: DedupeKey) -> [String: String] {
        [
            "title": draft.title, "body": RemoteText.body(draft, key), "kind": draft.kind ?? "", "key": key.rawValue,
            "page": draft.page ?? "", "reporter": draft.reporter ?? "", "labels": draft.labels.joined(separator: ","),
            "site": draft.site.rawValue, "session": draft.session?.rawValue ?? "",
        ]
    }

    private static func values(of ref: IssueRef) -> [String: String] { ["id": ref.id, "number": ref.number] }

    private func ref(in document: TrackerDocument?, _ naming: Naming) -> IssueRef? {
        guard let id = naming.id.flatMap({ document?[$0]?.text }), 1...200 ~= id.utf8.count else { return nil }
        let number = naming.number.flatMap { document?[$0]?.text } ?? id
        let url = naming.url?.filled(["id": id, "number": number], escape: \.percentEncoded)
        return IssueRef(tracker: self.name, id: id, number: IssueText.line(number, atMost: 40), url: url)
    }

    private static func missing(_ answer: TrackerClient.Answer, _ what: String) -> String {
        answer.document == nil
            ? "the answer is no JSON, with status \(answer.status)" : "the answer hasn't got \(what)"
    }

    /// Every request for a report that serves as a sample, its secrets as `***`.
    func preview() throws(TrackerError) -> [(String, String)] {
        let draft = try IssueDraft.sample()
        let ref = IssueRef(tracker: self.name, id: "412", number: "412")
        let key = DedupeKey("t_sample/0")
        var comment = Self.values(of: ref)
        comment["text"] = RemoteText.comment("> It is the same for me.", key)
        comment["key"] = key.rawValue
        let parts: [(String, RequestTemplate?, [String: String])] = [
            ("create", self.create, Self.values(of: draft, key)), ("find", self.find, ["key": key.rawValue]),
            ("status", self.status, Self.values(of: ref)), ("comment", self.comment, comment),
        ]
        return parts.compactMap { name, template, values in template.map { (name, $0.shown(values)) } }
    }

    func close() async {
        let templates: [RequestTemplate?] = [self.create, self.find, self.status, self.comment]
        for template in templates { await template?.client.close() }
    }
}
