public import Messages
import Synchronization

/// Routes messages between the connections of a session.
///
/// It opens no socket and knows no responder: transports bring it messages and take frames from it, and one subscriber
/// gets what visitors say.
///
/// Safe on any thread. Rooms are found through tables of their own locks; once a connection has its ``Room``, nothing
/// is shared between rooms.
public final class Hub: Sendable {
    private let context: HubContext
    /// Tables of rooms, each with its own lock, chosen by the hash of the session.
    private let shards: [Shard]
    private let roomCount = Atomic<Int>(0)
    /// Names this run of the memory engine: numbers of another run are not comparable.
    private let runPart: String

    /// Creates a hub without rooms.
    ///
    /// - Parameters:
    ///   - options: Its bounds.
    ///   - clocks: Where it takes the time from.
    ///   - subscriber: Who answers visitors.
    public init(options: HubOptions = HubOptions(), clocks: any Clocks, subscriber: any InboundSubscriber) {
        self.context = HubContext(options: options, clocks: clocks, subscriber: subscriber)
        self.shards = (0..<64).map { _ in Shard() }
        var generator = SystemRandomNumberGenerator()
        self.runPart = randomBase36(characters: 6, using: &generator)
    }

    /// The bounds that the hub was made with.
    public var options: HubOptions { self.context.options }

    /// Finds or makes the room of a session and expects one more connection in it.
    ///
    /// Whoever calls must end the reservation: by ``Room/join(_:mode:from:)``, by ``Room/poll(from:orWait:)`` or by
    /// ``Room/cancelReservation()``.
    ///
    /// - Throws: `rate_limited` if the room has as many connections as it may, `overloaded` if the hub has as many
    ///   rooms as it may.
    public func reserve(_ session: SessionID) throws(ClientError) -> Room {
        let room = try self.room(of: session)
        guard let room else {
            throw ClientError(
                .rateLimited,
                "this session has \(self.options.connectionsPerRoom ?? 0) connections already",
                retryAfterMilliseconds: 5_000
            )
        }
        return room
    }

    /// The room with one more reservation, or nothing if the room is full.
    private func room(of session: SessionID) throws(ClientError) -> Room? {
        var found = self.lookUp(session)
        if case .overloaded = found {
            self.dropIdleRooms()
            found = self.lookUp(session)
        }
        switch found {
        case .found(let room): return room
        case .full: return nil
        case .overloaded:
            throw ClientError(.overloaded, "no more sessions can be opened", retryAfterMilliseconds: 5_000)
        }
    }

    private func lookUp(_ session: SessionID) -> Lookup {
        let shard = self.shards[Int(UInt(bitPattern: session.hashValue) % UInt(self.shards.count))]
        return shard.rooms.withLock { rooms -> Lookup in
            // The reservation is made under the table's lock, so that the room can't be dropped in between.
            if let room = rooms[session] { return room.reserve() ? .found(room) : .full }
            guard self.roomCount.load(ordering: .relaxed) < self.options.rooms else { return .overloaded }
            let room = self.makeRoom(session)
            _ = room.reserve()
            rooms[session] = room
            self.roomCount.wrappingAdd(1, ordering: .relaxed)
            return .found(room)
        }
    }

    private enum Lookup {
        case found(Room)
        case full, overloaded
    }

    private func makeRoom(_ session: SessionID) -> Room {
        var generator = SystemRandomNumberGenerator()
        let seed = generator.next()
        var cheap = SplitMix64(state: seed)
        let epoch = "\(randomBase36(characters: 6, using: &cheap)).\(self.runPart)"
        return Room(session: session, epoch: epoch, idSeed: seed, hub: self.context)
    }

    /// Makes place for new rooms: drops those that nobody is in, the longest idle first, until a tenth is free.
    private func dropIdleRooms() {
        var idle: [(session: SessionID, since: UInt64)] = []
        for shard in self.shards {
            for room in shard.rooms.withLock({ Array($0.values) }) {
                let idleness = room.idleness
                if idleness.isUnused { idle.append((room.session, idleness.since)) }
            }
        }
        idle.sort { $0.since < $1.since }
        for candidate in idle.prefix(max(1, self.options.rooms / 10)) {
            let shard = self.shards[Int(UInt(bitPattern: candidate.session.hashValue) % UInt(self.shards.count))]
            shard.rooms.withLock { rooms in
                guard let room = rooms[candidate.session], room.idleness.isUnused else { return }
                rooms[candidate.session] = nil
                self.roomCount.wrappingSubtract(1, ordering: .relaxed)
            }
        }
    }
}

/// A part of the table of rooms.
private final class Shard: Sendable {
    let rooms = Mutex<[SessionID: Room]>([:])
}

/// What all rooms of a hub share.
final class HubContext: Sendable {
    let options: HubOptions
    let clocks: any Clocks
    let subscriber: any InboundSubscriber
    let messageRate: RateLimit?

    init(options: HubOptions, clocks: any Clocks, subscriber: any InboundSubscriber) {
        self.options = options
        self.clocks = clocks
        self.subscriber = subscriber
        self.messageRate = options.messageRate.map { RateLimit(perSecond: $0.perSecond, burst: $0.burst) }
    }
}
