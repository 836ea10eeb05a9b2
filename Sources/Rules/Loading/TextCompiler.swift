internal import Diagnostics

/// Reads the texts of one rule's outcome and actions, and reports the places in them that could stay empty.
struct TextCompiler {
    private let captures: Set<String>
    /// The captures that every match sets.
    private let alwaysSet: Set<String>
    private let actions: Set<String>
    /// The values that `when` demands.
    private let demanded: Set<Template.Reference>
    private(set) var findings: Findings

    init(
        _ condition: WrittenRule.Condition,
        _ patterns: [CheckedPattern],
        requirements: [Requirement],
        actions: [WrittenAction],
        findings: Findings
    ) {
        self.findings = findings
        self.captures = patterns.reduce(into: []) { $0.formUnion($1.captureNames) }
        let sets = patterns.map(\.node.alwaysSet)
        switch condition {
        case .always: self.alwaysSet = []
        case .all: self.alwaysSet = sets.reduce(into: []) { $0.formUnion($1) }
        case .any: self.alwaysSet = sets.dropFirst().reduce(into: sets.first ?? []) { $0.formIntersection($1) }
        }
        self.demanded = Set(requirements.compactMap(\.demanded))
        self.actions = Set(actions.compactMap(\.name?.value))
        for name in actions.compactMap(\.name) { self.checkName(name) }
    }

    private mutating func checkName(_ name: Written<String>) {
        let isReserved = ["ctx", "visitor"].contains(name.value)
        guard isReserved || self.captures.contains(name.value) else { return }
        let problem = "\"\(name.value)\" is already \(isReserved ? "a value of every message" : "a capture of match")"
        self.findings.error("duplicate-name", at: name.place, problem, hint: "rename the action")
    }

    // MARK: Outcomes and actions

    /// The outcome with its texts read; nothing where one of them has a mistake.
    mutating func outcome(_ outcome: WrittenRule.Outcome) -> CompiledRule.Outcome? {
        switch outcome {
        case .silent(let reason): return .silent(reason)
        case .pass: return .pass
        case .continue: return .continue
        case .handoff(let handoff):
            let note = handoff.note.map { self.template($0) }
            let text = handoff.text.map { self.template($0) }
            return .handoff(Handoff(queue: handoff.queue, note: note, text: text))
        case .reply(let reply):
            let errorCount = self.findings.errorCount
            let variants = reply.variants.compactMap { self.variant($0) }
            guard self.findings.errorCount == errorCount, !variants.isEmpty else { return nil }
            return .reply(Reply(pick: reply.pick, variants: variants))
        }
    }

    /// An action with its texts read.
    mutating func action(_ written: WrittenAction) -> ActionTemplate {
        ActionTemplate(
            responder: written.responder.value,
            operation: written.operation,
            name: written.name?.value,
            fields: written.fields.map { ActionTemplate.Field(name: $0.name, template: self.template($0.text)) }
        )
    }

    private mutating func variant(_ written: WrittenReply.Variant) -> Reply.Variant? {
        let condition = written.guardText.flatMap { self.condition($0) }
        guard condition != nil || written.guardText == nil else { return nil }
        return Reply.Variant(
            condition: condition,
            template: self.template(written.text, of: .variant(condition)),
            choices: written.choices,
            weight: written.weight
        )
    }

    private mutating func condition(_ written: Written<String>) -> Reply.Condition? {
        let isNegated = written.value.hasPrefix("not ")
        let name = isNegated ? String(written.value.dropFirst(4)).trimmed : written.value
        guard var reference = TemplateParser.reference(name) else {
            let hint = "write the name of a capture, or ctx.lang and the like"
            self.findings.error("unknown-value", at: written.place, "unknown value \"\(name)\"", hint: hint)
            return nil
        }
        if case .capture(let name) = reference, self.actions.contains(name) { reference = .action(name, field: nil) }
        guard self.isKnown(reference, at: written.place) else { return nil }
        return Reply.Condition(text: written.value, reference: reference, isSet: !isNegated)
    }

    // MARK: Texts

    /// Where a text stands.
    private enum Role {
        /// In a variant of a reply, which is taken only under its condition.
        case variant(Reply.Condition?)
        /// Where it is always used.
        case other

        /// Whether the text is used only where the value is set.
        func guards(_ reference: Template.Reference) -> Bool {
            guard case .variant(let condition?) = self else { return false }
            return condition.isSet && condition.reference.covers(reference)
        }
    }

    /// A text and the places in it.
    private mutating func template(_ node: YAMLNode, of role: Role = .other) -> Template {
        let parser = TemplateParser(node.text ?? "")
        for problem in parser.problems {
            let place = node.place(ofScalar: problem.offset)
            self.findings.error(problem.code, at: place, problem.problem, hint: problem.hint)
        }
        for use in parser.uses { self.check(use, in: node, role) }
        return Template(pieces: parser.pieces)
    }

    private mutating func check(_ use: TemplateParser.Use, in node: YAMLNode, _ role: Role) {
        let place = node.place(ofScalar: use.offset)
        if case .capture(let name) = use.reference, self.actions.contains(name) {
            let problem = "{{\(name)}} is an action and no text"
            let hint = "write {{\(name).id}}, or another value of its answer"
            return self.findings.error("unknown-value", at: place, problem, hint: hint)
        }
        guard self.isKnown(use.reference, at: place) else { return }
        if case .capture(let name) = use.reference, self.alwaysSet.contains(name) { return }
        guard !use.hasFallback, !role.guards(use.reference), !use.reference.isAlwaysSet,
            !self.demanded.contains(use.reference)
        else { return }
        let problem = "{{\(use.name)}} is not set for every message that the rule matches"
        var hint = "write {{\(use.name)|or:\"...\"}}"
        if case .variant = role {
            let name: String = if case .action(let action, _) = use.reference { action } else { use.name }
            hint = "guard the variant with \"when: \(name)\" or \(hint)"
        }
        self.findings.error("unset-capture", at: place, problem, hint: hint)
    }

    private mutating func isKnown(_ reference: Template.Reference, at place: Place) -> Bool {
        switch reference {
        case .capture(let name) where !self.captures.contains(name):
            let problem = "match has no capture \"\(name)\""
            let known = self.captures.union(self.actions)
            let hint = known.isEmpty ? "write (?<\(name)>...) in match" : suggestion(for: name, among: known)
            self.findings.error("unknown-capture", at: place, problem, hint: hint)
            return false
        case .action(let name, _) where !self.actions.contains(name):
            let problem = "no action of the rule is called \"\(name)\""
            let hint =
                self.actions.isEmpty ? "write as: \(name) in an action" : suggestion(for: name, among: self.actions)
            self.findings.error("unknown-value", at: place, problem, hint: hint)
            return false
        default: return true
        }
    }
}

extension Requirement {
    /// The value that is set wherever the condition holds.
    fileprivate var demanded: Template.Reference? {
        guard !self.isNegated else { return nil }
        return switch self.subject {
        case .pageTitle: .pageTitle
        case .lang: .lang
        case .variable(let name, _): .variable(name)
        case .topic, .pagePath, .site: nil
        }
    }
}
