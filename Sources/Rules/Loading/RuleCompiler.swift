internal import Diagnostics

/// Turns written rules into compiled ones and reports what is wrong with them.
struct RuleCompiler {
    private var vocabulary: Vocabulary
    private let files: [RuleFile]
    private let bench = PatternBench()

    init(_ files: [RuleFile], into findings: inout Findings) {
        self.files = files
        self.vocabulary = Vocabulary(files, into: &findings)
    }

    /// Compiles a rule; nothing where it has a mistake.
    mutating func compile(
        _ rule: WrittenRule,
        _ memory: inout LoadMemory,
        into findings: inout Findings
    ) -> CompiledRule? {
        guard self.isWhole(rule, into: &findings), let written = rule.condition, let outcome = rule.outcome else {
            // A mistake elsewhere in the rule doesn't hide those of its patterns.
            if let condition = rule.condition { _ = self.patterns(of: condition, rule, &memory, into: &findings) }
            return nil
        }
        let errorCount = findings.errorCount
        let patterns = self.patterns(of: written, rule, &memory, into: &findings)
        let vetoes = (rule.vetoes ?? []).compactMap { self.checked($0, rule, &memory, into: &findings) }
        guard findings.errorCount == errorCount, !self.vocabulary.isIncomplete[rule.file] else { return nil }
        let all = (patterns + vetoes).map(\.pattern)
        let result =
            memory.rule(rule.sources, all)
            ?? self.compile(rule, written, patterns, vetoes.map(\.pattern), outcome)
        memory.keep(result, as: rule.sources)
        for finding in result.findings { findings.add(finding) }
        return result.rule
    }

    /// Compiles a rule whose patterns are; depends on nothing but these and on the file that the rule was written in.
    private func compile(
        _ rule: WrittenRule,
        _ written: WrittenRule.Condition,
        _ patterns: [CheckedPattern],
        _ vetoes: [Pattern],
        _ outcome: WrittenRule.Outcome
    ) -> LoadMemory.KeptRule {
        var findings = Findings()
        if case .all = written { Self.refuseSharedNames(patterns, into: &findings) }
        var texts = TextCompiler(written, patterns, actions: rule.actions ?? [], findings: findings)
        let compiledOutcome = texts.outcome(outcome)
        let actions = (rule.actions ?? []).map { texts.action($0) }
        var result = LoadMemory.KeptRule(
            patterns: patterns.map(\.pattern) + vetoes,
            findings: texts.findings.diagnostics
        )
        guard !texts.findings.hasErrors, let compiledOutcome else { return result }
        let file = self.files[rule.file]
        result.rule = CompiledRule(
            rule,
            name: "\(file.stem)/\(rule.id.value)",
            defaults: file.defaults,
            condition: Self.condition(written, patterns),
            vetoes: vetoes,
            outcome: compiledOutcome,
            actions: actions,
            required: Self.required(by: written, patterns)
        )
        return result
    }

    /// Warns of what no rule has used, after all of them were compiled.
    func warnOfUnusedWords(into findings: inout Findings) { self.vocabulary.warnOfUnusedWords(into: &findings) }

    private func isWhole(_ rule: WrittenRule, into findings: inout Findings) -> Bool {
        guard !rule.isBroken else { return false }
        if rule.condition == nil {
            let hint = "write match: and a pattern"
            findings.error("missing-key", at: rule.id.place, "rule \"\(rule.id.value)\" has no match", hint: hint)
        }
        if rule.outcome == nil {
            let hint = "write reply:, or handoff:, silent:, pass: true or continue: true"
            findings.error("missing-key", at: rule.id.place, "rule \"\(rule.id.value)\" has no outcome", hint: hint)
        }
        return rule.condition != nil && rule.outcome != nil
    }

    // MARK: Patterns

    private mutating func patterns(
        of condition: WrittenRule.Condition,
        _ rule: WrittenRule,
        _ memory: inout LoadMemory,
        into findings: inout Findings
    ) -> [CheckedPattern] {
        switch condition {
        case .always: []
        case .any(let patterns), .all(let patterns):
            patterns.compactMap { self.checked($0, rule, &memory, into: &findings) }
        }
    }

    private mutating func checked(
        _ written: WrittenPattern,
        _ rule: WrittenRule,
        _ memory: inout LoadMemory,
        into findings: inout Findings
    ) -> CheckedPattern? {
        guard let expanded = self.vocabulary.expand(written, into: &findings) else { return nil }
        let options = rule.flags ?? self.files[rule.file].defaults.flags
        let key = PatternKey(text: expanded.text, options: options, allowances: rule.allowances ?? [])
        // Many rules share a pattern: `unless: '{{solved}}'`. Whether a control character was written in it or in a macro
        // can't be told from the text.
        if written.controlCharacter == nil, var known = memory.pattern(key) {
            known.written = written
            return known
        }
        let findingCount = findings.diagnostics.count
        let checked = PatternCheck.compile(
            expanded,
            of: written,
            options: options,
            allowances: key.allowances,
            self.bench,
            into: &findings
        )
        // What is said of a pattern is said at each of its places.
        if let checked, findings.diagnostics.count == findingCount { memory.keep(checked, as: key) }
        return checked
    }

    private static func condition(
        _ written: WrittenRule.Condition,
        _ patterns: [CheckedPattern]
    ) -> CompiledRule.Condition {
        switch written {
        case .always: .always
        case .any: .any(patterns.map(\.pattern))
        case .all: .all(patterns.map(\.pattern))
        }
    }

    private static func required(
        by written: WrittenRule.Condition,
        _ patterns: [CheckedPattern]
    ) -> [RequiredLiterals] {
        // The flags are the rule's, so all of its patterns have the same.
        let isUnicode = patterns.first?.pattern.options.contains(.ucp) ?? false
        return switch written {
        case .always: []
        case .any: RequiredLiterals.required(by: .alternation(patterns.map(\.node)), isUnicode: isUnicode)
        case .all: patterns.flatMap { RequiredLiterals.required(by: $0.node, isUnicode: isUnicode) }
        }
    }

    private static func refuseSharedNames(_ patterns: [CheckedPattern], into findings: inout Findings) {
        var seen: Set<String> = []
        for pattern in patterns {
            for name in pattern.captureNames.sorted() where !seen.insert(name).inserted {
                let problem = "{{\(name)}} is captured by two patterns of all:"
                findings.error("duplicate-capture", at: pattern.written.node.place, problem, hint: "rename one of them")
            }
        }
    }
}
