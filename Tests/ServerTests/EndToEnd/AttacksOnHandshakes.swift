import Access
import Hub
import Messages
import Testing
import Transport

@Suite("requests that break the rules of HTTP and of the handshake", .timeLimit(.minutes(3)))
struct AttacksOnHandshakes {
    /// Sends bytes and reads all that comes until the server ends the connection.
    private static func answer(to bytes: [UInt8], port: Int) async throws -> String {
        try await TestSocket.connect(port: port) { socket in
            try await socket.write(bytes)
            return String(decoding: try await socket.readToEnd(), as: UTF8.self)
        }
    }

    private static func answer(to text: String, port: Int) async throws -> String {
        try await self.answer(to: Array(text.utf8), port: port)
    }

    /// A handshake whose lines were changed by hand.
    private static func handshake(replacing line: String, with lines: String) -> String {
        TestSocket.handshake("/ws/chat?session=s").replacing("\(line)\r\n", with: lines)
    }

    private static let version = "Sec-WebSocket-Version: 13"
    private static let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="

    @Test(
        "B1: any version but 13 is answered with 426, and with the version that is spoken",
        arguments: ["0", "8", "14", "13, 8", "13\r\nSec-WebSocket-Version: 13", "thirteen", "", nil]
    )
    func versions(version: String?) async throws {
        let line = version.map { "Sec-WebSocket-Version: \($0)\r\n" } ?? ""
        try await RunningServer.run { server in
            let answer = try await Self.answer(
                to: Self.handshake(replacing: Self.version, with: line),
                port: server.port
            )
            #expect(answer.hasPrefix("HTTP/1.1 426 "))
            #expect(answer.contains("\r\nSec-WebSocket-Version: 13\r\n"))
        }
    }

    @Test(
        "B2: a key that is not one of 16 bytes is answered with 400 and a reason",
        arguments: [
            nil, "", "dGhlIHNhbXBsZSBub25j", "dGhlIHNhbXBsZSBub25jZWRl", "dGhlIHNhbXBsZSBub25jZQ",
            "!!!hIHNhbXBsZSBub25jZQ==",
            "dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ]
    )
    func keys(key: String?) async throws {
        let line = key.map { "Sec-WebSocket-Key: \($0)\r\n" } ?? ""
        try await RunningServer.run { server in
            let answer = try await Self.answer(to: Self.handshake(replacing: Self.key, with: line), port: server.port)
            #expect(answer.hasPrefix("HTTP/1.1 400 "))
            #expect(answer.contains(#""code":"bad_request""#))
        }
    }

    private static let upgrade = "Connection: Upgrade"
    private static let requestLine = "GET /ws/chat?session=s HTTP/1.1"

    @Test("B3: what is no handshake is answered, and the connection ends")
    func noHandshakes() async throws {
        let requests: [(request: String, status: Int)] = [
            (Self.handshake(replacing: Self.version, with: "\(Self.version)\r\nContent-Length: 2\r\n") + "hi", 400),
            (
                Self.handshake(replacing: Self.version, with: "\(Self.version)\r\nTransfer-Encoding: chunked\r\n")
                    + "0\r\n\r\n", 400
            ),
            (
                Self.handshake(
                    replacing: Self.requestLine,
                    with: "POST /ws/chat?session=s HTTP/1.1\r\nContent-Length: 0\r\n"
                ), 405
            ),
            (Self.handshake(replacing: Self.requestLine, with: "HEAD /ws/chat?session=s HTTP/1.1\r\n"), 405),
            (Self.handshake(replacing: Self.requestLine, with: "GET /ws/chat?session=s HTTP/1.0\r\n"), 426),
            (Self.handshake(replacing: Self.upgrade, with: ""), 426),
            (Self.handshake(replacing: Self.upgrade, with: "Connection: close\r\n"), 426),
            (Self.handshake(replacing: "Upgrade: websocket", with: "Upgrade: h2c\r\n"), 426),
            (Self.handshake(replacing: "Upgrade: websocket", with: ""), 426),
            ("CONNECT /ws/chat HTTP/1.1\r\nHost: a\r\n\r\n", 405),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400), ("\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\r\n\r\n", 400),
        ]
        try await RunningServer.run { server in
            for (request, status) in requests {
                let answer = try await Self.answer(to: request, port: server.port)
                #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(request)\n\(answer)")
            }
        }
    }

    @Test(
        "B4: heads that are too long are refused for a WebSocket and for every other path",
        arguments: ["/ws/chat", "/api/chat/poll"]
    )
    func longHeads(path: String) async throws {
        let long = String(repeating: "a", count: 17 * 1_024)
        let query = "?session=s&client=c"
        let requests: [(request: String, status: Int)] = [
            ("GET \(path)\(query) HTTP/1.1\r\nHost: a\r\nX-Long: \(long)\r\n\r\n", 431),
            ("GET \(path)\(query) HTTP/1.1\r\nHost: a\r\n\(long): a\r\n\r\n", 431),
            ("GET \(path)\(query)&page=\(long.prefix(9 * 1_024)) HTTP/1.1\r\nHost: a\r\n\r\n", 414),
            (
                "GET \(path)\(query) HTTP/1.1\r\nHost: a\r\n"
                    + (0..<200).map { "X-\($0): a\r\n" }.joined() + "\r\n", 431
            ),
        ]
        try await RunningServer.run { server in
            for (request, status) in requests {
                let answer = try await Self.answer(to: request, port: server.port)
                #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(request.prefix(60)) \(answer.prefix(60))")
            }
        }
    }

    /// Requests whose end two readers could see at two places; each hides a second request.
    private static let smuggled: [String] = {
        let hidden = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
        let start = "POST /api/chat/messages HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        let length = hidden.utf8.count + 5
        let both = "Content-Length: \(length)\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        return [
            start + both + hidden,
            start + "Transfer-Encoding: chunked\r\nContent-Length: \(length)\r\n\r\n0\r\n\r\n" + hidden,
            start + "Content-Length: 2\r\nContent-Length: \(length)\r\n\r\n{}" + hidden,
            start + "Content-Length: 2, \(length)\r\n\r\n{}" + hidden,
            start + "Content-Length: +2\r\n\r\n{}" + hidden, start + "Content-Length: -2\r\n\r\n{}" + hidden,
            start + "Content-Length: 0x2\r\n\r\n{}" + hidden, start + "Content-Length : 2\r\n\r\n{}" + hidden,
            start + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + hidden,
            start + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + hidden,
            start + "Transfer-Encoding: chunked\r\n\r\n2 \r\n{}\r\n0\r\n\r\nx" + hidden,
            start + "X-A: a\nContent-Length: 2\r\n\r\n{}" + hidden,
            start + "X-A: a\r\n b\r\nContent-Length: 2\r\n\r\n{}" + hidden,
            start + "X-A: a\rContent-Length: 2\r\n\r\n{}" + hidden,
            "GET /api/chat/poll?session=s&client=c&wait=0 HTTP/1.1\nHost: a\n\n" + hidden,
        ]
    }()

    @Test(
        "B6: a request whose end is not clear is refused, ends its connection, and hides no other",
        arguments: smuggled
    )
    func smuggling(request: String) async throws {
        try await RunningServer.run { server in
            let first = try await Self.answer(to: request, port: server.port)
            #expect(first.hasPrefix("HTTP/1.1 400 "), "\(first)")
            #expect(first.ranges(of: "HTTP/1.1 ").count == 1, "\(first)")
            // As the second one of a connection it is not answered with more than a refusal, either.
            let second = try await Self.answer(
                to: "GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n" + request,
                port: server.port
            )
            #expect(second.hasPrefix("HTTP/1.1 200 ") && second.contains("ready"))
            #expect(second.ranges(of: "HTTP/1.1 200 ").count == 1, "\(second)")
        }
    }

    @Test("B7: session and page take no other characters than they may, and a log shows nothing of them raw")
    func queryCharacters() async throws {
        let marker = "MARKER"
        let bad = [
            "session=\(marker)%0d%0aX-Injected:1", "session=\(marker)%00", "session=../\(marker)",
            "session=%2e%2e%2f\(marker)",
            "session=\(marker)%", "session=\(marker)%f", "session=\(marker)%ff", "session=\(marker)%c0%ae",
            "session=\(marker)+b",
            "session=", "session=\(marker)&page=%0d%0a\(marker)", "session=\(marker)&page=%00",
            "session=\(marker)&page=%ff",
            "session=\(marker)&page=%", "session=\(marker)&page=%1b%5b31m", "session=\(marker)&page=%7f",
            "session=\(marker)&page=\(String(repeating: "p", count: 2_049))",
        ]
        let (ground, log) = (try AttackGround(), LogRecord())
        try await ground.run(log: log) { server in
            for query in bad {
                let headers = ["Origin: \(AttackGround.shopOrigin)", "Sec-WebSocket-Protocol: chat.v1"]
                let handshake = TestSocket.handshake("/ws/chat?\(query)", headers)
                let answer = try await Self.answer(to: handshake, port: server.port)
                #expect(answer.hasPrefix("HTTP/1.1 400 "), "\(query) \(answer)")
                #expect(!answer.contains("X-Injected") && !answer.contains(marker), "\(query)")
            }
            // Bytes that no target may hold at all.
            for byte: UInt8 in [0, 0x0B, 0x7F, 0xFF] {
                let request =
                    Array("GET /ws/chat?session=\(marker)".utf8) + [byte] + Array(" HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
                let answer = try await Self.answer(to: request, port: server.port)
                #expect(["400", "426", "403"].contains { answer.hasPrefix("HTTP/1.1 \($0) ") }, "\(byte) \(answer)")
            }
            // 10 KB are more than a request line holds.
            let long = "/ws/chat?session=\(String(repeating: "s", count: 10_240))"
            #expect(try await Self.answer(to: TestSocket.handshake(long), port: server.port).hasPrefix("HTTP/1.1 414 "))
        }
        #expect(log.count > 0 && !log.text.contains(marker) && !log.text.contains("\u{1B}"))
    }

    @Test(
        "B8: a parameter twice and a position that is none are refused, by WebSocket, stream and poll",
        arguments: [
            "&session=s", "&session=other", "&epoch=a", "&since=1", "&epoch=a&since=-1", "&epoch=a&since=1e3",
            "&epoch=a&since=18446744073709551616", "&epoch=a&since=9007199254740992", "&epoch=a&since=+1",
            "&epoch=a&since=0x1",
            "&epoch=a&since=", "&epoch=&since=1", "&epoch=a&epoch=a&since=1", "&page=/&page=/", "&p%61ge=/&page=/",
        ]
    )
    func queries(query: String) async throws {
        try await RunningServer.run { server in
            for door in [Door.webSocket, .stream, .poll] {
                let answer = try await door.knock(.init(origin: nil, query: query), port: server.port)
                #expect(answer.status == 400 && answer.code == "bad_request", "\(door)")
            }
        }
    }

    @Test("B9: the offered subprotocols decide the form, in any order, and no token but one good one is taken")
    func subprotocols() async throws {
        let ground = try AttackGround()
        let token = try ground.token("s").text
        let long = String(repeating: "A", count: 8_192)
        let offers: [(offer: String, status: Int)] = [
            ("chat.v9", 400), ("bearer.\(token)", 400), ("chat", 400), ("", 400),
            ("chat.v1, bearer.\(token), bearer.\(token)", 400),
            ("bearer.\(token), bearer.other, chat.v1", 400), ("chat.v1, bearer.\(long)", 401),
            ("chat.v1, bearer.", 401),
            ("bearer.\(token), chat.v9, chat.v1", 101), ("chat.v1,bearer.\(token)", 101),
        ]
        try await ground.run { server in
            for (offer, status) in offers {
                let headers = ["Origin: \(AttackGround.shopOrigin)", "Sec-WebSocket-Protocol: \(offer)"]
                try await TestSocket.connect(port: server.port) { socket in
                    try await socket.write(TestSocket.handshake("/ws/chat?session=s", headers))
                    try await socket.readHead()
                    #expect(socket.head.hasPrefix("HTTP/1.1 \(status) "), "\(offer.prefix(40)) \(socket.head)")
                    #expect(socket.head.contains("Sec-WebSocket-Protocol: chat.v1\r\n") == (status == 101))
                    #expect(!socket.head.contains("bearer"))
                }
            }
        }
    }
}
