public import Diagnostics

/// A rule that has a word of the message and did not win.
///
/// Cheap to note for each message: what it says is put together when somebody asks.
public struct LostRule: Sendable {
    /// Why a rule is out.
    enum Loss: UInt8 {
        case topic, page, title, language, site, variable
        case quarantine, cooldown, noMatch, limit, vetoed, behind
    }

    let identity: RuleIdentity
    let loss: Loss

    /// Its full name, `ui/admin-control`.
    public var rule: String { self.identity.name }
    public var place: Place { self.identity.place }
    /// Why, in a few words of ours: `condition: page.path`.
    public var why: String {
        switch self.loss {
        case .topic: "condition: topic"
        case .page: "condition: page.path"
        case .title: "condition: page.title"
        case .language: "condition: lang"
        case .site: "condition: site"
        case .variable: "condition: vars"
        case .quarantine: "quarantine"
        case .cooldown: "cooldown"
        case .noMatch: "no match"
        case .limit: "limit"
        case .vetoed: "unless"
        case .behind: "behind the winner"
        }
    }
}

/// The rules that have a word of a message and did not win, in the order of the rules.
///
/// Thousands of messages' are kept: each is one reference to what all messages share and eight numbers, so that noting a
/// message takes no memory and counts no references for each rule.
public struct LostRules: Sendable, RandomAccessCollection {
    /// How many are noted of one message.
    public static let maximumCount = 8

    /// Of all rules, by rank; none as long as nothing is noted.
    private var identities: [RuleIdentity] = []
    /// The rank of each, and in the lowest byte why it is out.
    private var entries = SIMD8<UInt32>()
    public private(set) var count = 0

    public var startIndex: Int { 0 }
    public var endIndex: Int { self.count }

    public subscript(position: Int) -> LostRule {
        let entry = self.entries[position]
        return LostRule(
            identity: self.identities[Int(entry >> 8)],
            loss: LostRule.Loss(rawValue: UInt8(truncatingIfNeeded: entry)) ?? .noMatch
        )
    }

    /// Notes one; those for which there is no room are left out.
    fileprivate mutating func append(_ rank: Int, of set: RuleSet, _ loss: LostRule.Loss) {
        guard self.count < Self.maximumCount else { return }
        if self.count == 0 { self.identities = set.identities }
        self.entries[self.count] = UInt32(rank) << 8 | UInt32(loss.rawValue)
        self.count += 1
    }
}

/// A rule's name and place, for those who remember the rule longer than its patterns live.
final class RuleIdentity: Sendable {
    let name: String
    let place: Place

    init(name: String, place: Place) {
        self.name = name
        self.place = place
    }
}

extension RuleTrial {
    /// Why the rule is out; nothing for one that matches.
    fileprivate func loss(of rule: CompiledRule) -> LostRule.Loss? {
        switch self {
        case .matched: nil
        case .quarantined: .quarantine
        case .refused(let index): rule.requirements[index].loss
        case .coolingDown: .cooldown
        case .unmatched: .noMatch
        case .limit: .limit
        case .vetoed: .vetoed
        }
    }
}

extension Requirement {
    fileprivate var loss: LostRule.Loss {
        switch self.subject {
        case .topic: .topic
        case .pagePath: .page
        case .pageTitle: .title
        case .lang: .language
        case .site: .site
        case .variable: .variable
        }
    }
}

extension Scanner {
    /// Has the next answer note the rules that do not win.
    public mutating func startNoting() { self.lost = LostRules() }

    /// Notes a rule that was tried, if it is out.
    mutating func note(_ trial: RuleTrial, of rank: Int, in set: RuleSet) {
        guard let loss = trial.loss(of: set.rules[rank]) else { return }
        self.lost?.append(rank, of: set, loss)
    }

    /// Notes the rules behind the winner, which nobody tries.
    mutating func noteOthers(of set: RuleSet, behind rank: Int) {
        guard self.lost != nil else { return }
        var next = self.candidate(from: rank + 1)
        while let rank = next, self.lost?.count ?? 0 < LostRules.maximumCount {
            self.lost?.append(rank, of: set, .behind)
            next = self.candidate(from: rank + 1)
        }
    }
}
