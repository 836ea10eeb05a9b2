import Messages
import Testing

@testable import Access

/// The table against a slow reference that remembers every token that there ever was.
@Suite("refresh tokens against a model")
struct RefreshModelTests {
    /// One family as a list of all its tokens, oldest first.
    private struct Family {
        let holder: Holder
        var tokens: [String]
        /// When each token but the last was used first.
        var usedAt: [Int64] = []
        var expires: Int64
        var isGone = false
    }

    private struct Model {
        static let life: Int64 = 100_000
        var families: [Family] = []

        enum Expectation: Equatable {
            case refused, reused, tooOften
            /// The newest token is replaced.
            case renewed
            /// The newest token is given again.
            case same(String)
        }

        mutating func use(_ token: String, at site: SiteID, now: Int64) -> Expectation {
            guard let index = self.families.firstIndex(where: { $0.tokens.contains(token) }) else { return .refused }
            let family = self.families[index]
            guard !family.isGone, family.holder.site == site, now < family.expires else { return .refused }
            let recent = family.usedAt.count { now - $0 <= 30_000 }
            let place = family.tokens.firstIndex(of: token) ?? 0
            if place == family.tokens.count - 1 { return recent < 8 ? .renewed : .tooOften }
            guard place >= family.usedAt.count - recent else {
                self.families[index].isGone = true
                return .reused
            }
            return .same(family.tokens[family.tokens.count - 1])
        }

        mutating func renew(_ token: String, by successor: String, now: Int64) {
            guard let index = self.families.firstIndex(where: { $0.tokens.last == token }) else { return }
            self.families[index].tokens.append(successor)
            self.families[index].usedAt.append(now)
            self.families[index].expires = now + Self.life
        }
    }

    private let sites: [SiteID]

    init() throws { self.sites = [try #require(SiteID("shop")), try #require(SiteID("forum"))] }

    @Test("random uses, reuses, guesses and times end as the model says", arguments: 0..<20 as Range<UInt64>)
    func random(seed: UInt64) throws {
        var generator = SplitMix64(seed: 8, index: seed)
        var table = RefreshTable(RefreshTable.Options(lifeMilliseconds: Model.life, capacity: 1_000))
        var model = Model()
        var now: Int64 = 1_000_000
        for step in 0..<600 {
            switch Int.random(in: 0..<20, using: &generator) {
            case 0, 1:
                let family = try self.issue(step, &table, now, &generator)
                model.families.append(family)
            case 2..<6: now += Int64.random(in: 0...20_000, using: &generator)
            case 6: now += Int64.random(in: 0...60_000, using: &generator)
            case 7: try self.revoke(&table, &model, using: &generator)
            default: try self.use(&table, &model, now, step, &generator)
            }
            let live = model.families.count { !$0.isGone && now < $0.expires }
            #expect(table.count >= live, "step \(step)")
        }
    }

    private func issue(
        _ step: Int,
        _ table: inout RefreshTable,
        _ now: Int64,
        _ generator: inout SplitMix64
    ) throws -> Family {
        let holder = Holder(
            site: self.sites[Int.random(in: 0..<2, using: &generator)],
            session: try #require(SessionID("s_\(step)")),
            subject: try #require(Subject(.anonymous, "\(step % 7)"))
        )
        let token = table.issue(to: holder, now: Timestamp(milliseconds: now), using: &generator)
        return Family(holder: holder, tokens: [token.text], expires: now + Model.life)
    }

    private func revoke(_ table: inout RefreshTable, _ model: inout Model, using generator: inout SplitMix64) throws {
        guard let holder = model.families.randomElement(using: &generator)?.holder else { return }
        let revocation: Revocation =
            Bool.random(using: &generator)
            ? .session(holder.session, at: Bool.random(using: &generator) ? holder.site : nil)
            : .subject(holder.subject, at: holder.site)
        table.end(revocation)
        for index in model.families.indices where revocation.covers(model.families[index].holder) {
            model.families[index].isGone = true
        }
    }

    private func use(
        _ table: inout RefreshTable,
        _ model: inout Model,
        _ now: Int64,
        _ step: Int,
        _ generator: inout SplitMix64
    ) throws {
        guard let family = model.families.randomElement(using: &generator) else { return }
        // Mostly the newest ones, as a client has them.
        let back = [0, 0, 0, 0, 1, 1, 2, 5].randomElement(using: &generator) ?? 0
        let text = family.tokens[max(0, family.tokens.count - 1 - back)]
        let isElsewhere = Int.random(in: 0..<20, using: &generator) == 0
        let site =
            isElsewhere ? self.sites.first { $0 != family.holder.site } ?? family.holder.site : family.holder.site
        let token = try #require(RefreshToken(text))
        let moment = Timestamp(milliseconds: now)
        let expected = model.use(text, at: site, now: now)
        let isUsable = table.holder(of: token, now: moment)?.site == site
        let outcome = table.use(token, for: RefreshTable.Claim(site: site), now: moment, using: &generator)
        switch (outcome, expected) {
        case (.renewed(let renewal), .renewed):
            #expect(renewal.holder == family.holder && renewal.renewed == moment)
            model.renew(text, by: renewal.token.text, now: now)
        case (.renewed(let renewal), .same(let newest)): #expect(renewal.token.text == newest, "step \(step)")
        case (.reused(let holder), .reused): #expect(holder == family.holder)
        case (.refused, .refused), (.tooOften, .tooOften): break
        default: Issue.record("step \(step): \(outcome), not \(expected)")
        }
        #expect(isUsable == ![.refused, .reused].contains(expected), "step \(step)")
    }
}
