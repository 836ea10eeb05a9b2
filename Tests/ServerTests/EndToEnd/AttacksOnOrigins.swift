import Access
import Hub
import Testing
import Transport

@Suite("pages that may not talk to the server", .timeLimit(.minutes(3)))
struct AttacksOnOrigins {
    private let ground: AttackGround

    init() throws { self.ground = try AttackGround() }

    private static let session = TestRequest.post("/api/chat/session", "{}")

    /// Expects that a page is refused at every door, with a good token and without one, and gets no session either.
    private func refuses(_ headers: [String], host: String = "127.0.0.1") async throws {
        let token = try self.ground.token("s").text
        try await self.ground.run { server in
            for door in Door.allCases {
                for token in [token, nil] {
                    let visit = Door.Visit(token: token, origin: nil, headers: headers, host: host)
                    let answer = try await door.knock(visit, port: server.port)
                    #expect(answer.status == 403, "\(door) \(headers)")
                    #expect(answer.json["detail"]?.text == "origin", "\(door) \(headers)")
                    #expect(!answer.head.lowercased().contains("access-control-"), "\(door) \(headers)")
                }
            }
            var session = Self.session
            session.headers += headers
            session.host = host
            #expect(try await session.send(port: server.port).status == 403)
        }
    }

    @Test(
        "A1 A4 A5 GT14: a page of another origin is refused, however much it looks like one of the list",
        arguments: [
            "https://evil.example", "https://shop.example.com.evil.example", "https://evil-shop.example.com",
            "https://shop.example.com@evil.example", "http://shop.example.com", "https://shop.example.com:8443",
            "https://shop.example.com.", "https://SHOP.example.com", "HTTPS://shop.example.com",
            "https://shop.example.com/", "https://shop.example.com:443", "https://xn--shp-0na.example.com",
            "https://sh\u{43E}p.example.com", "https://shop.example.com, https://evil.example", "*", "file://",
        ]
    )
    func foreign(origin: String) async throws { try await self.refuses(["Origin: \(origin)"]) }

    @Test(
        "A2 GT14: no origin, an empty one and two of them are none",
        arguments: [
            ["Origin: null"], ["Origin:"], ["Origin: "],
            ["Origin: \(AttackGround.shopOrigin)", "Origin: https://evil.example"],
            ["Origin: \(AttackGround.shopOrigin)", "Origin: \(AttackGround.shopOrigin)"],
        ]
    )
    func notOne(headers: [String]) async throws { try await self.refuses(headers) }

    @Test("A3 GT14: a missing Origin is refused, whoever's token it is but a program's")
    func missing() async throws {
        try await self.refuses([])
        try await self.refuses(["Sec-Fetch-Site: same-origin"])
        let service = try self.ground.token("s", of: Subject(.service, "backup")).text
        let agent = try self.ground.token("s", of: Subject(.agent, "ada")).text
        try await self.ground.run { server in
            for door in Door.allCases {
                let program = try await door.knock(.init(token: service, origin: nil), port: server.port)
                #expect(program.isWelcome, "\(door): \(program.status)")
                let person = try await door.knock(.init(token: agent, origin: nil), port: server.port)
                #expect(person.status == 403, "\(door)")
            }
        }
    }

    @Test("A3: the server's own pages read without an Origin where a browser vouches for them, and only with a token")
    func ownPages() async throws {
        let token = try self.ground.token("s").text
        let headers = ["Sec-Fetch-Site: same-origin"]
        try await self.ground.run(publicURL: "\(AttackGround.shopOrigin)/") { server in
            for door in [Door.stream, .poll, .history] {
                let visit = Door.Visit(token: token, origin: nil, headers: headers)
                let answer = try await door.knock(visit, port: server.port)
                #expect(answer.isWelcome, "\(door)")
                let bare = Door.Visit(origin: nil, headers: headers)
                #expect(try await door.knock(bare, port: server.port).status == 401, "\(door)")
                let other = Door.Visit(token: token, origin: nil, headers: ["Sec-Fetch-Site: same-site"])
                #expect(try await door.knock(other, port: server.port).status == 403, "\(door)")
            }
        }
    }

    @Test("A7 GT14: a forged Host or X-Forwarded-Host makes no origin the server's own")
    func forgedHost() async throws {
        let evil = ["Origin: https://evil.example"]
        try await self.refuses(evil, host: "evil.example")
        try await self.refuses(evil + ["X-Forwarded-Host: evil.example", "X-Forwarded-Proto: https"])
        try await self.refuses(evil + ["Forwarded: host=evil.example;proto=https"], host: "evil.example")
        try await self.refuses(["Sec-Fetch-Site: same-origin"], host: "shop.example.com")
    }

    @Test("A9 GT14: answers name the page's own origin and never all of them, and tell a foreign page nothing")
    func crossOrigin() async throws {
        let token = try self.ground.token("s").text
        try await self.ground.run { server in
            let ask = [
                "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authorization,content-type",
            ]
            for path in ["/api/chat/session", "/api/chat/messages", "/api/chat/poll", "/api/chat/history"] {
                var preflight = TestRequest(method: "OPTIONS", target: path)
                preflight.headers = ask + ["Origin: \(AttackGround.shopOrigin)"]
                let allowed = try await preflight.send(port: server.port)
                #expect(allowed.status == 204)
                Self.expectCrossOrigin(allowed, AttackGround.shopOrigin)
                preflight.headers = ask + ["Origin: https://evil.example"]
                let refused = try await preflight.send(port: server.port)
                #expect(refused.status == 403)
                Self.expectCrossOrigin(refused, nil)
            }
            for door in [Door.stream, .poll, .history, .message] {
                Self.expectCrossOrigin(
                    try await door.knock(.init(token: token), port: server.port),
                    AttackGround.shopOrigin
                )
                // The page has to read why it is refused.
                Self.expectCrossOrigin(try await door.knock(.init(), port: server.port), AttackGround.shopOrigin)
            }
            let script = try await TestRequest.get("/claude-chat.js").send(port: server.port)
            #expect(script.head.lowercased().contains("access-control-allow-origin: *\r\n"))
            #expect(!script.head.lowercased().contains("access-control-allow-credentials"))
        }
    }

    /// Expects the headers of an answer that a page of one origin may read, or no page at all.
    private static func expectCrossOrigin(_ answer: TestRequest.Answer, _ origin: String?) {
        let head = answer.head.lowercased()
        #expect(head.contains("vary: origin\r\n"), "\(answer.head)")
        #expect(!head.contains("access-control-allow-credentials"))
        let allowed = head.split(separator: "\r\n").filter { $0.hasPrefix("access-control-allow-origin:") }
        #expect(allowed == (origin.map { ["access-control-allow-origin: \($0)"] } ?? []))
    }

    @Test(
        "A10: a body of a type that a form can send is refused, and nothing is stored",
        arguments: [
            "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b",
            "text/plain; application/json",
            "application/jsonp", "text/json", "application/json, text/plain", "",
        ]
    )
    func simpleRequests(type: String) async throws {
        let token = try self.ground.token("s").text
        try await self.ground.run { server in
            for path in ["/api/chat/messages", "/api/chat/session"] {
                var request = TestRequest.post(
                    path,
                    #"{"type":"user","message":"hello","id":"m1","sessionId":"s"}"#,
                    ["Origin: \(AttackGround.shopOrigin)", "Authorization: Bearer \(token)"]
                )
                request.headers[0] = "Content-Type: \(type)"
                #expect(try await request.send(port: server.port).status == 415, "\(path)")
            }
            let history = try await Door.history.knock(.init(token: token), port: server.port)
            #expect(history.status == 200 && history.text.contains(#""items":[]"#), "\(history.text)")
        }
    }
}
