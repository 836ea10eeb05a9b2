public import Messages

/// Something to be stored.
public enum StoreEntry: Sendable {
    case message(MessageEntry)
    /// A turn without a message of its own: one that is run again.
    case turnOpened(TurnOpening, site: SiteID, session: SessionID, seq: Int)
    /// With `record` the trace is what that makes, on the store's thread; where it is too large there is none.
    case turnEnded(TurnOutcome, record: (@Sendable () -> [UInt8])? = nil)
    case feedback(Feedback)
    case conversation(ConversationEntry)
    case access(AccessEntry)
    case followUp(FollowUpEntry)
    /// What became of the promised reply of a turn; the first ending counts.
    case followUpEnded(turn: String, FollowUpEnding)
}

/// A message of a room with its number.
public struct MessageEntry: Sendable {
    public var site: SiteID
    public var session: SessionID
    /// The run of numbers, as of ``StoredRoom/epoch``.
    public var epoch: String
    /// From 1, one more than the message before it; every number of a room is used once, also over epochs.
    public var seq: Int
    /// The id on the wire, at most ``Limits/messageIDBytes`` bytes.
    ///
    /// One without a colon is the client's own.
    public var id: String
    public var speaker: Message.Speaker
    public var time: Timestamp
    /// The page that it was written on, at most ``Limits/pageBytes`` bytes.
    public var page: String
    /// What ``ServerFrame/durable(_:session:seq:epoch:)`` made of the message.
    public var frame: [UInt8]
    /// The turn that the message starts, stored by the same commit.
    public var turn: TurnOpening?
    /// Whom the session belongs to, where the site has verified it; at most 256 bytes.
    public var visitor: String?

    public init(
        _ message: Message,
        site: SiteID,
        session: SessionID,
        epoch: String,
        seq: Int,
        page: String,
        frame: [UInt8],
        turn: TurnOpening? = nil,
        visitor: String? = nil
    ) {
        self.site = site
        self.session = session
        self.epoch = epoch
        self.seq = seq
        self.id = message.id
        self.speaker = message.speaker
        self.time = message.timestamp
        self.page = page
        self.frame = frame
        self.turn = turn
        self.visitor = visitor
    }

    /// A message that was stored before.
    init(_ stored: StoredMessage, turn: TurnOpening?) {
        self.site = stored.site
        self.session = stored.session
        self.epoch = stored.epoch
        self.seq = stored.seq
        self.id = stored.id
        self.speaker = stored.speaker
        self.time = stored.time
        self.page = stored.page
        self.frame = stored.frame
        self.turn = turn
    }

    /// The id that the client gave, where it gave one.
    public var clientMessageID: String? { isClientID(self.id) ? self.id : nil }
}

func isClientID(_ id: String) -> Bool { !id.utf8.contains(UInt8(ascii: ":")) }

/// The start of a turn.
public struct TurnOpening: Hashable, Sendable {
    /// The turn's id, at most ``Limits/messageIDBytes`` bytes, unlike any other.
    public var turn: String
    /// 1, or more for a turn that is run again.
    public var attempt: Int

    public init(turn: String, attempt: Int = 1) {
        self.turn = turn
        self.attempt = attempt
    }
}

/// The end of a turn.
///
/// The first one counts.
public struct TurnOutcome: Hashable, Sendable {
    public var turn: String
    /// In kebab-case, such as `answered`.
    public var outcome: String
    public var time: Timestamp
    /// The rule that decided, such as `billing/refund`; at most ``ruleBytes`` bytes.
    public var rule: String?
    /// One JSON object that says why, at most ``StoreOptions/recordBytes`` bytes.
    public var trace: [UInt8]

    /// The longest ``rule``, in bytes.
    public static let ruleBytes = 512

    /// In the place of a ``trace`` that nobody wrote, or that was kept long enough.
    public static let noTrace = Array("{}".utf8)

    public init(turn: String, outcome: String, time: Timestamp, rule: String? = nil, trace: [UInt8]) {
        self.turn = turn
        self.outcome = outcome
        self.time = time
        self.rule = rule
        self.trace = trace
    }
}

/// What a visitor thinks of a reply.
///
/// The last word counts.
public struct Feedback: Hashable, Sendable {
    public enum Value: String, Sendable { case up, down, none }

    public var site: SiteID
    public var session: SessionID
    /// The id of the reply.
    public var message: String
    public var value: Value
    /// In the visitor's words, at most ``Limits/commentBytes`` bytes; nothing where none were given.
    public var comment: String?
    public var time: Timestamp

    public init(
        site: SiteID,
        session: SessionID,
        message: String,
        value: Value,
        comment: String? = nil,
        time: Timestamp
    ) {
        self.comment = comment
        self.site = site
        self.session = session
        self.message = message
        self.value = value
        self.time = time
    }
}

/// What is known of a conversation beside its messages: its state, its topics.
public struct ConversationEntry: Hashable, Sendable {
    public var site: SiteID
    public var session: SessionID
    /// Small JSON, at most 8,192 bytes; takes the place of the one before it.
    public var state: [UInt8]
    /// Whether it waits for a person or has one, so that ``MessageStore/attendedConversations()`` finds it.
    public var isAttended: Bool

    public init(site: SiteID, session: SessionID, state: [UInt8], isAttended: Bool = false) {
        self.isAttended = isAttended
        self.site = site
        self.session = session
        self.state = state
    }

    static let maximumBytes = 8_192
}

/// Something that decides who is let in: a holder of a token, or a revocation.
public struct AccessEntry: Hashable, Sendable {
    /// At most 512 bytes; an entry takes the place of the one before it.
    public var key: String
    /// The session that it is of: it is erased with it.
    public var site: SiteID?
    public var session: SessionID?
    /// At most 8,192 bytes; nothing for one that goes.
    public var value: [UInt8]?
    /// When it is of no use any more.
    public var expires: Timestamp
    /// Whom the session belongs to, where the site has verified it; at most 256 bytes.
    public var visitor: String?

    public init(
        key: String,
        site: SiteID? = nil,
        session: SessionID? = nil,
        visitor: String? = nil,
        value: [UInt8]?,
        expires: Timestamp
    ) {
        self.key = key
        self.site = site
        self.session = session
        self.visitor = visitor
        self.value = value
        self.expires = expires
    }
}

extension StoreEntry {
    /// How much of the queue it takes, in bytes.
    var size: Int {
        let content =
            switch self {
            case .message(let message): message.frame.count + message.page.utf8.count
            case .turnEnded(let outcome, let record): record == nil ? outcome.trace.count : 4_096
            case .conversation(let conversation): conversation.state.count
            case .access(let access): access.key.utf8.count + (access.value?.count ?? 0)
            case .feedback(let feedback): feedback.comment?.utf8.count ?? 0
            case .turnOpened, .followUp, .followUpEnded: 0
            }
        return content + 256
    }

    /// Whether everything is within its bounds.
    var isValid: Bool {
        switch self {
        case .message(let message):
            message.seq > 0 && 1...Limits.messageIDBytes ~= message.id.utf8.count
                && Position(epoch: message.epoch, seq: message.seq) != nil
                && message.page.utf8.count <= Limits.pageBytes && message.frame.count <= StoreOptions.recordBytes
                && (message.visitor?.utf8.count ?? 0) <= 256 && message.turn?.isValid ?? true
        case .turnOpened(let opening, _, _, let seq): opening.isValid && seq > 0
        case .turnEnded(let outcome, _):
            1...Limits.messageIDBytes ~= outcome.turn.utf8.count && 1...40 ~= outcome.outcome.utf8.count
                && (outcome.rule?.utf8.count ?? 0) <= TurnOutcome.ruleBytes
                && outcome.trace.count <= StoreOptions.recordBytes
        case .feedback(let feedback):
            1...Limits.messageIDBytes ~= feedback.message.utf8.count
                && (feedback.comment?.utf8.count ?? 0) <= Limits.commentBytes
        case .conversation(let conversation): conversation.state.count <= ConversationEntry.maximumBytes
        case .access(let access):
            1...512 ~= access.key.utf8.count && (access.value?.count ?? 0) <= ConversationEntry.maximumBytes
                && (access.visitor?.utf8.count ?? 0) <= 256
        case .followUp(let followUp): followUp.isValid
        case .followUpEnded(let turn, _): 1...Limits.messageIDBytes ~= turn.utf8.count
        }
    }
}

extension TurnOpening {
    var isValid: Bool { 1...Limits.messageIDBytes ~= self.turn.utf8.count && self.attempt > 0 }
}
