public import Messages

/// What a room was when it was last in memory.
public struct StoredRoom: Sendable {
    /// The run of numbers of the room from now on.
    ///
    /// The one that clients know, unless something that they may have seen is lost.
    public let epoch: String
    /// The number of the last message; the next one gets the number after it.
    public let top: Int
    /// The newest messages without a gap up to ``top``, oldest first: at most ``StoreOptions/recentMessages``, and
    /// ``StoreOptions/recentBytes`` of them.
    public let messages: [StoredMessage]
    /// What visitors sent lately, oldest first.
    public let remembered: [RememberedMessage]
    /// What is known of the conversation; nothing before the first ``ConversationEntry``.
    public let state: [UInt8]?
    /// Whether a record was found damaged, and what came before it was left out.
    public let isDamaged: Bool
}

/// A visitor's message that must not be taken twice.
public struct RememberedMessage: Hashable, Sendable {
    /// The client's id.
    public let id: String
    public let seq: Int
    /// Another text under the same id is a conflict.
    public let text: String
    public let time: Timestamp
    /// Which replies it has: a bit for each number, the lowest unused.
    public internal(set) var replies: UInt8
}

/// A page of history.
public struct HistoryPage: Sendable {
    /// Oldest first.
    public let messages: [StoredMessage]
    /// Whether nothing older exists.
    public let isComplete: Bool
    /// The numbers of messages that are damaged and left out.
    public let damaged: [Int]
}

/// A turn that was started and not ended.
public struct UnfinishedTurn: Sendable {
    public let turn: String
    public let attempt: Int
    public let opened: Timestamp
    /// The message that it is about.
    public let message: StoredMessage
}

/// A turn and why it went as it did.
public struct StoredTurn: Sendable {
    public let turn: String
    public let site: SiteID
    public let session: SessionID
    /// The number of the message that it is about.
    public let seq: Int
    public let attempt: Int
    public let opened: Timestamp
    /// Nothing while it goes on.
    public let outcome: TurnOutcome?
}
