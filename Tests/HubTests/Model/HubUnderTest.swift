import Hub
import Messages
import Synchronization

/// The hub of a schedule.
///
/// The only file of the model that calls the hub.
final class HubUnderTest {
    let clock = ScheduleClock()
    let subscriber = PlannedSubscriber()
    private let options: HubOptions
    private var hub: Hub

    init(_ options: HubOptions) {
        self.options = options
        self.hub = Hub(options: options, clocks: self.clock, subscriber: self.subscriber)
    }

    /// Ends the server and starts one that remembers nothing.
    func restart() {
        self.hub = Hub(options: self.options, clocks: self.clock, subscriber: self.subscriber)
        _ = self.subscriber.takeEvents()
    }

    func reserve(_ key: RoomKey, for kind: Author.Kind) throws(ClientError) -> Room {
        self.clock.tick()
        return try self.hub.reserve(key.session, of: key.site, for: kind)
    }

    func pin(_ key: RoomKey) throws(ClientError) -> Room {
        self.clock.tick()
        return try self.hub.pin(key.session, of: key.site)
    }

    func cancelReservation(_ room: Room) { room.cancelReservation() }

    func join(
        _ link: ModelLink,
        _ room: Room,
        _ mode: ProtocolMode,
        from place: Place?,
        as author: Author = .visitor
    ) {
        self.clock.tick()
        room.join(link, mode: mode, from: place.flatMap { Position(epoch: $0.epoch, seq: $0.seq) }, as: author)
    }

    func type(_ isWriting: Bool, _ author: Author, _ room: Room) {
        self.clock.tick()
        room.typing(isWriting, by: author)
    }

    func ask(_ link: ModelLink, _ room: Room) throws(ClientError) {
        self.clock.tick()
        try room.presence(to: link)
    }

    func leave(_ link: ModelLink, _ room: Room, isPageLeft: Bool = false) {
        self.clock.tick()
        room.leave(link, isPageLeft: isPageLeft)
    }

    /// Passes the receipt of a client of the first form on.
    func confirm(_ seq: Int, by link: ModelLink, _ room: Room) { room.confirm(seq, by: link) }

    func resume(_ link: ModelLink, _ room: Room, from place: Place) throws(ClientError) {
        self.clock.tick()
        guard let position = Position(epoch: place.epoch, seq: place.seq) else { return }
        try room.resume(link, from: position)
    }

    func ping(_ link: ModelLink, _ room: Room) { room.ping(link) }

    func accept(
        _ message: Outgoing,
        _ room: Room,
        from link: ModelLink?,
        _ mode: ProtocolMode
    ) throws(ClientError) -> Room.Acknowledgement {
        self.clock.tick()
        return try room.accept(UserMessage(id: message.id, text: message.text), page: "/", from: link, mode: mode)
    }

    func reply(_ text: String, _ room: Room, to inbound: InboundMessage, number: Int) {
        self.clock.tick()
        room.reply(Room.Answer(text), to: inbound, number: number)
    }

    func finish(_ room: Room) { room.finishedInbound() }

    func announce(_ text: String, _ room: Room) {
        self.clock.tick()
        room.announce(text)
    }

    /// Begins a reply that comes piece by piece; nothing where the message has got that reply.
    func beginStream(_ room: Room, to inbound: InboundMessage) -> ReplyStream? {
        room.beginStream(to: inbound, turnID: "t\(inbound.seq)")
    }

    func append(_ text: String, to stream: ReplyStream) {
        self.clock.tick()
        stream.append(text)
    }

    func end(_ stream: ReplyStream, _ text: String) { stream.end(Room.Answer(text)) }

    func cancel(_ stream: ReplyStream) { stream.cancel() }

    /// What the server does once a second.
    func tick() { self.hub.tick() }

    /// The newest frames of a room, oldest first.
    func newest(_ count: Int, of room: Room) -> [Frame] { room.messages(before: .max, limit: count) }

    /// The run of numbers of a room.
    func epoch(of room: Room) -> String { room.answer(from: nil)?.epoch ?? "" }

    func history(_ room: Room, epoch: String?, before: Int?, limit: Int) throws(ClientError) -> [UInt8] {
        self.clock.tick()
        return try room.history(HistoryRequest(epoch: epoch, before: before, limit: limit))
    }

    /// The body of the answer to a poll; nothing if it waits.
    func poll(_ room: Room, from place: Place?, orWait link: ModelLink) throws(ClientError) -> [UInt8]? {
        self.clock.tick()
        let position = place.flatMap { Position(epoch: $0.epoch, seq: $0.seq) }
        return try room.poll(from: position, orWait: link).map { ServerFrame.poll($0) }
    }

    /// The body of the answer to a poll that has waited; nothing if nothing came.
    func answer(_ room: Room, from place: Place?) -> [UInt8]? {
        room.answer(from: place.flatMap { Position(epoch: $0.epoch, seq: $0.seq) }).map { ServerFrame.poll($0) }
    }
}

/// Clocks that the steps of a schedule move.
final class ScheduleClock: Clocks {
    private let now = Atomic<UInt64>(1_000_000_000)

    func timestamp() -> Timestamp { Timestamp(milliseconds: Int64(self.nanoseconds() / 1_000_000)) }
    func nanoseconds() -> UInt64 { self.now.load(ordering: .relaxed) }
    func advance(nanoseconds: UInt64) { self.now.wrappingAdd(nanoseconds, ordering: .relaxed) }
    func advance(milliseconds: UInt64) { self.now.wrappingAdd(milliseconds * 1_000_000, ordering: .relaxed) }

    /// Keeps any two calls apart, so that which room has been idle longest never depends on the order of a hash table.
    func tick() { self.now.wrappingAdd(1_000, ordering: .relaxed) }
}

/// The server's end of a connection: keeps what the hub sends until the schedule looks.
final class ModelLink: Link {
    private let sent = Mutex<[Sent]>([])

    /// A frame, and whether the client gets it marked as a replay.
    struct Sent {
        let frame: Frame
        let isReplay: Bool
    }

    /// The bytes of a replay, as the transports write them.
    static func replayed(_ frame: Frame) -> [UInt8] { ServerFrame.replayed(frame.json) }

    func send(_ frame: Frame) { self.sent.withLock { $0.append(Sent(frame: frame, isReplay: false)) } }
    func replay(_ frames: [Frame]) { self.sent.withLock { $0 += frames.map { Sent(frame: $0, isReplay: true) } } }
    func close(_ code: CloseCode, reason: String) {}

    /// What the hub sent since the last look.
    func take() -> [Sent] {
        self.sent.withLock { sent in
            guard !sent.isEmpty else { return [] }
            defer { sent = [] }
            return sent
        }
    }
}

/// Does with each message what its text says, and notes what it was given.
final class PlannedSubscriber: InboundSubscriber {
    enum Event {
        case received(InboundMessage, Room)
        case overflown(InboundMessage, Room)
    }

    private let events = Mutex<[Event]>([])

    func receive(_ message: InboundMessage, in room: Room) -> InboundProgress {
        self.events.withLock { $0.append(.received(message, room)) }
        let plan = Plan(of: message.message.text)
        guard plan.isImmediate else { return .later }
        for number in plan.numbers {
            room.reply(Room.Answer(replyText(number, room.key, message)), to: message, number: number)
        }
        return .finished
    }

    func overflow(_ message: InboundMessage, in room: Room) {
        self.events.withLock { $0.append(.overflown(message, room)) }
        room.reply(Room.Answer(replyText(1, room.key, message)), to: message, number: 1)
    }

    func stop(_ replyID: String, in room: Room) {}

    /// What it was given since the last look.
    func takeEvents() -> [Event] {
        self.events.withLock { events in
            defer { events = [] }
            return events
        }
    }
}

/// What a reply says: names its room, so that one that strays is seen.
func replyText(_ number: Int, _ key: RoomKey, _ inbound: InboundMessage) -> String {
    "r\(number) \(name(of: key)) to \(inbound.seq)"
}

/// A room's name in texts and traces.
func name(of key: RoomKey) -> String { "\(key.site)/\(key.session)" }
