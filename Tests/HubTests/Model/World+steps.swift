import Hub
import Messages

extension World {
    /// Does one step and checks what came of it.
    func perform(_ step: Step) throws {
        var generator = SplitMix64(state: step.pick)
        let client = self.clients[step.client]
        self.note("\(step.action.rawValue): \(client.name)")
        self.hub.clock.advance(milliseconds: .random(in: 0...20, using: &generator))
        switch step.action {
        case .send: try self.send(client, &generator)
        case .again: try self.sendAgain(client, isConflict: false, &generator)
        case .conflict: try self.sendAgain(client, isConflict: true, &generator)
        case .burst: try self.burst(client.key, &generator)
        case .announce: try self.announce(client.key)
        case .finish: try self.finishTurn(client.key, &generator)
        case .piece: try self.piece(client.key, &generator)
        case .reply: try self.replyAgain(client.key, &generator)
        case .connect: try self.connect(client, &generator)
        case .join: try self.join(client, isNewTab: Int.random(in: 0..<8, using: &generator) == 0)
        case .abandon: self.abandon(client)
        case .cut: try self.cut(client, &generator)
        case .cutAll: try self.cutAll(client.key, &generator)
        case .close: try self.close(client, isPageLeft: Bool.random(using: &generator))
        case .deliver: try self.deliver(client, atMost: .random(in: 1...12, using: &generator))
        case .deliverAll: for client in self.clients where !client.isStalled { try self.deliver(client, atMost: .max) }
        case .stall: client.isStalled.toggle()
        case .lose: self.lose(client, &generator)
        case .resume: if let connection = client.connection { try self.resume(client, connection) }
        case .probe: try self.probe(client.key, &generator)
        case .history: try self.history(client, &generator)
        case .ping: try self.ping(client)
        case .poll: try self.poll(client, isLost: Int.random(in: 0..<5, using: &generator) == 0)
        case .endPoll: try self.endPoll(client, isLost: Int.random(in: 0..<5, using: &generator) == 0)
        case .outbox: try self.sendOutbox(client)
        case .type: try self.type(client, &generator)
        case .ask: try self.ask(client)
        case .advance: self.advance(&generator)
        case .restart: try self.restart(step.pick)
        case .visit: try self.visit(step.pick)
        }
        try self.inspect()
        try self.closeSlow()
    }

    private func advance(_ generator: inout SplitMix64) {
        let seconds = [1, 1, 1, 2, 2, 3, 4, 5, 6, 10, 30, 400, 700].randomElement(using: &generator) ?? 1
        let deadline = self.runs.values.compactMap(\.passing.deadline).min()
        if let deadline, deadline > self.now, Bool.random(using: &generator) {
            // The very moment at which something ends.
            self.note("  up to a deadline")
            self.hub.clock.advance(nanoseconds: deadline - self.now)
        } else {
            self.note("  \(seconds) s")
            self.hub.clock.advance(milliseconds: UInt64(seconds) * 1_000)
        }
        self.hub.tick()
        for key in self.runs.keys { self.runs[key]?.passing.tick(at: self.now) }
    }
}

// MARK: Messages

extension World {
    private func send(_ client: Client, _ generator: inout SplitMix64) throws {
        let number = self.nextNumber(client.key)
        let word = Plan.words.randomElement(using: &generator) ?? "n0"
        let isLong = Int.random(in: 0..<6, using: &generator) == 0
        let isUnnamed = client.kind == .seed && Bool.random(using: &generator)
        let isLost = Int.random(in: 0..<8, using: &generator) == 0
        let padding = isLong ? self.schedule.longText : 0
        let text = Plan.text(word, client.key, number, padding: padding)
        let message = Outgoing(id: isUnnamed ? nil : "m\(number)", text: text)
        self.note(
            "  \(message.id ?? "without id") \"\(text.prefix(24))\", \(text.utf8.count) bytes\(isLost ? ", lost" : "")"
        )
        if client.kind != .seed {
            guard client.outbox.count < 5 else { return }
            client.outbox.append(message)
        }
        if client.kind == .poll {
            try self.post(message, client.key) { outcome in
                if outcome != .refusedForNow, !isLost { client.outbox.removeAll { $0 == message } }
            }
        } else if let connection = client.connection, !isLost {
            if try self.accept(message, in: connection.run, from: connection, client.mode) == .failed {
                client.outbox.removeAll { $0 == message }
            }
        }
    }

    /// Sends a message by HTTP.
    private func post(_ message: Outgoing, _ key: RoomKey, _ then: (Outcome) -> Void = { _ in }) throws {
        guard let run = try self.find(key, isConnection: false) else { return }
        then(try self.accept(message, in: run, from: nil, .v1))
        self.cancel(run)
    }

    private func sendAgain(_ client: Client, isConflict: Bool, _ generator: inout SplitMix64) throws {
        let known = client.connection?.run ?? self.runs[client.key]
        let sent = known?.sent ?? []
        let candidates = Bool.random(using: &generator) ? sent.suffix(4) + client.outbox : sent[...]
        guard var message = candidates.randomElement(using: &generator) else { return }
        if isConflict { message = Outgoing(id: message.id, text: message.text + "y") }
        let isByHTTP = Bool.random(using: &generator)
        self.note("  \(message.id ?? "") \"\(message.text.prefix(24))\"\(isByHTTP ? " by HTTP" : "")")
        if !isByHTTP, client.kind != .poll, let connection = client.connection {
            try self.accept(message, in: connection.run, from: connection, client.mode)
        } else {
            try self.post(message, client.key)
        }
    }

    private func burst(_ key: RoomKey, _ generator: inout SplitMix64) throws {
        let count = [2, 5, 5, 10, 10, 30, 110].randomElement(using: &generator) ?? 2
        // Long ones are more than what a room keeps in memory.
        let isLong = self.schedule.longText > 10_000 && Bool.random(using: &generator)
        let padding = isLong ? self.schedule.longText : 0
        self.note("  \(count) messages\(isLong ? ", long ones" : "")")
        guard let run = try self.find(key, isConnection: false) else { return }
        self.isQuiet = true
        defer { self.isQuiet = false }
        for _ in 0..<count {
            let number = self.nextNumber(key)
            let message = Outgoing(id: "m\(number)", text: Plan.text("n0", key, number, padding: padding))
            if try self.accept(message, in: run, from: nil, .v1) == .refusedForNow { break }
            try self.closeSlow()
        }
        self.cancel(run)
    }

    func announce(_ key: RoomKey) throws {
        guard let run = self.runs[key] else { return }
        let text = "s0 \(name(of: key)) \(self.nextNumber(key))"
        self.hub.announce(text, run.room)
        try self.settle(run, [.init(type: "system", id: nil, text: text)])
    }

    private func finishTurn(_ key: RoomKey, _ generator: inout SplitMix64) throws {
        guard let run = self.runs[key] else { return }
        let skipped = Int.random(in: 0...8, using: &generator)
        try self.finish(run, skipping: skipped)
        while Bool.random(using: &generator), run.openTurn != nil { try self.finish(run) }
    }

    /// Answers a message that was handed over some time ago, perhaps for the second time; or the one whose reply is just coming
    /// piece by piece.
    private func replyAgain(_ key: RoomKey, _ generator: inout SplitMix64) throws {
        guard let run = self.runs[key] else { return }
        if run.stream != nil, let open = run.openTurn, Bool.random(using: &generator) {
            return try self.reply(1, to: open, in: run)
        }
        guard let inbound = run.inbounds.suffix(6).randomElement(using: &generator) else { return }
        try self.reply(.random(in: 1...3, using: &generator), to: inbound, in: run)
    }
}
