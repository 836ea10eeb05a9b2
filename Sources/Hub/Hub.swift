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
    let roomCount = Atomic<Int>(0)
    /// Names this run of the memory engine: numbers of another run are not comparable.
    private let runPart: String

    /// Creates a hub without rooms.
    ///
    /// - Parameters:
    ///   - options: Its bounds.
    ///   - clocks: Where it takes the time from.
    ///   - subscriber: Who answers visitors.
    ///   - log: Keeps what is said; nothing for messages that live as long as the hub.
    ///   - filter: Changes what visitors write before it is taken; nothing for messages as they come.
    public init(
        options: HubOptions = HubOptions(),
        clocks: any Clocks,
        subscriber: any InboundSubscriber,
        log: (any MessageLog)? = nil,
        filter: (any TextFilter)? = nil
    ) {
        self.context = HubContext(
            options: options,
            clocks: clocks,
            subscriber: subscriber,
            log: log,
            filter: filter
        )
        self.shards = (0..<64).map { _ in Shard() }
        var generator = SystemRandomNumberGenerator()
        self.runPart = randomBase36(characters: 6, using: &generator)
    }

    /// How many rooms are in memory.
    public var rooms: Int { self.roomCount.load(ordering: .relaxed) }

    /// The bounds that the hub was made with.
    public var options: HubOptions { self.context.options }

    /// Finds or makes the room of a session and expects one more connection in it.
    ///
    /// Sessions of two sites have two rooms, also if they are called the same.
    ///
    /// Whoever calls must end the reservation: by ``Room/join(_:mode:from:)``, by ``Room/poll(from:orWait:)`` or by
    /// ``Room/cancelReservation()``.
    ///
    /// - Throws: `rate_limited` if the room has as many connections as it may, `overloaded` if the hub has as many
    ///   rooms as it may, `unavailable` if the room is in the log and wasn't opened: ``open(_:)``.
    public func reserve(_ session: SessionID, of site: SiteID = .default) throws(ClientError) -> Room {
        let room = try self.room(of: RoomKey(site: site, session: session))
        guard let room else {
            throw ClientError(
                .rateLimited,
                "this session has \(self.options.connectionsPerRoom ?? 0) connections already",
                retryAfterMilliseconds: 5_000
            )
        }
        return room
    }

    /// Finds or makes the room of a session for one call that is no connection, however many it has.
    ///
    /// Whoever calls ends it by ``Room/cancelReservation()``.
    ///
    /// - Throws: `overloaded` if the hub has as many rooms as it may.
    public func pin(_ session: SessionID, of site: SiteID = .default) throws(ClientError) -> Room {
        guard let room = try self.room(of: RoomKey(site: site, session: session), isConnection: false) else {
            throw ClientError(.overloaded, "the session is not available")
        }
        return room
    }

    /// The room with one more reservation, or nothing if the room is full.
    private func room(of key: RoomKey, isConnection: Bool = true) throws(ClientError) -> Room? {
        var found = self.lookUp(key, isConnection)
        if case .overloaded = found {
            // A flood of newcomers that are refused must not look through all rooms each.
            self.context.searchForVacancies { self.dropIdleRooms() }
            found = self.lookUp(key, isConnection)
        }
        switch found {
        case .found(let room): return room
        case .full: return nil
        case .closed:
            throw ClientError(.unavailable, "the session isn't open yet", retryAfterMilliseconds: 1_000)
        case .overloaded: throw Self.overloaded
        }
    }

    private static let overloaded = ClientError(
        .overloaded,
        "no more sessions can be opened",
        retryAfterMilliseconds: 5_000
    )

    /// Ends what is over in the rooms: somebody has stopped writing, somebody has gone.
    ///
    /// To be called once a second.
    public func tick() {
        let now = self.context.clocks.nanoseconds()
        for room in self.context.takeScheduled() where room.tick(at: now) { self.context.schedule(room) }
        if self.historyBytes > self.options.historyBytes { self.shrinkHistory() }
    }

    /// Bytes of the messages that all rooms keep.
    public var historyBytes: Int { self.context.historyBytes.load(ordering: .relaxed) }

    /// Drops idle rooms, and if that isn't enough has every room keep no more than its share.
    private func shrinkHistory() {
        while self.historyBytes > self.options.historyBytes, self.dropIdleRooms() > 0 {}
        guard self.historyBytes > self.options.historyBytes else { return }
        let share = self.options.historyBytes / max(1, self.rooms) * 9 / 10
        for shard in self.shards {
            for room in shard.rooms.withLock({ Array($0.values) }) { room.shrinkHistory(to: share) }
        }
    }

    func shard(of key: RoomKey) -> Shard {
        self.shards[Int(UInt(bitPattern: key.hashValue) % UInt(self.shards.count))]
    }

    private func lookUp(_ key: RoomKey, _ isConnection: Bool) -> Lookup {
        let shard = self.shard(of: key)
        return shard.rooms.withLock { rooms -> Lookup in
            // The reservation is made under the table's lock, so that the room can't be dropped in between.
            if let room = rooms[key] { return room.reserve(isConnection: isConnection) ? .found(room) : .full }
            guard self.context.log == nil else { return .closed }
            guard self.roomCount.load(ordering: .relaxed) < self.options.rooms else { return .overloaded }
            let room = self.makeRoom(key)
            _ = room.reserve(isConnection: isConnection)
            rooms[key] = room
            self.roomCount.wrappingAdd(1, ordering: .relaxed)
            return .found(room)
        }
    }

    private enum Lookup {
        case found(Room)
        case full, overloaded
        /// Whether there is such a room only the log knows.
        case closed
    }

    /// Whether the room of a session can be reserved at once.
    public func isOpen(_ key: RoomKey) -> Bool {
        self.context.log == nil || self.shard(of: key).rooms.withLock { $0[key] != nil }
    }

    /// Brings the room of a session back from the log, where it isn't in memory.
    ///
    /// - Throws: `overloaded` if the hub has as many rooms as it may, or `unavailable` if the log can't be read.
    public func open(_ key: RoomKey) async throws(ClientError) {
        guard !self.isOpen(key) else { return }
        let error = await withCheckedContinuation { continuation in
            self.whenOpen(key) { continuation.resume(returning: $0) }
        }
        if let error { throw error }
    }

    /// The same for callers that can't wait.
    ///
    /// - Parameters:
    ///   - key: The room.
    ///   - body: Called once, at once or on any thread: with nothing when the room can be reserved.
    public func whenOpen(_ key: RoomKey, _ body: @escaping @Sendable (ClientError?) -> Void) {
        guard let log = self.context.log, !self.isOpen(key) else { return body(nil) }
        let begun = self.shard(of: key).opening.withLock { opening -> Opening? in
            if let begun = opening[key] {
                begun.append(body)
                return nil
            }
            let begun = Opening(body)
            opening[key] = begun
            return begun
        }
        if let begun { log.restore(key) { self.finishOpening(key, begun, $0) } }
    }

    private func finishOpening(_ key: RoomKey, _ begun: Opening, _ result: Result<RestoredRoom, ClientError>) {
        let shard = self.shard(of: key)
        var error: ClientError?
        // What was read may be what was forgotten in the meantime.
        if shard.opening.withLock({ $0[key] !== begun }) {
            error = Self.forgotten
        } else {
            switch result {
            case .failure(let reason): error = reason
            case .success(let origin): if !self.insert(key, origin) { error = Self.overloaded }
            }
            let isCurrent = shard.opening.withLock { opening in
                guard opening[key] === begun else { return false }
                opening[key] = nil
                return true
            }
            if !isCurrent {
                self.dropForgotten(key)
                error = Self.forgotten
            }
        }
        for body in begun.take() { body(error) }
    }

    private static let forgotten = ClientError(
        .unavailable,
        "the session was just erased; open it anew",
        retryAfterMilliseconds: 1_000
    )

    /// Puts a room into its table.
    ///
    /// - Returns: Whether there is place for it.
    private func insert(_ key: RoomKey, _ origin: RestoredRoom) -> Bool {
        if self.rooms >= self.options.rooms { self.context.searchForVacancies { self.dropIdleRooms() } }
        guard self.rooms < self.options.rooms else { return false }
        var generator = SystemRandomNumberGenerator()
        let seed = generator.next()
        self.shard(of: key).rooms.withLock { rooms in
            // It may have come while this one was on its way, and somebody may be in it.
            guard rooms[key] == nil else { return }
            rooms[key] = Room(key, origin, idSeed: seed, hub: self.context)
            self.roomCount.wrappingAdd(1, ordering: .relaxed)
        }
        return true
    }

    private func makeRoom(_ key: RoomKey) -> Room {
        var generator = SystemRandomNumberGenerator()
        let seed = generator.next()
        var cheap = SplitMix64(state: seed)
        let epoch = "\(randomBase36(characters: 6, using: &cheap)).\(self.runPart)"
        return Room(key, RestoredRoom(epoch: epoch, top: 0), idSeed: seed, hub: self.context)
    }

    /// Makes place for new rooms: drops those that nobody is in, the longest idle first, until a tenth is free.
    ///
    /// - Returns: How many were dropped.
    @discardableResult
    private func dropIdleRooms() -> Int {
        var idle: [(key: RoomKey, since: UInt64)] = []
        for shard in self.shards {
            for room in shard.rooms.withLock({ Array($0.values) }) {
                let idleness = room.idleness
                if idleness.isUnused { idle.append((room.key, idleness.since)) }
            }
        }
        idle.sort { $0.since < $1.since }
        var count = 0
        for candidate in idle.prefix(max(1, self.options.rooms / 10)) {
            self.shard(of: candidate.key).rooms.withLock { rooms in
                guard let room = rooms[candidate.key], room.idleness.isUnused else { return }
                rooms[candidate.key] = nil
                room.shrinkHistory(to: 0)
                count += 1
                self.roomCount.wrappingSubtract(1, ordering: .relaxed)
            }
        }
        return count
    }
}

/// Names a room: no two sites share one, whatever their visitors' sessions are called.
public struct RoomKey: Hashable, Sendable {
    public let site: SiteID
    public let session: SessionID

    public init(site: SiteID, session: SessionID) {
        self.site = site
        self.session = session
    }
}

/// A part of the table of rooms.
final class Shard: Sendable {
    let rooms = Mutex<[RoomKey: Room]>([:])
    /// Rooms that the log is asked for, and who waits for each.
    let opening = Mutex<[RoomKey: Opening]>([:])
}

/// A room that the log is asked for.
final class Opening: Sendable {
    typealias Waiter = @Sendable (ClientError?) -> Void

    private let waiting: Mutex<[Waiter]>

    init(_ waiter: @escaping Waiter) { self.waiting = Mutex([waiter]) }

    func append(_ waiter: @escaping Waiter) { self.waiting.withLock { $0.append(waiter) } }

    func take() -> [Waiter] {
        self.waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
    }
}

/// What all rooms of a hub share.
final class HubContext: Sendable {
    let options: HubOptions
    let clocks: any Clocks
    let subscriber: any InboundSubscriber
    let log: (any MessageLog)?
    let filter: (any TextFilter)?
    /// Bytes of the messages that all rooms keep.
    let historyBytes = Atomic<Int>(0)
    /// Counts how often a room may have become unused: only then is it worth looking for one.
    private let vacancies = Atomic<Int>(0)
    /// What ``vacancies`` was when nothing was found.
    private let lastSearch = Atomic<Int>(-1)

    /// Notes that a room may be unused now.
    func noteVacancy() { self.vacancies.wrappingAdd(1, ordering: .relaxed) }

    /// Calls `search`, unless it found nothing the last time and nothing has changed since.
    ///
    /// - Parameter search: Returns how many unused rooms there were.
    func searchForVacancies(_ search: () -> Int) {
        let count = self.vacancies.load(ordering: .relaxed)
        guard count != self.lastSearch.load(ordering: .relaxed), search() == 0 else { return }
        self.lastSearch.store(count, ordering: .relaxed)
    }

    /// Rooms in which something ends by itself.
    private let scheduled = Mutex<[Room]>([])

    /// Has a room looked after at the next tick.
    func schedule(_ room: Room) { self.scheduled.withLock { $0.append(room) } }

    func takeScheduled() -> [Room] {
        self.scheduled.withLock { rooms in
            defer { rooms = [] }
            return rooms
        }
    }

    init(
        options: HubOptions,
        clocks: any Clocks,
        subscriber: any InboundSubscriber,
        log: (any MessageLog)?,
        filter: (any TextFilter)?
    ) {
        self.filter = filter
        self.log = log
        self.options = options
        self.clocks = clocks
        self.subscriber = subscriber
    }
}
