extension CompiledRule {
    /// The rule and what it captured.
    func match(_ captures: [Capture]) -> RuleMatch {
        RuleMatch(
            rule: self.name,
            place: self.place,
            captures: captures.map {
                Capture(name: $0.name, value: String($0.value.prefix(Template.maximumValueLength)))
            },
            tags: self.tags,
            severity: self.severity
        )
    }

    /// What the rule says about a message that it won.
    ///
    /// - Parameters:
    ///   - match: What it captured.
    ///   - context: What texts may use.
    ///   - answers: What responders have said to the rule's actions, by the action's name.
    /// - Returns: The outcome, or nothing where the evaluation goes on.
    func outcome(
        of match: RuleMatch,
        in context: RuleContext,
        answers: [String: [String: String]] = [:]
    ) -> RuleOutcome? {
        switch self.outcome {
        case .continue: return nil
        case .silent(let reason): return .silent(match, reason: reason)
        case .pass: return .pass(match)
        case .handoff(let handoff):
            let values = ReplyValues(captures: match.captures, context: context, answers: answers)
            return .handoff(
                RuleHandoff(
                    match: match,
                    queue: handoff.queue,
                    note: handoff.note?.text(values),
                    text: handoff.text?.text(values)
                )
            )
        case .reply(let reply):
            let values = ReplyValues(captures: match.captures, context: context, answers: answers)
            let choice = reply.choose(rule: self.id, values)
            let variant = reply.variants[choice]
            return .reply(
                RuleReply(match: match, text: variant.template.text(values), choices: variant.choices, variant: choice)
            )
        }
    }
}

extension RuleEffects {
    /// Adds what a rule asks for that matched.
    mutating func add(_ match: RuleMatch, of rule: CompiledRule, in context: RuleContext) {
        if case .continue = rule.outcome { self.continued.append(match) }
        for tag in rule.tags where !self.tags.contains(tag) { self.tags.append(tag) }
        if let severity = rule.severity { self.severity = severity }
        if let topic = rule.topic { self.topic = topic }
        if let cooldown = rule.cooldown { self.cooldowns.append(cooldown) }
        guard !rule.actions.isEmpty else { return }
        let values = ReplyValues(captures: match.captures, context: context)
        self.actions += rule.actions.map { $0.action(of: rule.name, values) }
    }
}
