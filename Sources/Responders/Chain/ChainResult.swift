/// How a turn ended.
///
/// Every turn has exactly one.
public enum Outcome: String, Sendable, CaseIterable {
    /// A responder of `answer` replied.
    case answered
    /// Nobody answered, so a responder of `fallback` did, or the built-in sentence.
    case fellBack = "fell-back"
    /// A responder decided that a person goes on, or the message came while a person had the conversation: then nothing is
    /// said.
    case handedOver = "handed-over"
    /// A responder decided that there is no reply.
    case silent
    /// A responder of `guard` stopped the message.
    case refused
    /// The turn was given up, or nobody could answer because something failed; the built-in sentence says so.
    case failedAndTold = "failed-and-told"
}

/// What came of a turn.
///
/// A class, since many look at it.
public final class ChainResult: Sendable {
    public let outcome: Outcome
    /// What the visitor sees, in order: none where the outcome is ``Outcome/silent`` or may be ``Outcome/refused``, else
    /// at least one and at most ``Chain/maximumReplies``.
    public let replies: [Reply]
    /// How many of them, from the first on, were shown while the turn ran.
    public let shownCount: Int
    /// The name of the responder that gave the last reply or ended the turn; nothing where only the built-in sentence
    /// spoke.
    public let responder: String?
    /// What to remember of the turn once the replies are delivered.
    public let effects: Effects
    /// The turn, as its last responder left it.
    public let turn: Turn
    /// The responders that failed, in the order in which they were asked.
    public let failures: [ResponderFailure]
    /// One for each entry of the chain in its order, where the turn was traced; else none.
    public let steps: [TraceStep]
    /// Whether the turn's watchdog had to end it: a mistake in the chain.
    public let isOverdue: Bool
    /// Whether the turn came as far as ``Stage/answer``, so that somebody may be asked about it beside the others.
    let reachedAnswer: Bool

    init(
        outcome: Outcome,
        replies: [Reply],
        shownCount: Int,
        responder: String?,
        effects: Effects,
        turn: Turn,
        failures: [ResponderFailure],
        steps: [TraceStep],
        isOverdue: Bool = false,
        reachedAnswer: Bool = false
    ) {
        self.outcome = outcome
        self.replies = replies
        self.shownCount = shownCount
        self.responder = responder
        self.effects = effects
        self.turn = turn
        self.failures = failures
        self.steps = steps
        self.isOverdue = isOverdue
        self.reachedAnswer = reachedAnswer
    }

    /// What a turn leaves behind.
    public struct Effects: Sendable, Hashable {
        public var tags: [String] = []
        public var topic: TopicChange?
        public var severity: Augmentation.Severity?
        /// What to add to ``Conversation/said``.
        public var said: [Said] = []
        /// What must not happen again for a while.
        public var cooldowns: [Cooldown] = []
        /// What a person should know who goes on, where the outcome is ``Outcome/handedOver``.
        public var handoff: Handoff?
        /// The full name of the rule that decided last, where one did.
        public var rule: String?
        /// Whether the visitor gets no answers for a while, since it only repeats them.
        var silencesEchoes = false

        public init() {}

        mutating func merge(_ found: Augmentation) {
            for tag in found.tags where !self.tags.contains(tag) { self.tags.append(tag) }
            if let topic = found.topic { self.topic = topic }
            if let rule = found.rule { self.rule = rule }
            if let severity = found.severity { self.severity = severity }
            self.said.append(contentsOf: found.said)
            self.cooldowns.append(contentsOf: found.cooldowns)
        }
    }
}

/// A responder that did not do its work in a turn.
public struct ResponderFailure: Sendable, Hashable {
    /// The entry's name in the chain.
    public var responder: String
    public var failure: Failure
}

extension ChainResult {
    /// The same turn, from which a person has taken the conversation while it ran, or which was closed: of what it wanted to
    /// say only what was shown is left.
    ///
    /// - Parameter isClosed: Whether nobody goes on.
    /// - Returns: A turn that ended with what was shown.
    public func interrupted(byClosing isClosed: Bool) -> ChainResult {
        ChainResult(
            outcome: isClosed ? self.shownCount > 0 ? .answered : .silent : .handedOver,
            replies: Array(self.replies.prefix(self.shownCount)),
            shownCount: self.shownCount,
            responder: nil,
            effects: Effects(),
            turn: self.turn,
            failures: [],
            steps: self.steps,
            reachedAnswer: self.reachedAnswer
        )
    }
}
