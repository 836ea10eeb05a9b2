public import Diagnostics

/// What a set of rules says to a message.
public struct RuleResult: Hashable, Sendable {
    public var outcome: RuleOutcome
    /// What the rules ask to remember and to do, once the outcome is delivered.
    public var effects: RuleEffects

    public init(_ outcome: RuleOutcome, effects: RuleEffects = RuleEffects()) {
        self.outcome = outcome
        self.effects = effects
    }

    /// The rule that won.
    public var match: RuleMatch? {
        switch self.outcome {
        case .reply(let reply): reply.match
        case .handoff(let handoff): handoff.match
        case .silent(let match, _): match
        case .pass(let match): match
        case .limit: nil
        }
    }

    /// The full name of the rule that won, `greetings/greeting`.
    public var rule: String? { self.match?.rule }

    /// The text that the visitor reads, where there is one.
    public var text: String? {
        switch self.outcome {
        case .reply(let reply): reply.text
        case .handoff(let handoff): handoff.text
        case .silent, .pass, .limit: nil
        }
    }
}

/// What becomes of a message.
public enum RuleOutcome: Hashable, Sendable {
    /// A text for the visitor.
    case reply(RuleReply)
    /// The conversation goes to a person.
    case handoff(RuleHandoff)
    /// Deliberately no reply; the reason is the rule's own text, for people who read the trace.
    case silent(RuleMatch, reason: String)
    /// Left to the next responder: by a rule with `pass: true`, or, without a match, since no rule won.
    case pass(RuleMatch?)
    /// A limit ended the evaluation: a rule with `on_limit: fail` hit one, or the time for the message was spent.
    case limit(RuleLimit)
}

/// The reply of the rule that won.
public struct RuleReply: Hashable, Sendable {
    public var match: RuleMatch
    /// Plain text.
    ///
    /// Captured text in it was written by the visitor.
    public var text: String
    /// Quick replies, at most 6.
    public var choices: [RuleChoice]
    /// Which variant of the rule's reply was taken, from 0.
    public var variant: Int

    public init(match: RuleMatch, text: String, choices: [RuleChoice] = [], variant: Int = 0) {
        self.match = match
        self.text = text
        self.choices = choices
        self.variant = variant
    }
}

/// A quick reply that the visitor may click.
public struct RuleChoice: Hashable, Sendable {
    /// What the button says, at most 40 characters.
    public var label: String
    /// What a click sends as the visitor's message, at most 200 bytes of UTF-8.
    public var send: String

    /// How many a reply may have.
    public static let maximumCount = 6
    /// How many characters a label may have.
    public static let maximumLabelCharacters = 40
    /// How many bytes of UTF-8 a click may send.
    public static let maximumSendBytes = 200

    public init(label: String, send: String? = nil) {
        self.label = label
        self.send = send ?? label
    }
}

/// The wish of the rule that won that a person goes on.
public struct RuleHandoff: Hashable, Sendable {
    public var match: RuleMatch
    /// Which people, by a name that the site gave them.
    public var queue: String?
    /// For the person, in plain text.
    public var note: String?
    /// For the visitor, in plain text.
    public var text: String?

    public init(match: RuleMatch, queue: String? = nil, note: String? = nil, text: String? = nil) {
        self.match = match
        self.queue = queue
        self.note = note
        self.text = text
    }
}

/// A rule that won, or took part by `continue`, and what it knows about the message.
public struct RuleMatch: Hashable, Sendable {
    /// `greetings/greeting`: the file's name without `.yaml`, and the rule's id.
    public var rule: String
    /// Where the rule stands, `rules/greetings.yaml:6`.
    public var place: Place
    /// The named groups that took part in the match, each at most 200 characters.
    public var captures: [Capture]
    /// The rule's own tags.
    public var tags: [String]
    /// The rule's own severity.
    public var severity: RuleSeverity?

    public init(
        rule: String,
        place: Place,
        captures: [Capture] = [],
        tags: [String] = [],
        severity: RuleSeverity? = nil
    ) {
        self.rule = rule
        self.place = place
        self.captures = captures
        self.tags = tags
        self.severity = severity
    }

    /// The rule's id, which stays the same when the rule moves to another file.
    public var id: String {
        guard let slash = self.rule.utf8.lastIndex(of: UInt8(ascii: "/")) else { return self.rule }
        return String(self.rule[self.rule.utf8.index(after: slash)...])
    }

    /// What the group `name` took, where it took part in the match.
    public subscript(name: String) -> String? { self.captures.first { $0.name == name }?.value }
}

/// How much a rule's author thinks a message of its kind weighs.
public enum RuleSeverity: String, Hashable, Sendable, CaseIterable { case low, normal, high }

/// A limit that a rule hit: whether the rule matches isn't known.
public struct RuleLimit: Hashable, Sendable {
    /// `bugs/error-code`.
    public var rule: String
    public var place: Place
    public var limit: MatchLimit

    public init(rule: String, place: Place, limit: MatchLimit) {
        self.rule = rule
        self.place = place
        self.limit = limit
    }
}
