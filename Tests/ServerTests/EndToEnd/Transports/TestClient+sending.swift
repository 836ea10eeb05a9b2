import Testing

extension TestClient {
    /// Sends a message.
    ///
    /// - Returns: The `ack`, or the `error`.
    func say(_ text: String, _ id: String) async throws -> Frame {
        try await self.ask(#"{"type":"user","message":"\#(text)","id":"\#(id)"}"#) { frame in
            ["ack", "error"].contains(frame["type"]?.text) && frame["id"]?.text == id
        }
    }

    /// Sends what is refused.
    ///
    /// - Returns: The `error`.
    func refusal(of frame: String) async throws -> Frame { try await self.ask(frame) { $0["type"]?.text == "error" } }

    /// Sends what has no answer of its own.
    func tell(_ frame: String) async throws {
        guard self.way != .webSocket else { return try await self.socket.send(frame) }
        let answer = try await self.post(frame)
        #expect(answer.status == 204, "\(frame): \(answer.text)")
    }

    /// Sends a frame, and keeps what comes before its answer.
    private func ask(_ frame: String, _ isAnswer: (Frame) -> Bool) async throws -> Frame {
        guard self.way == .webSocket else {
            let answer = try await self.post(frame)
            let decoded = try Self.frame(answer.body)
            #expect((decoded["type"]?.text == "ack") == (answer.status == 200), "\(answer.text)")
            return decoded
        }
        try await self.socket.send(frame)
        var before: [Frame] = []
        while let frame = try await self.nextUnnoted() {
            if isAnswer(frame) {
                self.waiting = before + self.waiting
                return frame
            }
            before.append(frame)
        }
        throw TestSocket.Unexpected(what: "the end: \(String(describing: self.ending))")
    }

    private func nextUnnoted() async throws -> Frame? {
        while self.waiting.isEmpty, self.ending == nil { try await self.readFrame() }
        return self.waiting.isEmpty ? nil : self.waiting.removeFirst()
    }

    private func post(_ frame: String) async throws -> TestRequest.Answer {
        let target = "/api/chat/messages?session=\(self.visit.session)"
        return try await TestRequest.post(target, frame, self.headers).send(port: self.port)
    }

    /// A page of history, by the frame where there is one.
    func history(before seq: Int?, limit: Int, epoch: String) async throws -> Frame {
        if self.way.has(.allFrames) {
            let before = seq.map { #","before":\#($0)"# } ?? ""
            try await self.socket.send(#"{"type":"history","epoch":"\#(epoch)","limit":\#(limit)\#(before)}"#)
            while let frame = try await self.next() {
                if ["history", "error"].contains(frame["type"]?.text) { return frame }
            }
            throw TestSocket.Unexpected(what: "the end")
        }
        let before = seq.map { "&before=\($0)" } ?? ""
        let target = "/api/chat/history?session=\(self.visit.session)&epoch=\(epoch)&limit=\(limit)\(before)"
        return try Self.frame(try await TestRequest.get(target, self.headers).send(port: self.port).body)
    }
}
