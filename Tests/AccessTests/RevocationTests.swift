import Access
import Messages
import Synchronization
import Testing

@Suite("revocations")
struct RevocationTests {
    private let fixture: AccessFixture
    private let other: Holder

    init() throws {
        self.fixture = try AccessFixture()
        let session = try #require(SessionID("s_B"))
        let subject = try #require(Subject(.verified, "4712"))
        self.other = Holder(site: self.fixture.shop, session: session, subject: subject)
    }

    @Test("C10: a token of a revoked session, subject or number is refused with 401, and everybody else's is accepted")
    func kinds() throws {
        let token = self.fixture.tokens.mint(for: self.fixture.visitor)
        let bystander = self.fixture.tokens.mint(for: self.other)
        for revocation in [
            Revocation.session(self.fixture.session, at: nil), .session(self.fixture.session, at: self.fixture.shop),
            .subject(self.fixture.visitor.subject, at: nil),
            .subject(self.fixture.visitor.subject, at: self.fixture.shop),
            .token(token.grant.tokenID),
        ] {
            let fixture = try AccessFixture()
            #expect(fixture.denial(of: token.text) == nil)
            fixture.revocations.revoke(revocation)
            #expect(fixture.denial(of: token.text) == .revoked, "\(revocation)")
            #expect(fixture.denial(of: bystander.text) == nil, "\(revocation)")
            #expect(revocation.covers(token.grant) && !revocation.covers(bystander.grant))
        }
        #expect(AccessDenied.revoked.status == 401 && AccessDenied.revoked.clientError.code == .unauthorized)
    }

    @Test("a revocation at one site leaves the same names at another site alone")
    func sites() throws {
        let forum = try #require(SiteID("forum"))
        let namesake = Holder(site: forum, session: self.fixture.session, subject: self.fixture.visitor.subject)
        let token = self.fixture.tokens.mint(for: namesake).text
        self.fixture.revocations.revoke(.session(self.fixture.session, at: self.fixture.shop))
        self.fixture.revocations.revoke(.subject(self.fixture.visitor.subject, at: self.fixture.shop))
        #expect(self.fixture.denial(of: token) == nil)
        self.fixture.revocations.revoke(.session(self.fixture.session, at: nil))
        #expect(self.fixture.denial(of: token) == .revoked)
    }

    @Test("C10: a revocation holds until the last token that it covers has run out, skew included")
    func duration() throws {
        let token = self.fixture.tokens.mint(for: self.fixture.visitor, lifeSeconds: 86_400).text
        self.fixture.revocations.revoke(.subject(self.fixture.visitor.subject, at: nil))
        self.fixture.clock.advance(milliseconds: 86_429_999)
        #expect(self.fixture.denial(of: token) == .revoked)
        self.fixture.clock.advance(milliseconds: 1)
        #expect(self.fixture.denial(of: token) == .expired)
        self.fixture.clock.advance(milliseconds: 1)
        #expect(self.fixture.denial(of: self.fixture.tokens.mint(for: self.fixture.visitor).text) == nil)
    }

    @Test("a shorter revocation doesn't end a longer one")
    func longest() throws {
        let token = self.fixture.tokens.mint(for: self.fixture.visitor, lifeSeconds: 3_600)
        self.fixture.revocations.revoke(.token(token.grant.tokenID), lastExpiry: token.grant.expires)
        self.fixture.revocations.revoke(.token(token.grant.tokenID), lastExpiry: self.fixture.clock.now)
        self.fixture.clock.advance(seconds: 3_000)
        #expect(self.fixture.denial(of: token.text) == .revoked)
    }

    @Test("C10: whoever subscribed is told of each revocation once, when it already holds")
    func subscribers() throws {
        let fixture = self.fixture
        let token = fixture.tokens.mint(for: fixture.visitor)
        let told = Mutex<[(Revocation, Bool)]>([])
        fixture.revocations.subscribe { revocation in
            let holds = fixture.denial(of: token.text) == .revoked
            told.withLock { $0.append((revocation, holds)) }
        }
        fixture.revocations.revoke(.token(token.grant.tokenID))
        fixture.revocations.revoke(.session(fixture.session, at: nil))
        let seen = told.withLock { $0 }
        #expect(seen.map(\.0) == [.token(token.grant.tokenID), .session(fixture.session, at: nil)])
        #expect(seen.map(\.1) == [true, true])
    }

    @Test("a clock that jumps an hour ahead and back frees nobody")
    func jumps() throws {
        let token = self.fixture.tokens.mint(for: self.fixture.visitor)
        self.fixture.revocations.revoke(.token(token.grant.tokenID), lastExpiry: token.grant.expires)
        self.fixture.clock.advance(seconds: 3_600)
        self.fixture.revocations.revoke(.session(self.other.session, at: nil))
        #expect(self.fixture.denial(of: token.text) == .expired)
        self.fixture.clock.advance(seconds: -3_600)
        #expect(self.fixture.denial(of: token.text) == .revoked)
    }

    @Test("a full table lets no revoked token in: everybody refreshes once")
    func bound() throws {
        let clock = ManualClock()
        let revocations = Revocations(capacity: 100, now: { clock.now })
        let tokens = AccessTokens(
            keys: TokenKeyRing(self.fixture.key),
            issuer: AccessFixture.issuer,
            revocations: revocations,
            now: { clock.now }
        )
        let bystander = tokens.mint(for: self.other).text
        let revoked = (0..<101).map { _ in tokens.mint(for: self.fixture.visitor) }
        for token in revoked {
            _ = try tokens.verify(bystander)
            revocations.revoke(.token(token.grant.tokenID))
        }
        #expect(revocations.count == 51 && revocations.forgotten == 50)
        for token in revoked { #expect(throws: AccessDenied.self) { try tokens.verify(token.text) } }
        #expect(throws: AccessDenied.expired) { try tokens.verify(bystander) }
        clock.advance(seconds: 1)
        _ = try tokens.verify(tokens.mint(for: self.other).text)
        // Set back by an hour, the clock must not keep everybody out for an hour.
        clock.advance(seconds: -3_600)
        _ = try tokens.verify(tokens.mint(for: self.other).text)
    }

    @Test("what has run out makes room without anybody having to refresh")
    func room() throws {
        let clock = ManualClock()
        let revocations = Revocations(capacity: 100, now: { clock.now })
        for index in 0..<1_000 {
            revocations.revoke(.token("t\(index)"), lastExpiry: clock.now)
            clock.advance(seconds: 1)
        }
        #expect(revocations.count <= 100 && revocations.forgotten == 0)
    }
}
