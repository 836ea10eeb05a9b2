import Hub
import Messages

extension World {
    /// Ends the schedule: everything is answered and read, everybody comes back, and shows the same.
    func finish() throws {
        self.note("finale")
        try self.finishTurns()
        for client in self.clients {
            client.isStalled = false
            try self.join(client)
            if client.kind == .poll { try self.endPoll(client, isLost: false) }
            if let connection = client.connection { try self.drain(client, connection) }
        }
        for client in self.clients { try self.end(client, lastFrames: .max) }
        // The second time nobody has anything to send.
        for _ in 0..<2 { for client in self.clients { try self.comeBack(client) } }
        for client in self.clients {
            try promise("P6", client.outbox.isEmpty, "\(client.name) never got rid of \(client.outbox.count) messages")
        }
    }

    private func finishTurns() throws {
        for key in Schedule.keys { if let run = self.runs[key] { while run.openTurn != nil { try self.finish(run) } } }
    }

    /// Lets a connected client read, and ask, until nothing is missing.
    private func drain(_ client: Client, _ connection: Connection) throws {
        try self.read(connection, client, atMost: .max)
        // Two signs of life show a client of v1 that it lacks the last message.
        for _ in 0..<2 {
            try self.ping(client)
            try self.read(connection, client, atMost: .max)
        }
        for _ in 0..<20 where client.display.wantsResume {
            self.hub.clock.advance(milliseconds: 10_000)
            try self.resume(client, connection)
            try self.read(connection, client, atMost: .max)
        }
        try self.finishTurns()
        try self.read(connection, client, atMost: .max)
        self.passReceipts(connection)
        try client.display.checkComplete(connection.run)
    }

    private func comeBack(_ client: Client) throws {
        if client.kind == .poll { return try self.pollAll(client) }
        guard let run = try self.find(client.key, isConnection: true, for: client.author) else {
            throw Violation("P12", "\(client.name) can't come back")
        }
        client.stage = .reserved(run)
        try self.join(client)
        guard let connection = client.connection else { return }
        try self.drain(client, connection)
        for _ in 0..<60 where !client.outbox.isEmpty {
            self.hub.clock.advance(milliseconds: 1_000)
            try self.sendOutbox(client)
            try self.drain(client, connection)
        }
        try self.end(client, lastFrames: .max)
    }

    private func pollAll(_ client: Client) throws {
        for _ in 0..<60 where !client.outbox.isEmpty {
            self.hub.clock.advance(milliseconds: 1_000)
            try self.sendOutbox(client)
            try self.finishTurns()
        }
        for _ in 0..<20 where client.isOffline {
            self.hub.clock.advance(milliseconds: 1_000)
            try self.poll(client, isLost: false)
        }
        guard let connection = client.connection else { throw Violation("P12", "\(client.name) never waits") }
        try client.display.checkComplete(connection.run)
        try self.endPoll(client, isLost: false)
    }
}
