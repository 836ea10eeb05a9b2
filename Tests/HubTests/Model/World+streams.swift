import Hub
import Messages

// MARK: Replies that come piece by piece

extension World {
    /// Shows one more piece of the reply to the message that is with the subscriber.
    func piece(_ key: RoomKey, _ generator: inout SplitMix64) throws {
        guard let run = self.runs[key], let inbound = run.openTurn, Plan(of: inbound.message.text).isStreamed else {
            return
        }
        if run.stream == nil {
            guard let handle = self.hub.beginStream(run.room, to: inbound) else {
                return try promise("P7", run.isPosted(1, to: inbound), "a stream is refused for \(inbound.message.id)")
            }
            // Without a record of its replies only the subscriber knows that it has answered.
            let mayRepeat = run.mayHaveForgotten(inbound, at: self.now)
            try promise("P7", !run.isPosted(1, to: inbound) || mayRepeat, "\(inbound.message.id) is answered twice")
            run.stream = RoomRun.Stream(handle: handle)
            if Int.random(in: 0..<4, using: &generator) == 0 { return try self.settle(run, []) }
        } else if Int.random(in: 0..<8, using: &generator) == 0 {
            // Somebody else posts it whole, and more is said before the stream ends.
            try self.reply(1, to: inbound, in: run)
            return try self.announce(key)
        }
        try self.show(Bool.random(using: &generator) ? "and more " : "so ", in: run)
    }

    private func show(_ text: String, in run: RoomRun) throws {
        guard var stream = run.stream else { return }
        let piece = stream.audience == nil ? "r1 \(name(of: run.key)) " : text
        if stream.audience == nil {
            let connections = self.clients.compactMap(\.connection).filter { $0.run === run && $0.mode == .v1 }
            stream.audience = connections.map { ObjectIdentifier($0) }
        }
        stream.text += piece
        run.stream = stream
        self.note("  \(stream.handle.replyID) of \(name(of: run.key)): \"\(piece)\"")
        self.hub.append(piece, to: stream.handle)
        try self.settle(run, [])
    }

    /// Ends a stream in one of three ways: with its text, with another, or half-way.
    func endStream(_ stream: RoomRun.Stream, of inbound: InboundMessage, in run: RoomRun) throws {
        let other = "r1 \(name(of: run.key)) something else"
        let text = inbound.seq % 3 == 1 || stream.audience == nil ? other : stream.text
        run.stream = nil
        if inbound.seq % 3 == 0 {
            self.note("  \(stream.handle.replyID) is given up")
            self.hub.cancel(stream.handle)
            guard stream.audience != nil else { return try self.settle(run, []) }
        } else {
            self.note("  \(stream.handle.replyID) ends with \"\(text)\"")
            self.hub.end(stream.handle, text)
        }
        var expected = run.expectedReply(1, to: inbound, at: self.now)
        expected?.text = text
        try self.settle(run, expected.map { [$0] } ?? [])
    }
}
