import HTTPTypes
import Hub
import Hummingbird
import Messages
import NIOCore

/// What has become of something that a service on another machine said of its own accord.
public enum HookOutcome: Sendable, Hashable {
    /// It is kept, or was nothing that matters here.
    case taken
    /// Nobody has this name, or it was signed with another secret: the same for whoever asks.
    case refused
    /// It can't be read.
    case unreadable
    /// It can't be kept at the moment.
    case unavailable
}

/// Takes what a service says: by the name of the hook, the headers by their lower-case names, and the bytes of the body.
public typealias HookDoor =
    @Sendable (_ name: String, _ headers: [String: String], _ body: [UInt8]) async -> HookOutcome

/// `POST /api/hooks/{name}`: a tracker tells of a change.
///
/// The signature is over the bytes of the body, so these are read before anybody knows who sends them: their number and
/// their time are bounded. Wrong signatures count as wrong tokens do.
struct HookRoute: Sendable {
    private let server: ChatChannel.Shared
    private let take: HookDoor

    /// More than what trackers say of one issue with a long text.
    static let maximumBytes = 1_048_576

    init(_ server: ChatChannel.Shared, _ take: @escaping HookDoor) {
        self.server = server
        self.take = take
    }

    func add(to router: Router<ChatRequestContext>) {
        router.post("/api/hooks/{name}") { request, context in
            let name = try context.parameters.require("name")
            guard 1...40 ~= name.utf8.count else { throw try self.refusal(of: request, context) }
            let body = try await ChatRoutes.bytes(of: request, context, upTo: Self.maximumBytes)
            var headers: [String: String] = [:]
            // Of one that comes twice nobody knows which is meant.
            for field in request.headers { headers[field.name.canonicalName] = field.value }
            switch await self.take(name, headers, body) {
            case .taken: return Response(status: .noContent)
            case .refused: throw try self.refusal(of: request, context)
            case .unreadable: throw ClientError(.badRequest, "the body can't be read", detail: "body")
            case .unavailable:
                throw ClientError(.unavailable, "nothing can be kept at the moment", retryAfterMilliseconds: 30_000)
            }
        }
    }

    private func refusal(of request: Request, _ context: ChatRequestContext) throws -> ClientError {
        let forwarded = request.headers[values: .xForwardedFor]
        let address = self.server.addressRecord(of: context.channel, forwarded: forwarded)
        if let wait = self.server.addresses.refuse(.failure, of: address, at: self.server.clocks.nanoseconds()) {
            throw ClientError.tooManyFailures(waitingNanoseconds: wait)
        }
        return ClientError(.unauthorized, "there is no such hook, or the signature is not good for it")
    }
}
