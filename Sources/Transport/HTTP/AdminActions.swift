public import Access
import HTTPTypes
import Hub
import Hummingbird
public import Messages
import Observability

/// What the people who run the server can ask it for over HTTP.
///
/// | request | does |
/// | --- | --- |
/// | `GET /metrics` | the numbers, for Prometheus |
/// | `GET /api/admin/content` | says what the responders answer by |
/// | `POST /api/admin/reload` | reads their files anew, and says the same afterwards |
/// | `GET /api/admin/connections` | lists who is connected |
/// | `GET /api/admin/connections/{id}` | says the same of one connection |
/// | `POST /api/admin/connections/{id}/disconnect` | ends it; the client may come back |
/// | `POST /api/admin/revoke` | takes back a session, a subject or a token |
/// | `POST /api/admin/tokens` | signs a token for an agent or a program |
/// | `GET /api/admin/turns` | lists the last turns: those of a filter, or all |
/// | `GET /api/admin/turns/{turn}/trace` | says why a turn ended as it did |
/// | `GET /api/admin/issues` | lists what visitors have reported |
/// | `GET /api/admin/issues/{number}` | shows an issue with what happened to it |
/// | `PATCH /api/admin/issues/{number}` | changes its state, or who may be told of it |
/// | `POST /api/admin/issues/{number}/comments` | adds a comment |
/// | `POST /api/admin/erase` | erases a session, or all sessions of a visitor |
public struct AdminActions: Sendable {
    private let token: AdminToken?
    private let content: @Sendable () -> String
    private let reload: @Sendable () async throws -> String
    private let erase: (@Sendable (ErasureRequest) async throws -> String)?
    private let note: @Sendable (AdminAct) async -> Void
    private let turns: TurnQueries?
    private let issues: IssueActions?

    /// - Parameters:
    ///   - token: What a request must show; nothing lets everybody who reaches the server.
    ///   - content: What is live, as a JSON object.
    ///   - reload: Reads all files anew; returns as `content` does afterwards.
    ///   - erase: Removes everything of a session or a visitor, and returns a JSON object that says what, or throws a
    ///     `ClientError`; nothing where nothing is kept.
    ///   - turns: What is known of turns; nothing for no such paths.
    ///   - issues: What can be done with issues; nothing for no such paths.
    ///   - note: Learns of each act once it is done; the answer waits for it.
    public init(
        token: AdminToken?,
        content: @escaping @Sendable () -> String,
        reload: @escaping @Sendable () async throws -> String,
        erase: (@Sendable (ErasureRequest) async throws -> String)? = nil,
        turns: TurnQueries? = nil,
        issues: IssueActions? = nil,
        note: @escaping @Sendable (AdminAct) async -> Void = { _ in }
    ) {
        self.erase = erase
        self.note = note
        self.turns = turns
        self.issues = issues
        self.token = token
        self.content = content
        self.reload = reload
    }

    func add(to router: Router<ChatRequestContext>, of server: ChatChannel.Shared) {
        let gate = AdminGate(token: self.token, server: server)
        router.group("/metrics").add(middleware: gate).get { _, _ in
            Response.text(await server.metrics.registry.exposition(), type: MetricsRegistry.contentType)
        }
        let group = router.group("/api/admin").add(middleware: gate)
        group.get("content") { _, _ in Response.json(Array(self.content().utf8)) }
        group.post("reload") { _, _ in
            let answer = try await self.reload()
            await self.note(AdminAct("reload"))
            return Response.json(Array(answer.utf8))
        }
        group.post("erase") { request, context in try await self.erase(request, context, server) }
        ConnectionRoutes(server, note: self.note).add(to: group)
        AccessRoutes(server, note: self.note).add(to: group)
        if let turns { TurnRoutes(turns).add(to: group) }
        if let issues { IssueRoutes(issues, note: self.note).add(to: group) }
    }
}

extension AdminActions {
    /// Erases for `{"site","session"}` or `{"site","visitor"}`; `"store"` names the file that is meant.
    private func erase(
        _ request: Request,
        _ context: ChatRequestContext,
        _ server: ChatChannel.Shared
    ) async throws -> Response {
        let reader = try ObjectReader(try await ChatRoutes.body(of: request, context))
        guard let erase else { throw ClientError(.badRequest, "nothing is kept here, so nothing can be erased") }
        guard let name = try reader.text("site"), let site = SiteID(name) else {
            throw ClientError(.badRequest, "\"site\" is missing, or no name of a site", detail: "site")
        }
        let subject: ErasureRequest.Subject
        switch (try reader.text("session"), try reader.text("visitor")) {
        case (let text?, nil):
            guard let session = SessionID(text) else {
                throw ClientError(.badRequest, "\"session\" must be 1 to 64 of A-Z a-z 0-9 _ -", detail: "session")
            }
            subject = .session(session)
        case (nil, let text?):
            guard 1...Subject.identifierBytes ~= text.utf8.count else {
                throw ClientError(.badRequest, "\"visitor\" has 1 to 200 bytes", detail: "visitor")
            }
            subject = .visitor(text)
        default: throw ClientError(.badRequest, "name one of \"session\" and \"visitor\"", detail: "session")
        }
        let wanted = ErasureRequest(site: site, subject: subject, store: try reader.text("store"))
        return Response.json(Array(try await erase(wanted).utf8))
    }
}

/// Whose messages are to go.
public struct ErasureRequest: Sendable {
    public enum Subject: Sendable {
        case session(SessionID)
        /// The id of somebody for whom the site has vouched.
        case visitor(String)
    }

    public let site: SiteID
    public let subject: Subject
    /// The file that is meant, where that was said.
    public let store: String?
}

/// What somebody with the admin token has done.
public struct AdminAct: Sendable {
    /// In kebab-case.
    public let action: String
    /// What is no secret and nobody's name.
    public let details: [String: String]
    /// Names of sessions and of people, by what they are: not to be written down as they are.
    public let names: [String: String]

    init(_ action: String, details: [String: String?] = [:], names: [String: String?] = [:]) {
        self.action = action
        self.details = details.compactMapValues { $0 }
        self.names = names.compactMapValues { $0 }
    }
}

/// Lets nobody in who doesn't show the token of the people who run the server.
private struct AdminGate: RouterMiddleware {
    let token: AdminToken?
    let server: ChatChannel.Shared

    func handle(
        _ request: Request,
        context: ChatRequestContext,
        next: (Request, ChatRequestContext) async throws -> Response
    ) async throws -> Response {
        guard let token = self.token else { return try await next(request, context) }
        let written = request.headers[.authorization] ?? ""
        if written.prefix(7).lowercased() == "bearer ", token.matches(String(written.dropFirst(7))) {
            return try await next(request, context)
        }
        let forwarded = request.headers[values: .xForwardedFor]
        let address = self.server.addressRecord(of: context.channel, forwarded: forwarded)
        if let wait = self.server.addresses.refuse(.failure, of: address, at: self.server.clocks.nanoseconds()) {
            throw ClientError.tooManyFailures(waitingNanoseconds: wait)
        }
        throw ClientError(.unauthorized, "this needs the admin token")
    }
}

extension Response {
    /// A text that no cache keeps.
    fileprivate static func text(_ text: String, type: String) -> Response {
        var headers: HTTPFields = [.contentType: type, .cacheControl: "no-store"]
        headers[.xContentTypeOptions] = "nosniff"
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: .init(string: text)))
    }
}
