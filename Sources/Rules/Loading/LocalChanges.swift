internal import Diagnostics

/// The rules of all files with the local changes applied.
struct LocalChanges {
    private(set) var rules: [WrittenRule] = []

    init(_ files: [RuleFile], into findings: inout Findings) {
        var byID: [String: Int] = [:]
        for rule in files.filter({ !$0.isLocal }).flatMap(\.rules) {
            self.add(rule, &byID, into: &findings)
        }
        let shipped = byID
        var local: [String: Place] = [:]
        for rule in files.filter(\.isLocal).flatMap(\.rules) {
            if let first = local.updateValue(rule.id.place, forKey: rule.id.value) {
                Self.reportTwice(rule, first, into: &findings)
            } else if let index = shipped[rule.id.value] {
                self.rules[index].apply(rule)
            } else if rule.condition == nil, !rule.isBroken {
                let hint =
                    shipped.isEmpty
                    ? "write match:"
                    : suggestion(for: rule.id.value, among: shipped.keys)
                        .replacing("did you mean", with: "did you mean to change")
                findings.error("unknown-rule", at: rule.id.place, "id \"\(rule.id.value)\" has no match", hint: hint)
            } else {
                self.add(rule, &byID, into: &findings)
            }
        }
    }

    private mutating func add(_ rule: WrittenRule, _ byID: inout [String: Int], into findings: inout Findings) {
        if let first = byID[rule.id.value] {
            Self.reportTwice(rule, self.rules[first].id.place, into: &findings)
        } else {
            byID[rule.id.value] = self.rules.count
            self.rules.append(rule)
        }
    }

    private static func reportTwice(_ rule: WrittenRule, _ first: Place, into findings: inout Findings) {
        let problem = "id \"\(rule.id.value)\" is also used at \(first)"
        findings.error("duplicate-id", at: rule.id.place, problem, hint: "rename one of them")
    }
}

extension WrittenRule {
    /// Replaces each key that a local change writes.
    fileprivate mutating func apply(_ change: WrittenRule) {
        self.changes.append(change.place)
        self.sources += change.sources
        self.isBroken = self.isBroken || change.isBroken
        if let about = change.about { self.about = about }
        if let enabled = change.enabled { self.enabled = enabled }
        if let priority = change.priority { self.priority = priority }
        if let flags = change.flags { self.flags = flags }
        if let requirements = change.requirements {
            self.requirements = requirements
            self.neededTopics = change.neededTopics
        }
        if let condition = change.condition { self.condition = condition }
        if let vetoes = change.vetoes { self.vetoes = vetoes }
        if let cooldown = change.cooldown { self.cooldown = cooldown }
        if let outcome = change.outcome { self.outcome = outcome }
        if let actions = change.actions { self.actions = actions }
        if let topic = change.topic { self.topic = topic }
        if let tags = change.tags { self.tags = tags }
        if let severity = change.severity { self.severity = severity }
        if let onLimit = change.onLimit { self.onLimit = onLimit }
        if let allowances = change.allowances { self.allowances = allowances }
        if let tests = change.tests { self.tests = tests }
    }
}
