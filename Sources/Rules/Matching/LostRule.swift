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

    /// How many are noted of one message.
    public static let maximumCount = 8
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
    public mutating func startNoting() {
        self.lost = []
        self.lost?.reserveCapacity(LostRule.maximumCount)
    }

    /// Notes a rule that was tried, if it is out.
    mutating func note(_ trial: RuleTrial, of rule: CompiledRule) {
        guard let loss = trial.loss(of: rule) else { return }
        self.note(rule, loss)
    }

    /// Notes the rules behind the winner, which nobody tries.
    mutating func noteOthers(of set: RuleSet, behind rank: Int) {
        guard self.lost != nil else { return }
        var next = self.candidate(from: rank + 1)
        while let rank = next, self.lost?.count ?? 0 < LostRule.maximumCount {
            self.note(set.rules[rank], .behind)
            next = self.candidate(from: rank + 1)
        }
    }

    private mutating func note(_ rule: CompiledRule, _ loss: LostRule.Loss) {
        guard let count = self.lost?.count, count < LostRule.maximumCount else { return }
        self.lost?.append(LostRule(identity: rule.identity, loss: loss))
    }
}
