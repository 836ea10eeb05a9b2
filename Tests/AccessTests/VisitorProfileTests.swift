import Crypto
import Foundation
import Messages
import Testing

@testable import Access

@Suite("what a site says about its visitors")
struct VisitorProfileTests {
    private static let secret = SymmetricKey(data: [UInt8](repeating: 5, count: 32))
    private let fixture: AccessFixture
    private let desk: SessionDesk

    init() throws {
        let fixture = try AccessFixture()
        self.fixture = fixture
        self.desk = SessionDesk(
            sites: [
                .init(
                    fixture.shop,
                    identities: try IdentityCheck(keys: [IdentityKey(secret: Self.secret)])
                )
            ],
            accessTokens: fixture.tokens,
            refreshTokens: RefreshTokens(now: { [clock = fixture.clock] in clock.now }),
            revocations: fixture.revocations,
            now: { [clock = fixture.clock] in clock.now }
        )
    }

    /// An identity with further claims, as the site's backend signs it.
    private func identity(_ claims: String, of subject: String = "4711") -> IdentityProof {
        let seconds = self.fixture.clock.now.milliseconds / 1_000
        let payload = #"{"aud":"shop","sub":"\#(subject)","exp":\#(seconds + 300)\#(claims)}"#
        func encoded(_ bytes: some Sequence<UInt8>) -> String {
            String(decoding: Base64URL.encode(bytes), as: UTF8.self)
        }
        let text = "\(encoded(#"{"alg":"HS256"}"#.utf8)).\(encoded(payload.utf8))"
        let code = HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: Self.secret)
        return .token("\(text).\(encoded(code))")
    }

    private func open(_ claims: String) async throws -> SessionDesk.Answer {
        try await self.desk.open(.init(site: self.fixture.shop, identity: self.identity(claims)))
    }

    @Test("is known by the session, the last word counts, and nobody else has it")
    func known() async throws {
        let claims = #","name":"Zoë","attributes":{"plan":"gold","seats":12,"trial":false,"nested":{"a":1}}"#
        let first = try await self.open(claims)
        let session = first.token.grant.session
        let known = try #require(self.desk.visitor(of: session, at: self.fixture.shop))
        #expect(known.id == "4711" && known.profile.name == "Zoë")
        #expect(known.profile.attributes == ["plan": "gold", "seats": "12", "trial": "false"])
        let other = try await self.open("").token.grant.session
        #expect(self.desk.visitor(of: other, at: self.fixture.shop)?.profile.name == nil)
        #expect(self.desk.visitor(of: session, at: try #require(SiteID("forum"))) == nil)
        let again = SessionDesk.Request(
            site: self.fixture.shop,
            refreshToken: first.refreshToken.text,
            identity: self.identity(#","name":"Zoe""#)
        )
        #expect(try await self.desk.open(again).token.grant.session == session)
        let renewed = try #require(self.desk.visitor(of: session, at: self.fixture.shop))
        #expect(renewed.profile.name == "Zoe" && renewed.profile.attributes.isEmpty)
    }

    @Test("is left out where it is longer than it may be, or no text")
    func bounds() throws {
        let long = String(repeating: "x", count: 81)
        #expect(VisitorProfile(name: long).name == nil && VisitorProfile(name: "a\u{0}b").name == nil)
        let attributes = [
            "": "x", "empty": "", String(repeating: "k", count: 41): "x", "line": "a\nb",
            "long": String(repeating: "x", count: 201), "good": String(repeating: "x", count: 200),
        ]
        #expect(VisitorProfile(attributes: attributes).attributes.keys.sorted() == ["good"])
        let many = Dictionary(uniqueKeysWithValues: (10..<100).map { ("k\($0)", "v") })
        #expect(VisitorProfile(attributes: many).attributes.keys.sorted() == (10..<26).map { "k\($0)" })
    }

    @Test("in a form that is none refuses the identity", arguments: ["[]", "1", "\"gold\"", "true"])
    func malformed(attributes: String) async throws {
        await #expect(throws: AccessDenied.self) { try await self.open(#","attributes":\#(attributes)"#) }
    }

    @Test("is there after a restart")
    func restart() throws {
        let holder = self.fixture.visitor
        let profile = VisitorProfile(name: "Zoë", attributes: ["plan": "gold"])
        let digest = try #require(TokenDigest([UInt8](repeating: 1, count: 32)))
        let family = RefreshTable.Family(
            holder: holder,
            profile: profile,
            current: digest,
            expires: Timestamp(milliseconds: self.fixture.clock.now.milliseconds + 1_000),
            turn: 0
        )
        let record = RefreshTable.Family.record(RefreshFamilyID(high: 1, low: 2), family)
        let tokens = RefreshTokens(restoring: [record], now: { [clock = self.fixture.clock] in clock.now })
        let known = try #require(tokens.visitor(of: holder.session, at: holder.site))
        #expect(known.subject == holder.subject && known.profile == profile)
    }
}
