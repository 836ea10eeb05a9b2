internal import Diagnostics

extension RuleFileReader {
    mutating func readRules(_ node: YAMLNode) {
        for item in self.items("rules", node, expected: "a list of rules, each behind \"- \"") {
            if let rule = self.rule(item) { self.file.rules.append(rule) }
        }
    }

    private mutating func rule(_ node: YAMLNode) -> WrittenRule? {
        let errorCount = self.findings.diagnostics.count
        guard let entries = self.entries(of: node, RuleKey.self) else { return nil }
        guard let idNode = entries[.id] else {
            self.findings.error("missing-key", at: node.place, "the rule has no \"id\"", hint: "write id: and a name")
            return nil
        }
        guard let id = self.name("id", idNode) else { return nil }
        let written = Written(value: id, place: idNode.place.bare)
        var rule = WrittenRule(id: written, file: self.file.index, place: node.place.bare)
        rule.isLocal = self.file.isLocal
        for entry in entries { self.read(entry, into: &rule) }
        self.checkOutcomes(entries)
        // Any mistake inside is enough: what follows from it is no use to anybody.
        rule.isBroken = self.findings.diagnostics.count > errorCount
        return rule
    }

    private mutating func read(_ entry: KeyedValue<RuleKey>, into rule: inout WrittenRule) {
        let value = entry.value
        switch entry.key {
        case .id: break
        case .about: rule.about = self.text("about", value, expected: "a sentence")
        case .enabled: rule.enabled = self.flag("enabled", value)
        case .priority: rule.priority = self.priority(value)
        case .flags: rule.flags = self.flags(value)
        case .when:
            rule.requirements = self.requirements(value)
            rule.neededTopics = self.topics(in: value)
        case .match: rule.condition = self.condition(value)
        case .unless: rule.vetoes = self.patterns("unless", value)
        case .cooldown: rule.cooldown = self.cooldown(value, of: rule.id.value)
        case .reply, .handoff, .silent, .pass, .continue: rule.outcome = self.outcome(entry) ?? rule.outcome
        case .actions: rule.actions = self.actions(value)
        case .set: rule.topic = self.topicChange(value)
        case .tags: rule.tags = self.texts("tags", value, expected: "a list of tags").map(\.value)
        case .severity: rule.severity = self.word("severity", value)
        case .onLimit: rule.onLimit = self.onLimit(value)
        case .allow: rule.allowances = self.allowances(value)
        case .tests: rule.tests = self.tests(value)
        }
    }

    private mutating func outcome(_ entry: KeyedValue<RuleKey>) -> WrittenRule.Outcome? {
        let value = entry.value
        switch entry.key {
        case .reply: return self.reply(value).map(WrittenRule.Outcome.reply)
        case .handoff: return self.handoff(value).map(WrittenRule.Outcome.handoff)
        case .silent:
            return self.text("silent", value, expected: "the reason, as a text").map(WrittenRule.Outcome.silent)
        default:
            if value.text == "true" { return entry.key == .pass ? .pass : .continue }
            self.findings.wrongValue(entry.key.rawValue, value, expected: "true, or leave the key out")
            return nil
        }
    }

    /// Exactly one of the outcomes.
    private mutating func checkOutcomes(_ entries: [KeyedValue<RuleKey>]) {
        let outcomes = entries.filter { RuleKey.outcomes.contains($0.key) }
        guard let first = outcomes.first else { return }
        for other in outcomes.dropFirst() {
            let problem = "the rule has \"\(first.key.rawValue)\" and \"\(other.key.rawValue)\""
            let hint = "a rule has one outcome; keep one of them"
            self.findings.error("two-outcomes", at: other.place, problem, hint: hint)
        }
    }

    /// A pattern, or one of `any`, `all` and `always`.
    private mutating func condition(_ node: YAMLNode) -> WrittenRule.Condition? {
        guard node.entries != nil else {
            guard node.items == nil else {
                self.findings.wrongValue("match", node, expected: "a pattern, or any: and the list")
                return nil
            }
            return self.pattern("match", node).map { .any([$0]) }
        }
        guard let entries = self.entries(of: node, MatchKey.self) else { return nil }
        guard let entry = entries.first, entries.count == 1 else {
            let hint = "write one of any:, all: and always: true"
            self.findings.error("conflicting-keys", at: node.place, "\"match\" has \(entries.count) keys", hint: hint)
            return nil
        }
        switch entry.key {
        case .any:
            let patterns = self.patterns("any", entry.value)
            return patterns.isEmpty ? nil : .any(patterns)
        case .all:
            let patterns = self.patterns("all", entry.value)
            return patterns.isEmpty ? nil : .all(patterns)
        case .always:
            if entry.value.text == "true" { return .always }
            self.findings.wrongValue("always", entry.value, expected: "true")
            return nil
        }
    }

    private mutating func allowances(_ node: YAMLNode) -> Set<WrittenRule.Allowance> {
        let items = self.items("allow", node, expected: "a list, [recursion]")
        return Set(items.compactMap { self.word("allow", $0) })
    }
}
