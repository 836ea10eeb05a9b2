import Access
import Crypto
import Foundation
import Hub
import Messages
import Testing
import Transport

@Suite("guesses and claims without proof", .timeLimit(.minutes(3)))
struct AttacksByGuessing {
    private static let secret = [UInt8](repeating: 5, count: 32)

    private static func session(_ body: String, port: Int) async throws -> TestRequest.Answer {
        try await TestRequest.post("/api/chat/session", body, ["Origin: \(AttackGround.shopOrigin)"]).send(port: port)
    }

    /// An identity as the site's backend signs it.
    private static func identity(
        _ changes: [String: String] = [:],
        header: String = #"{"alg":"HS256"}"#,
        by secret: [UInt8] = secret,
        at clocks: MovedClocks
    ) -> String {
        let seconds = clocks.timestamp().milliseconds / 1_000
        let claims = ["aud": "\"shop\"", "sub": "\"4711\"", "exp": "\(seconds + 300)"]
        return AttackGround.signed(header: header, claims.merging(changes) { $1 }, by: secret)
    }

    /// The `sub` of a token, without any check.
    private static func subject(of answer: TestRequest.Answer) throws -> String? {
        let token = try #require(answer.json["token"]?.text)
        let part = String(token.split(separator: ".")[1]).replacing("-", with: "+").replacing("_", with: "/")
        let padded = part + String(repeating: "=", count: (4 - part.count % 4) % 4)
        let payload = try #require(Data(base64Encoded: padded))
        return try JSONDecoder().decode([String: TestSocket.Value].self, from: payload)["sub"]?.text
    }

    @Test("C12: nobody becomes a known visitor but by a fresh identity that the site's own key has signed")
    func identities() async throws {
        let publicKey = P256.Signing.PrivateKey().publicKey.pemRepresentation
        let check = try IdentityCheck(keys: [
            IdentityKey(secret: SymmetricKey(data: Self.secret)), IdentityKey(publicKey: publicKey),
        ])
        let ground = try AttackGround(identities: check)
        let (clocks, seconds) = (ground.clocks, ground.clocks.timestamp().milliseconds / 1_000)
        let good = Self.identity(at: clocks)
        let parts = good.split(separator: ".")
        let changed = base64URL(#"{"aud":"shop","exp":\#(seconds + 300),"sub":"1"}"#.utf8)
        let digest = HMAC<SHA256>.authenticationCode(for: Data("4711".utf8), using: SymmetricKey(data: Self.secret))
        let hash = digest.map { String(format: "%02x", $0) }.joined()
        let tokens = [
            Self.identity(by: [UInt8](repeating: 6, count: 32), at: clocks),
            Self.identity(["exp": "\(seconds + 631)"], at: clocks),
            Self.identity(["exp": "\(seconds - 31)"], at: clocks),
            Self.identity(["aud": "\"help\""], at: clocks), Self.identity(["aud": "\"claude-chat\""], at: clocks),
            Self.identity(["sub": "\"\""], at: clocks), "\(parts[0]).\(changed).\(parts[2])",
            "\(parts[0]).\(parts[1]).",
            Self.identity(header: #"{"alg":"none"}"#, at: clocks), Self.identity(by: Array(publicKey.utf8), at: clocks),
            Self.identity(header: #"{"alg":"ES256"}"#, by: Array(publicKey.utf8), at: clocks), "4711", "user:4711",
        ]
        var identities = tokens.map { "\"\($0)\"" }
        identities.append(#"{"id":"4711","hash":"\#(hash)"}"#)
        identities.append(#"{"id":"4711","hash":""}"#)
        try await ground.run { [identities] server in
            for identity in identities {
                let answer = try await Self.session(#"{"identity":\#(identity)}"#, port: server.port)
                #expect(answer.status == 401 && answer.json["token"] == nil, "\(identity)")
            }
            let bare = try await Self.session(#"{"identity":{"id":"4711"}}"#, port: server.port)
            #expect(bare.status == 400 && bare.json["token"] == nil)
            let verified = try await Self.session(#"{"identity":"\#(good)"}"#, port: server.port)
            #expect(try Self.subject(of: verified) == "user:4711")
            let anonymous = try await Self.session("{}", port: server.port)
            #expect(try Self.subject(of: anonymous)?.hasPrefix("anon:") == true)
        }
    }

    /// Tokens that are none: random bytes, random texts of their form, and good claims under a random signature.
    private static func randomTokens(_ count: Int, _ claims: [String: String]) -> [String] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { index in
            let bytes = (0..<48).map { _ in UInt8.random(in: 0...255, using: &generator) }
            switch index % 3 {
            case 0: return base64URL(bytes)
            case 1: return "\(base64URL(bytes)).\(base64URL(bytes)).\(base64URL(bytes))"
            default: return AttackGround.signed(claims, by: bytes)
            }
        }
    }

    @Test(
        "C14: after twenty bad tokens of an address the next have to wait at every door, and a good one is let in",
        arguments: [AttackGround.shopOrigin, nil]
    )
    func flood(origin: String?) async throws {
        let ground = try AttackGround()
        let service = try #require(Subject(.service, "backup"))
        let good = try ground.token("s", of: service).text
        var limits = AddressLimitOptions.none
        limits.failures = AddressLimitOptions().failures
        try await ground.run(limits: limits) { server in
            var statuses: [Int] = []
            for (index, token) in Self.randomTokens(200, ground.claims).enumerated() {
                let door = Door.allCases[index % Door.allCases.count]
                let answer = try await door.knock(.init(token: token, origin: origin), port: server.port)
                statuses.append(answer.status)
                if answer.status == 429 { #expect(answer.head.contains("Retry-After: ")) }
            }
            let first = origin == nil ? 403 : 401
            #expect(statuses == Array(repeating: first, count: 20) + Array(repeating: 429, count: 180))
            for door in Door.allCases {
                let answer = try await door.knock(.init(token: good, origin: origin), port: server.port)
                #expect(answer.isWelcome, "\(door): \(answer.status)")
            }
        }
    }

    @Test("C14: guesses at refresh tokens and in refresh frames count as those at the doors do")
    func otherGuesses() async throws {
        let ground = try AttackGround()
        let good = try ground.token("s").text
        var limits = AddressLimitOptions.none
        limits.failures = AddressLimitOptions().failures
        try await ground.run(limits: limits) { server in
            try await TestSocket.open("s", token: good, port: server.port) { socket in
                for token in Self.randomTokens(10, ground.claims) {
                    let answer = try await Self.session(#"{"refreshToken":"\#(token)"}"#, port: server.port)
                    #expect(answer.status == 401)
                    try await socket.send(#"{"type":"refresh","token":"\#(token)"}"#)
                    #expect(try await socket.next("error")["code"]?.text == "unauthorized")
                }
                #expect(try await Self.session(#"{"refreshToken":"x"}"#, port: server.port).status == 429)
                try await socket.send(#"{"type":"refresh","token":"x"}"#)
                #expect(try await socket.next("error")["code"]?.text == "rate_limited")
                try await socket.send(#"{"type":"refresh","token":"\#(try ground.token("s").text)"}"#)
                #expect(try await socket.next("refreshed")["expiresIn"] == .number(900))
            }
        }
    }

    @Test("D9: a guessed session is refused with the same bytes whether it exists or not, and leaves nothing behind")
    func sessions() async throws {
        let ground = try AttackGround()
        let (known, mine) = (try ground.token("known").text, try ground.token("mine").text)
        // Place for the room that is there and for no other.
        let options = HubOptions(messageRate: nil, historyRate: nil, pollRate: nil, rooms: 1)
        try await ground.run(options: options) { server in
            try await TestSocket.open("known", token: known, port: server.port) { _ in
                for token in [mine, nil] {
                    for door in Door.allCases {
                        let there = try await door.knock(.init(session: "known", token: token), port: server.port)
                        let missing = try await door.knock(.init(session: "guess", token: token), port: server.port)
                        #expect(there.status == (token == nil ? 401 : 403), "\(door)")
                        #expect(there.status == missing.status && there.body == missing.body, "\(door)")
                    }
                }
                let there = try await Self.session(#"{"session":"known"}"#, port: server.port)
                let missing = try await Self.session(#"{"session":"guess"}"#, port: server.port)
                #expect(there.status == 401 && missing.status == 401 && there.body == missing.body)
            }
        }
    }

    @Test("D9: whoever tries one session after the other has to wait after twenty of them")
    func manySessions() async throws {
        let ground = try AttackGround()
        let mine = try ground.token("mine").text
        var limits = AddressLimitOptions.none
        limits.failures = AddressLimitOptions().failures
        try await ground.run(limits: limits) { server in
            var statuses: [Int] = []
            for index in 0..<60 {
                let door = Door.allCases[index % Door.allCases.count]
                let visit = Door.Visit(session: "guess\(index)", token: index % 2 == 0 ? mine : nil)
                statuses.append(try await door.knock(visit, port: server.port).status)
            }
            #expect(statuses.prefix(20).allSatisfy { [401, 403].contains($0) })
            #expect(statuses.dropFirst(20).allSatisfy { $0 == 429 })
        }
    }
}
