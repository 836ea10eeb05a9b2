import Access
import Crypto
import Foundation
import Hub
import Logging
import Messages
import Responders
import Synchronization

@testable import Server
@testable import Transport

/// A server in production mode with two sites, and a time that the test moves.
struct AttackGround: Sendable {
    /// A page of the site `shop`, which is the first one.
    static let shopOrigin = "https://shop.example.com"
    /// A page of the site `help`.
    static let helpOrigin = "https://help.example.com"
    static let issuer = "https://chat.example.com"

    let clocks = MovedClocks()
    let shop: SiteID
    let help: SiteID
    let desk: SessionDesk
    private let acceptsSeed: Bool
    private let acceptsCookie: Bool
    private let offersSeedFeedback: Bool

    /// - Parameters:
    ///   - keys: Sign and check; `k1` of sevens where it is left out.
    ///   - identities: Who vouches for the visitors of `shop`.
    ///   - acceptsSeed: Whether clients without a subprotocol are served.
    ///   - acceptsCookie: Whether a cookie opens sessions of `shop`.
    ///   - offersSeedFeedback: Whether `/api/claude-feedback` is there for `shop`.
    /// - Throws: What is wrong with a key.
    init(
        keys: TokenKeyRing? = nil,
        identities: IdentityCheck? = nil,
        acceptsSeed: Bool = false,
        acceptsCookie: Bool = false,
        offersSeedFeedback: Bool = false
    ) throws {
        self.offersSeedFeedback = offersSeedFeedback
        guard let shop = SiteID("shop"), let help = SiteID("help") else { throw TestSocket.Unexpected(what: "site") }
        (self.shop, self.help) = (shop, help)
        self.acceptsSeed = acceptsSeed
        self.acceptsCookie = acceptsCookie
        self.desk = SessionDesk(
            sites: [.init(shop, identities: identities), .init(help)],
            keys: try keys ?? TokenKeyRing(Self.key("k1")),
            issuer: Self.issuer,
            clocks: self.clocks
        )
    }

    /// A key whose bytes are all the same.
    static func key(_ id: String, _ byte: UInt8 = 7) throws -> TokenKey {
        try TokenKey(id: id, secret: SymmetricKey(data: [UInt8](repeating: byte, count: 32)))
    }

    /// Runs the server while `body` does.
    func run(
        limits: AddressLimitOptions? = nil,
        options: HubOptions = .unlimited,
        publicURL: String? = nil,
        adminToken: AdminToken? = nil,
        log: LogRecord? = nil,
        responder: any Responder = Greeter(),
        _ body: @escaping @Sendable (RunningServer) async throws -> Void
    ) async throws {
        let sites: [Admission.Site] = [
            .init(
                self.shop,
                origins: [Self.shopOrigin],
                acceptsSeed: self.acceptsSeed,
                acceptsCookie: self.acceptsCookie,
                offersSeedFeedback: self.offersSeedFeedback
            ),
            .init(self.help, origins: [Self.helpOrigin]),
        ]
        let chain = Chain(name: "test", entries: [Chain.Entry(responder, name: "greeter", stage: .answer)])
        try await RunningServer.run(
            chain: chain,
            sites: [(self.shop, chain), (self.help, chain)],
            reloader: adminToken.map { _ in ContentReloader([chain], clocks: self.clocks, logger: LogRecord().logger) },
            options: options,
            limits: limits,
            admission: .production(sites: sites, publicURL: publicURL, desk: self.desk),
            clocks: self.clocks,
            adminToken: adminToken,
            log: log,
            body
        )
    }

    /// A good token.
    ///
    /// - Parameters:
    ///   - name: Of the session.
    ///   - site: `shop` where it is left out.
    ///   - subject: The session's anonymous visitor where it is left out.
    ///   - lifeSeconds: A quarter of an hour where it is left out.
    /// - Returns: The text and what it gives.
    /// - Throws: That the name can't be one.
    func token(
        _ name: String,
        at site: SiteID? = nil,
        of subject: Subject? = nil,
        lifeSeconds: Int64? = nil
    ) throws -> AccessToken {
        guard let session = SessionID(name), let subject = subject ?? Subject(.anonymous, name) else {
            throw TestSocket.Unexpected(what: name)
        }
        let holder = Holder(site: site ?? self.shop, session: session, subject: subject)
        return self.desk.issue(to: holder, lifeSeconds: lifeSeconds).token
    }

    /// The claims of a good token for the session `s`, each as JSON.
    var claims: [String: String] {
        let seconds = self.clocks.timestamp().milliseconds / 1_000
        return [
            "iss": "\"\(Self.issuer)\"", "aud": "\"claude-chat\"", "site": "\"shop\"", "sid": "\"s\"",
            "sub": "\"anon:s\"", "role": "\"visitor\"", "iat": "\(seconds)", "nbf": "\(seconds)",
            "exp": "\(seconds + 900)", "jti": "\"AAAAAAAAAAAAAAAAAAAAAA\"",
        ]
    }

    /// A token of any header and of these claims, signed with HS256.
    static func signed(
        header: String = #"{"alg":"HS256","kid":"k1"}"#,
        _ claims: [String: String],
        by secret: [UInt8] = [UInt8](repeating: 7, count: 32)
    ) -> String {
        let members = claims.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }
        let text = base64URL(header.utf8) + "." + base64URL("{\(members.joined(separator: ","))}".utf8)
        let code = HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: SymmetricKey(data: secret))
        return text + "." + base64URL(code)
    }
}

/// Base64url by Foundation.
func base64URL(_ bytes: some Sequence<UInt8>) -> String {
    Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
}

/// A way into a room.
enum Door: CaseIterable, Sendable {
    case webSocket, stream, poll, history, message

    /// What somebody shows who asks to be let in.
    struct Visit: Sendable {
        var session = "s"
        var token: String?
        /// Nothing sends no `Origin`.
        var origin: String? = AttackGround.shopOrigin
        var site: String?
        /// More of the query, beginning with `&`.
        var query = ""
        var headers: [String] = []
        var host = "127.0.0.1"
    }

    /// Asks to be let in.
    ///
    /// - Returns: The answer, by ``TestRequest/Answer/isWelcome`` whether it opened.
    func knock(_ visit: Visit, port: Int) async throws -> TestRequest.Answer {
        let query = (visit.site.map { "&site=\($0)" } ?? "") + visit.query
        var headers = visit.headers + (visit.origin.map { ["Origin: \($0)"] } ?? [])
        if self == .webSocket {
            let offers = ["chat.v1"] + (visit.token.map { ["bearer.\($0)"] } ?? [])
            headers.append("Sec-WebSocket-Protocol: " + offers.joined(separator: ", "))
            let handshake = TestSocket.handshake("/ws/chat?session=\(visit.session)\(query)", headers)
                .replacing("Host: 127.0.0.1", with: "Host: \(visit.host)")
            return try await TestSocket.connect(port: port) { socket in
                try await socket.write(handshake)
                return try await TestRequest.answer(from: socket)
            }
        }
        if let token = visit.token { headers.append("Authorization: Bearer \(token)") }
        var request = self.request(visit, query, headers)
        request.host = visit.host
        return try await request.send(port: port)
    }

    private func request(_ visit: Visit, _ query: String, _ headers: [String]) -> TestRequest {
        switch self {
        case .stream: .get("/api/chat/stream?session=\(visit.session)\(query)", headers)
        case .webSocket, .poll:
            .get("/api/chat/poll?session=\(visit.session)&client=c&wait=0\(query)", headers)
        case .history: .get("/api/chat/history?session=\(visit.session)\(query)", headers)
        case .message:
            .post(
                "/api/chat/messages?" + query.dropFirst(),
                #"{"type":"user","message":"hello","id":"m1","sessionId":"\#(visit.session)"}"#,
                headers
            )
        }
    }
}

extension TestRequest.Answer {
    /// Whether a door was opened.
    var isWelcome: Bool { [101, 200, 204].contains(self.status) }
    /// The `code` of a refusal.
    var code: String? { self.json["code"]?.text }
}

extension TestSocket {
    /// Opens a WebSocket of a page of `shop`, with a token, while `body` runs.
    static func open<R: Sendable>(
        _ session: String,
        token: String,
        query: String = "",
        port: Int,
        _ body: (TestSocket) async throws -> R
    ) async throws -> R {
        try await self.connect(port: port) { socket in
            let headers = ["Origin: \(AttackGround.shopOrigin)", "Sec-WebSocket-Protocol: chat.v1, bearer.\(token)"]
            try await socket.write(self.handshake("/ws/chat?session=\(session)\(query)", headers))
            try await socket.readHead()
            guard socket.head.hasPrefix("HTTP/1.1 101 ") else { throw Unexpected(what: socket.head) }
            return try await body(socket)
        }
    }
}

/// Clocks that stand still until a test moves them.
final class MovedClocks: Clocks {
    private struct Time {
        var milliseconds: Int64 = 1_800_000_000_000
        var nanoseconds: UInt64 = 1_000_000_000_000
    }

    private let time = Mutex(Time())

    func timestamp() -> Timestamp { Timestamp(milliseconds: self.time.withLock { $0.milliseconds }) }
    func nanoseconds() -> UInt64 { self.time.withLock { $0.nanoseconds } }

    /// Lets time pass.
    func pass(seconds: Int64) {
        self.time.withLock {
            $0.milliseconds += seconds * 1_000
            $0.nanoseconds += UInt64(seconds) * 1_000_000_000
        }
    }

    /// Sets the time of day, as an operator does; no time passes.
    func jump(seconds: Int64) { self.time.withLock { $0.milliseconds += seconds * 1_000 } }
}

/// Everything that a server has logged.
final class LogRecord: Sendable {
    private let lines = Mutex<[String]>([])

    var text: String { self.lines.withLock { $0.joined(separator: "\n") } }
    var count: Int { self.lines.withLock { $0.count } }

    /// A logger of every level that writes into this record.
    var logger: Logger {
        var logger = Logger(label: "record") { _ in Handler(record: self) }
        logger.logLevel = .trace
        return logger
    }

    private func append(_ line: String) { self.lines.withLock { $0.append(line) } }

    private struct Handler: LogHandler {
        let record: LogRecord
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { self.metadata[key] }
            set { self.metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let metadata = self.metadata.merging(event.metadata ?? [:]) { $1 }
            self.record.append("\(event.level) \(event.message) \(metadata)")
        }
    }
}
