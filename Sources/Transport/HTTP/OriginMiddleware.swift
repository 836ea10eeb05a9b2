import HTTPTypes
import Hummingbird
import Logging
import Messages
import NIOHTTP1

/// Refuses pages that may not talk to the server, lets the others read the answers, and puts every refusal into the
/// form of the protocol.
struct OriginMiddleware: RouterMiddleware {
    let server: ChatChannel.Shared
    private var admission: Admission { self.server.admission }
    private var metrics: ServerMetrics { self.server.metrics }

    init(server: ChatChannel.Shared) { self.server = server }

    func handle(
        _ request: Request,
        context: ChatRequestContext,
        next: (Request, ChatRequestContext) async throws -> Response
    ) async throws -> Response {
        let verdict = self.admission.origins.judge(
            request.headers[values: .origin],
            fetchSite: request.headers[values: .secFetchSite]
        )
        var response: Response
        switch verdict {
        case .refused:
            let isPublic = request.method == .get && !request.uri.path.hasPrefix("/api/")
            response =
                isPublic
                ? await self.answer(request, context, next)
                : self.refusal(Refused.foreignOrigin.error, .forbidden)
        case .absent: response = await self.answer(request, context, next)
        case .allowed(let origin):
            if request.method == .options {
                response = Response(status: .noContent)
            } else {
                response = await self.answer(request, context, next)
            }
            response.headers[.accessControlAllowOrigin] = origin
            if self.admission.acceptsCookie(from: origin) {
                response.headers[.accessControlAllowCredentials] = "true"
            }
            response.headers[.accessControlAllowMethods] = "GET, POST"
            response.headers[.accessControlAllowHeaders] = "Content-Type, Authorization, Idempotency-Key, traceparent"
            response.headers[.accessControlExposeHeaders] = "Retry-After, X-Request-Id"
            if request.method == .options { response.headers[.accessControlMaxAge] = "600" }
        }
        response.headers[.vary] = "Origin"
        if request.headers[.connection] == "close" { response.headers[.connection] = "close" }
        return response
    }

    private func answer(
        _ request: Request,
        _ context: ChatRequestContext,
        _ next: (Request, ChatRequestContext) async throws -> Response
    ) async -> Response {
        do {
            try Query.checkHoldsNoCredential(request.head.path ?? "")
            return try await next(request, context)
        } catch let error as Query.Malformed {
            return self.refusal(ClientError(.badRequest, error.reason, detail: "query"), .badRequest)
        } catch let error as ClientError {
            if error.detail == "path", let methods = ChatRoutes.methods(of: request.uri.path) {
                return self.refusal(of: request.method, methods)
            }
            return self.refusal(error, Self.status(of: error))
        } catch let error as any HTTPResponseError {
            if error.status == .notFound, let methods = ChatRoutes.methods(of: request.uri.path) {
                return self.refusal(of: request.method, methods)
            }
            let reason = error.status.reasonPhrase.lowercased()
            return self.refusal(ClientError(.badRequest, reason.isEmpty ? "not accepted" : reason), error.status)
        } catch {
            // What it says may quote the visitor.
            self.server.logger.error(
                "Request failed",
                metadata: ["request.id": "\(context.requestID)", "error.type": "\(type(of: error))"]
            )
            return self.refusal(ClientError(.unavailable, "something went wrong"), .internalServerError)
        }
    }

    private func refusal(of method: HTTPRequest.Method, _ allowed: String) -> Response {
        let error = ClientError(.badRequest, "this path takes \(allowed), not \(method.rawValue)", detail: "method")
        var response = self.refusal(error, .methodNotAllowed)
        response.headers[.allow] = allowed
        return response
    }

    private static func status(of error: ClientError) -> HTTPResponse.Status {
        HTTPResponse.Status(code: Int(HTTPResponseStatus(error).code))
    }

    private func refusal(_ error: ClientError, _ status: HTTPResponse.Status) -> Response {
        self.metrics.refused(error.code)
        var response = Response.json(ServerFrame.error(error), status: status)
        if let wait = error.retryAfterMilliseconds { response.headers[.retryAfter] = "\((wait + 999) / 1_000)" }
        return response
    }
}
