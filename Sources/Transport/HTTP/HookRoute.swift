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

/// Takes what services on other machines say of their own accord.
public struct HookDoor: Sendable {
    /// Whether somebody listens under a name.
    let knows: @Sendable (_ name: String) -> Bool
    /// By the name, the headers by their lower-case names, and the bytes of the body.
    let take: @Sendable (_ name: String, _ headers: [String: String], _ body: [UInt8]) async -> HookOutcome

    /// - Parameters:
    ///   - knows: Whether somebody listens under a name; asked before anything of the body is read.
    ///   - take: Takes what is said.
    public init(
        knows: @escaping @Sendable (_ name: String) -> Bool,
        take: @escaping @Sendable (_ name: String, _ headers: [String: String], _ body: [UInt8]) async -> HookOutcome
    ) {
        self.knows = knows
        self.take = take
    }
}

/// `POST /api/hooks/{name}`: a tracker tells of a change.
///
/// The signature is over the bytes of the body, so these are read before anybody knows who sends them: their number and
/// their time are bounded, and whoever has signed wrongly too often isn't read. Wrong signatures count as wrong tokens do.
struct HookRoute: Sendable {
    private let server: ChatChannel.Shared
    private let door: HookDoor

    /// More than what trackers say of one issue with a long text.
    static let maximumBytes = 1_048_576

    init(_ server: ChatChannel.Shared, _ door: HookDoor) {
        self.server = server
        self.door = door
    }

    func add(to router: Router<ChatRequestContext>) {
        router.post("/api/hooks/{name}") { request, context in
            let name = try context.parameters.require("name")
            guard 1...40 ~= name.utf8.count, self.door.knows(name) else { throw self.refusal(of: request, context) }
            if let wait = self.wait(of: request, context, taking: false) {
                throw ClientError.tooManyFailures(waitingNanoseconds: wait)
            }
            let body = try await ChatRoutes.bytes(of: request, context, upTo: Self.maximumBytes)
            switch await self.door.take(name, Self.headers(of: request), body) {
            case .taken: return Response(status: .noContent)
            case .refused: throw self.refusal(of: request, context)
            case .unreadable: throw ClientError(.badRequest, "the body can't be read", detail: "body")
            case .unavailable:
                throw ClientError(.unavailable, "nothing can be kept at the moment", retryAfterMilliseconds: 30_000)
            }
        }
    }

    /// By their lower-case names, without those that come twice: nobody knows which is meant.
    private static func headers(of request: Request) -> [String: String] {
        let all = Dictionary(grouping: request.headers, by: \.name.canonicalName)
        return all.compactMapValues { $0.count == 1 ? $0[0].value : nil }
    }

    /// How long the address has to wait, if it has failed too often.
    private func wait(of request: Request, _ context: ChatRequestContext, taking: Bool) -> UInt64? {
        let forwarded = request.headers[values: .xForwardedFor]
        let address = self.server.addressRecord(of: context.channel, forwarded: forwarded)
        let now = self.server.clocks.nanoseconds()
        return taking
            ? self.server.addresses.refuse(.failure, of: address, at: now)
            : self.server.addresses.refusal(of: .failure, by: address, at: now)
    }

    private func refusal(of request: Request, _ context: ChatRequestContext) -> ClientError {
        if let wait = self.wait(of: request, context, taking: true) {
            return ClientError.tooManyFailures(waitingNanoseconds: wait)
        }
        return ClientError(.unauthorized, "there is no such hook, or the signature is not good for it")
    }
}
