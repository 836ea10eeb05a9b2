/// What is said when a rule hands the conversation to a person.
struct Handoff: Sendable {
    var queue: String?
    /// For the person.
    var note: Template?
    /// For the visitor.
    var text: Template?
}

/// What a rule asks of a responder, before a message has filled in its texts.
struct ActionTemplate: Sendable {
    struct Field: Sendable {
        var name: String
        var template: Template
    }

    var responder: String
    var operation: String
    var name: String?
    var fields: [Field]

    func action(of rule: String, _ values: ReplyValues) -> RuleAction {
        RuleAction(
            rule: rule,
            responder: self.responder,
            operation: self.operation,
            name: self.name,
            fields: self.fields.map { RuleAction.Field($0.name, $0.template.text(values)) }
        )
    }
}
