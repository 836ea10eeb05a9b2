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
}

/// Whether a message is done with.
public enum InboundProgress: Sendable { case finished, later }

/// A visitor's message with its number.
public struct InboundMessage: Sendable {
    public let message: Message
    public let seq: Int
    /// The page of the connection that the message came from.
    public let page: String
    /// Names the turn that the message starts, unlike any other.
    public let turnID: String
    /// 1, or more for a turn that an earlier run of the server left open.
    public let attempt: Int
    /// How the message came; nothing where nobody noted it.
    public let origin: MessageOrigin?

    init(message: Message, seq: Int, page: String, turnID: String, attempt: Int = 1, origin: MessageOrigin? = nil) {
        self.origin = origin
        self.message = message
        self.seq = seq
        self.page = page
        self.turnID = turnID
        self.attempt = attempt
    }
}
