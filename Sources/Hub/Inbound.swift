public import Messages

/// Whoever answers visitors.
///
/// The hub knows nothing else about it.
public protocol InboundSubscriber: Sendable {
    /// Takes a visitor's message that the hub has accepted.
    ///
    /// Called on the thread that brought the message, after everybody in the room was sent it. For one room never twice
    /// at a time, and in the order of `seq`: the next message waits until this one is finished.
    ///
    /// - Returns: `finished` if everything that the message causes was posted. After `later` the subscriber calls
    ///   ``Room/finishedInbound()`` once.
    func receive(_ message: InboundMessage, in room: Room) -> InboundProgress

    /// Learns that a message was stored and shown but will not be handed over, since too many wait.
    func overflow(_ message: InboundMessage, in room: Room)

    /// Learns that the visitor wants no more of a reply that comes piece by piece.
    ///
    /// Whoever streams it ends it.
    func stop(_ replyID: String, in room: Room)

    /// Says where a visitor comes who asks for a person by a button; nothing where there is no such button.
    func personRequested(in room: Room) -> PersonAnswer?

    /// Learns that somebody else than the subscriber has changed who answers, as ``Room/standing`` says.
    ///
    /// What it still says to messages that are under way is dropped.
    func conversationChanged(in room: Room)

    /// Learns what an agent has done in a room.
    func agentActed(_ act: AgentAct, _ agent: Author, in room: Room)
}

extension InboundSubscriber {
    public func personRequested(in room: Room) -> PersonAnswer? { nil }
    public func conversationChanged(in room: Room) {}
    public func agentActed(_ act: AgentAct, _ agent: Author, in room: Room) {}
}

/// What becomes of a visitor's wish for a person.
public struct PersonAnswer: Hashable, Sendable {
    /// Whether somebody can come.
    public var isAvailable: Bool
    /// Which people.
    public var queue: String?
    /// What the visitor reads.
    public var text: String

    public init(isAvailable: Bool, queue: String?, text: String) {
        self.isAvailable = isAvailable
        self.queue = queue
        self.text = text
    }
}

/// What an agent does.
///
/// The raw value is the action of the audit log.
public enum AgentAct: String, Sendable {
    /// Looks at the list of conversations.
    case signedIn = "agent-signed-in"
    /// Comes into a room.
    case entered = "agent-entered"
    case took = "agent-took"
    case returned = "agent-returned"
    case closed = "agent-closed"
}

/// Whether a message is done with.
public enum InboundProgress: Sendable { case finished, later }

/// A visitor's message with its number.
public struct InboundMessage: Sendable {
    /// What stays the same on its way, so that handing it on copies one reference.
    private let fixed: Fixed
    /// Whether a conversation begins with it, though the room may have messages before it.
    public internal(set) var startsAnew = false
    /// How long it waited for the messages before it to be answered.
    public internal(set) var waited = Duration.zero
    /// When it began to wait, as the hub's clock has it.
    var queuedAt: UInt64 = 0
    /// The ``RoomState/floor`` at which it was handed over.
    ///
    /// Its replies are shown for as long as that is so. Nothing for one that nobody can take the floor from.
    var floor: Int?

    public var message: Message { self.fixed.message }
    public var seq: Int { self.fixed.seq }
    /// The page of the connection that the message came from.
    public var page: String { self.fixed.page }
    /// Names the turn that the message starts, unlike any other.
    public var turnID: String { self.fixed.turnID }
    /// 1, or more for a turn that an earlier run of the server left open.
    public var attempt: Int { self.fixed.attempt }
    /// How the message came; nothing where nobody noted it.
    public var origin: MessageOrigin? { self.fixed.origin }

    init(message: Message, seq: Int, page: String, turnID: String, attempt: Int = 1, origin: MessageOrigin? = nil) {
        self.fixed = Fixed(message, seq, page, turnID, attempt, origin)
    }

    private final class Fixed: Sendable {
        let message: Message
        let seq: Int
        let page: String
        let turnID: String
        let attempt: Int
        let origin: MessageOrigin?

        init(
            _ message: Message,
            _ seq: Int,
            _ page: String,
            _ turnID: String,
            _ attempt: Int,
            _ origin: MessageOrigin?
        ) {
            self.message = message
            self.seq = seq
            self.page = page
            self.turnID = turnID
            self.attempt = attempt
            self.origin = origin
        }
    }
}
