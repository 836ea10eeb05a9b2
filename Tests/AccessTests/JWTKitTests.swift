import Access
import JWTKit
import Messages
import Testing

/// Ours and another implementation of the same RFCs agree.
@Suite("access tokens and JWTKit")
struct JWTKitTests {
    private struct Claims: JWTPayload {
        var iss: IssuerClaim
        var aud: AudienceClaim
        var site: String
        var sid: String
        var sub: SubjectClaim
        var role: String
        var iat: Int64
        var nbf: Int64
        var exp: Int64
        var jti: IDClaim
        var name: String?

        func verify(using _: some JWTAlgorithm) throws { try self.aud.verifyIntendedAudience(includes: "claude-chat") }
    }

    private static func collection(_ byte: UInt8) async -> JWTKeyCollection {
        let key = HMACKey(from: [UInt8](repeating: byte, count: 32))
        return await JWTKeyCollection().add(hmac: key, digestAlgorithm: .sha256, kid: "k1")
    }

    @Test("JWTKit accepts what we mint and reads the same from it")
    func oursForThem() async throws {
        let fixture = try AccessFixture()
        let subject = try #require(Subject(.agent, "ä\"\\/\u{2028}"))
        let holder = Holder(site: fixture.shop, session: fixture.session, subject: subject, name: "Zoë \"Z\"")
        let token = fixture.tokens.mint(for: holder)
        let claims = try await Self.collection(7).verify(token.text, as: Claims.self)
        #expect(claims.sub.value == subject.rawValue)
        #expect(claims.name == "Zoë \"Z\"")
        #expect(claims.sid == fixture.session.rawValue && claims.site == "shop" && claims.role == "agent")
        #expect(claims.iss.value == AccessFixture.issuer && claims.jti.value == token.grant.tokenID)
        #expect(claims.exp == fixture.clock.seconds + 900 && claims.iat == claims.nbf)
        await #expect(throws: (any Error).self) { try await Self.collection(8).verify(token.text, as: Claims.self) }
    }

    @Test("we accept what JWTKit mints and read the same from it, and refuse what it signs by another key or algorithm")
    func theirsForUs() async throws {
        let fixture = try AccessFixture()
        let now = fixture.clock.seconds
        let claims = Claims(
            iss: IssuerClaim(value: AccessFixture.issuer),
            aud: AudienceClaim(value: "claude-chat"),
            site: "shop",
            sid: fixture.session.rawValue,
            sub: SubjectClaim(value: "service:a/b \"ü\" \u{1F600}"),
            role: "service",
            iat: now,
            nbf: now,
            exp: now + 900,
            jti: IDClaim(value: "abc")
        )
        let grant = try fixture.tokens.verify(try await Self.collection(7).sign(claims, kid: "k1"))
        #expect(grant.subject == Subject(.service, "a/b \"ü\" \u{1F600}"))
        #expect(grant.tokenID == "abc" && grant.expires.milliseconds == (now + 900) * 1_000)
        #expect(fixture.denial(of: try await Self.collection(8).sign(claims, kid: "k1")) == .badSignature)
        let wide = HMACKey(from: [UInt8](repeating: 7, count: 64))
        let other = await JWTKeyCollection().add(hmac: wide, digestAlgorithm: .sha512, kid: "k1")
        #expect(fixture.denial(of: try await other.sign(claims, kid: "k1")) == .wrongAlgorithm)
    }
}
