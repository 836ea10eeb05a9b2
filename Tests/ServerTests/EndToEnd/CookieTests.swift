import Access
import Hub
import Messages
import Testing
import Transport

/// Pages of the site `shop` alone may use cookies, and clients of the first form are served there.
@Suite("sessions that a cookie opens", .timeLimit(.minutes(1)))
struct CookieTests {
    private let ground: AttackGround

    init() throws { self.ground = try AttackGround(acceptsSeed: true, acceptsCookie: true) }

    /// Asks for a session as a page does whose cookies the browser sends along.
    private static func session(
        _ cookie: String? = nil,
        site: String = "shop",
        origin: String = AttackGround.shopOrigin,
        port: Int
    ) async throws -> TestRequest.Answer {
        let cookies = cookie.map { ["Cookie: a=b; \($0)"] } ?? []
        let body = #"{"site":"\#(site)","cookie":true}"#
        return try await TestRequest.post("/api/chat/session", body, ["Origin: \(origin)"] + cookies).send(port: port)
    }

    /// The pair `name=value` that an answer sets.
    private static func cookie(_ answer: TestRequest.Answer) throws -> String {
        let line = answer.head.split(separator: "\r\n").first { $0.hasPrefix("Set-Cookie: ") }
        return String(try #require(line).dropFirst("Set-Cookie: ".count).prefix { $0 != ";" })
    }

    private static func handshake(_ session: String, _ headers: [String], port: Int) async throws -> TestRequest.Answer
    {
        try await TestSocket.connect(port: port) { socket in
            try await socket.write(TestSocket.handshake("/ws/chat?session=\(session)&site=shop", headers))
            return try await TestRequest.answer(from: socket)
        }
    }

    @Test("a client of the first form comes in with its cookie alone, and the conversation goes on")
    func seed() async throws {
        try await self.ground.run { server in
            let answer = try await Self.session(port: server.port)
            #expect(answer.status == 200)
            let line = try #require(answer.head.split(separator: "\r\n").first { $0.hasPrefix("Set-Cookie: ") })
            #expect(line.hasPrefix("Set-Cookie: __Host-claude_chat="))
            for attribute in ["; HttpOnly", "; Secure", "; SameSite=Lax", "; Path=/", "; Max-Age=2592000"] {
                #expect(line.contains(attribute))
            }
            #expect(!line.contains("Domain"))
            #expect(answer.json["refreshToken"] == nil)
            #expect(answer.head.contains("Access-Control-Allow-Credentials: true"))
            let (session, cookie) = (try #require(answer.json["sessionId"]?.text), try Self.cookie(answer))
            let headers = ["Origin: \(AttackGround.shopOrigin)", "Cookie: x=y; \(cookie)"]
            try await TestSocket.connect(port: server.port) { socket in
                try await socket.write(TestSocket.handshake("/ws/chat?session=\(session)&site=shop", headers))
                try await socket.readHead()
                #expect(socket.head.hasPrefix("HTTP/1.1 101 "))
                socket.answersPings = true
                #expect(try await socket.next()["event"]?.text == "welcome")
                try await socket.send(#"{"type":"user","message":"hello"}"#)
                #expect(try await socket.next("claude")["message"]?.text == "Hi! You are on /.")
            }
            let history = TestRequest.get("/api/chat/history?session=\(session)", headers)
            #expect(try await history.send(port: server.port).text.contains("Hi! You are on"))
        }
    }

    @Test("A8: a cookie opens nothing for a foreign page, without an origin, for another session, or twice at once")
    func refused() async throws {
        try await self.ground.run { server in
            let answer = try await Self.session(port: server.port)
            let (session, cookie) = (try #require(answer.json["sessionId"]?.text), try Self.cookie(answer))
            let own = "Origin: \(AttackGround.shopOrigin)"
            for (headers, name, status) in [
                (["Origin: https://evil.example.com", "Cookie: \(cookie)"], session, 403),
                (["Origin: \(AttackGround.helpOrigin)", "Cookie: \(cookie)"], session, 403),
                (["Cookie: \(cookie)"], session, 403), ([own, "Cookie: \(cookie)"], "other", 403),
                ([own], session, 401), ([own, "Cookie: \(cookie); \(cookie)"], session, 401),
                ([own, "Cookie: \(cookie.dropLast())"], session, 401), ([own, "Cookie: x\(cookie)"], session, 401),
                ([own, "Cookie: \(cookie.lowercased())"], session, 401),
            ] {
                let answer = try await Self.handshake(name, headers, port: server.port)
                #expect(answer.status == status, "\(headers)")
            }
            let foreign = try await Self.session(cookie, origin: "https://evil.example.com", port: server.port)
            #expect(foreign.status == 403 && !foreign.head.contains("Set-Cookie"))
            #expect(!foreign.head.contains("Access-Control-Allow-Credentials"))
            // The site without cookies neither gives one nor takes the other's.
            let help = try await Self.session(site: "help", origin: AttackGround.helpOrigin, port: server.port)
            #expect(help.status == 400 && !help.head.contains("Access-Control-Allow-Credentials"))
        }
    }

    @Test("a cookie is renewed with each call; an old one begins a new session, and so does one that is no good")
    func renewal() async throws {
        let clocks = self.ground.clocks
        try await self.ground.run { server in
            let first = try await Self.session(port: server.port)
            let cookie = try Self.cookie(first)
            let second = try await Self.session(cookie, port: server.port)
            #expect(second.json["sessionId"] == first.json["sessionId"])
            let renewed = try Self.cookie(second)
            #expect(renewed != cookie)
            clocks.pass(seconds: 60)
            let session = try #require(first.json["sessionId"]?.text)
            let headers = ["Origin: \(AttackGround.shopOrigin)", "Cookie: \(renewed)"]
            #expect(try await Self.handshake(session, headers, port: server.port).status == 101)
            // Whoever shows the old one has stolen it, or was stolen from: both begin anew.
            let stolen = try await Self.session(cookie, port: server.port)
            #expect(stolen.status == 200 && stolen.json["sessionId"] != first.json["sessionId"])
            #expect(try await Self.handshake(session, headers, port: server.port).status == 401)
            let nonsense = try await Self.session("__Host-claude_chat=nonsense", port: server.port)
            #expect(nonsense.status == 200)
        }
    }

    @Test("a session that is revoked closes the socket of a cookie, and the cookie opens it no more")
    func revoked() async throws {
        let desk = self.ground.desk
        try await self.ground.run { server in
            let answer = try await Self.session(port: server.port)
            let (session, cookie) = (try #require(answer.json["sessionId"]?.text), try Self.cookie(answer))
            let headers = ["Origin: \(AttackGround.shopOrigin)", "Cookie: \(cookie)"]
            try await TestSocket.connect(port: server.port) { socket in
                try await socket.write(TestSocket.handshake("/ws/chat?session=\(session)&site=shop", headers))
                try await socket.readHead()
                socket.answersPings = true
                _ = try await socket.next()
                desk.revocations.revoke(.session(try #require(SessionID(session)), at: nil))
                #expect(try await socket.closeCode() == 4_451)
            }
            #expect(try await Self.handshake(session, headers, port: server.port).status == 401)
        }
    }
}
