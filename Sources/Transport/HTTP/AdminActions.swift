public import Access
import HTTPTypes
import Hub
import Hummingbird
import Messages
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
public struct AdminActions: Sendable {
    private let token: AdminToken?
    private let content: @Sendable () -> String
    private let reload: @Sendable () async throws -> String

    /// - Parameters:
    ///   - token: What a request must show; nothing lets everybody who reaches the server.
    ///   - content: What is live, as a JSON object.
    ///   - reload: Reads all files anew; returns as `content` does afterwards.
    public init(
        token: AdminToken?,
        content: @escaping @Sendable () -> String,
        reload: @escaping @Sendable () async throws -> String
    ) {
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
        group.post("reload") { _, _ in Response.json(Array(try await self.reload().utf8)) }
        ConnectionRoutes(server).add(to: group)
        AccessRoutes(server).add(to: group)
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
