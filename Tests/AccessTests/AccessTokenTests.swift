import Access
import Crypto
import Foundation
import JWTKit
import Messages
import Testing

@Suite("access tokens")
struct AccessTokenTests {
    @Test("what was minted is accepted, and gives what it was minted for")
    func roundTrip() throws {
        let fixture = try AccessFixture()
        let token = fixture.tokens.mint(for: fixture.visitor)
        let grant = try fixture.tokens.verify(token.text)
        #expect(grant == token.grant)
        #expect(grant.site == fixture.shop)
        #expect(grant.session == fixture.session)
        #expect(grant.subject.rawValue == "user:4711")
        #expect(grant.role == .visitor)
        #expect(grant.expires.milliseconds - grant.issued.milliseconds == 900_000)
        #expect(fixture.tokens.mint(for: fixture.visitor).grant.tokenID != grant.tokenID)
    }

    @Test("an agent's token carries the name, also one with quotes and letters of any script; a visitor's carries none")
    func names() throws {
        let fixture = try AccessFixture()
        let subject = try #require(Subject(.agent, "7"))
        let agent = Holder(site: fixture.shop, session: fixture.session, subject: subject, name: "Zoë \"Z\" \\ 老师 👩🏽‍💻")
        let grant = try fixture.tokens.verify(fixture.tokens.mint(for: agent, lifeSeconds: 3_600).text)
        #expect(grant.name == "Zoë \"Z\" \\ 老师 👩🏽‍💻")
        #expect(grant.role == .agent)
        #expect(grant.expires.milliseconds - grant.issued.milliseconds == 3_600_000)
        let visitor = Holder(site: fixture.shop, session: fixture.session, subject: fixture.visitor.subject, name: "Al")
        #expect(visitor.name == nil)
    }

    @Test("C1: no algorithm but that of the key is accepted, and no empty signature")
    func algorithms() throws {
        let fixture = try AccessFixture()
        let payload = object(fixture.claims)
        let good = fixture.signed(payload: payload)
        #expect(fixture.denial(of: good) == nil)
        for algorithm in ["none", "None", "NONE", "", "hs256", "HS384", "HS512", "RS256", "ES256", "EdDSA", "HS256 "] {
            let header = "{\"alg\":\"\(algorithm)\",\"kid\":\"k1\"}"
            let token = fixture.signed(header: header, payload: payload)
            #expect(fixture.denial(of: token) == .wrongAlgorithm, "\(algorithm)")
            let unsigned = base64URL(Array(header.utf8)) + "." + base64URL(Array(payload.utf8)) + "."
            #expect(fixture.denial(of: unsigned) == .wrongAlgorithm, "\(algorithm)")
        }
        let parts = good.split(separator: ".")
        #expect(fixture.denial(of: "\(parts[0]).\(parts[1]).") == .badSignature)
        #expect(fixture.denial(of: "\(parts[0]).\(parts[1])") == .malformed)
        #expect(fixture.denial(of: fixture.signed(header: #"{"kid":"k1"}"#, payload: payload)) == .malformed)
        #expect(fixture.denial(of: fixture.signed(payload: payload, by: 8)) == .badSignature)
    }

    @Test("C1: a key or an address that the token brings along is never used")
    func broughtKeys() throws {
        let fixture = try AccessFixture()
        let secret = base64URL([UInt8](repeating: 8, count: 32))
        for extra in [#""jwk":{"kty":"oct","k":"\#(secret)"}"#, #""jku":"https://evil.example/k""#, #""x5c":["AA=="]"#]
        {
            let header = #"{"alg":"HS256","kid":"k1",\#(extra)}"#
            let token = fixture.signed(header: header, payload: object(fixture.claims), by: 8)
            #expect(fixture.denial(of: token) == .badSignature, "\(extra)")
        }
        let critical = #"{"alg":"HS256","kid":"k1","crit":["exp"]}"#
        let token = fixture.signed(header: critical, payload: object(fixture.claims))
        #expect(fixture.denial(of: token) == .malformed)
    }

    @Test(
        "C2: a name of a key that isn't known gives nothing, whatever it looks like",
        arguments: [
            "../k1", "/etc/passwd", "k1/../k1", "k1'", "k1\\\" or 1=1", "k1\\u0000", "K1", "k1 ", "", "k2", "ｋ1",
            String(repeating: "k", count: 33), String(repeating: "k1", count: 16),
        ]
    )
    func keyNames(name: String) throws {
        let fixture = try AccessFixture()
        let token = fixture.signed(header: #"{"alg":"HS256","kid":"\#(name)"}"#, payload: object(fixture.claims))
        #expect(fixture.denial(of: token) == .unknownKey)
    }

    @Test("C2: a name of a key that is 10 KB long, missing or no text is refused")
    func oddKeyNames() throws {
        let fixture = try AccessFixture()
        for (kid, denial) in [
            ("\"\(String(repeating: "k", count: 10_240))\"", AccessDenied.malformed), ("1", .malformed),
            ("null", .malformed), ("[\"k1\"]", .malformed), ("{\"k1\":1}", .malformed),
        ] {
            let token = fixture.signed(header: "{\"alg\":\"HS256\",\"kid\":\(kid)}", payload: object(fixture.claims))
            #expect(fixture.denial(of: token) == denial, "\(kid.prefix(20))")
        }
        let token = fixture.signed(header: #"{"alg":"HS256"}"#, payload: object(fixture.claims))
        #expect(fixture.denial(of: token) == .unknownKey)
    }

    @Test(
        "C3: every claim is needed",
        arguments: ["iss", "aud", "site", "sid", "sub", "role", "iat", "nbf", "exp", "jti"]
    )
    func missingClaims(claim: String) throws {
        let fixture = try AccessFixture()
        #expect(fixture.denial(of: fixture.token([:])) == nil)
        #expect(fixture.denial(of: fixture.token([claim: nil])) == .missingClaim)
        #expect(fixture.denial(of: fixture.token([claim: "null"])) == .missingClaim)
        #expect(fixture.denial(of: fixture.token([claim: "{}"])) == .missingClaim)
        #expect(fixture.denial(of: fixture.token([claim: "[]"])) == .missingClaim)
        #expect(fixture.denial(of: fixture.token([claim: "true"])) == .missingClaim)
        #expect(fixture.denial(of: fixture.token([claim: "\"\""])) != nil)
    }

    @Test("C3: every claim is compared")
    func wrongClaims() throws {
        let fixture = try AccessFixture()
        for (claim, value, denial) in [
            ("iss", "\"https://evil.example\"", AccessDenied.wrongIssuer),
            ("iss", "\"https://chat.example/\"", .wrongIssuer),
            ("aud", "\"other\"", .wrongAudience), ("aud", "[\"claude-chat\"]", .missingClaim),
            ("site", "\"Shop\"", .missingClaim), ("site", "\"a/b\"", .missingClaim),
            ("sid", "\"s/../t\"", .missingClaim),
            ("sub", "\"4711\"", .missingClaim), ("sub", "\"user:\"", .missingClaim),
            ("sub", "\"root:1\"", .missingClaim),
            ("role", "\"admin\"", .missingClaim), ("role", "\"agent\"", .missingClaim),
            ("jti", "\"a b\"", .missingClaim),
        ] {
            #expect(fixture.denial(of: fixture.token([claim: value])) == denial, "\(claim) \(value)")
        }
    }

    @Test("C3: 29 seconds late is accepted and 31 are not; so it is with 29 and 31 seconds early")
    func skew() throws {
        let fixture = try AccessFixture()
        let now = fixture.clock.seconds
        for (late, denial) in [(-1, nil), (29, nil), (30, .expired), (31, .expired)] as [(Int64, AccessDenied?)] {
            let token = fixture.token(["iat": "\(now - 900)", "nbf": "\(now - 900)", "exp": "\(now - late)"])
            #expect(fixture.denial(of: token) == denial, "\(late)")
        }
        for claim in ["nbf", "iat"] {
            #expect(fixture.denial(of: fixture.token([claim: "\(now + 29)"])) == nil, "\(claim)")
            #expect(fixture.denial(of: fixture.token([claim: "\(now + 30)"])) == nil, "\(claim)")
            #expect(fixture.denial(of: fixture.token([claim: "\(now + 31)"])) == .notYetValid, "\(claim)")
        }
    }

    @Test("C3: a token that would live longer than any that is issued is refused, so that a revocation outlives it")
    func tooLong() throws {
        let fixture = try AccessFixture()
        let now = fixture.clock.seconds
        #expect(fixture.denial(of: fixture.token(["exp": "\(now + 86_400)"])) == nil)
        #expect(fixture.denial(of: fixture.token(["exp": "\(now + 86_401)"])) == .livesTooLong)
        let token = fixture.tokens.mint(for: fixture.visitor, lifeSeconds: .max)
        #expect(token.grant.expires.milliseconds == (now + 86_400) * 1_000)
    }

    @Test("C4: a visitor's token opens its own room alone, and an agent's every room of its own site")
    func rooms() throws {
        let fixture = try AccessFixture()
        let other = try #require(SessionID("s_B"))
        let forum = try #require(SiteID("forum"))
        let grant = try fixture.tokens.verify(fixture.tokens.mint(for: fixture.visitor).text)
        try grant.check(opens: fixture.session, at: fixture.shop)
        #expect(throws: AccessDenied.wrongSession) { try grant.check(opens: other, at: fixture.shop) }
        #expect(throws: AccessDenied.wrongSite) { try grant.check(opens: fixture.session, at: forum) }
        #expect(AccessDenied.wrongSession.status == 403 && AccessDenied.wrongSite.status == 403)
        let subject = try #require(Subject(.agent, "7"))
        let agent = fixture.tokens.mint(for: Holder(site: fixture.shop, session: fixture.session, subject: subject))
            .grant
        try agent.check(opens: other, at: fixture.shop)
        #expect(throws: AccessDenied.wrongSite) { try agent.check(opens: other, at: forum) }
    }

    @Test("C6: a token that has run out says so, and no other refusal does")
    func expiry() throws {
        let fixture = try AccessFixture()
        let token = fixture.tokens.mint(for: fixture.visitor).text
        fixture.clock.advance(seconds: 929)
        #expect(fixture.denial(of: token) == nil)
        fixture.clock.advance(seconds: 1)
        #expect(fixture.denial(of: token) == .expired)
        for denied in AccessDenied.allCases {
            #expect((denied.clientError.code == .tokenExpired) == (denied == .expired), "\(denied)")
        }
    }

    @Test("C13: a former key is accepted within its overlap and not after it; two rotations drop it at once")
    func rotation() throws {
        let fixture = try AccessFixture()
        let old = fixture.tokens.mint(for: fixture.visitor, lifeSeconds: 7_200).text
        let end = Timestamp(milliseconds: fixture.clock.now.milliseconds + 1_000_000)
        let ring = try TokenKeyRing(fixture.key).rotated(to: try tokenKey("k2", 8), acceptingFormerUntil: end)
        fixture.tokens.replaceKeys(ring)
        let new = fixture.tokens.mint(for: fixture.visitor, lifeSeconds: 7_200).text
        fixture.clock.advance(milliseconds: 999_999)
        #expect(fixture.denial(of: old) == nil)
        #expect(fixture.denial(of: new) == nil)
        fixture.clock.advance(milliseconds: 1)
        #expect(fixture.denial(of: old) == .unknownKey)
        #expect(fixture.denial(of: new) == nil)
        let later = Timestamp(milliseconds: fixture.clock.now.milliseconds + 1_000_000)
        let third = try ring.rotated(to: try tokenKey("k3", 9), acceptingFormerUntil: later)
        fixture.tokens.replaceKeys(third)
        #expect(fixture.denial(of: new) == nil)
        fixture.tokens.replaceKeys(try third.rotated(to: try tokenKey("k4", 10), acceptingFormerUntil: later))
        #expect(fixture.denial(of: new) == .unknownKey)
    }

    @Test("keys that are too short or oddly named are refused, with a text that says what to write")
    func keys() throws {
        let short = SymmetricKey(data: [UInt8](repeating: 1, count: 31))
        let problem = #expect(throws: KeyProblem.self) { try TokenKey(id: "k1", secret: short) }
        #expect(problem?.description == "key \"k1\" has 31 bytes; write at least 32 random bytes [short-key]")
        for id in ["", "a b", "../k", String(repeating: "k", count: 33), "ключ"] {
            #expect(throws: KeyProblem.badID(id)) { try TokenKey(id: id, secret: SymmetricKey(size: .bits256)) }
        }
        let ring = TokenKeyRing(try tokenKey("k1"))
        #expect(throws: KeyProblem.repeatedID("k1")) {
            try ring.rotated(to: try tokenKey("k1", 8), acceptingFormerUntil: Timestamp(milliseconds: 0))
        }
    }

    @Test("neither print nor dump shows a key or a token")
    func descriptions() throws {
        let fixture = try AccessFixture()
        let bytes = Array("0123456789abcdef0123456789abcdef".utf8)
        let key = try TokenKey(id: "k1", secret: SymmetricKey(data: bytes))
        let ring = try TokenKeyRing(key).rotated(to: try tokenKey("k2"), acceptingFormerUntil: fixture.clock.now)
        let token = fixture.tokens.mint(for: fixture.visitor)
        var texts = [
            "\(key)", String(reflecting: key), "\(ring)", "\(token)", String(reflecting: token), "\(token.grant)",
        ]
        for value in [key, ring, token, token.grant, fixture.visitor] as [Any] {
            var text = ""
            dump(value, to: &text)
            texts.append(text)
        }
        for text in texts {
            #expect(!text.contains("0123456789") && !text.contains("48, 49, 50"), "\(text)")
            #expect(!text.contains(token.text) && !text.contains("eyJ"), "\(text)")
        }
        #expect("\(token.grant)" == "user at shop")
    }

    @Test("what a client is told is one text for every token that isn't good, and holds nothing of it")
    func answers() throws {
        let untold: Set<AccessDenied> = [
            .expired, .wrongSite, .wrongSession, .wrongSubject, .refreshedTooOften, .notKept,
        ]
        let answers = Set(AccessDenied.allCases.filter { !untold.contains($0) }.map(\.clientError))
        #expect(answers == [ClientError(.unauthorized, "nothing that was sent gives access")])
        #expect(AccessDenied.allCases.filter { $0.status == 401 }.count == AccessDenied.allCases.count - 5)
    }
}
