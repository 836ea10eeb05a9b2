import Hub
import Messages

/// A hub, its clients and the reference, while the steps of a schedule are done.
final class World {
    let schedule: Schedule
    let hub: HubUnderTest
    let reader = FrameReader()
    let clients: [Client]
    /// The rooms as they were found last.
    var runs: [RoomKey: RoomRun] = [:]
    /// All epochs that there ever were, none twice.
    private var epochs: Set<String> = []
    private(set) var formerEpochs: [String] = []
    /// Connections that have ended lately: the hub must send them nothing.
    private var ended: [Connection] = []
    private var numbers: [RoomKey: Int] = [:]
    private(set) var trace: [String] = []
    private let isTracing: Bool
    /// Whether single messages leave no line.
    var isQuiet = false

    init(_ schedule: Schedule, isTracing: Bool) {
        self.schedule = schedule
        self.isTracing = isTracing
        self.hub = HubUnderTest(schedule.options)
        self.clients = schedule.participants.enumerated().map { Client($0.offset, $0.element) }
    }

    var now: UInt64 { self.hub.clock.nanoseconds() }

    func note(_ line: @autoclosure () -> String) { if self.isTracing, !self.isQuiet { self.trace.append(line()) } }

    /// The next number for a text or an id of a room.
    ///
    /// Rooms count for themselves, so that they have the same ids.
    func nextNumber(_ key: RoomKey) -> Int {
        self.numbers[key, default: 0] += 1
        return self.numbers[key] ?? 0
    }

    /// Looks at everything that the hub has sent to anybody.
    func inspect() throws {
        for client in self.clients { try client.connection?.inspect(self.reader) }
        for connection in self.ended {
            try promise("P8", connection.link.take().isEmpty, "a frame for a connection that has ended")
        }
    }

    /// Closes what reads too slowly, as the transport does after each tick.
    func closeSlow() throws {
        for client in self.clients where client.kind != .poll {
            guard let connection = client.connection, connection.queuedBytes > self.schedule.queuedBytes else {
                continue
            }
            self.note("  4408 for \(client.name)")
            try self.end(client, lastFrames: Int(self.now / 1_000 % UInt64(connection.inFlight.count + 1)))
        }
    }

    /// Ends a connection.
    ///
    /// - Parameters:
    ///   - client: Whose it is.
    ///   - lastFrames: How many of the frames on their way still arrive.
    ///   - isPageLeft: Whether the client says that the page was left.
    /// - Throws: What is broken.
    func end(_ client: Client, lastFrames: Int, isPageLeft: Bool = false) throws {
        guard let connection = client.connection else { return }
        self.hub.leave(connection.link, connection.run.room, isPageLeft: isPageLeft)
        connection.run.passing.exit(connection, at: self.now)
        connection.run.members -= 1
        if connection.author.kind == .agent { connection.run.agents -= 1 }
        if client.kind == .seed {
            let confirmed = connection.confirmed
            connection.run.seed.end(
                .init(clients: [client.number], confirmed: confirmed, at: self.now, isPageLeft: isPageLeft)
            )
        }
        self.abandon(client, connection, lastFrames)
        try self.inspect()
        if client.kind != .poll { try self.read(connection, client, atMost: .max, isOnline: false) }
    }

    private func abandon(_ client: Client, _ connection: Connection, _ lastFrames: Int) {
        client.stage = .offline
        connection.loseAll(but: lastFrames)
        self.ended = self.ended.suffix(5) + [connection]
    }

    /// Lets a client read.
    func read(_ connection: Connection, _ client: Client, atMost count: Int, isOnline: Bool = true) throws {
        var left = count
        var mayResume = isOnline
        while left > 0, let frame = connection.takeNext() {
            left -= 1
            if let seq = frame.receipt { connection.receipts.append(seq) }
            if frame.type == "ack" { client.outbox.removeAll { $0.id == frame.id } }
            try client.display.receive(frame, of: connection.run)
            // What is refused once is refused until some time has passed.
            if mayResume, client.display.wantsResume { mayResume = try self.resume(client, connection) }
            if isOnline, frame.isWelcome { try self.sendOutbox(client) }
        }
    }

    /// The server ends, and another one starts that knows nothing.
    func restart(_ pick: UInt64) throws {
        var generator = SplitMix64(state: pick)
        for client in self.clients {
            if let connection = client.connection {
                let count = Int.random(in: 0...connection.inFlight.count, using: &generator)
                self.abandon(client, connection, client.kind == .poll ? 0 : count)
                if client.kind != .poll { try self.read(connection, client, atMost: .max, isOnline: false) }
            }
            client.stage = .offline
        }
        self.runs = [:]
        self.ended = []
        self.hub.restart()
    }
}

// MARK: Rooms

extension World {
    /// Finds a room as a transport does, and checks that it is the one that was found before.
    ///
    /// - Parameters:
    ///   - key: Which.
    ///   - isConnection: Whether it counts as a connection.
    ///   - author: Whose connection it is.
    /// - Returns: The room, or nothing where the hub has to refuse.
    /// - Throws: What is broken.
    func find(_ key: RoomKey, isConnection: Bool, for author: Author = .visitor) throws -> RoomRun? {
        let known = self.runs[key]
        let inUse = self.runs.values.count { $0.isInUse && $0.key != key }
        let isCertain = known.map { !$0.mayBeDropped } ?? false
        let connections = known.map { $0.connections(of: author.kind) + $0.reservations } ?? 0
        let isFull = isConnection && connections >= self.schedule.options.connectionsPerRoom ?? .max
        let room: Room
        do throws(ClientError) {
            room = isConnection ? try self.hub.reserve(key, for: author.kind) : try self.hub.pin(key)
        } catch {
            self.note("  refused: \(error.code.rawValue)")
            switch error.code {
            case .rateLimited: try promise("bounds", isFull, "\(name(of: key)) is full with \(connections) connections")
            case .overloaded:
                let isOver = !isCertain && inUse >= self.schedule.options.rooms
                try promise("bounds", isOver, "overloaded with \(inUse) rooms in use")
            default: throw Violation("bounds", "\(error)")
            }
            return nil
        }
        if let known, room === known.room {
            try promise("bounds", !isFull, "\(name(of: key)) takes more than \(connections) connections")
            known.mayBeDropped = false
            known.reservations += 1
            return known
        }
        try promise("P5", !isCertain, "\(name(of: key)) was dropped, or made twice")
        try promise("bounds", inUse < self.schedule.options.rooms, "more than \(inUse) rooms in use")
        return try self.begin(key, room)
    }

    private func begin(_ key: RoomKey, _ room: Room) throws -> RoomRun {
        let run = RoomRun(key, room, epoch: self.hub.epoch(of: room))
        try promise("P8", room.key == key, "\(name(of: room.key)) instead of \(name(of: key))")
        try promise("P5", self.epochs.insert(run.epoch).inserted, "an epoch came back in \(name(of: key))")
        self.formerEpochs.append(run.epoch)
        run.reservations = 1
        self.runs[key] = run
        if self.runs.count > self.schedule.options.rooms {
            for other in self.runs.values where !other.isInUse { other.mayBeDropped = true }
        }
        return run
    }

    /// Gives a reservation back.
    func cancel(_ run: RoomRun) {
        self.hub.cancelReservation(run.room)
        run.reservations -= 1
    }
}
