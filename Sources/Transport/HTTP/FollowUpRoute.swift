import HTTPTypes
import Hub
import Hummingbird
import Messages

/// `POST /api/chat/turns/{turn}/followup`: the reply that a plugin has promised.
///
/// The plugin shows the token of its turn as `Authorization: Bearer`. Guesses count as those of other tokens do.
struct FollowUpRoute: Sendable {
    private let server: ChatChannel.Shared
    private let keep: FollowUpDoor

    init(_ server: ChatChannel.Shared, _ keep: @escaping FollowUpDoor) {
        self.server = server
        self.keep = keep
    }

    func add(to router: Router<ChatRequestContext>) {
        router.post("/api/chat/turns/{turn}/followup") { request, context in
            let turn = try context.parameters.require("turn")
            // The token first: whoever has none learns nothing about bodies.
            guard let token = Self.token(of: request), 1...Limits.messageIDBytes ~= turn.utf8.count else {
                throw try self.refusal(of: request, context)
            }
            let body = try await ChatRoutes.body(of: request, context)
            guard try await self.keep(turn, token, body) else {
                throw try self.refusal(of: request, context)
            }
            return Response(status: .noContent)
        }
    }

    private static func token(of request: Request) -> String? {
        let written = request.headers[.authorization] ?? ""
        guard written.prefix(7).lowercased() == "bearer ", 1...256 ~= written.utf8.count - 7 else { return nil }
        return String(written.dropFirst(7))
    }

    /// The same whether the turn has no promise, it was kept, or the token is another one's.
    private func refusal(of request: Request, _ context: ChatRequestContext) throws -> ClientError {
        let forwarded = request.headers[values: .xForwardedFor]
        let address = self.server.addressRecord(of: context.channel, forwarded: forwarded)
        if let wait = self.server.addresses.refuse(.failure, of: address, at: self.server.clocks.nanoseconds()) {
            throw ClientError.tooManyFailures(waitingNanoseconds: wait)
        }
        return ClientError(.unauthorized, "this token is not good for this turn")
    }
}

/// Takes the reply that was promised in a turn.
///
/// Given the id of the turn, the token that was shown, and the body, which whoever takes it reads; returns whether there is
/// such a promise, or throws a `ClientError`.
public typealias FollowUpDoor = @Sendable (_ turn: String, _ token: String, _ body: [UInt8]) async throws -> Bool
