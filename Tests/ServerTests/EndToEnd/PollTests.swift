import Hub
import Responders
import Testing

@testable import Transport

@Suite("chat without WebSocket", .timeLimit(.minutes(1)))
struct PollTests {
    private static func message(_ text: String, _ id: String, of session: String = "s") -> TestRequest {
        .post("/api/chat/messages", #"{"type":"user","message":"\#(text)","id":"\#(id)","sessionId":"\#(session)"}"#)
    }

    @Test("a message by POST is acknowledged, and a poll brings it and the answer")
    func post() async throws {
        try await RunningServer.run { server in
            let ack = try await Self.message("hello", "m1").send(port: server.port)
            #expect(ack.status == 200)
            #expect(ack.json["type"] == .text("ack"))
            #expect(ack.json["seq"] == .number(1))
            #expect(ack.json["duplicate"] == .flag(false))
            let again = try await Self.message("hello", "m1").send(port: server.port)
            #expect(again.json["seq"] == .number(1))
            #expect(again.json["duplicate"] == .flag(true))
            let poll = try await TestRequest.get("/api/chat/poll?session=s&client=c").send(port: server.port)
            #expect(poll.status == 200)
            #expect(poll.json["top"] == .number(2))
            #expect(poll.text.contains(#""id":"re:m1""#))
        }
    }

    @Test("a poll that waits is answered by the next message, with what came after its position and no more")
    func waiting() async throws {
        try await RunningServer.run { server in
            let ack = try await Self.message("hello", "m1").send(port: server.port)
            let epoch = try #require(ack.json["epoch"]?.text)
            let target = "/api/chat/poll?session=s&client=c&epoch=\(epoch)&since=2"
            try await TestSocket.connect(port: server.port) { socket in
                try await TestRequest.get(target).write(to: socket)
                // The poll may or may not have begun to wait: it finds the message either way.
                _ = try await Self.message("again", "m2").send(port: server.port)
                let answer = try await TestRequest.answer(from: socket)
                #expect(answer.status == 200)
                #expect(answer.json["recovered"] == .flag(true))
                #expect(answer.text.contains(#""id":"m2""#))
                #expect(!answer.text.contains(#""id":"m1""#))
            }
        }
    }

    @Test("G9: a second poll of a tab ends the first with 204")
    func superseded() async throws {
        let options = HubOptions(messageRate: nil, pollRate: nil, connectionsPerRoom: 2)
        try await RunningServer.run(options: options) { server in
            let ack = try await Self.message("hello", "m1").send(port: server.port)
            let rest = "epoch=\(try #require(ack.json["epoch"]?.text))&since=2"
            try await TestSocket.connect(port: server.port) { first in
                try await TestRequest.get("/api/chat/poll?session=s&client=c&\(rest)").write(to: first)
                // It waits as soon as the room is full: with a WebSocket there are two connections.
                try await TestSocket.open("/ws/chat?session=s", port: server.port) { _ in
                    let probe = TestRequest.get("/api/chat/poll?session=s&client=probe&wait=0&\(rest)")
                    while try await probe.send(port: server.port).status != 429 { await Task.yield() }
                }
                let second = TestRequest.get("/api/chat/poll?session=s&client=c&wait=0&\(rest)")
                while try await second.send(port: server.port).status == 429 { await Task.yield() }
                #expect(try await TestRequest.answer(from: first).status == 204)
            }
        }
    }

    @Test("G9: polls whose clients are gone give their places back")
    func abandoned() async throws {
        let options = HubOptions(messageRate: nil, pollRate: nil, connectionsPerRoom: 2)
        try await RunningServer.run(options: options) { server in
            let ack = try await Self.message("hello", "m1").send(port: server.port)
            let epoch = try #require(ack.json["epoch"]?.text)
            for index in 0..<50 {
                let target = "/api/chat/poll?session=s&client=c\(index)&epoch=\(epoch)&since=2"
                // It takes a moment until the server has seen that the last one is gone, and not 25 seconds.
                while true {
                    let isRefused = try await TestSocket.connect(port: server.port) { socket in
                        try await TestRequest.get(target).write(to: socket)
                        let probe = "/api/chat/poll?session=s&client=probe&wait=0&epoch=\(epoch)&since=2"
                        return try await TestRequest.get(probe).send(port: server.port).status == 429
                    }
                    guard isRefused else { break }
                }
            }
        }
    }

    @Test("older messages come by pages, and a page that reaches the oldest that is kept says so")
    func history() async throws {
        try await RunningServer.run(options: HubOptions(messageRate: nil, historyRate: nil)) { server in
            for index in 1...60 { _ = try await Self.message("hello", "m\(index)").send(port: server.port) }
            // 60 messages and 60 answers: the last 100 are kept.
            func page(_ query: String) async throws -> TestRequest.Answer {
                try await TestRequest.get("/api/chat/history?session=s\(query)").send(port: server.port)
            }
            let newest = try await page("&limit=1")
            #expect(newest.json["type"] == .text("history"))
            #expect(newest.text.contains(#""id":"re:m60""#))
            #expect(newest.json["complete"] == .flag(false))
            let epoch = try #require(newest.json["epoch"]?.text)
            let middle = try await page("&epoch=\(epoch)&before=61&limit=30")
            #expect(middle.text.contains(#""seq":60"#) && middle.text.contains(#""seq":31"#))
            #expect(!middle.text.contains(#""seq":61"#) && !middle.text.contains(#""seq":30,"#))
            #expect(try await page("&before=31&limit=10").json["complete"] == .flag(true))
            #expect(try await page("&before=21&limit=10").json["complete"] == .flag(true))
            #expect(try await page("&epoch=other&before=9").json["code"] == .text("unrecoverable_position"))
            for query in ["&limit=0", "&limit=101", "&limit=x", "&before=0", "&before=-1", "&before=x"] {
                #expect(try await page(query).status == 400, "\(query)")
            }
        }
    }

    @Test("says that it is ready")
    func ready() async throws {
        try await RunningServer.run { server in
            let answer = try await TestRequest.get("/readyz").send(port: server.port)
            #expect(answer.status == 200)
            #expect(answer.text == #"{"status":"ready"}"#)
        }
    }

    @Test("G7: polls that come too fast are refused for a while")
    func rate() async throws {
        // On a busy machine the polls would be slow enough.
        let (chain, clocks) = (Chain(name: "test", entries: []), MovedClocks())
        try await RunningServer.run(chain: chain, admission: .open(clocks: clocks), clocks: clocks) { server in
            var last = 0
            for _ in 0..<40 where last != 429 {
                let target = "/api/chat/poll?session=s&client=c&wait=0"
                last = try await TestRequest.get(target).send(port: server.port).status
            }
            #expect(last == 429)
        }
    }
}
