public import Diagnostics

/// What a responder decided about a message.
///
/// The set is closed on purpose: the chain must handle every case. Adding one is a major version.
public enum Verdict: Sendable, Hashable {
    /// Not mine: ask the next responder. The reason is a word for the trace. Allowed in every stage.
    case pass(reason: TraceReason? = nil)
    /// Keep what I found and ask the next responder. Allowed in every stage but `fallback`.
    case augment(Augmentation)
    /// Show the reply, and end the stage or let the next responder add another one.
    ///
    /// In `guard` the reply tells why the message was stopped. `then: .continue` is allowed in `answer` alone. `keep` is
    /// what the responder found out on the way.
    /// `confidence`, from 0 through 1, matters where several are asked at once (`select: best`).
    case reply(Reply, confidence: Double = 1, then: Then = .stop, keep: Augmentation = Augmentation())
    /// As `reply`, in pieces; from its first piece on the turn is this responder's. Allowed in `answer`.
    ///
    /// One that fails before its first piece is a failure as any other, and the next responder is asked.
    case stream(StreamedReply, confidence: Double = 1, keep: Augmentation = Augmentation())
    /// Deliberately no reply of a bot: ends the turn. Allowed in `guard` and `answer`.
    case suppress(reason: TraceReason, keep: Augmentation = Augmentation())
    /// A person goes on: ends the turn. Allowed in every stage but `enrich`.
    case handoff(Handoff, keep: Augmentation = Augmentation())
    /// It did not work. The entry's `on_error` says what happens. Allowed in every stage, and the same as throwing.
    case fail(Failure)

    /// What happens after a reply.
    public enum Then: String, Sendable {
        /// Nobody else is asked.
        case stop
        /// The next responder looks, too. A turn has at most ``Chain/maximumReplies`` replies.
        case `continue`
    }
}

extension Verdict {
    /// The word of the trace: `pass`, `augment`, `reply`, `stream`, `suppress`, `handoff` or `fail`.
    public var word: String {
        switch self {
        case .pass: "pass"
        case .augment: "augment"
        case .reply: "reply"
        case .stream: "stream"
        case .suppress: "suppress"
        case .handoff: "handoff"
        case .fail: "fail"
        }
    }
}

extension Verdict {
    /// What did not work.
    var failure: Failure? { if case .fail(let failure) = self { failure } else { nil } }
}

/// What a responder found out about a message and its conversation, for later responders and for the record.
public struct Augmentation: Sendable, Hashable {
    /// Kept under the responder's name in ``Turn/notes``.
    public var note: Note?
    /// Words for the record; each is kept once.
    public var tags: [String]
    /// What becomes of the conversation's topic; nothing leaves it as it is.
    public var topic: TopicChange?
    public var severity: Severity?
    /// What the server adds to ``Conversation/said`` once the outcome is delivered.
    public var said: [Said]
    /// What must not happen again for a while, from the delivery of the outcome on.
    public var cooldowns: [Cooldown]
    /// The full name of the rule that decided, where one did; it is kept with the turn.
    public var rule: String?
    /// Where that rule stands, for the trace.
    public var place: Place?
    /// What later responders see in place of parts of the message's text; in `guard` alone.
    public var replacements: [Replacement]
    /// What others are to do before the verdict counts: see ``Verdict/asking(_:)``.
    var plan: ActionPlan?

    public init(
        note: Note? = nil,
        tags: [String] = [],
        topic: TopicChange? = nil,
        severity: Severity? = nil,
        said: [Said] = [],
        cooldowns: [Cooldown] = [],
        rule: String? = nil,
        at place: Place? = nil,
        replacements: [Replacement] = []
    ) {
        self.replacements = replacements
        self.rule = rule
        self.place = place
        self.note = note
        self.tags = tags
        self.topic = topic
        self.severity = severity
        self.said = said
        self.cooldowns = cooldowns
    }

    /// How much a message matters.
    public enum Severity: String, Sendable, CaseIterable { case low, normal, high }
}

/// A conversation on its way to a person.
public struct Handoff: Sendable, Hashable {
    /// Which people, by a name that the site gave them; nothing means anybody.
    public var queue: String?
    /// For the person; the visitor doesn't see it.
    public var note: String?
    /// For the visitor; where it is missing, the built-in sentence says that a person reads the message.
    public var text: Reply?

    public init(queue: String? = nil, note: String? = nil, text: Reply? = nil) {
        self.queue = queue
        self.note = note
        self.text = text
    }
}

/// Something that did not work, for the people who run the site.
public struct Failure: Error, Hashable, Sendable {
    /// A stable word for the trace and for metrics.
    public var code: TraceReason
    /// What happened, at most 200 characters are kept.
    ///
    /// No secret and no visitor's text.
    public var problem: String?

    public init(_ code: TraceReason, _ problem: String? = nil) {
        self.code = code
        self.problem = problem.map { String($0.prefix(200)) }
    }

    /// The failure that a thrown error stands for.
    init(thrown error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case is CancellationError: self.init(.cancelled)
        default: self.init(.error, "\(error)")
        }
    }
}

/// Why a step of a turn went as it did: a word in kebab case.
///
/// The words below are the chain's own and permanent; a plugin adds its own.
public struct TraceReason: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }
    public init(stringLiteral rawValue: String) { self.rawValue = rawValue }
    public var description: String { self.rawValue }

    /// No rule of the set fits.
    public static let noRule: TraceReason = "no-rule"
    /// A computation passed its bound and was ended.
    public static let limit: TraceReason = "limit"
    /// The responder threw an error.
    public static let error: TraceReason = "error"
    /// No verdict came within the time limit.
    public static let timeout: TraceReason = "timeout"
    /// Whoever ran the turn gave it up.
    public static let cancelled: TraceReason = "cancelled"
    /// A reply without text.
    public static let emptyReply: TraceReason = "empty-reply"
    /// A reply after the last one that a turn may have.
    public static let replyLimit: TraceReason = "reply-limit"
    /// The visitor wanted no more of a streamed reply.
    public static let stopped: TraceReason = "stopped"
    /// The reply was longer than a reply may be and lost its end.
    public static let truncated: TraceReason = "truncated"
    /// The stage does not allow the verdict.
    public static let verdictNotAllowed: TraceReason = "verdict-not-allowed"
    /// A note was too large and is not kept.
    public static let noteTooLarge: TraceReason = "note-too-large"
    /// Not asked: a person has the conversation, or is awaited.
    public static let withPerson: TraceReason = "with-person"
    /// A part of the text was to be replaced that isn't there, or twice.
    public static let badReplacement: TraceReason = "bad-replacement"
    /// The entry says `enabled: false`.
    public static let disabled: TraceReason = "disabled"
    /// Not asked in line, but beside the others.
    public static let shadow: TraceReason = "shadow"
    /// Not asked: the conversation isn't in the entry's share.
    public static let notInCanary: TraceReason = "not-in-canary"
    /// Not asked: somebody had ended the turn.
    public static let alreadyAnswered: TraceReason = "already-answered"
    /// Not asked: a condition of the entry's `when` does not hold.
    public static let condition: TraceReason = "condition"
    /// Nobody is asked: the visitor only repeats what was said last.
    public static let loop: TraceReason = "loop"
    /// Not asked: a failure with `on_error: fallback` ended the stage, or the stage was not needed.
    public static let stageSkipped: TraceReason = "stage-skipped"
}
