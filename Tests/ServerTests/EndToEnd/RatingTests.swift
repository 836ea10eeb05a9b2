import Access
import Foundation
import Hub
import Messages
import Responders
import Store
import Testing
import Transport

@testable import Server

@Suite("what visitors think of replies", .timeLimit(.minutes(2)))
struct RatingTests {
    private let path: String
    private let folder: URL

    init() {
        self.folder = FileManager.default.temporaryDirectory.appendingPathComponent("rating-\(UUID().uuidString)")
        self.path = self.folder.appendingPathComponent("chat.db").path
    }

    private func run(
        site: Site = Site(name: "default"),
        options: HubOptions = .unlimited,
        clocks: any Clocks = SystemClocks(),
        _ body: @escaping @Sendable (RunningServer) async throws -> Void
    ) async throws {
        defer { try? FileManager.default.removeItem(at: self.folder) }
        try await RunningServer.run(
            chain: .greeting,
            desk: SiteDesk(site: site, chain: .greeting),
            options: options,
            admission: .open(clocks: clocks),
            clocks: clocks,
            store: StoreOptions(path: self.path),
            body
        )
    }

    private static func say(_ id: String, port: Int, session: String = "s") async throws -> TestRequest.Answer {
        let frame = #"{"type":"user","message":"hello","id":"\#(id)","sessionId":"\#(session)"}"#
        return try await TestRequest.post("/api/chat/messages", frame).send(port: port)
    }

    private static func rate(_ body: String, port: Int, session: String = "s", _ headers: [String] = []) async throws
        -> TestRequest.Answer
    {
        try await TestRequest.post("/api/chat/feedback?session=\(session)", body, headers).send(port: port)
    }

    /// What an operator finds in an export of the store.
    private func exported() async throws -> String {
        let store = try MessageStore.open(StoreOptions(path: self.path), as: .tool, time: .system)
        defer { store.close() }
        let (parts, input) = AsyncStream<[UInt8]>.makeStream()
        try await store.export(as: .csv) { part in input.yield(part) }
        input.finish()
        return await parts.reduce(into: "") { $0 += String(decoding: $1, as: UTF8.self) }
    }

    @Test("a thumb and a comment are kept with the reply; the last word counts, and what is taken back has no words")
    func kept() async throws {
        try await self.run { server in
            _ = try await Self.say("m1", port: server.port)
            _ = try await Self.say("m2", port: server.port)
            let first = try await Self.rate(#"{"id":"re:m1","value":"down","comment":"not for me"}"#, port: server.port)
            #expect(first.status == 204, "\(first.text)")
            #expect(try await self.exported().contains("down,not for me"))
            let second = try await Self.rate(#"{"id":"re:m1","value":"up"}"#, port: server.port)
            #expect(second.status == 204)
            #expect(try await self.exported().contains(",up,\r\n"))
            let body = #"{"id":"re:m1","value":"none","comment":"forget it","sessionId":"s"}"#
            #expect(try await TestRequest.post("/api/chat/feedback", body).send(port: server.port).status == 204)
            #expect(try await self.exported().contains(",none,\r\n"))
            // Words that could be a formula are none in a spreadsheet.
            let formula = #"{"id":"re:m2","value":"up","comment":"=1+1"}"#
            #expect(try await Self.rate(formula, port: server.port).status == 204)
            #expect(try await self.exported().contains("up,'=1+1"))
        }
    }

    @Test("a site with `feedback: false` takes no rating, though everybody can write the request")
    func unwanted() async throws {
        var site = Site(name: "default")
        site.offersFeedback = false
        try await self.run(site: site) { server in
            _ = try await Self.say("m1", port: server.port)
            for body in [
                #"{"id":"re:m1","value":"up"}"#, #"{"id":"re:m1","value":"none"}"#, #"{"id":"re:m2","value":"up"}"#,
            ] {
                let answer = try await Self.rate(body, port: server.port)
                #expect(answer.status == 400 && answer.json["detail"] == .text("site"), "\(body): \(answer.text)")
            }
            #expect(try await !self.exported().contains(",up,"))
        }
    }

    @Test("a reply that has left memory can be rated; nothing but a reply of the session can")
    func found() async throws {
        try await self.run { server in
            for number in 1...60 { _ = try await Self.say("m\(number)", port: server.port) }
            _ = try await Self.say("x1", port: server.port, session: "other")
            #expect(try await Self.rate(#"{"id":"re:m1","value":"up"}"#, port: server.port).status == 204)
            for id in ["re:m61", "m1", "m60", "re:x1", "srv:x", "re:m1'--", "*"] {
                let answer = try await Self.rate(#"{"id":"\#(id)","value":"up"}"#, port: server.port)
                #expect(answer.status == 400 && answer.json["detail"] == .text("id"), "\(id)")
            }
            #expect(try await !self.exported().contains("other,1,user,x1,/,hello,answered,,up"))
        }
    }

    @Test("F4 F5: a body that isn't what it should be is refused, and nothing is kept")
    func hostile() async throws {
        let long = String(repeating: "é", count: 1_001)
        try await self.run { server in
            _ = try await Self.say("m1", port: server.port)
            let cases: [(body: String, status: Int, code: String)] = [
                ("", 400, "bad_json"), ("[]", 400, "bad_json"), (#"{"id":"re:m1","id":"x"}"#, 400, "bad_json"),
                (#"{"value":"up"}"#, 400, "bad_request"), (#"{"id":7,"value":"up"}"#, 400, "bad_request"),
                (#"{"id":"","value":"up"}"#, 400, "bad_request"), (#"{"id":"re:m1"}"#, 400, "bad_request"),
                (#"{"id":"re:m1","value":"UP"}"#, 400, "bad_request"),
                (#"{"id":"re:m1","value":1}"#, 400, "bad_request"),
                (#"{"id":"re:m1","value":"up","comment":{}}"#, 400, "bad_request"),
                (#"{"id":"re:m1","value":"up","comment":"a\u0000"}"#, 400, "bad_request"),
                (#"{"id":"re:m1","value":"up","comment":"\#(long)"}"#, 413, "too_large"),
                (#"{"id":"\#(long)","value":"up"}"#, 400, "bad_request"),
            ]
            for (body, status, code) in cases {
                let answer = try await Self.rate(body, port: server.port)
                #expect(answer.status == status && answer.code == code, "\(body.prefix(60)): \(answer.text)")
            }
            var form = TestRequest.post("/api/chat/feedback?session=s", #"{"id":"re:m1","value":"up"}"#)
            form.headers = ["Content-Type: text/plain"]
            #expect(try await form.send(port: server.port).status == 415)
            #expect(try await TestRequest.get("/api/chat/feedback?session=s").send(port: server.port).status == 405)
            #expect(try await !self.exported().contains(",up,"))
        }
    }

    @Test("C4 D4: nobody rates in a session without its token, whatever the body names")
    func foreign() async throws {
        let ground = try AttackGround()
        let (mine, theirs) = (try ground.token("mine").text, try ground.token("theirs").text)
        try await ground.run { server in
            let origin = "Origin: \(AttackGround.shopOrigin)"
            let visit = Door.Visit(session: "theirs", token: theirs)
            #expect(try await Door.message.knock(visit, port: server.port).status == 200)
            let body = #"{"id":"re:m1","value":"down","sessionId":"theirs"}"#
            for (token, status) in [(nil, 401), (mine, 403), ("nonsense", 401), (theirs, 204)] {
                let headers = [origin] + (token.map { ["Authorization: Bearer \($0)"] } ?? [])
                let answer = try await TestRequest.post("/api/chat/feedback", body, headers).send(port: server.port)
                #expect(answer.status == status)
            }
            let evil = ["Origin: https://evil.example.com", "Authorization: Bearer \(theirs)"]
            #expect(try await TestRequest.post("/api/chat/feedback", body, evil).send(port: server.port).status == 403)
        }
    }

    @Test("G6: ratings and messages share one limit")
    func limit() async throws {
        let clocks = MovedClocks()
        let options = HubOptions(messageRate: .init(perSecond: 1, burst: 3))
        try await self.run(options: options, clocks: clocks) { server in
            #expect(try await Self.say("m1", port: server.port).status == 200)
            let body = #"{"id":"re:m1","value":"up"}"#
            var statuses: [Int] = []
            for _ in 0..<3 { statuses.append(try await Self.rate(body, port: server.port).status) }
            #expect(statuses == [204, 204, 429])
            #expect(try await Self.say("m2", port: server.port).status == 429)
            clocks.pass(seconds: 1)
            #expect(try await Self.rate(body, port: server.port).status == 204)
        }
    }

    @Test("J4: while nothing can be stored a rating is refused for a while")
    func failing() async throws {
        let path = self.path
        try await self.run { server in
            _ = try await Self.say("m1", port: server.port)
            try FileManager.default.moveItem(atPath: path, toPath: path + ".away")
            // It is found out with the next entry.
            _ = try await Self.say("m2", port: server.port)
            let answer = try await Self.rate(#"{"id":"re:m1","value":"up"}"#, port: server.port)
            #expect(answer.status == 503 && answer.code == "unavailable")
            try FileManager.default.moveItem(atPath: path + ".away", toPath: path)
            while try await TestRequest.get("/readyz").send(port: server.port).status != 200 {}
            #expect(try await Self.rate(#"{"id":"re:m1","value":"up"}"#, port: server.port).status == 204)
        }
    }
}
