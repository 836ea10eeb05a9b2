import Access
import Crypto
import FoundationEssentials
import Hub
import Messages
import NIOHTTP1

/// What a request for a WebSocket asks for, checked as far as that needs no look at the hub.
struct Handshake: Sendable {
    /// Who is asked.
    enum Endpoint: Sendable {
        case chat(ChatRequest)
        case echo
    }

    /// A request for a room.
    struct ChatRequest: Sendable {
        var room: RoomKey
        /// Whether it is the list of conversations that wait for a person.
        var isDesk: Bool
        /// What the token gives.
        var grant: Grant?
        /// Where the visitor is: context, never trusted.
        var page: String
        /// What the client has, where it said so.
        var position: Position?
        var mode: ProtocolMode
        /// The trace that the request is of, where it says so.
        var trace: TraceParent?
    }

    /// An answer other than 101.
    struct Refusal: Error, Hashable {
        var status: HTTPResponseStatus
        var error: ClientError
        var headers: [String: String] = [:]
        /// Whether it counts as a try to get in without a right to.
        var isFailedAuthentication = false

        init(_ refused: Refused) {
            self.error = refused.error
            self.status = HTTPResponseStatus(refused.error)
            self.isFailedAuthentication = refused.isFailedAuthentication
        }

        init(_ status: HTTPResponseStatus, _ error: ClientError, headers: [String: String] = [:]) {
            self.status = status
            self.error = error
            self.headers = headers
        }

        /// A refusal for a while; the header says how long, in whole seconds.
        init(_ status: HTTPResponseStatus, retryable error: ClientError) {
            let seconds = ((error.retryAfterMilliseconds ?? 1_000) + 999) / 1_000
            self.init(status, error, headers: ["Retry-After": "\(seconds)"])
        }
    }

    var endpoint: Endpoint
    /// The value of `Sec-WebSocket-Accept`.
    var accept: String

    /// The subprotocol that the answer names; nothing in seed mode and for the echo endpoint.
    var subprotocol: String? {
        if case .chat(let request) = self.endpoint, request.mode == .v1 { Self.subprotocol } else { nil }
    }

    static let subprotocol = "chat.v1"
    static let chatPath = "/ws/chat"
    static let echoPath = "/_echo"

    /// Checks what a request asks for, in the order of the protocol: the first failure decides.
    ///
    /// - Parameters:
    ///   - head: A request whose path is that of a WebSocket endpoint.
    ///   - accept: What ``checkUpgrade(_:)`` returned for it.
    ///   - admission: Who may join which room.
    /// - Throws: The answer to the first check that fails.
    init(_ head: HTTPRequestHead, accept: String, admission: Admission) throws(Refusal) {
        self.accept = accept
        let target = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let offers = head.headers[canonicalForm: "Sec-WebSocket-Protocol"].map(String.init)
        let tokens = offers.compactMap { $0.hasPrefix("bearer.") ? String($0.dropFirst("bearer.".count)) : nil }
        var request = Admission.Request(
            origin: admission.origins.judge(head.headers["Origin"]),
            token: tokens.first,
            cookie: SessionCookie.value(in: head.headers["Cookie"])
        )
        do throws(Refused) {
            try admission.checkOrigin(request)
            guard target.first.map(String.init) == Self.chatPath else {
                self.endpoint = .echo
                return
            }
            let asked: Asked
            do throws(Query.Malformed) {
                let hasOffers = head.headers.contains(name: "Sec-WebSocket-Protocol")
                let mode = hasOffers ? try Self.mode(offers, tokens: tokens.count) : .seed
                asked = try Asked(try Query(target.count > 1 ? target[1] : ""), mode)
            } catch {
                throw Refused(ClientError(.badRequest, error.reason, detail: "query"))
            }
            request.site = asked.site
            request.mode = asked.mode
            let entry = try admission.entry(request, to: asked.session, admitsAgents: true)
            self.endpoint = .chat(
                ChatRequest(
                    room: entry.key,
                    isDesk: entry.isDesk,
                    grant: entry.grant,
                    page: asked.page,
                    position: asked.position,
                    mode: asked.mode,
                    trace: TraceParent(of: head.headers["traceparent"])
                )
            )
        } catch {
            throw Refusal(error)
        }
    }

    /// Checks what RFC 6455 section 4.2.1 asks of a client, and answers its key.
    ///
    /// - Parameter head: The head of the request.
    /// - Returns: The value of `Sec-WebSocket-Accept`.
    /// - Throws: The answer to what isn't right.
    static func checkUpgrade(_ head: HTTPRequestHead) throws(Refusal) -> String {
        guard head.method == .GET else {
            throw Refusal(
                .methodNotAllowed,
                ClientError(.badRequest, "only GET opens a WebSocket"),
                headers: ["Allow": "GET"]
            )
        }
        let upgrades = head.headers[canonicalForm: "Upgrade"].contains { $0.lowercased() == "websocket" }
        let asks = head.headers[canonicalForm: "Connection"].contains { $0.lowercased() == "upgrade" }
        guard head.version == .http1_1, upgrades, asks else {
            throw Refusal(
                .upgradeRequired,
                ClientError(.badRequest, "this path speaks WebSocket only", detail: "upgrade"),
                headers: ["Upgrade": "websocket"]
            )
        }
        guard head.headers["Sec-WebSocket-Version"] == ["13"] else {
            throw Refusal(
                .upgradeRequired,
                ClientError(.badRequest, "only version 13 is spoken", detail: "version"),
                headers: ["Upgrade": "websocket", "Sec-WebSocket-Version": "13"]
            )
        }
        let hasBody =
            head.headers.contains(name: "Transfer-Encoding")
            || head.headers["Content-Length"].contains { $0 != "0" }
        guard !hasBody else { throw Refusal(.badRequest, ClientError(.badRequest, "a handshake has no body")) }
        let keys = head.headers["Sec-WebSocket-Key"]
        guard keys.count == 1, let key = keys.first, Data(base64Encoded: key)?.count == 16 else {
            throw Refusal(
                .badRequest,
                ClientError(.badRequest, "one Sec-WebSocket-Key of 16 bytes is needed", detail: "key")
            )
        }
        let digest = Insecure.SHA1.hash(data: Data((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8))
        return Data(digest).base64EncodedString()
    }

    /// The form of the protocol, from the subprotocols alone.
    private static func mode(_ offers: [String], tokens: Int) throws(Query.Malformed) -> ProtocolMode {
        guard tokens <= 1 else { throw Query.Malformed(reason: "more than one token is offered") }
        guard offers.contains(Self.subprotocol) else {
            throw Query.Malformed(reason: "none of the offered subprotocols is spoken here")
        }
        return .v1
    }

    /// What a query asks for.
    private struct Asked {
        let site: String?
        let session: SessionID
        let page: String
        let position: Position?
        let mode: ProtocolMode

        init(_ query: Query, _ mode: ProtocolMode) throws(Query.Malformed) {
            guard let session = query["session"].flatMap({ SessionID($0) }) else {
                throw Query.Malformed(reason: "\"session\" must be 1 to 64 of A-Z a-z 0-9 _ -")
            }
            self.session = session
            self.site = query["site"]
            self.page = query["page"] ?? "/"
            guard self.page.utf8.count <= Limits.pageBytes else {
                throw Query.Malformed(reason: "\"page\" is too long")
            }
            self.position = try Handshake.position(query)
            self.mode = mode
        }
    }

    /// What a client has, from `epoch` and `since`.
    static func position(_ query: Query) throws(Query.Malformed) -> Position? {
        guard query["epoch"] != nil || query["since"] != nil else { return nil }
        guard let epoch = query["epoch"], let since = query["since"], since.utf8.allSatisfy({ isDigit($0) }),
            let seq = Int(since), let position = Position(epoch: epoch, seq: seq)
        else { throw Query.Malformed(reason: "\"epoch\" and \"since\" must be a position") }
        return position
    }
}

extension TraceParent {
    /// The trace that headers name; nothing where there isn't exactly one.
    init?(of headers: [String]) {
        guard headers.count == 1 else { return nil }
        self.init(headers[0])
    }
}

private func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

extension HTTPResponseStatus {
    /// How a refusal is answered over HTTP.
    init(_ error: ClientError) {
        self =
            switch error.code {
            case .tooLarge: .payloadTooLarge
            case .rateLimited: .tooManyRequests
            case .overloaded, .unavailable: .serviceUnavailable
            case .unauthorized where error.detail == "origin" || error.detail == "grant": .forbidden
            case .unauthorized, .tokenExpired: .unauthorized
            case .badRequest where error.detail == "path": .notFound
            default: .badRequest
            }
    }
}
