import Crypto
import Messages
import Synchronization
import Testing

@testable import Access

/// Keeps records as a store does.
private final class KeptRecords: AccessLog {
    private let state = Mutex<[String: AccessRecord]>([:])

    var records: [AccessRecord] { self.state.withLock { $0.values.sorted { $0.key < $1.key } } }

    func append(_ record: AccessRecord) {
        self.state.withLock { $0[record.key] = record.value == nil ? nil : record }
    }

    var isAccepting: Bool { self.accepts.withLock { $0 } }
    let accepts = Mutex(true)

    func flush() async -> Bool { self.isAccepting }
}

@Suite("who is let in after a restart")
struct AccessRecordTests {
    private let clock = ManualClock()
    private let log = KeptRecords()
    private let shop: SiteID
    private let holder: Holder

    init() throws {
        self.shop = try #require(SiteID("shop"))
        self.holder = try Self.holder("s_A", at: self.shop)
    }

    private static func holder(_ session: String, at site: SiteID) throws -> Holder {
        let subject = try #require(Subject(.verified, "47:11 / é"))
        return Holder(site: site, session: try #require(SessionID(session)), subject: subject)
    }

    @Test("while nothing is kept no session is opened or renewed, and the token that was shown is good afterwards")
    func notKept() async throws {
        let now: @Sendable () -> Timestamp = { [clock] in clock.now }
        let revocations = Revocations(log: self.log, now: now)
        let keys = TokenKeyRing(try TokenKey(id: "k1", secret: SymmetricKey(size: .bits256)))
        let desk = SessionDesk(
            sites: [.init(self.shop)],
            accessTokens: AccessTokens(keys: keys, issuer: "test", revocations: revocations, now: now),
            refreshTokens: RefreshTokens(log: self.log, now: now),
            revocations: revocations,
            now: now
        )
        let first = try await desk.open(.init(site: self.shop))
        self.log.accepts.withLock { $0 = false }
        let renewal = SessionDesk.Request(site: self.shop, refreshToken: first.refreshToken.text)
        for request in [.init(site: self.shop), renewal] {
            await #expect(throws: AccessDenied.notKept) { try await desk.open(request) }
        }
        revocations.revoke(.token("t1"))
        #expect(await !desk.flush())
        self.log.accepts.withLock { $0 = true }
        #expect(try await desk.open(renewal).session == first.session)
    }

    /// The tokens of a process that begins now.
    private func tokens() -> RefreshTokens {
        RefreshTokens(log: self.log, restoring: self.log.records, now: { [clock] in clock.now })
    }

    private func revocations() -> Revocations {
        Revocations(log: self.log, restoring: self.log.records, now: { [clock] in clock.now })
    }

    @Test("a refresh token is taken after a restart, once, and for its holder")
    func restart() throws {
        let first = self.tokens().issue(to: self.holder).text
        let renewal = try self.tokens().use(first, at: self.shop)
        #expect(renewal.holder == self.holder)
        let next = try self.tokens().use(renewal.token.text, at: self.shop).token.text
        #expect(self.tokens().count == 1)
        #expect(throws: AccessDenied.refreshRefused) { try self.tokens().use(next, at: #require(SiteID("help"))) }
        #expect(throws: Never.self) { try self.tokens().use(next, at: self.shop) }
    }

    @Test("C8: tabs that race over a restart get the same token; used later it ends the family, for good")
    func race() throws {
        let first = self.tokens().issue(to: self.holder).text
        let successor = try self.tokens().use(first, at: self.shop).token.text
        self.clock.advance(seconds: 20)
        #expect(try self.tokens().use(first, at: self.shop).token.text == successor)
        self.clock.advance(seconds: 20)
        #expect(throws: AccessDenied.refreshReused) { try self.tokens().use(first, at: self.shop) }
        #expect(throws: AccessDenied.refreshRefused) { try self.tokens().use(successor, at: self.shop) }
        #expect(self.log.records.isEmpty)
    }

    @Test("what has run out, and what is no record of a family, isn't taken up")
    func hostile() throws {
        let token = self.tokens().issue(to: self.holder).text
        self.log.append(AccessRecord(key: "family/1-2", value: Array("{}".utf8), expires: .init(milliseconds: .max)))
        self.log.append(AccessRecord(key: "family/x", value: Array("[".utf8), expires: .init(milliseconds: .max)))
        self.log.append(AccessRecord(key: "revoked/", value: [0xFF], expires: .init(milliseconds: .max)))
        #expect(self.tokens().count == 1)
        #expect(self.revocations().count == 0)
        self.clock.advance(seconds: 31 * 86_400)
        #expect(self.tokens().count == 0)
        #expect(throws: AccessDenied.refreshRefused) { try self.tokens().use(token, at: self.shop) }
    }

    @Test("C10: sessions, subjects and tokens stay revoked after a restart, for as long as they were")
    func revoked() throws {
        let (session, subject) = (self.holder.session, self.holder.subject)
        let all: [Revocation] = [
            .session(session, at: nil), .session(session, at: self.shop), .subject(subject, at: nil),
            .subject(subject, at: self.shop), .token("AAAA"),
        ]
        let revocations = self.revocations()
        for revocation in all { revocations.revoke(revocation) }
        #expect(self.revocations().count == all.count)
        #expect(throws: AccessDenied.revoked) { try self.revocations().check(self.holder) }
        self.clock.advance(seconds: 2 * 86_400)
        #expect(self.revocations().count == 0)
    }

    @Test("a session that is revoked has no family after a restart, and its records hold no token")
    func nothingSecret() throws {
        let tokens = self.tokens()
        let revocations = self.revocations()
        revocations.subscribe { tokens.end($0) }
        let text = tokens.issue(to: self.holder).text
        let renewed = try tokens.use(text, at: self.shop).token.text
        let kept = self.log.records.compactMap { $0.value.map { String(decoding: $0, as: UTF8.self) } }.joined()
        for token in [text, renewed] {
            let secret = token.dropFirst(2 + 24).prefix(12)
            #expect(
                !kept.contains(secret) && !kept.contains(secret.replacing("-", with: "+").replacing("_", with: "/"))
            )
        }
        revocations.revoke(.session(self.holder.session, at: self.shop))
        #expect(self.tokens().count == 0)
    }
}
