internal import Diagnostics
internal import Responders
internal import Rules

/// `when` of an entry of a chain, in the language of rule files.
struct RuleCondition: EntryCondition {
    let conditions: RuleConditions

    func refusal(of turn: Turn) -> String? { self.conditions.refusal(in: RuleContext(turn)) }
}

extension ConditionReader {
    /// Reads conditions as rule files have them.
    static let rules = ConditionReader { node throws(Rejection) in
        do throws(Rejection) {
            return RuleCondition(conditions: try RuleConditions(node))
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
