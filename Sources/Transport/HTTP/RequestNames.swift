import Access
import HTTPTypes
import Hummingbird
import Messages

/// Gives each request a name, which its answer and the logs say: what a proxy of the operator has named keeps its name.
struct RequestNames: RouterMiddleware {
    let server: ChatChannel.Shared

    func handle(
        _ request: Request,
        context: ChatRequestContext,
        next: (Request, ChatRequestContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.requestID = self.name(of: request, context)
        var response = try await next(request, context)
        response.headers[.xRequestID] = context.requestID
        return response
    }

    private func name(of request: Request, _ context: ChatRequestContext) -> String {
        let written = request.headers[values: .xRequestID]
        // Anybody else's would let a visitor write into the logs.
        if written.count == 1, let name = SessionID(written[0]),
            self.server.proxies.trusts(context.channel.remoteAddress)
        {
            return name.rawValue
        }
        var generator = SystemRandomNumberGenerator()
        return randomBase64URL(characters: 16, using: &generator)
    }
}

extension ChatRoutes {
    /// How a request came, and from whom.
    static func origin(of request: Request, _ context: ChatRequestContext, _ grant: Grant?) -> MessageOrigin {
        MessageOrigin(
            request: context.requestID,
            trace: TraceParent(of: request.headers[values: .traceparent]),
            visitor: grant?.verifiedVisitor
        )
    }
}

extension HTTPField.Name {
    static let xRequestID = HTTPField.Name("X-Request-Id") ?? .range
    static let traceparent = HTTPField.Name("traceparent") ?? .range
}
