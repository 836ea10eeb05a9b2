import Crypto
import Foundation
import Messages
import Testing

@testable import Access

@Suite("refresh tokens")
struct RefreshTokenTests {
    private let clock = ManualClock()
    private let refreshTokens: RefreshTokens
    private let shop: SiteID
    private let holder: Holder

    init() throws {
        let clock = self.clock
        self.refreshTokens = RefreshTokens(now: { clock.now })
        self.shop = try #require(SiteID("shop"))
        self.holder = try Self.holder("s_A", at: self.shop)
    }

    private static func holder(_ session: String, at site: SiteID, subject: String = "4711") throws -> Holder {
        Holder(
            site: site,
            session: try #require(SessionID(session)),
            subject: try #require(Subject(.verified, subject))
        )
    }

    private func use(_ token: String) throws -> String { try self.refreshTokens.use(token, at: self.shop).token.text }

    @Test("a token has the form of one, is random, and isn't described")
    func form() throws {
        let tokens = (0..<100).map { _ in self.refreshTokens.issue(to: self.holder) }
        #expect(Set(tokens.map(\.text)).count == 100)
        for token in tokens {
            #expect(token.text.hasPrefix("r_") && token.text.count == 66)
            #expect(RefreshToken(token.text)?.text == token.text)
            var text = "\(token) \(String(reflecting: token))"
            dump(token, to: &text)
            #expect(!text.contains(token.text.dropFirst(2)))
        }
    }

    @Test("a token is taken for a new one, and that for the next, and so on for its holder")
    func rotation() throws {
        var token = self.refreshTokens.issue(to: self.holder).text
        var seen: Set<String> = [token]
        for _ in 0..<50 {
            self.clock.advance(seconds: 900)
            let renewal = try self.refreshTokens.use(token, at: self.shop, session: self.holder.session)
            #expect(renewal.holder == self.holder)
            token = renewal.token.text
            #expect(seen.insert(token).inserted)
        }
        #expect(self.refreshTokens.count == 1)
    }

    @Test("C8: used twice within 30 seconds a token gives the same; after that the whole family is gone")
    func reuse() throws {
        let first = self.refreshTokens.issue(to: self.holder).text
        let second = try self.use(first)
        self.clock.advance(milliseconds: 30_000)
        #expect(try self.use(first) == second)
        self.clock.advance(milliseconds: 1)
        var ended: [Holder] = []
        #expect(throws: AccessDenied.refreshReused) {
            try self.refreshTokens.use(first, at: self.shop, onReuse: { ended.append($0) })
        }
        #expect(ended == [self.holder])
        #expect(throws: AccessDenied.refreshRefused) { try self.use(second) }
        #expect(self.refreshTokens.count == 0)
    }

    @Test("C8: a token from long ago ends the family, too")
    func oldReuse() throws {
        let first = self.refreshTokens.issue(to: self.holder).text
        var token = first
        for _ in 0..<20 {
            self.clock.advance(seconds: 900)
            token = try self.use(token)
        }
        #expect(throws: AccessDenied.refreshReused) { try self.use(first) }
        #expect(throws: AccessDenied.refreshRefused) { try self.use(token) }
    }

    @Test("C8: a third tab that comes late in the race gets the newest token, not one that was used")
    func lateRace() throws {
        let first = self.refreshTokens.issue(to: self.holder).text
        let second = try self.use(first)
        self.clock.advance(seconds: 10)
        let third = try self.use(second)
        self.clock.advance(seconds: 10)
        #expect(try self.use(first) == third)
        #expect(try self.use(second) == third)
        self.clock.advance(seconds: 900)
        #expect(try self.use(third) != third)
    }

    @Test("whoever refreshes in a loop is stopped, and loses nothing")
    func loop() throws {
        var token = self.refreshTokens.issue(to: self.holder).text
        for _ in 0..<8 { token = try self.use(token) }
        #expect(throws: AccessDenied.refreshedTooOften) { try self.use(token) }
        #expect(AccessDenied.refreshedTooOften.status == 429)
        self.clock.advance(milliseconds: 30_001)
        _ = try self.use(token)
    }

    @Test("a token of another site or session is refused, and stays good for its own")
    func binding() throws {
        let token = self.refreshTokens.issue(to: self.holder).text
        let forum = try #require(SiteID("forum"))
        #expect(throws: AccessDenied.refreshRefused) { try self.refreshTokens.use(token, at: forum) }
        #expect(throws: AccessDenied.refreshRefused) {
            try self.refreshTokens.use(token, at: self.shop, session: SessionID("s_B"))
        }
        _ = try self.use(token)
    }

    @Test("a token lives for 30 days from when it was given")
    func life() throws {
        let first = self.refreshTokens.issue(to: self.holder).text
        self.clock.advance(milliseconds: 30 * 86_400_000 - 1)
        let second = try self.use(first)
        self.clock.advance(milliseconds: 30 * 86_400_000)
        #expect(throws: AccessDenied.refreshRefused) { try self.use(second) }
    }

    @Test(
        "no token with one bit changed is taken; a changed secret ends the family, since only a holder knows its name"
    )
    func bitFlips() throws {
        let token = Array(self.refreshTokens.issue(to: self.holder).text.utf8)
        for position in token.indices {
            for bit in 0..<8 {
                var changed = token
                changed[position] ^= 1 << bit
                let text = String(decoding: changed, as: UTF8.self)
                #expect(throws: AccessDenied.self, "bit \(bit) of byte \(position)") { try self.use(text) }
            }
        }
        for text in ["", "r_", "é", String(repeating: "A", count: 100_000), "r_" + String(repeating: "A", count: 64)] {
            #expect(throws: AccessDenied.refreshRefused) { try self.use(text) }
        }
    }

    @Test("a clock that was set back by an hour doesn't leave a used token open for an hour")
    func jumpBack() throws {
        let first = self.refreshTokens.issue(to: self.holder).text
        let second = try self.use(first)
        self.clock.advance(seconds: -3_600)
        #expect(throws: AccessDenied.refreshReused) { try self.use(first) }
        #expect(throws: AccessDenied.refreshRefused) { try self.use(second) }
    }

    @Test("a revoked session or subject loses its families, a revoked access token doesn't")
    func revocation() throws {
        let other = try Self.holder("s_B", at: self.shop, subject: "4712")
        for (revocation, remaining) in [
            (Revocation.session(self.holder.session, at: nil), 1), (.session(self.holder.session, at: self.shop), 1),
            (.subject(self.holder.subject, at: nil), 1), (.subject(self.holder.subject, at: SiteID("forum")), 2),
            (.token("t"), 2),
        ] {
            let refreshTokens = RefreshTokens(now: { [clock] in clock.now })
            let token = refreshTokens.issue(to: self.holder).text
            _ = refreshTokens.issue(to: other)
            refreshTokens.end(revocation)
            #expect(refreshTokens.count == remaining, "\(revocation)")
            #expect((refreshTokens.holder(of: token) == nil) == (remaining == 1))
        }
    }

    @Test("a full table forgets visitors who never came back before those who did, and counts them")
    func bound() throws {
        let refreshTokens = RefreshTokens(capacity: 100, now: { [clock] in clock.now })
        var regulars = try (0..<50).map { refreshTokens.issue(to: try Self.holder("s_r\($0)", at: self.shop)).text }
        self.clock.advance(seconds: 60)
        regulars = try regulars.map { try refreshTokens.use($0, at: self.shop).token.text }
        for index in 0..<10_000 { _ = refreshTokens.issue(to: try Self.holder("s_f\(index)", at: self.shop)) }
        #expect(refreshTokens.count == 100)
        #expect(refreshTokens.evicted == 9_950)
        self.clock.advance(seconds: 60)
        for token in regulars { _ = try refreshTokens.use(token, at: self.shop) }
        let small = RefreshTokens(capacity: 2, now: { [clock] in clock.now })
        let tokens = try (0..<3).map { index in
            let first = small.issue(to: try Self.holder("s_\(index)", at: self.shop)).text
            return try small.use(first, at: self.shop).token.text
        }
        #expect(tokens.map { small.holder(of: $0) != nil } == [false, true, true])
    }

    @Test("one session has ten families at most: the one that was used least recently goes")
    func devices() throws {
        let tokens = (0..<11).map { _ in self.refreshTokens.issue(to: self.holder).text }
        #expect(self.refreshTokens.count == 10)
        #expect(self.refreshTokens.holder(of: tokens[0]) == nil)
        for token in tokens.dropFirst() { _ = try self.use(token) }
    }

    @Test("what has run out goes, without a full table")
    func sweep() throws {
        for index in 0..<200 {
            _ = self.refreshTokens.issue(to: try Self.holder("s_\(index)", at: self.shop))
            self.clock.advance(seconds: 86_400)
        }
        #expect(self.refreshTokens.count <= 31)
    }

    @Test("nothing that is kept holds a token")
    func storedHashes() throws {
        var generator = SystemRandomNumberGenerator()
        var table = RefreshTable(RefreshTable.Options(lifeMilliseconds: 1_000, capacity: 10))
        let token = table.issue(to: self.holder, now: self.clock.now, using: &generator)
        let claim = RefreshTable.Claim(site: self.shop)
        guard case .renewed(let renewal) = table.use(token, for: claim, now: self.clock.now, using: &generator) else {
            Issue.record("a fresh token wasn't taken")
            return
        }
        var text = ""
        dump(table, to: &text)
        for token in [token, renewal.token] {
            let secret = Data(base64Encoded: Self.base64(token.text.dropFirst(2)))?.dropFirst(16) ?? Data()
            #expect(secret.count == 32)
            #expect(token.digest.bytes == Array(SHA256.hash(data: secret)))
            #expect(!text.contains(secret.prefix(4).map(String.init).joined(separator: ", ")))
        }
    }

    private static func base64(_ text: Substring) -> String {
        text.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
    }
}
