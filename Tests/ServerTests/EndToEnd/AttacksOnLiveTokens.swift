import Access
import Hub
import Messages
import Testing
import Transport

@Suite("tokens of connections that are open", .timeLimit(.minutes(3)))
struct AttacksOnLiveTokens {
    private let ground: AttackGround

    init() throws { self.ground = try AttackGround() }

    private static let hello = #"{"type":"user","message":"hello","id":"m1"}"#

    private static func refresh(_ token: AccessToken) -> String { #"{"type":"refresh","token":"\#(token.text)"}"# }

    @Test("C6: a socket is closed with 4401 when its token ends, and one that got the next token in time stays open")
    func expiry() async throws {
        let token = try self.ground.token("s", lifeSeconds: 1).text
        try await self.ground.run { server in
            try await TestSocket.open("s", token: token, port: server.port) { staying in
                #expect(try await staying.next()["expiresIn"] == .number(1))
                try await TestSocket.open("s", token: token, port: server.port) { leaving in
                    try await staying.send(Self.refresh(try self.ground.token("s")))
                    let answer = try await staying.next("refreshed")
                    #expect(answer["expiresIn"] == .number(900))
                    self.ground.clocks.pass(seconds: 1)
                    #expect(try await leaving.closeCode() == 4_401)
                }
                try await staying.send(Self.hello)
                #expect(try await staying.next("claude")["id"]?.text == "re:m1")
            }
        }
    }

    private static func stream(_ session: String, _ token: String) -> TestRequest {
        .get(
            "/api/chat/stream?session=\(session)",
            ["Origin: \(AttackGround.shopOrigin)", "Authorization: Bearer \(token)"]
        )
    }

    @Test("C6: a stream of events ends with its token, and says that it has")
    func streamExpiry() async throws {
        let token = try self.ground.token("s", lifeSeconds: 1).text
        try await self.ground.run { server in
            try await TestSocket.connect(port: server.port) { socket in
                try await Self.stream("s", token).write(to: socket)
                try await socket.readHead()
                #expect(socket.head.hasPrefix("HTTP/1.1 200 "))
                let events = String(decoding: try await socket.readToEnd(), as: UTF8.self)
                #expect(events.contains(#""expiresIn":1"#) && events.contains(#""code":"token_expired""#))
            }
        }
    }

    @Test("C6: a poll that waits ends with its token, and says so")
    func pollExpiry() async throws {
        let token = try self.ground.token("s", lifeSeconds: 5).text
        let secret = String(repeating: "a", count: 32)
        let admin = "Authorization: Bearer \(secret)"
        try await self.ground.run(adminToken: AdminToken(secret)) { server in
            let poll = TestRequest.get(
                "/api/chat/poll?session=s&client=c&wait=25",
                ["Origin: \(AttackGround.shopOrigin)", "Authorization: Bearer \(token)"]
            )
            let epoch = try #require(try await poll.send(port: server.port).json["epoch"]?.text)
            var next = poll
            next.target += "&epoch=\(epoch)&since=0"
            let answer = try await TestSocket.connect(port: server.port) { socket in
                try await next.write(to: socket)
                let list = TestRequest.get("/api/admin/connections", [admin])
                while try await !list.send(port: server.port).text.contains(#""transport":"poll""#) {}
                self.ground.clocks.pass(seconds: 5)
                return try await TestRequest.answer(from: socket)
            }
            #expect(answer.status == 401 && answer.code == "token_expired")
        }
    }

    @Test("C7: a refresh for another subject, session or site, or with an old token, is refused and changes nothing")
    func badRefresh() async throws {
        let (token, ground) = (try self.ground.token("s").text, self.ground)
        let old = try self.ground.token("s", lifeSeconds: 1)
        let others = [
            try self.ground.token("s", of: Subject(.anonymous, "other")), try self.ground.token("other"),
            try self.ground.token("s", of: Subject(.verified, "4711")),
            try self.ground.token("s", at: self.ground.help),
            try self.ground.token("s", of: Subject(.service, "backup")),
        ]
        self.ground.clocks.pass(seconds: 60)
        try await self.ground.run { server in
            try await TestSocket.open("s", token: token, port: server.port) { socket in
                #expect(try await socket.next()["expiresIn"] == .number(840))
                for other in others {
                    try await socket.send(Self.refresh(other))
                    #expect(try await socket.next("error")["code"]?.text == "unauthorized")
                }
                try await socket.send(#"{"type":"refresh","token":"nonsense"}"#)
                #expect(try await socket.next("error")["code"]?.text == "unauthorized")
                try await socket.send(Self.refresh(old))
                #expect(try await socket.next("error")["code"]?.text == "token_expired")
                // The room is the old one, the conversation goes on, and the token ends when it did.
                try await socket.send(Self.hello)
                #expect(try await socket.next("claude")["sessionId"]?.text == "s")
                try await socket.send(Self.refresh(try ground.token("s")))
                #expect(try await socket.next("refreshed")["expiresIn"] == .number(900))
            }
        }
    }

    /// Opens or renews a session as the widget does.
    private static func session(_ body: String = "{}", port: Int) async throws -> TestRequest.Answer {
        try await TestRequest.post("/api/chat/session", body, ["Origin: \(AttackGround.shopOrigin)"]).send(port: port)
    }

    private static func renewal(_ answer: TestRequest.Answer) throws -> String {
        #"{"refreshToken":"\#(try #require(answer.json["refreshToken"]?.text))"}"#
    }

    @Test(
        "C8: a refresh token that is used twice gives the same pair; after half a minute it ends the family and its sockets"
    )
    func reuse() async throws {
        let ground = self.ground
        try await self.ground.run { server in
            let first = try await Self.session(port: server.port)
            let session = try #require(first.json["sessionId"]?.text)
            let renewal = try Self.renewal(first)
            let second = try await Self.session(renewal, port: server.port)
            ground.clocks.pass(seconds: 29)
            let third = try await Self.session(renewal, port: server.port)
            #expect(second.json["token"] == third.json["token"])
            #expect(second.json["refreshToken"] == third.json["refreshToken"])
            let token = try #require(second.json["token"]?.text)
            try await TestSocket.open(session, token: token, port: server.port) { socket in
                _ = try await socket.next()
                ground.clocks.pass(seconds: 2)
                let reused = try await Self.session(renewal, port: server.port)
                #expect(reused.status == 401)
                #expect(try await socket.closeCode() == 4_451)
            }
            #expect(try await Self.session(Self.renewal(second), port: server.port).status == 401)
            for door in Door.allCases {
                #expect(try await door.knock(.init(session: session, token: token), port: server.port).status == 401)
            }
        }
    }

    @Test("C9: a rotation closes neither a socket nor a poll that waits")
    func rotation() async throws {
        try await self.ground.run { server in
            let first = try await Self.session(port: server.port)
            let session = try #require(first.json["sessionId"]?.text)
            let token = try #require(first.json["token"]?.text)
            try await TestSocket.open(session, token: token, port: server.port) { socket in
                let epoch = try #require(try await socket.next()["epoch"]?.text)
                try await TestSocket.connect(port: server.port) { poller in
                    try await Self.poll(session, token, "&epoch=\(epoch)&since=0").write(to: poller)
                    let second = try await Self.session(Self.renewal(first), port: server.port)
                    #expect(second.json["sessionId"]?.text == session)
                    try await socket.send(Self.hello)
                    #expect(try await socket.next("claude")["id"]?.text == "re:m1")
                    let answer = try await TestRequest.answer(from: poller)
                    #expect(answer.status == 200 && answer.text.contains(#""id":"m1""#))
                }
            }
        }
    }

    private static func poll(_ session: String, _ token: String, _ query: String) -> TestRequest {
        .get(
            "/api/chat/poll?session=\(session)&client=waiting\(query)",
            ["Origin: \(AttackGround.shopOrigin)", "Authorization: Bearer \(token)"]
        )
    }

    @Test(
        "C10: a revocation closes sockets with 4451, ends streams and a waiting poll with 401, and shuts every door; others go on",
        arguments: ["session", "session of the site", "subject", "token"]
    )
    func revocation(kind: String) async throws {
        let token = try self.ground.token("s")
        let other = try self.ground.token("other").text
        let revocation: Revocation =
            switch kind {
            case "session": .session(token.grant.session, at: nil)
            case "subject": .subject(token.grant.subject, at: nil)
            case "token": .token(token.grant.tokenID)
            default: .session(token.grant.session, at: self.ground.shop)
            }
        try await self.ground.run { server in
            try await TestSocket.open("other", token: other, port: server.port) { bystander in
                try await TestSocket.open("s", token: token.text, port: server.port) { socket in
                    let epoch = try #require(try await socket.next()["epoch"]?.text)
                    try await TestSocket.connect(port: server.port) { streamer in
                        try await Self.stream("s", token.text).write(to: streamer)
                        try await streamer.readHead()
                        try await TestSocket.connect(port: server.port) { poller in
                            // It may or may not have begun to wait: the answer is the same.
                            try await Self.poll("s", token.text, "&epoch=\(epoch)&since=0").write(to: poller)
                            server.desk.revocations.revoke(revocation)
                            #expect(try await socket.closeCode() == 4_451)
                            let answer = try await TestRequest.answer(from: poller)
                            #expect(answer.status == 401 && answer.code == "unauthorized")
                        }
                        let events = String(decoding: try await streamer.readToEnd(), as: UTF8.self)
                        #expect(events.contains(#""code":"unauthorized""#))
                    }
                }
                for door in Door.allCases {
                    #expect(try await door.knock(.init(token: token.text), port: server.port).status == 401, "\(door)")
                }
                try await bystander.send(Self.hello)
                #expect(try await bystander.next("claude")["id"]?.text == "re:m1")
            }
        }
    }

    @Test(
        "C10: whoever runs the server revokes by a call, and nobody else does",
        arguments: ["session", "subject", "jti"]
    )
    func revocationByCall(key: String) async throws {
        let token = try self.ground.token("s", of: Subject(.verified, "4711"))
        let named = ["session": "s", "subject": "4711", "jti": token.grant.tokenID][key] ?? ""
        let secret = String(repeating: "a", count: 32)
        try await self.ground.run(adminToken: AdminToken(secret)) { server in
            func revoke(_ headers: [String]) async throws -> Int {
                let headers = headers + ["Origin: \(AttackGround.shopOrigin)"]
                let request = TestRequest.post("/api/admin/revoke", #"{"\#(key)":"\#(named)"}"#, headers)
                return try await request.send(port: server.port).status
            }
            try await TestSocket.open("s", token: token.text, port: server.port) { socket in
                for shown in [nil, "", secret.dropLast() + "b", "\(secret)a", token.text] {
                    #expect(try await revoke(shown.map { ["Authorization: Bearer \($0)"] } ?? []) == 401)
                }
                try await socket.send(Self.hello)
                #expect(try await socket.next("claude")["id"]?.text == "re:m1")
                #expect(try await revoke(["Authorization: Bearer \(secret)"]) == 204)
                #expect(try await socket.closeCode() == 4_451)
            }
            let answer = try await Door.message.knock(.init(token: token.text), port: server.port)
            #expect(answer.status == 401)
        }
    }

    @Test("C13: the key before the last rotation still opens every door while it is configured, and none afterwards")
    func keyRotation() async throws {
        let (former, newest) = (try AttackGround.key("k1"), try AttackGround.key("k2", 9))
        let token = try self.ground.token("s").text
        let overlapping = try AttackGround(keys: TokenKeyRing(newest, accepting: former))
        try await overlapping.run { server in
            for door in Door.allCases {
                #expect(try await door.knock(.init(token: token), port: server.port).isWelcome, "\(door)")
            }
            // Whoever came in by the former key goes on by the newest.
            try await TestSocket.open("s", token: token, port: server.port) { socket in
                try await socket.send(Self.refresh(try overlapping.token("s")))
                #expect(try await socket.next("refreshed")["expiresIn"] == .number(900))
            }
        }
        try await AttackGround(keys: TokenKeyRing(newest)).run { server in
            for door in Door.allCases {
                let answer = try await door.knock(.init(token: token), port: server.port)
                #expect(answer.status == 401, "\(door)")
            }
        }
    }
}
