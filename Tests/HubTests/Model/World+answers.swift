import Hub
import Messages

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
            let isLimited = error.code == .rateLimited && !self.takes(.history, in: run)
            let isOther =
                error.code == .unrecoverablePosition && epoch != nil && epoch != run.epoch
                && self.takes(.history, in: run)
            return try promise("P5", isLimited || isOther, "history is refused with \(error.code.rawValue)")
        }
        try promise("P5", epoch == nil || epoch == run.epoch, "history of another epoch is answered")
        try promise("bounds", self.takes(.history, in: run), "too much history is answered")
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
            let isLimited = error.code == .rateLimited && !self.takes(.poll, in: run)
            return try promise("P5", isLimited, "a poll is refused with \(error.code.rawValue)")
        }
        try promise("bounds", self.takes(.poll, in: run), "too many polls are answered")
        run.reservations -= 1
        if answer == nil {
            run.passing.enter(connection)
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
        let items = (received.items ?? []).filter(\.isDurable)
        try promise("P5", received.reset == recovery.reset, "reset \(!recovery.reset): \(asked)")
        try promise("P4", received.recovered == recovery.recovered, "recovered \(!recovery.recovered): \(asked)")
        let numbers = run.top - recovery.replayed + 1..<run.top + 1
        try promise("P4", items.map { $0.seq ?? 0 } == Array(numbers), "\(items.map { $0.seq ?? 0 }): \(asked)")
        try promise("P4", received.top == run.top, "top \(received.top ?? -1): \(asked)")
        try self.check(items, received.epoch, in: run)
        try self.checkPassing(received.items ?? [], in: run)
        if !isLost { try client.display.receive(poll: received, of: run) }
    }
}
