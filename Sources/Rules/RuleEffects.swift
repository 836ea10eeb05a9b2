/// What the rules that a message met ask to remember and to do.
///
/// Values only: nothing has happened yet. The caller keeps them once the outcome is delivered, so that a test or an
/// explanation changes nothing.
public struct RuleEffects: Hashable, Sendable {
    /// The rules with `continue` that matched before the winner, in the order of evaluation.
    public var continued: [RuleMatch] = []
    /// The tags of those rules and of the winner, each once.
    public var tags: [String] = []
    /// The severity of the last of them that has one.
    public var severity: RuleSeverity?
    /// What `set` of the last of them that has it makes of the topic.
    public var topic: TopicChange?
    /// From now on these rules stay out for a while.
    public var cooldowns: [RuleCooldown] = []
    /// What responders are asked to do, in order.
    public var actions: [RuleAction] = []

    public init() {}

    /// Whether there is nothing to remember and nothing to do.
    public var isEmpty: Bool { self == RuleEffects() }

    /// What the topic is afterwards, where it was `topic` before.
    public func topic(after topic: String?) -> String? {
        switch self.topic {
        case .open(let topic, _): topic
        case .close: nil
        case nil: topic
        }
    }

    /// What `set` makes of the topic.
    public enum TopicChange: Hashable, Sendable {
        /// From now on the conversation is about this, until it expires or is replaced.
        case open(String, expires: Duration?)
        /// `topic: none`.
        case close
    }
}

/// For how long a rule stays out after its outcome was delivered, and for whom.
public struct RuleCooldown: Hashable, Sendable {
    /// For whom a rule stays out.
    public enum Scope: String, Hashable, Sendable, CaseIterable {
        /// The conversation.
        case session
        /// All conversations of the visitor.
        case visitor
        /// All visitors of the site.
        case site
    }

    /// The rule's id, which stays the same when the rule moves to another file.
    public var id: String
    public var scope: Scope
    public var duration: Duration

    public init(id: String, scope: Scope, duration: Duration) {
        self.id = id
        self.scope = scope
        self.duration = duration
    }
}

/// Something that a rule asks of a responder of the chain.
public struct RuleAction: Hashable, Sendable {
    /// The full name of the rule.
    public var rule: String
    /// The responder's name in the chain.
    public var responder: String
    /// What it is asked to do, `create`.
    public var operation: String
    /// Under which name the reply uses the answer.
    public var name: String?
    /// What it is told, in plain text, in the order as written.
    public var fields: [Field]

    public init(rule: String, responder: String, operation: String, name: String? = nil, fields: [Field] = []) {
        self.rule = rule
        self.responder = responder
        self.operation = operation
        self.name = name
        self.fields = fields
    }

    /// One thing that the responder is told.
    public struct Field: Hashable, Sendable {
        public var name: String
        /// Captured text in it was written by the visitor.
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }
}
