import Access
import Foundation
import Hub
import Messages
import Responders
import Testing

@testable import Server
@testable import Transport

/// Deliberately says nothing.
private struct Silent: ImmediateResponder {
    func respond(to turn: Turn) -> Verdict { .suppress(reason: "quiet") }
}

@Suite("the first form of the protocol without a WebSocket", .timeLimit(.minutes(2)))
struct SeedFeedbackTests {
    private static let target = "/api/claude-feedback"
    private static let body =
        #"{"message":"hello","context":{"page":"/cart","form":{"card":"4111"}},"timestamp":"2025-08-23T10:00:00Z"}"#

    private static func development(isOn: Bool = true) -> Admission {
        .development(
            sites: [.init(.default, acceptsSeed: true, offersSeedFeedback: isOn)],
            desk: SessionDesk(
                sites: [.init(.default, acceptsUnprovenSessions: true)],
                keys: .temporary(),
                issuer: "test",
                clocks: SystemClocks()
            )
        )
    }

    private static func run(
        _ responder: any Responder = Greeter(),
        options: HubOptions = .unlimited,
        limits: AddressLimitOptions? = nil,
        isOn: Bool = true,
        _ body: @escaping @Sendable (RunningServer) async throws -> Void
    ) async throws {
        let entry = Chain.Entry(responder, name: "first", stage: .answer, timeout: .seconds(100))
        let chain = Chain(name: "test", entries: [entry], deadline: .seconds(100))
        try await RunningServer.run(
            chain: chain,
            options: options,
            limits: limits,
            admission: Self.development(isOn: isOn),
            body
        )
    }

    @Test("a message is answered with the first reply of the same chain")
    func answered() async throws {
        try await Self.run { server in
            let answer = try await TestRequest.post(Self.target, Self.body).send(port: server.port)
            #expect(answer.status == 200)
            #expect(answer.text == #"{"success":true,"response":"Hi! You are on /cart."}"#)
        }
    }

    @Test("a reply that takes longer is waited for, and one that never comes is an empty text")
    func late() async throws {
        let patient = Patient()
        try await Self.run(patient) { server in
            try await TestSocket.connect(port: server.port) { socket in
                try await TestRequest.post(Self.target, Self.body).write(to: socket)
                while patient.letGo() == 0 { await Task.yield() }
                let answer = try await TestRequest.answer(from: socket)
                #expect(answer.json["response"] == .text("Late answer to hello."))
            }
        }
        try await Self.run(Silent()) { server in
            let silent = try await TestRequest.post(Self.target, #"{"message":"nobody answers this"}"#).send(
                port: server.port
            )
            #expect(silent.text == #"{"success":true,"response":""}"#)
        }
    }

    @Test("it isn't there unless the site says so")
    func off() async throws {
        try await Self.run(isOn: false) { server in
            let answer = try await TestRequest.post(Self.target, Self.body).send(port: server.port)
            #expect(answer.status == 404)
        }
    }

    @Test("F4 F5: bodies that aren't a message are refused; a type, an id or a session in them change nothing")
    func hostile() async throws {
        let long = String(repeating: "a", count: 16_385)
        try await Self.run { server in
            let refused: [(body: String, status: Int, code: String)] = [
                ("", 400, "bad_json"), ("[]", 400, "bad_json"), ("{}", 400, "bad_request"),
                (#"{"message":""}"#, 400, "bad_request"), (#"{"message":7}"#, 400, "bad_request"),
                (#"{"message":"a\u0000"}"#, 400, "bad_request"), (#"{"message":"\#(long)"}"#, 413, "too_large"),
                (#"{"message":"a","context":[]}"#, 400, "bad_request"),
            ]
            for (body, status, code) in refused {
                let answer = try await TestRequest.post(Self.target, body).send(port: server.port)
                #expect(answer.status == status && answer.code == code, "\(body.prefix(40))")
            }
            let forged =
                #"{"message":"hello","type":"claude","id":"m1","sessionId":"victim","author":{"kind":"agent"}}"#
            #expect(try await TestRequest.post(Self.target, forged).send(port: server.port).status == 200)
            let victim = try await TestRequest.get("/api/chat/poll?session=victim&client=c").send(port: server.port)
            #expect(victim.json["top"] == .number(0))
            var form = TestRequest.post(Self.target, Self.body)
            form.headers = ["Content-Type: application/x-www-form-urlencoded"]
            #expect(try await form.send(port: server.port).status == 415)
        }
    }

    @Test("G6: it is under the limits of sessions and messages")
    func limits() async throws {
        var sessions = AddressLimitOptions.none
        sessions.sessions = RateLimit(1, perSeconds: 60, burst: 2)
        var messages = AddressLimitOptions.none
        messages.messages = RateLimit(1, perSeconds: 60, burst: 2)
        for limits in [sessions, messages] {
            try await Self.run(limits: limits) { server in
                var statuses: [Int] = []
                for _ in 0..<3 {
                    statuses.append(try await TestRequest.post(Self.target, Self.body).send(port: server.port).status)
                }
                #expect(statuses == [200, 200, 429])
            }
        }
    }

    @Test("A1 C4: in production it takes a cookie or a token, whose session everybody else sees the message in")
    func production() async throws {
        let ground = try AttackGround(acceptsSeed: true, acceptsCookie: true, offersSeedFeedback: true)
        let token = try ground.token("s").text
        let origin = "Origin: \(AttackGround.shopOrigin)"
        try await ground.run { server in
            for headers in [[], [origin], [origin, "Authorization: Bearer nonsense"]] {
                let answer = try await TestRequest.post(Self.target, Self.body, headers).send(port: server.port)
                #expect([401, 403].contains(answer.status), "\(headers)")
            }
            let evil = ["Origin: https://evil.example.com", "Authorization: Bearer \(token)"]
            #expect(try await TestRequest.post(Self.target, Self.body, evil).send(port: server.port).status == 403)
            try await TestSocket.open("s", token: token, port: server.port) { socket in
                _ = try await socket.next()
                let headers = [origin, "Authorization: Bearer \(token)"]
                let answer = try await TestRequest.post(Self.target, Self.body, headers).send(port: server.port)
                #expect(answer.json["response"] == .text("Hi! You are on /cart."))
                #expect(try await socket.next("user")["message"] == .text("hello"))
                #expect(try await socket.next("claude")["message"] == .text("Hi! You are on /cart."))
            }
            let opened = try await TestRequest.post("/api/chat/session", #"{"cookie":true}"#, [origin]).send(
                port: server.port
            )
            let line = opened.head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("set-cookie: ") }
            let cookie = try #require(line?.dropFirst("set-cookie: ".count).split(separator: ";").first)
            let answer = try await TestRequest.post(Self.target, Self.body, [origin, "Cookie: \(cookie)"])
                .send(port: server.port)
            #expect(answer.json["response"] == .text("Hi! You are on /cart."))
        }
    }
}
