import Access
import Foundation
import Hub
import Messages
import Testing

@testable import Server
@testable import Transport

/// What is refused, what is too much, and how it ends, by each of the ways.
@Suite("every way: limits and ends", .timeLimit(.minutes(3)))
struct EveryWayEnds {
    private static let long = String(repeating: "a", count: 16_385)

    /// What a client may not send, with the code and the detail of its refusal.
    private static let refused: [(frame: String, code: String, detail: String?)] = [
        ("[]", "bad_json", nil), (#"{"type":"user","#, "bad_json", nil),
        (#"{"type":"user","\u0074ype":"user"}"#, "bad_json", nil), (#"{"type":"dance"}"#, "bad_request", "type"),
        (#"{"message":"hello"}"#, "bad_request", "type"), (#"{"type":"user","message":"a"}"#, "bad_request", "id"),
        (#"{"type":"user","message":"a","id":"re:x"}"#, "bad_request", "id"),
        (#"{"type":"user","message":"","id":"m1"}"#, "bad_request", "message"),
        (#"{"type":"user","message":"a","id":"m1","attachments":[]}"#, "bad_request", "attachments"),
        (#"{"type":"user","message":"a","id":"m1","sessionId":"other"}"#, "bad_request", "session_mismatch"),
        (#"{"type":"user","message":"\#(Self.long)","id":"m1"}"#, "too_large", "message"),
        (#"{"type":"user","message":"a","id":"m1","context":{"x":"\#(Self.long)"}}"#, "too_large", "context"),
        (#"{"type":"claude","message":"a"}"#, "forbidden_type", nil), (#"{"type":"system"}"#, "forbidden_type", nil),
        (#"{"type":"typing","state":"perhaps"}"#, "bad_request", "state"),
        (#"{"type":"stop"}"#, "bad_request", "replyId"), (#"{"type":"conversation"}"#, "bad_request", "state"),
    ]

    @Test(
        "D5 F4: what may not be sent is refused with the same code by every way, and nobody sees it",
        arguments: Way.allCases
    )
    func refusals(way: Way) async throws {
        let clocks = MovedClocks()
        try await RunningServer.run(chain: .greeting, admission: .open(clocks: clocks), clocks: clocks) { server in
            try await TestClient.open(way, port: server.port) { client in
                for (frame, code, detail) in Self.refused {
                    let error = try await client.refusal(of: frame)
                    #expect(error["code"]?.text == code, "\(frame.prefix(60))")
                    #expect(error["detail"]?.text == detail, "\(frame.prefix(60))")
                    #expect(error["temporary"] == .flag(false))
                    // Five of them within a minute would end a WebSocket.
                    clocks.pass(seconds: 61)
                }
                _ = try await client.say("hello", "m1")
                #expect(try await client.messages(2).map { $0["seq"]?.number } == [1, 2])
            }
        }
    }

    @Test(
        "what a way lacks is refused, and is in the documentation word by word",
        arguments: Way.all(without: .allFrames)
    )
    func lacks(way: Way) async throws {
        try await RunningServer.run(options: .unlimited) { server in
            try await TestClient.open(way, port: server.port) { client in
                for frame in [
                    #"{"type":"resume","epoch":"a.b","since":1}"#, #"{"type":"history","epoch":"a.b"}"#,
                    #"{"type":"refresh","token":"a"}"#,
                ] {
                    let error = try await client.refusal(of: frame)
                    #expect(error["code"] == .text("bad_request") && error["detail"] == .text("type"), "\(frame)")
                }
            }
        }
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let document = try String(contentsOf: root.appendingPathComponent("Documentation/Protocol.md"), encoding: .utf8)
        let words = document.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        for (_, _, reason) in Way.lacks { #expect(words.contains(reason), "\(reason)") }
    }

    @Test("G6: who sends too fast is told how long to wait, by every way, and may then", arguments: Way.allCases)
    func rateLimit(way: Way) async throws {
        let (clocks, options) = (MovedClocks(), HubOptions(messageRate: .init(perSecond: 1, burst: 2)))
        try await RunningServer.run(
            chain: .greeting,
            options: options,
            admission: .open(clocks: clocks),
            clocks: clocks
        ) { server in
            try await TestClient.open(way, port: server.port) { client in
                for number in 1...2 { #expect(try await client.say("hello", "m\(number)")["type"] == .text("ack")) }
                let refusal = try await client.say("hello", "m3")
                #expect(refusal["code"] == .text("rate_limited") && refusal["temporary"] == .flag(true))
                let wait = try #require(refusal["retryAfterMs"]?.number)
                #expect(1...1_001 ~= wait)
                // What was taken costs nothing.
                #expect(try await client.say("hello", "m1")["duplicate"] == .flag(true))
                clocks.pass(seconds: 1)
                #expect(try await client.say("hello", "m3")["seq"] == .number(5))
            }
        }
    }

    @Test(
        "C6: a client ends with its token and is told so; with the next token it goes on where it was",
        arguments: Way.allCases
    )
    func expiry(way: Way) async throws {
        let ground = try AttackGround()
        let (long, token) = (try ground.token("s").text, try ground.token("s", lifeSeconds: 2).text)
        try await ground.run { server in
            let start = try await TestClient.open(way, .init(token: long), port: server.port) { client in
                _ = try await client.say("hello", "m1")
                _ = try await client.messages(2)
                return client.place
            }
            let place = try await TestClient.open(way, .init(place: start, token: token), port: server.port) { client in
                // A poll waits no longer than its token lives.
                try await client.wait()
                ground.clocks.pass(seconds: 2)
                #expect(try await client.end() == .tokenExpired)
                return client.place
            }
            ground.clocks.pass(seconds: 60)
            let next = try ground.token("s").text
            try await TestClient.open(way, .init(place: place, token: next), port: server.port) { client in
                #expect(client.welcome == .init(recovered: true, reset: false, replayed: 0, top: 2))
            }
        }
    }

    @Test("C10: a client whose session is revoked ends at once and is told so", arguments: Way.allCases)
    func revocation(way: Way) async throws {
        let ground = try AttackGround()
        let token = try ground.token("s").text
        try await ground.run { server in
            try await TestClient.open(way, .init(token: token), port: server.port) { client in
                _ = try await client.say("hello", "m1")
                _ = try await client.messages(2)
                try await client.wait()
                server.desk.revocations.revoke(.session(try #require(SessionID("s")), at: nil))
                #expect(try await client.end() == .revoked)
            }
        }
    }

    @Test("P15: a server that stops answers first, then tells everybody when to come back", arguments: Way.allCases)
    func drain(way: Way) async throws {
        let patient = Patient()
        try await RunningServer.run([patient]) { server in
            try await TestClient.open(way, port: server.port) { client in
                try await TestClient.open(way, .init(session: "t"), port: server.port) { other in
                    _ = try await client.say("first", "m1")
                    #expect(try await client.messages(1)[0]["id"] == .text("m1"))
                    for each in [client, other] { try await each.wait() }
                    await server.stop()
                    // Nobody answers anything in the other room.
                    guard case .draining(let milliseconds?) = try await other.end() else {
                        Issue.record("it ended otherwise")
                        return
                    }
                    #expect(100...10_000 ~= milliseconds)
                }
                let late = try await client.say("second", "m2")
                #expect(late["code"] == .text("unavailable") && late["temporary"] == .flag(true))
                while patient.letGo() == 0 { await Task.yield() }
                #expect(try await client.messages(1)[0]["id"] == .text("re:m1"))
                _ = try await client.end()
            }
        }
    }
}
