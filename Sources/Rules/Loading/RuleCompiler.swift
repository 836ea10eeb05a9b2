internal import Diagnostics

/// Turns written rules into compiled ones and reports what is wrong with them.
struct RuleCompiler {
    private var vocabulary: Vocabulary
    private let files: [RuleFile]
    private let rules: [WrittenRule]
    /// For each rule its patterns with their words and macros written out: those of `match`, then those of `unless`.
    private var expansions: [[Expansion]] = []
    private let bench = PatternBench()
    /// Counts the new patterns and then the rules; nothing where nobody looks.
    private var progress: LoadProgress?

    /// A pattern, written out.
    private struct Expansion {
        var written: WrittenPattern
        /// Nothing where one of its words or macros has a mistake.
        var expanded: ExpandedPattern?
        /// What was said about its words and macros.
        var findings: [Diagnostic] = []
        /// The pattern, where there is nothing to say about it.
        var faultless: CheckedPattern?
    }

    /// Prepares to compile rules: writes out their words and macros, and tries what is new among their patterns.
    init(
        _ files: [RuleFile],
        _ rules: [WrittenRule],
        _ memory: inout LoadMemory,
        into findings: inout Findings,
        progress observer: LoadProgress.Observer? = nil
    ) {
        self.files = files
        self.rules = rules
        self.vocabulary = Vocabulary(files, into: &findings)
        self.expansions = rules.map { self.expand($0) }
        self.tryNewPatterns(&memory, observer)
    }

    /// Compiles a rule; nothing where it has a mistake.
    mutating func compile(_ index: Int, _ memory: inout LoadMemory, into findings: inout Findings) -> CompiledRule? {
        defer { self.progress?.advance() }
        let (rule, expansions) = (self.rules[index], self.expansions[index])
        let isWhole = self.isWhole(rule, into: &findings)
        let errorCount = findings.errorCount
        let vetoCount = isWhole ? rule.vetoes?.count ?? 0 : 0
        // A mistake elsewhere in the rule doesn't hide those of its patterns.
        let checked = expansions.map { self.checked($0, rule, &memory, into: &findings) }
        guard isWhole, let written = rule.condition, let outcome = rule.outcome else { return nil }
        guard findings.errorCount == errorCount, !self.vocabulary.isIncomplete[rule.file] else { return nil }
        let patterns = checked.dropLast(vetoCount).compactMap(\.self)
        let vetoes = checked.suffix(vetoCount).compactMap(\.self)
        let result =
            memory.rule(rule.sources, (patterns + vetoes).map(\.pattern))
            ?? self.compile(rule, written, patterns, vetoes, outcome)
        memory.keep(result, as: rule.sources)
        for finding in result.findings { findings.add(finding) }
        return result.rule
    }

    /// Compiles a rule whose patterns are; depends on nothing but these and on the file that the rule was written in.
    private func compile(
        _ rule: WrittenRule,
        _ written: WrittenRule.Condition,
        _ patterns: [CheckedPattern],
        _ vetoes: [CheckedPattern],
        _ outcome: WrittenRule.Outcome
    ) -> LoadMemory.KeptRule {
        var findings = Findings()
        if case .all = written { Self.refuseSharedNames(patterns, into: &findings) }
        var texts = TextCompiler(
            written,
            patterns,
            requirements: rule.requirements ?? [],
            actions: rule.actions ?? [],
            findings: findings
        )
        let compiledOutcome = texts.outcome(outcome)
        let actions = (rule.actions ?? []).map { texts.action($0) }
        var result = LoadMemory.KeptRule(
            patterns: (patterns + vetoes).map(\.pattern),
            findings: texts.findings.diagnostics
        )
        guard !texts.findings.hasErrors, let compiledOutcome else { return result }
        let file = self.files[rule.file]
        result.rule = CompiledRule(
            rule,
            name: "\(file.stem)/\(rule.id.value)",
            defaults: file.defaults,
            condition: Self.condition(written, patterns),
            vetoes: vetoes.map(\.pattern),
            outcome: compiledOutcome,
            actions: actions,
            needs: Self.needs(of: written, patterns, vetoes)
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

    /// The patterns of a rule: those of `unless` only where the rule is whole.
    private mutating func expand(_ rule: WrittenRule) -> [Expansion] {
        let isWhole = !rule.isBroken && rule.outcome != nil
        let patterns: [WrittenPattern] =
            switch rule.condition {
            case nil: []
            case .always: isWhole ? rule.vetoes ?? [] : []
            case .any(let patterns), .all(let patterns): patterns + (isWhole ? rule.vetoes ?? [] : [])
            }
        return patterns.map { pattern in
            var findings = Findings()
            let expanded = self.vocabulary.expand(pattern, into: &findings)
            return Expansion(written: pattern, expanded: expanded, findings: findings.diagnostics)
        }
    }

    private func key(of expanded: ExpandedPattern, _ rule: WrittenRule) -> PatternKey {
        let options = rule.flags ?? self.files[rule.file].defaults.flags
        return PatternKey(text: expanded.text, options: options, allowances: rule.allowances ?? [])
    }

    private func checked(
        _ expansion: Expansion,
        _ rule: WrittenRule,
        _ memory: inout LoadMemory,
        into findings: inout Findings
    ) -> CheckedPattern? {
        for finding in expansion.findings { findings.add(finding) }
        if var known = expansion.faultless {
            known.written = expansion.written
            return known
        }
        guard let expanded = expansion.expanded else { return nil }
        let key = self.key(of: expanded, rule)
        // Many rules share a pattern: `unless: '{{solved}}'`. Whether a control character was written in it or in a macro
        // can't be told from the text.
        if expansion.written.controlCharacter == nil, var known = memory.pattern(key) {
            known.written = expansion.written
            return known
        }
        let findingCount = findings.diagnostics.count
        let checked = PatternCheck.compile(expanded, of: expansion.written, key, self.bench, into: &findings)
        // What is said of a pattern is said at each of its places.
        if let checked, findings.diagnostics.count == findingCount { memory.keep(checked, as: key) }
        return checked
    }

    /// Compiles the patterns that no earlier load has left, on all processors, and keeps those without a mistake.
    ///
    /// The others are looked at again, each in its turn: what is said of them has an order, and whether one is slow has to
    /// be measured while nothing else is done.
    private mutating func tryNewPatterns(_ memory: inout LoadMemory, _ observer: LoadProgress.Observer?) {
        var new: [PatternKey: (expanded: ExpandedPattern, written: WrittenPattern)] = [:]
        for (rule, expansions) in self.expansions.enumerated() {
            for (index, expansion) in expansions.enumerated() where expansion.written.controlCharacter == nil {
                guard let expanded = expansion.expanded else { continue }
                let key = self.key(of: expanded, self.rules[rule])
                let known = memory.pattern(key)
                self.expansions[rule][index].faultless = known
                if known == nil { new[key] = (expanded, expansion.written) }
            }
        }
        let patterns = new.map { (key: $0.key, expanded: $0.value.expanded, written: $0.value.written) }
        let progress = observer.map { LoadProgress(of: patterns.count + self.rules.count, $0) }
        self.progress = progress
        let checked = inParallel(patterns.count, with: { PatternBench(sharedBy: $0) }) { index, bench in
            defer { progress?.advance() }
            let pattern = patterns[index]
            var findings = Findings()
            let checked = PatternCheck.compile(
                pattern.expanded,
                of: pattern.written,
                pattern.key,
                bench,
                into: &findings
            )
            return findings.diagnostics.isEmpty ? checked : nil
        }
        for (pattern, checked) in zip(patterns, checked) {
            if let checked { memory.keep(checked, as: pattern.key) }
        }
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

    private static func needs(
        of written: WrittenRule.Condition,
        _ patterns: [CheckedPattern],
        _ vetoes: [CheckedPattern]
    ) -> Prefilter.Needs {
        let own = patterns.map(\.required)
        var isChoice = false
        if case .any = written { isChoice = own.count > 1 }
        // What one of several needs that must all match, the rule needs.
        let rule = isChoice ? RequiredLiterals.required(byOneOf: own) : own.flatMap(\.self)
        let parts =
            patterns.map { $0.needs(isChoice ? $0.required : []) } + vetoes.map { $0.needs($0.required) }
        let saysMore = parts.contains { $0 != Prefilter.PatternNeeds() }
        return Prefilter.Needs(rule: rule, patterns: saysMore ? parts : [])
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
