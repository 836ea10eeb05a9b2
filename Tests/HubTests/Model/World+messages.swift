import Hub
import Messages

// MARK: What visitors say

extension World {
    /// What became of a message that was sent.
    enum Outcome { case acknowledged, refusedForNow, failed }

    /// Sends a message over a connection, or by HTTP without one, and checks everything that the hub makes of it.
    @discardableResult
    func accept(_ message: Outgoing, in run: RoomRun, from connection: Connection?, _ mode: ProtocolMode) throws
        -> Outcome
    {
        let verdict = run.verdict(on: message, at: self.now)
        let seq = run.top + 1
        let acknowledgement: Room.Acknowledgement
        do throws(ClientError) {
            acknowledgement = try self.hub.accept(message, run.room, from: connection?.link, mode)
        } catch {
            self.note("  refused: \(error.detail ?? "\(error.code.rawValue)")")
            try self.checkRefusal(error, verdict, of: message, in: run)
            return error.code.isTemporary ? .refusedForNow : .failed
        }
        self.note("  seq \(acknowledgement.seq)\(acknowledgement.isDuplicate ? ", sent before" : "")")
        try promise("P8", acknowledgement.epoch == run.epoch, "an ack has another room's epoch")
        var expected: [RoomRun.Expected] = []
        if acknowledgement.isDuplicate {
            let record = message.id.flatMap { run.records[$0] }
            try promise(
                "P7",
                record?.seq == acknowledgement.seq,
                "\(message.id ?? "") is no duplicate of \(acknowledgement.seq)"
            )
            try promise("P7", record?.text == message.text, "\(message.id ?? "") had another text")
        } else {
            try promise(
                "P7",
                verdict == .accepted || verdict == .open,
                "\(message.id ?? "") was taken twice: \(verdict)"
            )
            try promise("bounds", self.takes(.message, in: run), "\(message.id ?? "") is one message too many")
            try promise("P3", acknowledgement.seq == seq, "seq \(acknowledgement.seq) instead of \(seq)")
            expected.append(.init(type: "user", id: message.id, text: message.text))
            run.noteAccepted(message, seq: seq, at: self.now)
            run.turns.append(seq)
            run.passing.noteSent()
        }
        if let connection, mode == .v1, let id = message.id {
            connection.awaitedAck = (id, acknowledgement.seq, acknowledgement.isDuplicate)
        }
        try self.settle(run, expected, mayOverflow: acknowledgement.isDuplicate ? nil : seq)
        return .acknowledged
    }

    private func checkRefusal(_ error: ClientError, _ verdict: RoomRun.Verdict, of message: Outgoing, in run: RoomRun)
        throws
    {
        if error.detail == "id_conflict" {
            let isOther =
                verdict == .conflict || verdict == .open && run.records[message.id ?? ""]?.text != message.text
            try promise("P7", isOther, "\(message.id ?? "") is no conflict: \(verdict)")
        } else {
            let isLimited = error.code == .rateLimited && !self.takes(.message, in: run)
            try promise(
                "P7",
                isLimited && (verdict == .accepted || verdict == .open),
                "refused with \(error.code.rawValue)"
            )
            try promise("bounds", (1...5_001).contains(error.retryAfterMilliseconds ?? 0), "no time to wait")
        }
        try promise("P7", error.id == message.id, "the refusal names another id")
        try self.settle(run, [])
    }

    /// Sends what was not acknowledged, in its order, until something is refused for now.
    func sendOutbox(_ client: Client) throws {
        for message in client.outbox {
            let connection = client.connection
            let isPolling = client.kind == .poll
            guard let run = isPolling ? try self.find(client.key, isConnection: false) : connection?.run else { return }
            self.note("  \(client.name) sends \(message.id ?? "?") again")
            let outcome = try self.accept(message, in: run, from: isPolling ? nil : connection, client.mode)
            if isPolling { self.cancel(run) }
            if outcome == .refusedForNow { return }
            if outcome == .failed || isPolling || message.id == nil { client.outbox.removeAll { $0 == message } }
        }
    }
}

// MARK: What the subscriber does

extension World {
    /// Compares what the hub did with what it should have, and looks at what it sent to anybody.
    ///
    /// - Parameters:
    ///   - run: The room.
    ///   - expected: The messages that it must have appended.
    ///   - overflowing: The number of a message that the subscriber may be told of instead of getting it.
    /// - Throws: What is broken.
    func settle(_ run: RoomRun, _ expected: [RoomRun.Expected], mayOverflow overflowing: Int? = nil) throws {
        var expected = expected
        for event in self.hub.subscriber.takeEvents() {
            switch event {
            case .received(let message, let room): try self.receive(message, room, run, &expected)
            case .overflown(let message, let room):
                let isOver = run.turns.count > self.schedule.options.waitingMessages + 1
                try promise(
                    "P7",
                    room === run.room && message.seq == overflowing && isOver,
                    "\(message.seq) is no overflow"
                )
                run.turns.removeAll { $0 == message.seq }
                run.inbounds.append(message)
                if let reply = run.expectedReply(1, to: message, at: self.now) { expected.append(reply) }
            }
        }
        let isInHand = run.openTurn != nil || run.turns.isEmpty
        try promise("P7", isInHand, "message \(run.turns.first ?? 0) of \(name(of: run.key)) was never handed over")
        let isBounded = run.turns.count <= self.schedule.options.waitingMessages + 1
        try promise("bounds", isBounded, "\(run.turns.count) messages wait in \(name(of: run.key))")
        try run.settle(expected, with: self.hub.newest(expected.count + 1, of: run.room), self.reader)
        try self.inspect()
    }

    private func receive(
        _ message: InboundMessage,
        _ room: Room,
        _ run: RoomRun,
        _ expected: inout [RoomRun.Expected]
    ) throws {
        try promise("P8", room === run.room, "a message of \(name(of: room.key)) instead of \(name(of: run.key))")
        try promise("P7", run.openTurn == nil, "a second message was handed over before the first was finished")
        try promise(
            "P7",
            run.turns.first == message.seq,
            "\(message.seq) handed over instead of \(run.turns.first ?? 0)"
        )
        run.inbounds.append(message)
        let plan = Plan(of: message.message.text)
        guard plan.isImmediate else {
            run.openTurn = message
            return
        }
        run.turns.removeFirst()
        for number in plan.numbers {
            if let reply = run.expectedReply(number, to: message, at: self.now) { expected.append(reply) }
        }
    }

    /// Posts a reply.
    func reply(_ number: Int, to inbound: InboundMessage, in run: RoomRun) throws {
        let expected = run.expectedReply(number, to: inbound, at: self.now)
        self.note(
            "  reply \(number) to \(inbound.message.id) in \(name(of: run.key))\(expected == nil ? ", once more" : "")"
        )
        self.hub.reply(replyText(number, run.key, inbound), run.room, to: inbound, number: number)
        try self.settle(run, expected.map { [$0] } ?? [])
    }

    /// Ends the turn that takes longer, perhaps without one of its replies.
    func finish(_ run: RoomRun, skipping skipped: Int? = nil) throws {
        guard let inbound = run.openTurn else { return }
        if let stream = run.stream {
            try self.endStream(stream, of: inbound, in: run)
        } else {
            for number in Plan(of: inbound.message.text).numbers where number != skipped {
                try self.reply(number, to: inbound, in: run)
            }
        }
        self.note("  \(inbound.message.id) of \(name(of: run.key)) is finished")
        run.openTurn = nil
        run.turns.removeFirst()
        self.hub.finish(run.room)
        try self.settle(run, [])
    }
}
