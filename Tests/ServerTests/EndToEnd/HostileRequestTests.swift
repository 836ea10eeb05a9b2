import Foundation
import Testing

@Suite("hostile requests", .timeLimit(.minutes(1)))
struct HostileRequestTests {
    /// A request that is refused, and how.
    struct Refusal: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var method = "POST"
        var target = "/api/chat/messages"
        var headers = ["Content-Type: application/json"]
        var body: [UInt8] = []
        var status: Int
        var code = "bad_request"
        var detail: String?

        /// A body for `POST /api/chat/messages`.
        static func message(_ what: String, _ body: String, code: String = "bad_request", _ detail: String? = nil)
            -> Self
        {
            Refusal(testDescription: what, body: Array(body.utf8), status: 400, code: code, detail: detail)
        }

        static func poll(_ query: String, _ detail: String) -> Self {
            Refusal(
                testDescription: "GET /api/chat/poll\(query)",
                method: "GET",
                target: "/api/chat/poll\(query)",
                headers: [],
                status: 400,
                detail: detail
            )
        }
    }

    private static let good = #"{"type":"user","message":"hello","id":"m1","sessionId":"s"}"#

    private static let bodies: [Refusal] = [
        .message("no body", "", code: "bad_json"),
        .message("half a body", #"{"type":"user""#, code: "bad_json"),
        .message("an array", "[1]", code: "bad_json"),
        .message("10,000 levels", String(repeating: "[", count: 10_000), code: "bad_json"),
        .message("a key twice", #"{"type":"user","type":"user","sessionId":"s"}"#, code: "bad_json"),
        Refusal(
            testDescription: "no UTF-8",
            body: Array("{\"sessionId\":\"".utf8) + [0xFF],
            status: 400,
            code: "bad_json"
        ),
        .message("no session", #"{"type":"user","message":"hello","id":"m1"}"#, "sessionId"),
        .message("a session that is a number", #"{"type":"user","message":"a","id":"m1","sessionId":7}"#, "sessionId"),
        .message("a session with CRLF", #"{"type":"user","message":"a","id":"m1","sessionId":"a\r\nb"}"#, "sessionId"),
        .message("no id", #"{"type":"user","message":"hello","sessionId":"s"}"#, "id"),
        .message("no message", #"{"type":"user","id":"m1","sessionId":"s"}"#, "message"),
        .message("speaking as claude", #"{"type":"claude","message":"a","sessionId":"s"}"#, code: "forbidden_type"),
        .message("speaking as the system", #"{"type":"system","message":"a","sessionId":"s"}"#, code: "forbidden_type"),
    ]

    private static let others: [Refusal] = [
        Refusal(
            testDescription: "a form's text",
            headers: ["Content-Type: text/plain"],
            body: Array(good.utf8),
            status: 415
        ),
        Refusal(testDescription: "no type", headers: [], body: Array(good.utf8), status: 415),
        Refusal(
            testDescription: "a body of 32,769 bytes",
            body: Array(repeating: 0x20, count: 32_769),
            status: 413,
            code: "too_large"
        ),
        Refusal(
            testDescription: "an Idempotency-Key that isn't the id",
            headers: ["Content-Type: application/json", "Idempotency-Key: m2"],
            body: Array(good.utf8),
            status: 400,
            detail: "id"
        ),
        Refusal(
            testDescription: "a page of another site",
            headers: ["Content-Type: application/json", "Origin: https://evil.example"],
            body: Array(good.utf8),
            status: 403,
            code: "unauthorized",
            detail: "origin"
        ),
        Refusal(
            testDescription: "the session of one and the body of another",
            target: "/api/chat/messages?session=other",
            body: Array(good.utf8),
            status: 400,
            detail: "session_mismatch"
        ),
        Refusal(
            testDescription: "a session that is no text",
            target: "/api/chat/session",
            body: Array(#"{"session":{}}"#.utf8),
            status: 400,
            detail: "session"
        ),
    ]

    private static let queries: [Refusal] = [
        .poll("", "session"), .poll("?session=s", "client"), .poll("?session=&client=c", "session"),
        .poll("?session=a%0d%0ab&client=c", "query"), .poll("?session=s&client=%00", "query"),
        .poll("?session=s&session=t&client=c", "query"), .poll("?session=s&client=c&wait=26", "wait"),
        .poll("?session=s&client=c&wait=-1", "wait"), .poll("?session=s&client=c&wait=soon", "wait"),
        .poll("?session=s&client=c&since=1", "since"), .poll("?session=s&client=c&epoch=a&since=-1", "since"),
        .poll("?session=s&client=c&epoch=a&since=99999999999999999999", "since"),
        .poll("?session=s&client=c&token=secret", "query"), .poll("?session=%zz&client=c", "query"),
    ]

    @Test(
        "A10 B8 C5 F1 F2 F4: are refused with a status, a code and what is wrong, and another session goes on",
        arguments: bodies + others + queries
    )
    func refusal(_ refusal: Refusal) async throws {
        try await RunningServer.run { server in
            let answer = try await Self.send(refusal, port: server.port)
            #expect(answer.status == refusal.status)
            #expect(answer.json["type"]?.text == "error")
            #expect(answer.json["code"]?.text == refusal.code)
            #expect(answer.json["detail"]?.text == refusal.detail)
            #expect(answer.json["message"]?.text?.contains("secret") != true)
            try await TestSocket.open("/ws/chat?session=good", port: server.port) { good in
                try await good.send(#"{"type":"user","message":"hello","id":"m1"}"#)
                #expect(try await good.next("claude")["id"]?.text == "re:m1")
            }
        }
    }

    @Test(
        "B10: find no file but those of the widget",
        arguments: [
            "/../claude-chat.yaml", "/%2e%2e/claude-chat.yaml", "/..%2fclaude-chat.yaml", "//etc/passwd",
            "/rules/words.yaml", "/%00", "/claude-chat.js%00.yaml", "/.%2e/%2e%2e/etc/passwd", "/%5c..%5cetc",
        ]
    )
    func files(path: String) async throws {
        try await RunningServer.run { server in
            let request = Refusal(testDescription: path, method: "GET", target: path, headers: [], status: 404)
            let answer = try await Self.send(request, port: server.port)
            #expect(answer.status == 404)
            #expect(answer.json["detail"]?.text == "path")
        }
    }

    @Test("a request that asks for another protocol is answered, is the last of its connection, and piles nothing up")
    func foreignUpgrade() async throws {
        try await RunningServer.run { server in
            try await TestSocket.connect(port: server.port) { socket in
                try await socket.write(
                    "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n"
                )
                try await socket.readHead()
                #expect(socket.head.hasPrefix("HTTP/1.1 200 "))
                #expect(socket.head.lowercased().contains("connection: close"))
                let end = try await socket.readToEnd()
                #expect(end == Array("{}".utf8))
                // Whoever goes on all the same is cut off: the writes fail sooner or later.
                await #expect(throws: (any Error).self) {
                    let pile = [UInt8](repeating: 0x41, count: 64 * 1_024)
                    while true { try await socket.write(pile) }
                }
            }
        }
    }

    private static func send(_ refusal: Refusal, port: Int) async throws -> TestRequest.Answer {
        let request = TestRequest(
            method: refusal.method,
            target: refusal.target,
            headers: refusal.headers,
            body: refusal.body
        )
        return try await request.send(port: port)
    }
}
