internal import Diagnostics
internal import Responders
internal import Rules

extension Verdict {
    init(_ result: RuleResult) {
        switch result.outcome {
        case .reply(let reply):
            let said = Said(reply.match.id, variant: reply.variant)
            self = .reply(Reply(reply), keep: Augmentation(result.effects, said: [said], of: reply.match))
        case .handoff(let handoff):
            let text = handoff.text.map { Reply($0, format: .plain) }
            let request = Responders.Handoff(queue: handoff.queue, note: handoff.note, text: text)
            self = .handoff(request, keep: Augmentation(result.effects, of: handoff.match))
        case .silent(let match, _):
            self = .suppress(reason: "silent-rule", keep: Augmentation(result.effects, of: match))
        case .pass(let match):
            guard let noted = match ?? result.effects.continued.last else {
                self = .pass(reason: .noRule)
                return
            }
            self = .augment(Augmentation(result.effects, note: Note(noted)))
        case .limit(let hit):
            self = .fail(Failure(.limit, "\(hit.rule) at \(hit.place): \(hit.limit)"))
        }
    }
}

extension Verdict {
    /// The verdict, which counts once others have done what the rules ask for.
    func asking(_ ruleSet: RuleSet, _ result: RuleResult, in context: RuleContext) -> Verdict {
        let actions = result.effects.actions
        guard !actions.isEmpty else { return self }
        let steps = actions.map { action in
            let fields = action.fields.map { ($0.name, $0.value) }
            return ActionPlan.Step(
                responder: action.responder,
                operation: action.operation,
                fields: Dictionary(fields) { _, last in last }
            )
        }
        return self.asking(
            ActionPlan(steps) { results in
                var answers: [String: [String: String]] = [:]
                for (action, done) in zip(actions, results) where action.rule == result.rule {
                    if let name = action.name { answers[name] = done?.values }
                }
                return Verdict(ruleSet.result(result, in: context, answers: answers))
            }
        )
    }
}

extension Reply {
    /// Plain text: parts of it may be the visitor's own words, which must not turn into markup.
    fileprivate init(_ reply: RuleReply) {
        self.init(reply.text, format: .plain, choices: reply.choices.map { Choice($0.label, send: $0.send) })
    }
}

extension Augmentation {
    fileprivate init(_ effects: RuleEffects, note: Note? = nil, said: [Said] = [], of match: RuleMatch? = nil) {
        self.init(
            note: note,
            tags: effects.tags,
            topic: effects.topic.map { TopicChange($0) },
            severity: effects.severity.flatMap { Severity(rawValue: $0.rawValue) },
            said: said,
            cooldowns: effects.cooldowns.map { Cooldown($0.id, scope: Cooldown.Scope($0.scope), for: $0.duration) },
            rule: match?.rule,
            at: match?.place
        )
    }
}

extension TopicChange {
    fileprivate init(_ change: RuleEffects.TopicChange) {
        switch change {
        case .open(let topic, let expires): self = .open(topic, for: expires)
        case .close: self = .close
        }
    }
}

extension Note {
    /// The rule's name and what its pattern captured, for later responders.
    fileprivate init(_ match: RuleMatch) {
        let captures = Dictionary(match.captures.map { ($0.name, Note.text($0.value)) }) { first, _ in first }
        self = ["rule": .text(match.rule), "captures": .fields(captures)]
    }
}
