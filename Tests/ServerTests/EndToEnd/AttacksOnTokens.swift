import Access
import Crypto
import Foundation
import Hub
import Messages
import Testing
import Transport

@Suite("tokens at the doors of a production server", .timeLimit(.minutes(3)))
struct AttacksOnTokens {
    private let ground: AttackGround

    init() throws { self.ground = try AttackGround() }

    /// Shows tokens at every door, and expects that each is refused alike, leaves no room, and harms nobody else.
    private func refuses(_ tokens: [String], status: Int = 401, session: String = "s", site: String? = nil) async throws
    {
        let good = try self.ground.token("good").text
        let options = HubOptions(messageRate: nil, historyRate: nil, pollRate: nil, rooms: 1)
        try await self.ground.run(options: options) { server in
            // The one room that the server has place for is taken: a second one would be refused with 503.
            try await TestSocket.open("good", token: good, port: server.port) { socket in
                _ = try await socket.next()
                for token in tokens {
                    for door in Door.allCases {
                        let visit = Door.Visit(session: session, token: token, site: site)
                        let answer = try await door.knock(visit, port: server.port)
                        #expect(answer.status == status, "\(door): \(token.prefix(300))")
                        #expect(answer.code == "unauthorized", "\(door): \(token.prefix(300))")
                        #expect(!answer.text.contains(token.isEmpty ? "?" : token), "\(door)")
                    }
                }
                try await socket.send(#"{"type":"user","message":"hello","id":"m1"}"#)
                #expect(try await socket.next("claude")["id"]?.text == "re:m1")
            }
        }
    }

    @Test(
        "C1: no algorithm but the key's opens a door: none, an empty signature, a public key as the secret, unknown ones"
    )
    func algorithms() async throws {
        let claims = self.ground.claims
        func header(_ algorithm: String) -> String { #"{"alg":"\#(algorithm)","kid":"k1"}"# }
        let good = AttackGround.signed(claims)
        let unsigned = good.prefix { $0 != "." } + "." + good.split(separator: ".")[1] + "."
        let none = AttackGround.signed(header: header("none"), claims).split(separator: ".").prefix(2).joined(
            separator: "."
        )
        let publicKey = P256.Signing.PrivateKey().publicKey
        try await self.refuses([
            none + ".", String(unsigned), AttackGround.signed(header: header("none"), claims),
            AttackGround.signed(claims, by: Array(publicKey.pemRepresentation.utf8)),
            AttackGround.signed(header: header("ES256"), claims, by: Array(publicKey.derRepresentation)),
            AttackGround.signed(header: header("HS512"), claims), AttackGround.signed(header: header("hs256"), claims),
            AttackGround.signed(header: #"{"kid":"k1"}"#, claims),
            AttackGround.signed(
                header: #"{"alg":"HS256","kid":"k1","jwk":{"kty":"oct","k":"AAAA"}}"#,
                claims,
                by: [0, 0, 0]
            ),
            AttackGround.signed(header: #"{"alg":"HS256","kid":"k1","crit":["exp"]}"#, claims),
        ])
    }

    @Test("C2: no name of a key but a known one opens a door, whatever it looks like")
    func keyNames() async throws {
        let claims = self.ground.claims
        let names = [
            "../../../../dev/null", "/etc/hostname", "k1' OR '1'='1", #"\"k1\""#, #"k1\u0000"#, "k2", "", " k1", "K1",
            String(repeating: "k", count: 5_000),
        ]
        var tokens = names.map { AttackGround.signed(header: #"{"alg":"HS256","kid":"\#($0)"}"#, claims) }
        tokens.append(AttackGround.signed(header: #"{"alg":"HS256"}"#, claims))
        tokens.append(AttackGround.signed(header: #"{"alg":"HS256","kid":null}"#, claims))
        // What an empty file or a guessed path would give as a key.
        tokens.append(AttackGround.signed(header: #"{"alg":"HS256","kid":"../../dev/null"}"#, claims, by: []))
        try await self.refuses(tokens)
    }

    @Test("C3: a claim that is missing or wrong closes every door")
    func claims() async throws {
        let wrong: [(String, String)] = [
            ("iss", "\"https://evil.example\""), ("aud", "\"other\""), ("aud", "[\"claude-chat\",\"other\"]"),
            ("site", "\"SHOP\""), ("site", "\"../shop\""), ("sid", "\"a/b\""), ("sid", "\"\""), ("sub", "\"s\""),
            ("sub", "\"root:s\""), ("role", "\"admin\""), ("role", "\"service\""), ("exp", "\"never\""),
            ("exp", "1e300"),
            ("exp", "\(self.ground.clocks.timestamp().milliseconds / 1_000 + 90_000)"), ("jti", "\"\""),
            ("nbf", "\(self.ground.clocks.timestamp().milliseconds / 1_000 + 31)"),
            ("iat", "\(self.ground.clocks.timestamp().milliseconds / 1_000 + 31)"),
        ]
        let names = self.ground.claims.keys.sorted()
        try await self.refuses(
            names.map { name in AttackGround.signed(self.ground.claims.filter { $0.key != name }) }
                + wrong.map { name, value in AttackGround.signed(self.ground.claims.merging([name: value]) { $1 }) }
        )
    }

    @Test(
        "C3: 29 seconds after its end a token still opens every door, and 31 seconds after it none",
        arguments: [29, 31]
    )
    func skew(seconds: Int64) async throws {
        let token = try self.ground.token("s").text
        self.ground.clocks.pass(seconds: 900 + seconds)
        try await self.ground.run { server in
            for door in Door.allCases {
                let answer = try await door.knock(.init(token: token), port: server.port)
                #expect(answer.isWelcome == (seconds == 29), "\(door): \(answer.status)")
                if seconds == 31 { #expect(answer.status == 401 && answer.code == "token_expired", "\(door)") }
            }
        }
    }

    @Test("C4: a token of one session opens no other, and one of a site nothing of another site")
    func foreignRooms() async throws {
        try await self.refuses([try self.ground.token("s").text], status: 403, session: "other")
        let ofHelp = try self.ground.token("s", at: self.ground.help).text
        try await self.refuses([ofHelp], status: 403)
        try await self.refuses([try self.ground.token("s").text, ofHelp], status: 403, site: "help")
    }

    @Test("C4: a token of a site that is no more opens nothing, not even for a program")
    func goneSite() async throws {
        let gone = try #require(SiteID("gone"))
        let service = try #require(Subject(.service, "backup"))
        let tokens = [
            try self.ground.token("s", at: gone).text, try self.ground.token("s", at: gone, of: service).text,
        ]
        try await self.ground.run { server in
            for token in tokens {
                for door in Door.allCases {
                    for origin in [AttackGround.shopOrigin, nil] {
                        let answer = try await door.knock(.init(token: token, origin: origin), port: server.port)
                        #expect([401, 403].contains(answer.status), "\(door): \(answer.status)")
                    }
                }
            }
        }
    }

    @Test(
        "C5: a token in a URL is refused at every path, and stands in no answer and in no log",
        arguments: ["token", "access_token", "refreshToken", "refresh_token", "bearer", "Token", "tok%65n"]
    )
    func tokenInURL(name: String) async throws {
        let token = try self.ground.token("s").text
        let log = LogRecord()
        let admin = try AdminToken(String(repeating: "a", count: 32))
        try await self.ground.run(adminToken: admin, log: log) { server in
            for door in Door.allCases {
                for shown in [token, nil] {
                    let visit = Door.Visit(token: shown, query: "&\(name)=\(token)")
                    let answer = try await door.knock(visit, port: server.port)
                    #expect(answer.status == 400, "\(door)")
                    #expect(!(answer.head + answer.text).contains(token), "\(door)")
                }
            }
            let paths = ["/", "/claude-chat.js", "/healthz", "/readyz", "/api/admin/content", "/nowhere"]
            var requests = paths.map { TestRequest.get("\($0)?\(name)=\(token)") }
            requests.append(.post("/api/chat/session?\(name)=\(token)", "{}", ["Origin: \(AttackGround.shopOrigin)"]))
            for request in requests {
                let answer = try await request.send(port: server.port)
                #expect(answer.status == 400, "\(request.target.prefix { $0 != "?" })")
                #expect(!(answer.head + answer.text).contains(token))
            }
        }
        #expect(log.count > 0)
        #expect(!log.text.contains(token))
    }
}
