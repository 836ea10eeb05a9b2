internal import Diagnostics

extension RuleFileReader {
    /// The keys of a rule, in the order of the reference.
    static let ruleKeys = [
        "id", "about", "enabled", "priority", "flags", "match", "unless", "reply", "silent", "pass", "tags", "severity",
        "on_limit", "allow", "tests",
    ]
    static let plannedRuleKeys = ["when", "cooldown", "handoff", "continue", "actions", "set"]

    mutating func readRules(_ node: YAMLNode) {
        for item in self.items("rules", node, expected: "a list of rules") {
            if let rule = self.rule(item) { self.file.rules.append(rule) }
        }
    }

    private mutating func rule(_ node: YAMLNode) -> WrittenRule? {
        let errorCount = self.findings.diagnostics.count
        let keys = self.entries(of: node, "a rule", keys: Self.ruleKeys, planned: Self.plannedRuleKeys)
        guard let entries = keys else { return nil }
        guard let idNode = node["id"] else {
            self.findings.error("missing-key", at: node.place, "the rule has no \"id\"", hint: "write id: and a name")
            return nil
        }
        guard let id = idNode.text, Self.isName(id, separators: "-") else {
            let expected = "a-z, 0-9 and \"-\", at most 64 characters"
            self.findings.wrongValue("id", idNode, expected: expected)
            return nil
        }
        let written = Written(value: id, place: idNode.place.bare)
        var rule = WrittenRule(id: written, file: self.file.index, place: node.place.bare)
        for entry in entries where entry.key != "id" { self.read(entry, into: &rule) }
        self.checkOutcomes(entries)
        // Any mistake inside is enough: what follows from it is no use to anybody.
        rule.isBroken = self.findings.diagnostics.count > errorCount
        return rule
    }

    private mutating func read(_ entry: YAMLNode.Entry, into rule: inout WrittenRule) {
        let value = entry.value
        switch entry.key {
        case "about": rule.about = self.text("about", value, expected: "a sentence")
        case "enabled": rule.enabled = self.flag("enabled", value)
        case "priority": rule.priority = self.priority(value)
        case "flags": rule.flags = self.flags(value)
        case "match": rule.condition = self.condition(value)
        case "unless": rule.vetoes = self.patterns("unless", value)
        case "reply": rule.outcome = self.reply(value).map(WrittenRule.Outcome.reply)
        case "silent":
            rule.outcome = self.text("silent", value, expected: "the reason, as a text").map(WrittenRule.Outcome.silent)
        case "pass":
            if value.text == "true" {
                rule.outcome = .pass
            } else {
                self.findings.wrongValue("pass", value, expected: "true, or leave the key out")
            }
        case "tags": rule.tags = self.texts("tags", value, expected: "a list of tags").map(\.value)
        case "severity": rule.severity = self.word("severity", value)
        case "on_limit": rule.onLimit = self.onLimit(value)
        case "allow": rule.allowsRecursion = self.allowsRecursion(value)
        case "tests": rule.tests = self.tests(value)
        default: break
        }
    }

    /// Exactly one of `reply`, `silent` and `pass`.
    private mutating func checkOutcomes(_ entries: [YAMLNode.Entry]) {
        let outcomes = entries.filter { ["reply", "silent", "pass"].contains($0.key) }
        guard outcomes.count > 1, let first = outcomes.first else { return }
        for other in outcomes.dropFirst() {
            let problem = "the rule has \"\(first.key)\" and \"\(other.key)\""
            self.findings.error(
                "two-outcomes",
                at: other.place,
                problem,
                hint: "a rule has one outcome; keep one of them"
            )
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
        guard let entries = self.entries(of: node, "\"match\"", keys: ["any", "all", "always"]) else { return nil }
        guard let entry = entries.first, entries.count == 1 else {
            let hint = "write one of any:, all: and always: true"
            self.findings.error("conflicting-keys", at: node.place, "\"match\" has \(entries.count) keys", hint: hint)
            return nil
        }
        switch entry.key {
        case "any":
            let patterns = self.patterns("any", entry.value)
            return patterns.isEmpty ? nil : .any(patterns)
        case "all":
            let patterns = self.patterns("all", entry.value)
            return patterns.isEmpty ? nil : .all(patterns)
        default:
            if entry.value.text == "true" { return .always }
            self.findings.wrongValue("always", entry.value, expected: "true")
            return nil
        }
    }

    private mutating func allowsRecursion(_ node: YAMLNode) -> Bool {
        var allowsRecursion = false
        for item in self.items("allow", node, expected: "a list, [recursion]") {
            switch item.text {
            case "recursion": allowsRecursion = true
            case "slow": self.findings.notBuilt("slow", at: item.place)
            default: self.findings.wrongValue("allow", item, expected: "recursion")
            }
        }
        return allowsRecursion
    }
}
