internal import Messages
internal import Responders
internal import Tracker

/// A tracker on another machine that is spoken to in its dialect.
struct DialectTracker: IssueTracker {
    let dialect: any TrackerDialect
    /// The same without its secrets, for those who want to see what it asks.
    private let masked: any TrackerDialect
    private let name: String
    private let base: String
    private let client: TrackerClient
    private let headers: TrackerHeaders
    /// Whether visitors may be told of issues that others have reported.
    private let isPublic: Bool

    init(
        _ dialect: any TrackerDialect,
        masked: any TrackerDialect,
        named name: String,
        at base: String,
        headers: TrackerHeaders,
        isPublic: Bool,
        _ door: TrackerDoor
    ) throws(ConfigurationProblem) {
        self.dialect = dialect
        self.masked = masked
        self.name = name
        self.base = base.hasSuffix("/") ? String(base.dropLast()) : base
        self.client = try door.client(of: base, key: "url")
        self.headers = headers
        self.isPublic = isPublic
    }

    var features: Set<TrackerFeature> { self.dialect.features }

    func create(_ draft: IssueDraft, key: DedupeKey) async throws(TrackerError) -> IssueRef {
        let answer = try await self.ask(self.dialect.create(draft, key))
        guard let name = answer.document.flatMap(self.dialect.created) else {
            throw self.client.unreadable("the answer hasn't got the issue that was made")
        }
        return self.ref(name)
    }

    func find(key: DedupeKey) async throws(TrackerError) -> IssueRef? {
        for call in self.dialect.find(key) {
            guard let document = try await self.ask(call).document else {
                throw self.client.unreadable("the answer hasn't got what was found")
            }
            if let name = self.dialect.found(document, key) { return self.ref(name) }
        }
        return nil
    }

    func issue(_ ref: IssueRef) async throws(TrackerError) -> IssueState {
        guard let state = try await self.ask(self.dialect.status(ref)).document.flatMap(self.dialect.state) else {
            throw self.client.unreadable("the answer hasn't got the state of the issue")
        }
        return state
    }

    func comment(_ ref: IssueRef, _ text: String, key: DedupeKey) async throws(TrackerError) {
        _ = try await self.ask(self.dialect.comment(ref, text, key))
    }

    func similar(to draft: IssueDraft, limit: Int) async throws(TrackerError) -> [SimilarIssue] {
        // What nobody may be told of needn't be looked for.
        guard self.isPublic, let call = self.dialect.search(IssueLikeness.searchWords(draft.title)) else { return [] }
        guard let document = try await self.ask(call).document else { return [] }
        let wanted = IssueLikeness(title: draft.title)
        let scored = self.dialect.hits(document).filter(\.isPending).map { hit in
            let title = IssueText.line(hit.title, atMost: IssueDraft.maximumTitleCharacters)
            let score = IssueLikeness(title: title).score(wanted)
            return SimilarIssue(ref: self.ref(hit.name), title: title, score: score, isPublic: true, isOwn: false)
        }
        return Array(scored.sorted { $0.score > $1.score }.prefix(limit))
    }

    func changes(
        since cursor: ChangeCursor?
    ) async throws(TrackerError) -> (changes: [IssueChange], next: ChangeCursor) { ([], cursor ?? ChangeCursor("")) }

    func close() async { await self.client.close() }

    // MARK: Calls

    private func ask(_ call: TrackerCall) async throws(TrackerError) -> TrackerClient.Answer {
        let answer = try await self.client.ask(self.request(call, isShown: false), expecting: call.expected)
        if let failure = answer.document.flatMap(self.dialect.failure) {
            throw self.client.refused(failure.code, failure.kind, "the tracker says no, with status \(answer.status)")
        }
        return answer
    }

    private func request(_ call: TrackerCall, isShown: Bool) -> TrackerClient.Request {
        let query = call.query.map { "\($0.0.percentEncoded)=\($0.1.percentEncoded)" }.joined(separator: "&")
        return TrackerClient.Request(
            method: call.method,
            url: self.base + call.path + (query.isEmpty ? "" : "?\(query)"),
            headers: (isShown ? [] : self.dialect.headers) + self.headers.filled([:], isShown: isShown)
                + (call.body == nil ? [] : [("Content-Type", "application/json")]),
            body: call.body?.bytes
        )
    }

    private func ref(_ name: IssueName) -> IssueRef {
        IssueRef(tracker: self.name, id: name.id, number: IssueText.line(name.number, atMost: 40), url: name.url)
    }

    /// The requests for a report that serves as a sample, without secrets.
    func preview() throws(TrackerError) -> [(String, String)] {
        let draft = try IssueDraft.sample()
        let (key, ref) = (DedupeKey("t_sample/0"), IssueRef(tracker: self.name, id: "412", number: "412"))
        let calls: [(String, TrackerCall)] =
            [("create", self.masked.create(draft, key))] + self.masked.find(key).map { ("find", $0) }
            + [
                ("status", self.masked.status(ref)),
                ("comment", self.masked.comment(ref, "> It is the same for me.", key)),
            ]
        return calls.map { name, call in
            let request = self.request(call, isShown: true)
            let url = request.url.replacing("***".percentEncoded, with: "***")
            let head = ["\(request.method) \(url)"] + self.masked.headers.map { "\($0.0): \(Self.shown($0))" }
            let lines = head + request.headers.map { "\($0.0): \($0.1)" }
            let body = request.body.map { ["", String(decoding: $0, as: UTF8.self)] } ?? []
            return (name, (lines + body).joined(separator: "\n"))
        }
    }

    /// Everything that is no secret has a name of its own.
    private static func shown(_ header: (String, String)) -> String {
        ["accept", "x-github-api-version"].contains(header.0.lowercased()) ? header.1 : "***"
    }
}
