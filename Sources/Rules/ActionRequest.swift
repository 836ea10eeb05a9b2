public import Diagnostics

/// What a rule asks of another responder, whatever the message is.
public struct ActionRequest: Hashable, Sendable {
    /// The full name of the rule.
    public var rule: String
    /// Where the responder is named.
    public var place: Place
    /// The responder's name in the chain.
    public var responder: String
    /// What it is asked to do, `create`.
    public var operation: String

    static func requests(_ rules: [(written: WrittenRule, rule: CompiledRule)]) -> [ActionRequest] {
        rules.filter(\.rule.isEnabled).flatMap { written, rule in
            (written.actions ?? []).map { action in
                ActionRequest(
                    rule: rule.name,
                    place: action.responder.place,
                    responder: action.responder.value,
                    operation: action.operation
                )
            }
        }
    }
}
