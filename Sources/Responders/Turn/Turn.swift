public import Messages

/// One visitor's message on its way through the chain, and what the chain knows at this moment.
///
/// A value: changing a copy changes nothing for others.
public struct Turn: Sendable {
    /// What stays the same through the chain, so that passing a turn on copies one reference.
    package private(set) var fixed: Fixed
    /// What earlier responders of this turn found.
    public internal(set) var notes = Notes()
    /// The replies of this turn that said `then: .continue`.
    ///
    /// In ``Stage/after`` all replies of the turn.
    public internal(set) var drafts: [Reply] = []
    /// How the turn ended, in ``Stage/after``; nothing before.
    public internal(set) var outcome: Outcome?
    /// Whether the site is within its opening hours; nothing where it has none.
    public let isOpen: Bool?
    /// Whether somebody is there to whom the conversation can be handed over.
    public let isStaffed: Bool
    /// Where in which chain the turn is.
    public internal(set) var place = TurnPlace(chain: "", stage: .answer, position: 0)
    /// Takes what responders say about themselves; nothing where nobody keeps it.
    var probe: TraceProbe?

    /// Whether nothing may remain of the turn: it is only explained, or asked beside the one that the visitor sees.
    ///
    /// Who does something beyond the turn, such as a tool that creates a ticket, must leave it.
    public internal(set) var isRehearsal = false

    /// What the responders of the chain offer to one that asks a language model.
    public internal(set) var tools = ToolBox()

    public init(
        id: TurnID,
        message: Incoming,
        conversation: Conversation,
        visitor: Visitor = Visitor(),
        page: Page = Page(),
        history: History = History(),
        localTime: TimeOfDay,
        isOpen: Bool? = nil,
        isStaffed: Bool = false,
        attempt: Int = 1,
        trace: TraceParent? = nil,
        texts: SiteTexts = SiteTexts()
    ) {
        self.isOpen = isOpen
        self.isStaffed = isStaffed
        var conversation = conversation
        conversation.forgetTopic(endedAt: message.serverTime)
        self.fixed = Fixed(id, attempt, message, conversation, visitor, page, history, localTime, trace, texts)
    }

    /// The turn as a responder of that stage sees it, outside of any chain.
    package func placed(in stage: Stage) -> Turn {
        var turn = self
        turn.place.stage = stage
        return turn
    }

    /// Replaces what later responders see of the message, of its page and of the messages before it.
    mutating func show(_ message: Incoming, _ page: Page, _ history: History) {
        self.fixed = Fixed(
            self.id,
            self.attempt,
            message,
            self.conversation,
            self.visitor,
            page,
            history,
            self.localTime,
            self.trace,
            self.texts
        )
    }

    /// The turn as it was before anybody was asked, but for what must not be seen.
    package var restarted: Turn {
        var turn = self
        turn.notes = Notes()
        turn.drafts = []
        turn.place = TurnPlace(chain: "", stage: .answer, position: 0)
        turn.probe = nil
        return turn
    }

    /// Names the turn; one per visitor's message.
    public var id: TurnID { self.fixed.id }
    /// How often the turn was begun, this time included: 1, and more where the server stopped before it had ended.
    ///
    /// What the attempts before it have done counts as done: side effects are keyed by ``id``.
    public var attempt: Int { self.fixed.attempt }
    public var message: Incoming { self.fixed.message }
    public var conversation: Conversation { self.fixed.conversation }
    public var visitor: Visitor { self.fixed.visitor }
    public var page: Page { self.fixed.page }
    /// The last messages before this one, oldest first.
    public var history: History { self.fixed.history }
    /// The time in the site's time zone.
    ///
    /// Responders never read a clock.
    public var localTime: TimeOfDay { self.fixed.localTime }
    /// The trace that the visitor's page is in, where it said so: for the header `traceparent` of what a responder asks
    /// others, by ``TraceParent/next(using:)``.
    public var trace: TraceParent? { self.fixed.trace }
    /// What the site says in place of the server's own sentences.
    public var texts: SiteTexts { self.fixed.texts }

    /// What stays the same through the chain: for who keeps it beyond a call.
    package final class Fixed: Sendable {
        let id: TurnID
        let attempt: Int
        package let message: Incoming
        package let conversation: Conversation
        package let visitor: Visitor
        package let page: Page
        let history: History
        let localTime: TimeOfDay
        let trace: TraceParent?
        let texts: SiteTexts

        init(
            _ id: TurnID,
            _ attempt: Int,
            _ message: Incoming,
            _ conversation: Conversation,
            _ visitor: Visitor,
            _ page: Page,
            _ history: History,
            _ localTime: TimeOfDay,
            _ trace: TraceParent?,
            _ texts: SiteTexts
        ) {
            self.texts = texts
            self.trace = trace
            self.id = id
            self.attempt = attempt
            self.message = message
            self.conversation = conversation
            self.visitor = visitor
            self.page = page
            self.history = history
            self.localTime = localTime
        }
    }
}

/// Names a turn.
///
/// Side effects use it as the key that keeps them from happening twice.
public struct TurnID: Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String

    public init(_ rawValue: String) { self.rawValue = rawValue }
    public var description: String { self.rawValue }

    /// The short form for people: the last eight letters and digits in upper case, such as `01K3-9QZT`.
    public var reference: String {
        let characters = self.rawValue.uppercased().filter { $0.isASCII && ($0.isLetter || $0.isNumber) }.suffix(8)
        guard characters.count > 4 else { return String(characters) }
        return "\(characters.dropLast(4))-\(characters.suffix(4))"
    }
}

/// Where a turn is.
public struct TurnPlace: Sendable, Hashable {
    /// The chain's name in `claude-chat.yaml`.
    public var chain: String
    /// Of the configuration that the turn began on, from 1.
    public var generation: Int
    public var stage: Stage
    /// The entry of the stage, from 0, as in the file.
    public var position: Int

    public init(chain: String, generation: Int = 1, stage: Stage, position: Int) {
        self.chain = chain
        self.generation = generation
        self.stage = stage
        self.position = position
    }
}

/// Where in a chain a responder can stand, in the order in which the stages run.
public enum Stage: String, Sendable, CaseIterable {
    /// Stops what must not be answered. Fails closed.
    case `guard`
    /// Finds things out for the responders behind it.
    case enrich
    /// Answers.
    case answer
    /// Answers where nobody else did.
    case fallback
    /// Looks at the turn after it has ended; whatever it returns, nothing changes.
    case after
}
