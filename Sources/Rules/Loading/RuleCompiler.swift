internal import Diagnostics

/// Turns written rules into compiled ones and reports what is wrong with them.
struct RuleCompiler {
    private var vocabulary: Vocabulary
    private let files: [RuleFile]

    init(_ files: [RuleFile], into findings: inout Findings) {
        self.files = files
        self.vocabulary = Vocabulary(files, into: &findings)
    }

    /// Compiles a rule; nothing where it has a mistake.
    mutating func compile(_ rule: WrittenRule, into findings: inout Findings) -> CompiledRule? {
        guard self.isWhole(rule, into: &findings), let written = rule.condition, let outcome = rule.outcome else {
            // A mistake elsewhere in the rule doesn't hide those of its patterns.
            if let condition = rule.condition { _ = self.patterns(of: condition, rule, into: &findings) }
            return nil
        }
        let errorCount = findings.errorCount
        let patterns = self.patterns(of: written, rule, into: &findings)
        let vetoes = (rule.vetoes ?? []).compactMap { self.checked($0, rule, into: &findings) }
        guard findings.errorCount == errorCount, !self.vocabulary.isIncomplete[rule.file] else { return nil }
        let condition = Self.condition(written, patterns)
        if case .all = written { Self.refuseSharedNames(patterns, into: &findings) }
        let compiledOutcome = self.outcome(outcome, Names(written, patterns), into: &findings)
        guard findings.errorCount == errorCount, let compiledOutcome else { return nil }
        let file = self.files[rule.file]
        return CompiledRule(
            name: "\(file.stem)/\(rule.id.value)",
            id: rule.id.value,
            place: rule.place,
            about: rule.about,
            isEnabled: rule.enabled ?? true,
            priority: rule.priority ?? file.defaults.priority,
            condition: condition,
            vetoes: vetoes.map(\.pattern),
            outcome: compiledOutcome,
            tags: rule.tags ?? [],
            severity: rule.severity,
            onLimit: rule.onLimit ?? file.defaults.onLimit,
            required: Self.required(by: written, patterns)
        )
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
            let hint = "write reply:, silent: or pass: true"
            findings.error("missing-key", at: rule.id.place, "rule \"\(rule.id.value)\" has no outcome", hint: hint)
        }
        return rule.condition != nil && rule.outcome != nil
    }

    // MARK: Patterns

    private mutating func patterns(
        of condition: WrittenRule.Condition,
        _ rule: WrittenRule,
        into findings: inout Findings
    ) -> [CheckedPattern] {
        switch condition {
        case .always: []
        case .any(let patterns), .all(let patterns): patterns.compactMap { self.checked($0, rule, into: &findings) }
        }
    }

    private mutating func checked(
        _ written: WrittenPattern,
        _ rule: WrittenRule,
        into findings: inout Findings
    ) -> CheckedPattern? {
        guard let expanded = self.vocabulary.expand(written, into: &findings) else { return nil }
        return PatternCheck.compile(
            expanded,
            of: written,
            options: rule.flags ?? self.files[rule.file].defaults.flags,
            allowsRecursion: rule.allowsRecursion ?? false,
            into: &findings
        )
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
        switch written {
        case .always: []
        case .any: RequiredLiterals.required(by: .alternation(patterns.map(\.node)))
        case .all: patterns.flatMap { RequiredLiterals.required(by: $0.node) }
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

    // MARK: Replies

    /// The captures of a rule: all names, and those that every match sets.
    private struct Names {
        let all: Set<String>
        let alwaysSet: Set<String>

        init(_ condition: WrittenRule.Condition, _ patterns: [CheckedPattern]) {
            self.all = patterns.reduce(into: []) { $0.formUnion($1.captureNames) }
            let sets = patterns.map(\.node.alwaysSet)
            if case .all = condition {
                self.alwaysSet = sets.reduce(into: []) { $0.formUnion($1) }
            } else {
                self.alwaysSet = sets.dropFirst().reduce(sets.first ?? []) { $0.intersection($1) }
            }
        }
    }

    private func outcome(
        _ outcome: WrittenRule.Outcome,
        _ names: Names,
        into findings: inout Findings
    ) -> CompiledRule.Outcome? {
        switch outcome {
        case .silent(let reason): return .silent(reason)
        case .pass: return .pass
        case .reply(let reply):
            let errorCount = findings.errorCount
            let variants = reply.variants.compactMap { Self.variant($0, names, into: &findings) }
            if let last = reply.variants.last?.guardText {
                let hint = "add a variant without when: at the end"
                findings.error("no-default-variant", at: last.place, "the last variant has a condition", hint: hint)
            }
            guard findings.errorCount == errorCount, !variants.isEmpty else { return nil }
            return .reply(Reply(pick: reply.pick, variants: variants))
        }
    }

    private static func variant(
        _ written: WrittenReply.Variant,
        _ names: Names,
        into findings: inout Findings
    ) -> Reply.Variant? {
        let condition = written.guardText.flatMap { self.condition($0, names, into: &findings) }
        guard let text = written.text.text, condition != nil || written.guardText == nil else { return nil }
        let parser = TemplateParser(text)
        for problem in parser.problems {
            let place = written.text.place(ofScalar: problem.offset)
            findings.error(problem.code, at: place, problem.problem, hint: problem.hint)
        }
        for use in parser.uses { self.check(use, in: written.text, condition, names, into: &findings) }
        return Reply.Variant(
            condition: condition,
            template: Template(pieces: parser.pieces),
            choices: written.choices,
            weight: written.weight
        )
    }

    private static func condition(
        _ written: Written<String>,
        _ names: Names,
        into findings: inout Findings
    ) -> Reply.Condition? {
        let isNegated = written.value.hasPrefix("not ")
        let name = isNegated ? String(written.value.dropFirst(4)).trimmed : written.value
        guard let reference = TemplateParser.reference(name) else {
            let hint = "write the name of a capture, or ctx.lang and the like"
            findings.error("unknown-value", at: written.place, "unknown value \"\(name)\"", hint: hint)
            return nil
        }
        if case .capture(let capture) = reference, !names.all.contains(capture) {
            self.unknownCapture(capture, at: written.place, names, into: &findings)
            return nil
        }
        return Reply.Condition(text: written.value, reference: reference, isSet: !isNegated)
    }

    private static func check(
        _ use: TemplateParser.Use,
        in node: YAMLNode,
        _ condition: Reply.Condition?,
        _ names: Names,
        into findings: inout Findings
    ) {
        let place = node.place(ofScalar: use.offset)
        if case .capture(let name) = use.reference {
            guard names.all.contains(name) else {
                return self.unknownCapture(name, at: place, names, into: &findings)
            }
            if names.alwaysSet.contains(name) { return }
        }
        let isGuarded = condition.map { $0.reference == use.reference && $0.isSet } ?? false
        guard !use.hasFallback, !isGuarded, !use.reference.isAlwaysSet else { return }
        let problem = "{{\(use.name)}} is not set for every message that the rule matches"
        let hint = "guard the variant with \"when: \(use.name)\" or write {{\(use.name)|or:\"...\"}}"
        findings.error("unset-capture", at: place, problem, hint: hint)
    }

    private static func unknownCapture(
        _ name: String,
        at place: Place,
        _ names: Names,
        into findings: inout Findings
    ) {
        let problem = "match has no capture \"\(name)\""
        findings.error("unknown-capture", at: place, problem, hint: suggestion(for: name, among: names.all))
    }
}

extension Findings {
    var errorCount: Int { self.diagnostics.count { $0.severity == .error } }
}
