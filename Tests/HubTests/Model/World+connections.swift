import Hub
import Messages

extension World {
    func connect(_ client: Client, _ generator: inout SplitMix64) throws {
        guard client.isOffline, client.kind != .poll, let run = try self.find(client.key, isConnection: true) else {
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
        client.display.connect()
        let place = client.kind == .seed ? nil : client.display.place
        let connection = Connection(run, client.mode)
        connection.awaitedWelcome = (place, run.recovery(from: place, limit: client.kind == .seed ? 20 : 100))
        self.note("  joins \(place.map { "with \($0.seq)" } ?? "without position"), top \(run.top)")
        self.hub.join(connection.link, run.room, client.mode, from: place)
        run.reservations -= 1
        run.members += 1
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

    func close(_ client: Client) throws {
        try self.deliver(client, atMost: .max)
        try self.end(client, lastFrames: .max)
    }

    /// Lets a client read; a poll that was told that something has come ends.
    func deliver(_ client: Client, atMost count: Int) throws {
        guard let connection = client.connection else { return }
        if client.kind == .poll {
            if connection.isWoken { try self.endPoll(client, isLost: false) }
        } else {
            try self.read(connection, client, atMost: count)
        }
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
            let isLimited = self.schedule.options.resumeRate != nil && error.code == .rateLimited
            try promise("P5", isLimited, "resume is refused with \(error.code.rawValue)")
            try self.inspect()
            return false
        }
        client.display.isResuming = true
        try self.inspect()
        return true
    }

    func ping(_ client: Client) throws {
        guard client.kind == .v1, let connection = client.connection else { return }
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
        try connection.inspect(self.reader)
        self.hub.leave(connection.link, run.room)
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
        try connection.inspect(self.reader)
        self.hub.leave(connection.link, run.room)
        run.reservations -= 1
    }
}

// MARK: What is asked for

extension World {
    func history(_ client: Client, _ generator: inout SplitMix64) throws {
        let connection = client.kind == .poll ? nil : client.connection
        // Without a connection only a room that is there is asked: a look at it mustn't make one.
        guard let known = connection?.run ?? self.runs[client.key], !known.mayBeDropped else { return }
        let edges = [nil, 0, 1, known.oldest, known.oldest + 1, known.top / 2, known.top, known.top + 1, known.top + 5]
        let before = edges.randomElement(using: &generator) ?? nil
        let limit = [1, 5, 50, 100].randomElement(using: &generator) ?? 1
        let epoch =
            [known.epoch, known.epoch, nil, self.formerEpochs.randomElement(using: &generator)]
            .randomElement(using: &generator) ?? nil
        guard let run = connection == nil ? try self.find(client.key, isConnection: false) : known else { return }
        defer { if connection == nil { self.cancel(run) } }
        let answer: [UInt8]
        do throws(ClientError) {
            answer = try self.hub.history(run.room, epoch: epoch, before: before, limit: limit)
        } catch {
            let isLimited = error.code == .rateLimited && self.schedule.options.historyRate != nil
            let isOther = error.code == .unrecoverablePosition && epoch != nil && epoch != run.epoch
            return try promise("P5", isLimited || isOther, "history is refused with \(error.code.rawValue)")
        }
        try promise("P5", epoch == nil || epoch == run.epoch, "history of another epoch is answered")
        let page = try self.reader.read(answer)
        let expected = run.page(before: before, limit: limit)
        let items = page.items ?? []
        let asked = "before \(before ?? -1), limit \(limit), replayable \(run.oldest)...\(run.top)"
        try promise("P1", items.map { $0.seq ?? 0 } == Array(expected), "\(items.map { $0.seq ?? 0 }): \(asked)")
        try promise("P1", page.complete == (expected.lowerBound <= run.oldest), "complete is wrong: \(asked)")
        try self.check(items, page.epoch, in: run)
    }

    private func check(_ items: [ReceivedFrame], _ epoch: String?, in run: RoomRun) throws {
        try promise("P8", epoch == run.epoch, "an answer of another epoch in \(name(of: run.key))")
        for item in items {
            try run.checkContent(item)
            try promise("P8", item.epoch == run.epoch, "a message of another epoch in \(name(of: run.key))")
            try promise("P4", item.replay == true, "\(item.describedShortly) isn't marked as a replay")
        }
    }

    func poll(_ client: Client, isLost: Bool) throws {
        guard client.kind == .poll else { return }
        // A second poll of a client ends the first, without an answer.
        try self.end(client, lastFrames: 0)
        guard let run = try self.find(client.key, isConnection: true) else { return }
        let place = client.display.place
        let connection = Connection(run, .v1, polledFrom: place)
        let answer: [UInt8]?
        do throws(ClientError) {
            answer = try self.hub.poll(run.room, from: place, orWait: connection.link)
        } catch {
            run.reservations -= 1
            let isLimited = self.schedule.options.pollRate != nil && error.code == .rateLimited
            return try promise("P5", isLimited, "a poll is refused with \(error.code.rawValue)")
        }
        run.reservations -= 1
        if answer == nil {
            run.members += 1
            client.stage = .online(connection)
        }
        try self.take(answer, client, run, from: place, isLost: isLost)
        try self.inspect()
    }

    /// Ends a poll that waits, since something came or the time is over.
    func endPoll(_ client: Client, isLost: Bool) throws {
        guard client.kind == .poll, let connection = client.connection else { return }
        try self.end(client, lastFrames: 0)
        let place = connection.polledFrom
        let hasNews =
            connection.run.recovery(from: place, limit: 100) != .init(recovered: true, reset: false, replayed: 0)
        try promise("P1", connection.isWoken == hasNews, "a poll that waits wasn't told of a message, or of none")
        try self.take(
            self.hub.answer(connection.run.room, from: place),
            client,
            connection.run,
            from: place,
            isLost: isLost
        )
    }

    /// Checks the answer to a poll and lets the client have it.
    private func take(_ answer: [UInt8]?, _ client: Client, _ run: RoomRun, from place: Place?, isLost: Bool) throws {
        let recovery = run.recovery(from: place, limit: 100)
        let asked = "since \(place?.seq ?? -1), replayable \(run.oldest)...\(run.top)"
        self.note("  \(client.name) polls \(asked)\(isLost ? ", lost" : "")")
        guard let answer else {
            return try promise("P1", recovery.recovered && recovery.replayed == 0, "a poll waits: \(asked)")
        }
        let received = try self.reader.read(answer)
        let items = received.items ?? []
        try promise("P5", received.reset == recovery.reset, "reset \(!recovery.reset): \(asked)")
        try promise("P4", received.recovered == recovery.recovered, "recovered \(!recovery.recovered): \(asked)")
        let numbers = run.top - recovery.replayed + 1..<run.top + 1
        try promise("P4", items.map { $0.seq ?? 0 } == Array(numbers), "\(items.map { $0.seq ?? 0 }): \(asked)")
        try promise("P4", received.top == run.top, "top \(received.top ?? -1): \(asked)")
        try self.check(items, received.epoch, in: run)
        if !isLost { try client.display.receive(poll: received, of: run) }
    }
}
