import Crypto
import JWTKit
import Messages
import Synchronization
import Testing

@testable import Access

@Suite("the session desk")
struct SessionDeskTests {
    private struct Claims: JWTPayload {
        var aud: String
        var sub: String
        var exp: Int64

        func verify(using _: some JWTAlgorithm) {}
    }

    private static let secret = SymmetricKey(data: [UInt8](repeating: 5, count: 32))
    private let fixture: AccessFixture
    private let refreshTokens: RefreshTokens
    private let desk: SessionDesk
    private let shop: SiteID
    private let open: SiteID

    init() throws {
        let fixture = try AccessFixture()
        let clock = fixture.clock
        self.fixture = fixture
        self.shop = fixture.shop
        self.open = try #require(SiteID("open"))
        self.refreshTokens = RefreshTokens(now: { clock.now })
        let check = try IdentityCheck(keys: [IdentityKey(secret: Self.secret)])
        self.desk = SessionDesk(
            sites: [
                SessionDesk.Site(self.shop, identities: check),
                SessionDesk.Site(self.open, acceptsUnprovenSessions: true),
            ],
            accessTokens: fixture.tokens,
            refreshTokens: self.refreshTokens,
            revocations: fixture.revocations,
            now: { clock.now }
        )
    }

    private func answer(
        _ session: SessionID? = nil,
        _ refreshToken: String? = nil,
        _ identity: String? = nil,
        at site: SiteID? = nil
    ) async throws -> SessionDesk.Answer {
        try await self.desk.open(
            SessionDesk.Request(
                site: site ?? self.shop,
                session: session,
                refreshToken: refreshToken,
                identity: identity.map { .token($0) }
            )
        )
    }

    private func identity(_ subject: String) async throws -> String {
        let claims = Claims(aud: "shop", sub: subject, exp: self.fixture.clock.seconds + 300)
        return try await JWTKeyCollection().add(hmac: HMACKey(key: Self.secret), digestAlgorithm: .sha256).sign(claims)
    }

    @Test("a new visitor gets a session of their own, and tokens that open it")
    func newVisitor() async throws {
        let first = try await self.answer()
        let second = try await self.answer()
        #expect(first.session != second.session)
        #expect(first.expiresIn == 900 && first.identity == nil)
        let grant = try self.fixture.tokens.verify(first.token.text)
        try grant.check(opens: first.session, at: self.shop)
        #expect(grant.subject.kind == .anonymous)
        #expect(throws: AccessDenied.wrongSession) { try grant.check(opens: second.session, at: self.shop) }
    }

    @Test("a visitor who comes back with the refresh token gets the session back")
    func comingBack() async throws {
        let first = try await self.answer()
        self.fixture.clock.advance(seconds: 86_400)
        let second = try await self.answer(first.session, first.refreshToken.text)
        #expect(second.session == first.session && second.token.grant.subject == first.token.grant.subject)
        let third = try await self.answer(nil, second.refreshToken.text)
        #expect(third.session == first.session)
    }

    @Test("C8: two tabs that race get the same pair; a use after half a minute revokes the session")
    func race() async throws {
        let told = Mutex<[Revocation]>([])
        self.fixture.revocations.subscribe { revocation in told.withLock { $0.append(revocation) } }
        let first = try await self.answer()
        self.fixture.clock.advance(seconds: 600)
        let second = try await self.answer(first.session, first.refreshToken.text)
        self.fixture.clock.advance(seconds: 29)
        let third = try await self.answer(first.session, first.refreshToken.text)
        #expect(second.token.text == third.token.text && second.refreshToken.text == third.refreshToken.text)
        #expect(second.expiresIn == 900 && third.expiresIn == 871)
        self.fixture.clock.advance(seconds: 2)
        await #expect(throws: AccessDenied.refreshReused) {
            try await self.answer(first.session, first.refreshToken.text)
        }
        #expect(told.withLock { $0 } == [.session(first.session, at: self.shop)])
        #expect(self.fixture.denial(of: second.token.text) == .revoked)
        await #expect(throws: AccessDenied.refreshRefused) { try await self.answer(nil, second.refreshToken.text) }
    }

    @Test("C9: a rotation leaves the token before it good, and tells nobody to close anything")
    func rotation() async throws {
        let told = Mutex(0)
        self.fixture.revocations.subscribe { _ in told.withLock { $0 += 1 } }
        let first = try await self.answer()
        self.fixture.clock.advance(seconds: 600)
        let second = try await self.answer(first.session, first.refreshToken.text)
        #expect(self.fixture.denial(of: first.token.text) == nil && self.fixture.denial(of: second.token.text) == nil)
        #expect(told.withLock { $0 } == 0)
    }

    @Test("C6: a refresh in time moves the end of a connection; without one the end stays")
    func inBandRefresh() async throws {
        let first = try await self.answer()
        let current = try self.fixture.tokens.verify(first.token.text)
        self.fixture.clock.advance(seconds: 600)
        let second = try await self.answer(first.session, first.refreshToken.text)
        let next = try self.desk.refresh(second.token.text, current: current)
        #expect(next.expires.milliseconds - current.expires.milliseconds == 600_000)
        #expect(current.expires.milliseconds - self.fixture.clock.now.milliseconds == 300_000)
    }

    @Test("C7: a refresh for another subject, session or site is unauthorized, and an expired one says so")
    func wrongRefresh() throws {
        let tokens = self.fixture.tokens
        let current = tokens.mint(for: self.fixture.visitor).grant
        let mallory = try #require(Subject(.verified, "6666"))
        let agent = try #require(Subject(.agent, "4711"))
        let session = try #require(SessionID("s_B"))
        let subject = self.fixture.visitor.subject
        for (holder, denial) in [
            (Holder(site: self.open, session: current.session, subject: subject), AccessDenied.wrongSite),
            (Holder(site: self.shop, session: session, subject: subject), .wrongSession),
            (Holder(site: self.shop, session: current.session, subject: mallory), .wrongSubject),
            (Holder(site: self.shop, session: current.session, subject: agent), .wrongSubject),
        ] {
            let token = tokens.mint(for: holder).text
            #expect(throws: denial) { try self.desk.refresh(token, current: current) }
            #expect(denial.clientError.code == .unauthorized)
        }
        let old = tokens.mint(for: self.fixture.visitor).text
        self.fixture.clock.advance(seconds: 930)
        #expect(throws: AccessDenied.expired) { try self.desk.refresh(old, current: current) }
        #expect(AccessDenied.expired.clientError.code == .tokenExpired)
        #expect(throws: AccessDenied.malformed) { try self.desk.refresh("", current: current) }
    }

    @Test("C10: whoever is revoked gets nothing by a refresh token or an identity, in a frame or by a call")
    func revoked() async throws {
        let visitor = try await self.answer(nil, nil, try await self.identity("4711"))
        let bystander = try await self.answer(nil, nil, try await self.identity("4712"))
        let current = visitor.token.grant
        self.fixture.revocations.revoke(.subject(current.subject, at: nil))
        await #expect(throws: AccessDenied.refreshRefused) { try await self.answer(nil, visitor.refreshToken.text) }
        let identity = try await self.identity("4711")
        await #expect(throws: AccessDenied.revoked) { try await self.answer(nil, nil, identity) }
        #expect(throws: AccessDenied.revoked) { try self.desk.refresh(visitor.token.text, current: current) }
        _ = try await self.answer(nil, bystander.refreshToken.text)
        #expect(self.refreshTokens.count == 1)
    }

    @Test("C10: a revoked session is gone for good: its refresh token is refused also when the revocation has run out")
    func revokedSession() async throws {
        let visitor = try await self.answer()
        self.fixture.revocations.revoke(.session(visitor.session, at: nil))
        self.fixture.clock.advance(seconds: 2 * 86_400)
        await #expect(throws: AccessDenied.refreshRefused) { try await self.answer(nil, visitor.refreshToken.text) }
        let second = try await self.answer(nil, nil, nil, at: self.open)
        self.fixture.revocations.revoke(.session(second.session, at: nil))
        await #expect(throws: AccessDenied.revoked) { try await self.answer(second.session, nil, nil, at: self.open) }
    }

    @Test("C12: another subject gets a new session, and the old one stays with the old subject")
    func changedSubject() async throws {
        let anonymous = try await self.answer()
        let alice = try await self.answer(
            anonymous.session,
            anonymous.refreshToken.text,
            try await self.identity("alice")
        )
        #expect(alice.session != anonymous.session)
        #expect(alice.identity?.subject.rawValue == "user:alice" && alice.token.grant.subject.rawValue == "user:alice")
        let bob = try await self.answer(alice.session, alice.refreshToken.text, try await self.identity("bob"))
        #expect(bob.session != alice.session)
        let again = try await self.answer(alice.session, alice.refreshToken.text, try await self.identity("alice"))
        #expect(again.session == alice.session)
        let before = try await self.answer(anonymous.session, anonymous.refreshToken.text)
        #expect(before.session == anonymous.session && before.token.grant.subject.kind == .anonymous)
    }

    @Test("C12: nobody becomes verified by an identity that isn't good, nor anonymous by it")
    func badIdentity() async throws {
        for identity in ["4711", "", "a.b.c", String(repeating: "A", count: 100_000)] {
            await #expect(throws: AccessDenied.malformed) { try await self.answer(nil, nil, identity) }
        }
        let identity = try await self.identity("4711")
        await #expect(throws: AccessDenied.unsignedIdentity) {
            try await self.answer(nil, nil, identity, at: self.open)
        }
        #expect(self.refreshTokens.count == 0)
    }

    @Test("a verified visitor gets the session back on another device, by the identity and the session's name")
    func otherDevice() async throws {
        let first = try await self.answer(nil, nil, try await self.identity("4711"))
        let second = try await self.answer(first.session, nil, try await self.identity("4711"))
        #expect(second.session == first.session && second.refreshToken.text != first.refreshToken.text)
        _ = try await self.answer(nil, first.refreshToken.text)
        let stale = try await self.answer(first.session, "r_stale", try await self.identity("4711"))
        #expect(stale.session == first.session)
        let stranger = try await self.answer(first.session, nil, try await self.identity("4712"))
        #expect(stranger.session != first.session)
    }

    @Test("D9: a session that exists and one that doesn't are refused alike, with any proof that isn't theirs")
    func guesses() async throws {
        let known = try await self.answer().session
        let stranger = try await self.answer()
        var generator = SplitMix64(state: 9)
        for _ in 0..<200 {
            for session in [known, SessionID.random(using: &generator)] {
                let bare = await self.refusal(session, nil)
                #expect(bare == .unprovenSession && bare?.status == 401)
                #expect(bare?.clientError == ClientError(.unauthorized, "nothing that was sent gives access"))
                #expect(await self.refusal(session, stranger.refreshToken.text) == .refreshRefused)
                #expect(await self.refusal(session, "r_" + String(repeating: "A", count: 64)) == .refreshRefused)
            }
        }
        #expect(AccessDenied.refreshRefused.clientError == AccessDenied.unprovenSession.clientError)
        #expect(AccessDenied.refreshRefused.status == 401)
        let identity = try await self.identity("4711")
        for session in [known, SessionID.random(using: &generator)] {
            #expect(try await self.answer(session, nil, identity).session != session)
        }
        #expect(try await self.answer(nil, stranger.refreshToken.text).session == stranger.session)
    }

    private func refusal(_ session: SessionID, _ refreshToken: String?) async -> AccessDenied? {
        let request = SessionDesk.Request(site: self.shop, session: session, refreshToken: refreshToken)
        do {
            _ = try await self.desk.open(request)
            return nil
        } catch { return error }
    }

    @Test("in development mode the name of a session is enough, and nobody is verified by it")
    func development() async throws {
        let session = try #require(SessionID("s_dev"))
        let first = try await self.answer(session, nil, nil, at: self.open)
        let second = try await self.answer(session, nil, nil, at: self.open)
        #expect(first.session == session && second.session == session)
        #expect(first.token.grant.subject == second.token.grant.subject)
        #expect(first.token.grant.subject.kind == .anonymous)
    }

    @Test("a site that isn't configured, or isn't any more, gets nothing")
    func unknownSite() async throws {
        let first = try await self.answer()
        let forum = try #require(SiteID("forum"))
        await #expect(throws: AccessDenied.unknownSite) { try await self.answer(nil, nil, nil, at: forum) }
        await #expect(throws: AccessDenied.refreshRefused) {
            try await self.answer(nil, first.refreshToken.text, nil, at: self.open)
        }
        self.desk.replaceSites([])
        await #expect(throws: AccessDenied.unknownSite) { try await self.answer() }
    }
}
