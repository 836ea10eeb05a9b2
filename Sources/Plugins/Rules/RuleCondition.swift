internal import Diagnostics
internal import Messages
internal import Responders
internal import Rules

/// `when` of an entry of a chain, in the language of rule files.
struct RuleCondition: EntryCondition {
    let conditions: RuleConditions
    /// Those of the conversation; nothing for any.
    let states: [ConversationState]?

    func refusal(of turn: Turn) -> String? {
        if let states, !states.contains(turn.conversation.state) {
            let wanted = states.map { "\"\($0.rawValue)\"" }.joined(separator: " or ")
            return "state \"\(turn.conversation.state.rawValue)\" is not \(wanted)"
        }
        return self.conditions.refusal(in: RuleContext(turn))
    }

    /// Reads `state: human` or `state: [waiting, human]`: it means nothing for a rule, which is asked in one state only.
    static func states(_ node: YAMLNode) throws(Rejection) -> [ConversationState] {
        let items = node.items ?? [node]
        let known = ConversationState.allCases.map(\.rawValue)
        var mistakes: [Diagnostic] = []
        let states = items.compactMap { item -> ConversationState? in
            if let state = item.text.flatMap(ConversationState.init(rawValue:)) { return state }
            let hint = suggestion(for: item.text ?? "", among: known)
            mistakes.append(Diagnostic("wrong-value", at: item.place, "\(item.written) is no state", hint: hint))
            return nil
        }
        guard mistakes.isEmpty else { throw Rejection(mistakes) }
        return states
    }
}

extension ConditionReader {
    /// Reads conditions as rule files have them.
    static let rules = ConditionReader { node throws(Rejection) in
        let state = node.entries?.first { $0.key == "state" }
        let states = try state.map { entry throws(Rejection) in try RuleCondition.states(entry.value) }
        let others = node.entries.map {
            YAMLNode(content: .mapping($0.filter { $0.key != "state" }), place: node.place)
        }
        do throws(Rejection) {
            return RuleCondition(conditions: try RuleConditions(others ?? node), states: states)
        } catch {
            // In a rule file line and column say enough; here an entry is meant.
            throw Rejection(
                error.diagnostics.map { diagnostic in
                    var diagnostic = diagnostic
                    diagnostic.place.keyPath = node.place.keyPath
                    return diagnostic
                }
            )
        }
    }
}
