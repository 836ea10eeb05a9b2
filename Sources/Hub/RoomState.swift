public import Messages
import Synchronization

/// What a room knows, and its decisions.
///
/// No lock and no clock in here: ``Room`` holds the one and passes the other.
struct RoomState: Sendable {
    struct Member: Sendable {
        let link: any Link
        let mode: ProtocolMode
        let author: Author
        /// Whether it sees which conversations wait for a person.
        var isAtDesk = false
        /// Counts the members that the room has had, so that it is known who came before what.
        fileprivate(set) var arrival: UInt32 = 0
    }

    private let key: RoomKey
    /// `<room part>.<run part>`: changes whenever a message that a client may have seen may be lost.
    let epoch: String
    private let hub: HubContext
    /// Starts the ids of messages that came without one.
    private let idSeed: UInt64
    private(set) var members: [Member] = []
    private(set) var recent = RecentMessages()
    private var ids = RememberedIDs()
    private var nextArrival: UInt64 = 0
    /// Theoretical arrivals of the calls that are limited for the room as a whole.
    var arrivals = Arrivals()
    /// Handshakes that are under way and will become members.
    var reservations = 0
    /// How many keep the room without coming into it.
    var holds = 0
    /// Who writes.
    var writers: [Writer] = []
    /// Whose last connection was closed a moment ago.
    var departures: [Departure] = []
    /// The reply that comes piece by piece: one at most.
    var streams: [OpenStream] = []
    /// How far clients of the first form have got; nothing before the first.
    var seedCursors: [SeedCursor] = []
    /// Whether the hub looks after the room at its next tick.
    var isScheduled = false
    /// The ``Member/arrival`` of the next member.
    private(set) var nextMember: UInt32 = 0
    /// Nanoseconds at which something last happened.
    var lastActive: UInt64 = 0
    /// What of it is in the log.
    var keeping = Keeping()
    /// Whether its session was erased: nothing is kept any more.
    var isForgotten = false
    /// Who answers.
    var standing = Standing()
    /// The language of what the server itself says.
    var texts = ServerTexts.english
    /// Counts how often somebody else than the responders has begun to answer: what they still say to older messages is
    /// dropped.
    var floor = 0
    /// When the visitor or an agent last said something, in milliseconds of the time of day; 0 if it isn't known.
    var lastSpoken: Int64 = 0
    /// When the last agent went, in milliseconds of the time of day.
    var agentLeft: Int64 = 0
    /// What the subscriber keeps with the room.
    var companion: (any AnyObject & Sendable)?
    /// Whether a message is with the subscriber, and what waits behind it.
    private var isDelivering = false
    private var waiting: [InboundMessage] = []

    struct Arrivals: Sendable {
        var resume: UInt64 = 0
        var history: UInt64 = 0
        var poll: UInt64 = 0
        var typing: UInt64 = 0
        var presence: UInt64 = 0
        var agentMessage: UInt64 = 0
        var agentTyping: UInt64 = 0
    }

    init(_ key: RoomKey, _ origin: RestoredRoom, idSeed: UInt64, hub: HubContext) {
        self.hub = hub
        self.key = key
        self.epoch = origin.epoch
        self.idSeed = idSeed
        self.keeping.settled = origin.top
        self.recent = RecentMessages(
            origin.frames.enumerated().map { index, json in
                Frame(json, .durable, seq: origin.top - origin.frames.count + 1 + index)
            },
            top: origin.top
        )
        hub.historyBytes.wrappingAdd(self.recent.bytes, ordering: .relaxed)
        self.standing = origin.standing
        if origin.standing.state.isAttended { self.agentLeft = hub.clocks.timestamp().milliseconds }
        let now = hub.clocks.nanoseconds()
        for message in origin.remembered {
            let record = RememberedIDs.Record(
                seq: message.seq,
                fingerprint: RememberedIDs.Fingerprint(message.text),
                replies: message.replies,
                rememberedAt: now - min(now, message.age)
            )
            self.ids.remember(message.id, record, oldestRecent: self.recent.oldest, now: now)
        }
    }

    private var session: SessionID { self.key.session }

    /// Whether a message is being answered.
    var isAnswering: Bool { self.isDelivering }

    /// Whether nobody is in the room, is about to come, or is being answered, and everything that was said is kept.
    var isUnused: Bool {
        self.members.isEmpty && self.reservations == 0 && self.holds == 0 && !self.isDelivering
            && (self.hub.log == nil ? !self.standing.state.isAttended : self.keeping.settled == self.recent.top)
    }

    mutating func append(_ member: Member) {
        var member = member
        member.arrival = self.nextMember
        self.nextMember &+= 1
        self.members.append(member)
    }

    /// Strikes a link off.
    ///
    /// - Returns: What it was; nothing where it wasn't there.
    mutating func remove(_ link: any Link) -> Member? {
        guard let index = self.members.firstIndex(where: { $0.link === link }) else { return nil }
        return self.members.remove(at: index)
    }
}

extension RoomState {
    /// Has the room keep no more than so many bytes of messages.
    mutating func shrinkHistory(to bytes: Int) {
        let before = self.recent.bytes
        self.recent.shrink(to: bytes)
        self.hub.historyBytes.wrappingAdd(self.recent.bytes - before, ordering: .relaxed)
    }

    /// What became of a visitor's message.
    enum Acceptance {
        case accepted(InboundMessage, Frame)
        /// Sent before: the number that it has.
        case duplicate(seq: Int)
    }

    /// Decides about a visitor's message, gives it its number and keeps it.
    ///
    /// - Throws: `rate_limited`, or `bad_request` with `id_conflict`.
    mutating func accept(
        _ message: UserMessage,
        page: String,
        at timestamp: Timestamp,
        now: UInt64,
        limit: RateLimit?
    ) throws(ClientError) -> Acceptance {
        self.lastActive = now
        if let seq = try self.knownMessage(message) { return .duplicate(seq: seq) }
        // What was taken before costs nothing, so that an outbox may be sent again.
        if let wait = limit?.refuse(&self.nextArrival, at: now) {
            throw ClientError(.rateLimited, "too many messages", waitingNanoseconds: wait, id: message.id)
        }
        let seq = self.recent.top + 1
        let id = message.id ?? self.serverID(seq)
        let stored = Message(.user, message.text, id: id, at: timestamp, context: message.context)
        let turnID = self.turnID(seq)
        let frame = self.keep(stored, page: page, turnID: turnID)
        if message.id != nil { self.remember(id, seq: seq, text: message.text, now: now) }
        let inbound = InboundMessage(message: stored, seq: seq, page: page, turnID: turnID, origin: message.origin)
        return .accepted(inbound, frame)
    }

    /// Takes one of the calls that count as a message of the visitor, or says how long to wait for it.
    mutating func refuseMessage(_ limit: RateLimit?, at now: UInt64) -> UInt64? {
        limit?.refuse(&self.nextArrival, at: now)
    }

    /// The same for somebody in the room: an agent takes nothing from the visitor.
    mutating func refuseMessage(of author: Author, _ limit: RateLimit?, at now: UInt64) -> UInt64? {
        author.kind == .agent ? limit?.refuse(&self.arrivals.agentMessage, at: now) : self.refuseMessage(limit, at: now)
    }

    /// Whether somebody tells too often that they write.
    mutating func refusesTyping(of author: Author, _ limit: RateLimit?, at now: UInt64) -> Bool {
        author.kind == .agent
            ? limit?.refuse(&self.arrivals.agentTyping, at: now) != nil
            : limit?.refuse(&self.arrivals.typing, at: now) != nil
    }

    /// Whether what is said to a message is still shown.
    func hasFloor(_ inbound: InboundMessage) -> Bool { inbound.floor == nil || inbound.floor == self.floor }

    /// The number of a message that was taken before; nothing of a new one.
    ///
    /// - Throws: `bad_request` with `id_conflict` where another text has its id, or `unavailable`.
    func knownMessage(_ message: UserMessage) throws(ClientError) -> Int? {
        if let id = message.id, let record = self.ids[id] {
            guard record.fingerprint == RememberedIDs.Fingerprint(message.text) else {
                throw ClientError(.badRequest, "this id was used for another text", detail: "id_conflict", id: id)
            }
            return record.seq
        }
        // Nobody is to see what would be lost.
        guard !self.isForgotten, self.hub.log?.isAccepting ?? true else {
            var error = Room.notKept
            error.id = message.id
            throw error
        }
        return nil
    }

    /// Keeps what an agent says.
    mutating func say(_ message: UserMessage, by agent: Author, at time: Timestamp, now: UInt64) -> Frame {
        self.lastActive = now
        let seq = self.recent.top + 1
        let id = message.id ?? self.serverID(seq)
        var stored = Message(.claude, message.text, id: id, at: time, authorName: agent.name)
        stored.isByAgent = true
        let frame = self.keep(stored)
        if message.id != nil { self.remember(id, seq: seq, text: message.text, now: now) }
        return frame
    }

    /// Gives a reply its id and number and keeps it.
    ///
    /// - Parameters:
    ///   - inbound: The message that is answered.
    ///   - number: 1 for its first reply.
    ///   - make: Makes the message with the id that is passed.
    /// - Returns: Nothing if the message has got the reply of that number already.
    mutating func reply(to inbound: InboundMessage, number: Int, _ make: (_ id: String) -> Message) -> Frame? {
        guard let id = self.replyID(to: inbound, number: number) else { return nil }
        self.ids.noteReply(number, to: inbound.message.id)
        let message = make(id)
        let frame = self.keep(message)
        if let index = self.streams.firstIndex(where: { $0.replyID == id }) {
            self.streams[index].posted = (frame.seq, message.text)
        }
        return frame
    }

    /// The id of a reply; nothing if the message has got that one already.
    func replyID(to inbound: InboundMessage, number: Int) -> String? {
        let answered = inbound.message.id
        // Ids without a record are those that the server made: nobody can send those twice.
        if let record = self.ids[answered], record.hasReply(number) { return nil }
        return number == 1 ? "re:\(answered)" : "re:\(answered):\(number)"
    }

    /// Keeps a message of the server itself.
    mutating func announce(_ make: (_ id: String) -> Message) -> Frame {
        self.keep(make(self.serverID(self.recent.top + 1)))
    }

    /// Keeps a message of the server itself under an id of its own, once.
    ///
    /// - Returns: Its number; without a frame where the id is known.
    mutating func announce(_ message: Message, now: UInt64) -> (seq: Int, frame: Frame?) {
        if let known = self.ids[message.id] { return (known.seq, nil) }
        let frame = self.keep(message)
        self.remember(message.id, seq: frame.seq, text: message.text, now: now)
        return (frame.seq, frame)
    }

    /// Gives a message its number; ``Room/keep(_:)`` is to be called afterwards.
    private mutating func keep(_ message: Message, page: String = "", turnID: String? = nil) -> Frame {
        let seq = self.recent.top + 1
        let json = ServerFrame.durable(message, session: self.session, seq: seq, epoch: self.epoch)
        let frame = Frame(json, .durable, seq: seq)
        if self.hub.log != nil {
            self.keeping.untaken.append(
                LoggedMessage(
                    room: self.key,
                    epoch: self.epoch,
                    seq: seq,
                    message: message,
                    page: page,
                    frame: frame,
                    turnID: turnID
                )
            )
        }
        let before = self.recent.bytes
        self.recent.append(frame)
        self.hub.historyBytes.wrappingAdd(self.recent.bytes - before, ordering: .relaxed)
        return frame
    }

    private mutating func remember(_ id: String, seq: Int, text: String, now: UInt64) {
        let record = RememberedIDs.Record(
            seq: seq,
            fingerprint: RememberedIDs.Fingerprint(text),
            replies: 0,
            rememberedAt: now
        )
        self.ids.remember(id, record, oldestRecent: self.recent.oldest, now: now)
    }

    /// A name for the turn of a message: `t_` and 22 characters, unlike any other.
    private func turnID(_ seq: Int) -> String {
        var generator = SplitMix64(seed: ~self.idSeed, index: UInt64(seq))
        return "t_" + randomBase64URL(characters: 22, using: &generator)
    }

    /// An id for a message that came without one: `srv:` and 22 characters, unlike any other of this room.
    private func serverID(_ seq: Int) -> String {
        var generator = SplitMix64(seed: self.idSeed, index: UInt64(seq))
        return "srv:" + randomBase64URL(characters: 22, using: &generator)
    }
}

extension ClientError {
    /// A refusal for a while, by a ``RateLimit``.
    public init(_ code: ErrorCode, _ message: String, waitingNanoseconds wait: UInt64, id: String? = nil) {
        self.init(code, message, retryAfterMilliseconds: Int(wait / 1_000_000) + 1, id: id)
    }
}

extension RoomState {
    /// What of the history a client gets that names a position, or none.
    ///
    /// - Parameters:
    ///   - position: What the client has.
    ///   - limit: How many messages it gets if the position is no use.
    /// - Returns: Which part of the history, and what the client is told.
    func recovery(from position: Position?, limit: Int) -> Recovery {
        let top = self.recent.top
        if let position, position.epoch == self.epoch, self.recent.oldest - 1...top ~= position.seq {
            return Recovery(from: position.seq + 1, replayed: top - position.seq, recovered: true, reset: false)
        }
        let replayed = min(self.recent.count, limit)
        return Recovery(from: top - replayed + 1, replayed: replayed, recovered: false, reset: position != nil)
    }

    /// Which part of the history a client gets, and what it is told about it.
    struct Recovery {
        var from: Int
        var replayed: Int
        var recovered: Bool
        var reset: Bool
    }
}

extension RoomState {
    /// What to do with a message that was accepted.
    enum Delivery { case now, waits, overflow }

    mutating func beginDelivery(of message: InboundMessage, atMostWaiting bound: Int, at now: UInt64) -> Delivery {
        guard self.isDelivering else {
            self.isDelivering = true
            return .now
        }
        guard self.waiting.count < bound else { return .overflow }
        var message = message
        message.queuedAt = now
        self.waiting.append(message)
        return .waits
    }

    /// The next message for the subscriber, after it has finished one.
    ///
    /// - Parameter clocks: Tell how long it waited.
    /// - Returns: Nothing where none waits.
    mutating func nextDelivery(at clocks: any Clocks) -> InboundMessage? {
        guard !self.waiting.isEmpty else {
            self.isDelivering = false
            return nil
        }
        var next = self.waiting.removeFirst()
        next.floor = self.floor
        next.waited = .nanoseconds(Int64(clamping: clocks.nanoseconds() &- next.queuedAt))
        return next
    }
}
