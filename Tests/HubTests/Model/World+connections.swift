import Hub
import Messages

extension World {
    func connect(_ client: Client, _ generator: inout SplitMix64) throws {
        guard client.isOffline, client.kind != .poll,
            let run = try self.find(client.key, isConnection: true, for: client.author)
        else {
            return
        }
        client.stage = .reserved(run)
        let isNewTab = Int.random(in: 0..<8, using: &generator) == 0
        if Int.random(in: 0..<3, using: &generator) > 0 { try self.join(client, isNewTab: isNewTab) }
    }

    /// Ends a handshake.
    ///
    /// - Parameters:
    ///   - client: Whose.
    ///   - isNewTab: Whether it has forgotten what it had.
    /// - Throws: What is broken.
    func join(_ client: Client, isNewTab: Bool = false) throws {
        guard let run = client.reservation else { return }
        if isNewTab { client.display = Display(isSeed: client.kind == .seed) }
        let isSeed = client.kind == .seed
        let place = isSeed ? run.seedPlace(at: self.now) : client.display.place
        let connection = Connection(run, client.mode, as: client.author)
        let recovery = run.recovery(from: place, limit: isSeed ? 20 : 100)
        connection.awaitedWelcome = (place, recovery)
        connection.confirmed = place?.seq ?? 0
        client.display.connect(from: recovery.recovered ? place : nil, isOwn: run.goesOn(client.number, at: self.now))
        self.note("  joins \(place.map { "with \($0.seq)" } ?? "without position"), top \(run.top)")
        self.hub.join(connection.link, run.room, client.mode, from: place, as: client.author)
        run.passing.enter(connection)
        run.reservations -= 1
        run.members += 1
        if client.author.kind == .agent { run.agents += 1 }
        if isSeed { run.seed.begin() }
        client.stage = .online(connection)
        try self.inspect()
    }

    /// Gives up a handshake.
    func abandon(_ client: Client) {
        guard let run = client.reservation else { return }
        self.cancel(run)
        client.stage = .offline
    }

    /// The network ends a connection: some of what is on its way is lost.
    func cut(_ client: Client, _ generator: inout SplitMix64) throws {
        self.abandon(client)
        guard let connection = client.connection else { return }
        let count = Int.random(in: 0...connection.inFlight.count, using: &generator)
        self.note("  \(connection.inFlight.count - count) of \(connection.inFlight.count) frames are lost")
        try self.end(client, lastFrames: count)
    }

    /// The network ends all connections of a room at once.
    func cutAll(_ key: RoomKey, _ generator: inout SplitMix64) throws {
        for client in self.clients.shuffled(using: &generator) where client.key == key {
            self.passSomeReceipts(client, &generator)
            try self.cut(client, &generator)
        }
    }

    private func passSomeReceipts(_ client: Client, _ generator: inout SplitMix64) {
        guard client.kind == .seed, let connection = client.connection, Bool.random(using: &generator) else { return }
        self.passReceipts(connection)
    }

    /// The client ends its connection: with the page, or without.
    func close(_ client: Client, isPageLeft: Bool) throws {
        try self.deliver(client, atMost: .max)
        try self.end(client, lastFrames: .max, isPageLeft: isPageLeft)
    }

    /// Lets a client read; a poll that was told that something has come ends.
    func deliver(_ client: Client, atMost count: Int) throws {
        guard let connection = client.connection else { return }
        if client.kind == .poll {
            if connection.isWoken { try self.endPoll(client, isLost: false) }
        } else {
            self.passReceipts(connection)
            try self.read(connection, client, atMost: count)
        }
    }

    /// Gives the hub the receipts that are on their way.
    func passReceipts(_ connection: Connection) {
        for seq in connection.receipts {
            self.hub.confirm(seq, by: connection.link, connection.run.room)
            connection.confirmed = max(connection.confirmed, seq)
        }
        connection.receipts = []
    }

    func lose(_ client: Client, _ generator: inout SplitMix64) {
        guard client.kind == .v1, let frame = client.connection?.loseMessage(generator.next()) else { return }
        self.note("  loses \(frame.describedShortly)")
    }

    /// Asks for what came after the client's position.
    ///
    /// - Returns: Whether it may ask again at once.
    @discardableResult
    func resume(_ client: Client, _ connection: Connection) throws -> Bool {
        guard client.kind == .v1, let place = client.display.place, !client.display.isResuming else { return true }
        let run = connection.run
        connection.awaitedWelcome = (place, run.recovery(from: place, limit: 100))
        self.note("  \(client.name) resumes from \(place.seq), top \(run.top)")
        do throws(ClientError) {
            try self.hub.resume(connection.link, run.room, from: place)
        } catch {
            connection.awaitedWelcome = nil
            let isLimited = error.code == .rateLimited && !self.takes(.resume, in: run)
            try promise("P5", isLimited, "resume is refused with \(error.code.rawValue)")
            try self.inspect()
            return false
        }
        try promise("bounds", self.takes(.resume, in: run), "too many resumes are answered")
        client.display.isResuming = true
        try self.inspect()
        return true
    }

    /// Sends a sign of life; a client of the first form answers its own with receipts for what isn't there.
    func ping(_ client: Client) throws {
        guard let connection = client.connection, client.kind != .poll else { return }
        guard client.kind == .v1 else {
            for seq in [0, -1, .min, connection.run.top + 1, .max] {
                self.hub.confirm(seq, by: connection.link, connection.run.room)
            }
            return
        }
        connection.isPingAwaited = true
        self.hub.ping(connection.link, connection.run.room)
        try self.inspect()
    }

    /// A connection with a position that no honest client has, which is over at once.
    func probe(_ key: RoomKey, _ generator: inout SplitMix64) throws {
        guard let run = try self.find(key, isConnection: true) else { return }
        let place = self.wildPlace(run, &generator)
        self.note(
            "  with \(place.seq) of epoch \(self.formerEpochs.firstIndex(of: place.epoch) ?? -1), \(run.oldest)...\(run.top)"
        )
        let connection = Connection(run, .v1)
        connection.awaitedWelcome = (place, run.recovery(from: place, limit: 100))
        self.hub.join(connection.link, run.room, .v1, from: place)
        run.passing.enter(connection)
        try connection.inspect(self.reader)
        self.hub.leave(connection.link, run.room)
        run.passing.exit(connection, at: self.now)
        run.reservations -= 1
        try self.inspect()
    }

    private func wildPlace(_ run: RoomRun, _ generator: inout SplitMix64) -> Place {
        let edges = [
            0, 1, run.oldest - 3, run.oldest - 2, run.oldest - 1, run.oldest, run.top - 1, run.top, run.top + 1,
        ]
        let seq = edges.randomElement(using: &generator) ?? 0
        let isOwn = Int.random(in: 0..<3, using: &generator) > 0
        let other = self.formerEpochs.randomElement(using: &generator) ?? run.epoch
        return Place(epoch: isOwn ? run.epoch : other, seq: max(0, seq))
    }

    /// Somebody comes into a room of no client and goes.
    func visit(_ pick: UInt64) throws {
        guard let key = Schedule.passing(pick), let run = try self.find(key, isConnection: true) else { return }
        let connection = Connection(run, .v1)
        connection.awaitedWelcome = (nil, run.recovery(from: nil, limit: 100))
        self.hub.join(connection.link, run.room, .v1, from: nil)
        run.passing.enter(connection)
        try connection.inspect(self.reader)
        self.hub.leave(connection.link, run.room)
        run.passing.exit(connection, at: self.now)
        run.reservations -= 1
    }
}
