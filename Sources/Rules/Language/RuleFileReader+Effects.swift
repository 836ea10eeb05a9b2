internal import Diagnostics

extension RuleFileReader {
    /// `cooldown`: `{per, for}`.
    mutating func cooldown(_ node: YAMLNode, of id: String) -> RuleCooldown? {
        guard let entries = self.entries(of: node, CooldownKey.self) else { return nil }
        let scope: RuleCooldown.Scope? = entries[.per].map { self.word("per", $0) } ?? .session
        guard let durationNode = entries[.duration] else {
            let hint = "write for: and a time, such as 60s"
            self.findings.error("missing-key", at: node.place, "\"cooldown\" has no \"for\"", hint: hint)
            return nil
        }
        guard let duration = self.duration("for", durationNode), let scope else { return nil }
        return RuleCooldown(id: id, scope: scope, duration: duration)
    }

    /// `set`: `{topic, expires}`.
    mutating func topicChange(_ node: YAMLNode) -> RuleEffects.TopicChange? {
        guard let entries = self.entries(of: node, SetKey.self) else { return nil }
        guard let topicNode = entries[.topic] else {
            let hint = "write topic: and a name, or none"
            self.findings.error("missing-key", at: node.place, "\"set\" has no \"topic\"", hint: hint)
            return nil
        }
        let expires = entries[.expires].map { self.duration("expires", $0) }
        guard topicNode.text != "none" else {
            if let entry = entries.first(where: { $0.key == .expires }) {
                let problem = "\"topic: none\" closes the topic, so nothing is left to expire"
                self.findings.error("conflicting-keys", at: entry.place, problem, hint: "leave it out")
            }
            return .close
        }
        guard let topic = self.name("topic", topicNode) else { return nil }
        switch expires {
        case nil: return .open(topic, expires: nil)
        case .some(nil): return nil
        case .some(let duration?): return .open(topic, expires: duration)
        }
    }

    /// `handoff`: `{queue, note, text}`.
    mutating func handoff(_ node: YAMLNode) -> WrittenHandoff? {
        guard let entries = self.entries(of: node, HandoffKey.self) else { return nil }
        var handoff = WrittenHandoff()
        for entry in entries {
            switch entry.key {
            case .queue: handoff.queue = self.name("queue", entry.value)
            case .note: handoff.note = self.replyText(entry.value, of: "note")
            case .text: handoff.text = self.replyText(entry.value)
            }
        }
        return handoff
    }

    /// `actions`: a list of `{responder, op, as, fields}`.
    mutating func actions(_ node: YAMLNode) -> [WrittenAction] {
        let actions = self.items("actions", node, expected: "a list of actions").compactMap { self.action($0) }
        var names: Set<String> = []
        for name in actions.compactMap(\.name) where !names.insert(name.value).inserted {
            let problem = "two actions are called \"\(name.value)\""
            self.findings.error("duplicate-name", at: name.place, problem, hint: "rename one of them")
        }
        return actions
    }

    private mutating func action(_ node: YAMLNode) -> WrittenAction? {
        guard let entries = self.entries(of: node, ActionKey.self) else { return nil }
        guard let responderNode = entries[.responder], let operationNode = entries[.operation] else {
            let missing = entries[.responder] == nil ? "responder" : "op"
            let hint = "write responder: and its name in the chain, and op: and what it should do"
            self.findings.error("missing-key", at: node.place, "the action has no \"\(missing)\"", hint: hint)
            return nil
        }
        guard let responder = self.text("responder", responderNode), let operation = self.name("op", operationNode)
        else { return nil }
        var action = WrittenAction(
            responder: Written(value: responder, place: responderNode.place.bare),
            operation: operation
        )
        if let name = entries[.name] {
            action.name = self.name("as", name, separators: "_").map { Written(value: $0, place: name.place.bare) }
        }
        if let fields = entries[.fields] { action.fields = self.fields(fields) }
        return action
    }

    private mutating func fields(_ node: YAMLNode) -> [WrittenAction.Field] {
        guard let entries = node.entries else {
            self.findings.wrongValue("fields", node, expected: "names and texts")
            return []
        }
        return entries.compactMap { entry in
            self.replyText(entry.value, of: entry.key).map { WrittenAction.Field(name: entry.key, text: $0) }
        }
    }
}
