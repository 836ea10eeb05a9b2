import Hub
import Messages

// MARK: What passes

extension World {
    /// Somebody begins or ceases to write; a client of long polls says so by HTTP.
    func type(_ client: Client, _ generator: inout SplitMix64) throws {
        let isWriting = Int.random(in: 0..<3, using: &generator) > 0
        let isResponder = Int.random(in: 0..<3, using: &generator) == 0
        let author = isResponder ? Author.responder : client.author
        self.note("  \(author.kind) \(isWriting ? "writes" : "has stopped")")
        guard let run = try self.room(of: client) else { return }
        defer { if client.connection == nil || client.kind == .poll { self.cancel(run) } }
        self.hub.type(isWriting, author, run.room)
        // Whoever answers is trusted.
        if author != .visitor || self.takes(.typing, in: run) { run.passing.type(isWriting, author, at: self.now) }
        try self.inspect()
    }

    private func room(of client: Client) throws -> RoomRun? {
        if client.kind != .poll, let connection = client.connection { return connection.run }
        return try self.find(client.key, isConnection: false)
    }

    /// A client asks who is there.
    func ask(_ client: Client) throws {
        guard client.kind == .v1, let connection = client.connection else { return }
        do {
            try self.hub.ask(connection.link, connection.run.room)
            try promise("P13", self.takes(.presence, in: connection.run), "too many questions who is there")
            connection.run.passing.sync(connection)
        } catch let error as ClientError {
            let isLimited = error.code == .rateLimited && !self.takes(.presence, in: connection.run)
            try promise("P13", isLimited, "a question who is there is refused with \(error.code.rawValue)")
        }
        try self.inspect()
    }

    /// Checks what an answer to a poll says besides messages.
    func checkPassing(_ items: [ReceivedFrame], in run: RoomRun) throws {
        let said = items.filter { !$0.isDurable }.map { Passing($0) }
        let expected = run.passing.answer(at: self.now)
        try promise("P13", said == expected, "a poll of \(name(of: run.key)) says \(said), not \(expected)")
    }
}
