import Foundation
import Testing

extension TestClient {
    /// The next frame of any kind; nothing at the end.
    func next() async throws -> Frame? {
        while true {
            if !self.waiting.isEmpty { return self.noted(self.waiting.removeFirst()) }
            guard self.ending == nil else { return nil }
            switch self.way {
            case .webSocket: try await self.readFrame()
            case .stream: try await self.readEvents()
            case .poll: try await self.waitInPoll()
            }
        }
    }

    /// The next frame of this `type`; others are dropped.
    func next(_ type: String) async throws -> Frame {
        while let frame = try await self.next() { if frame["type"]?.text == type { return frame } }
        throw TestSocket.Unexpected(what: "the end before \(type): \(String(describing: self.ending))")
    }

    /// The next messages with a number.
    func messages(_ count: Int) async throws -> [Frame] {
        var found: [Frame] = []
        while found.count < count {
            guard let frame = try await self.next() else { throw TestSocket.Unexpected(what: "the end") }
            if frame["seq"] != nil, ["user", "claude", "system"].contains(frame["type"]?.text) { found.append(frame) }
        }
        return found
    }

    /// Reads to the end.
    func end() async throws -> Ending {
        while try await self.next() != nil {}
        return self.ending ?? .other("nothing")
    }

    private func noted(_ frame: Frame) -> Frame {
        if let seq = frame["seq"]?.number, let epoch = frame["epoch"]?.text, frame["context"] != nil {
            self.place = Place(epoch: epoch, seq: seq)
        }
        return frame
    }

    func readFrame() async throws {
        guard let frame = try await self.socket.nextFrame(withPassing: true) else {
            self.ending = .other("the end of the connection")
            return
        }
        guard frame.opcode == 0x8 else { return self.waiting.append(try Self.frame(frame.payload)) }
        let code = frame.payload.prefix(2).reduce(0) { $0 << 8 | Int($1) }
        let reason = String(decoding: frame.payload.dropFirst(2), as: UTF8.self)
        self.ending =
            switch code {
            case 4_401: .tokenExpired
            case 4_451: .revoked
            case 4_410: .draining(afterMilliseconds: reason.split(separator: "=").last.flatMap { Int($0) })
            default: .other("\(code) \(reason)")
            }
    }

    private func readEvents() async throws {
        guard let chunk = try await self.socket.chunk() else {
            self.ending = self.ending ?? .other("the end of the stream")
            return
        }
        self.text += String(decoding: chunk, as: UTF8.self)
        while let end = self.text.firstRange(of: "\n\n") {
            let event = self.text[..<end.lowerBound].split(separator: "\n")
            self.text.removeSubrange(..<end.upperBound)
            guard let data = event.first(where: { $0.hasPrefix("data: ") }) else { continue }
            let frame = try Self.frame(Array(data.dropFirst(6).utf8))
            // An event with a position is a message, and no other is.
            let written = event.first { $0.hasPrefix("id: ") }.map { String($0.dropFirst(4)) }
            let place = frame["context"].flatMap { _ in frame["seq"]?.number }
            #expect(written == place.map { "\(frame["epoch"]?.text ?? ""):\($0)" })
            self.waiting.append(frame)
            switch (frame["type"]?.text, frame["code"]?.text) {
            case ("reconnect", _): self.ending = .draining(afterMilliseconds: frame["afterMs"]?.number)
            case ("error", "token_expired"): self.ending = .tokenExpired
            case ("error", "unauthorized"): self.ending = .revoked
            default: break
            }
        }
    }

    static func frame(_ json: [UInt8]) throws -> Frame {
        try JSONDecoder().decode(Frame.self, from: Data(json))
    }
}

// MARK: Long polls

extension TestClient {
    /// Sends a poll whose answer is read when the next frame is asked for; other ways wait anyway.
    func wait() async throws {
        // What wasn't looked at would come a second time.
        guard self.way == .poll, !self.isPolling, self.waiting.allSatisfy({ $0["seq"] == nil }) else { return }
        try await self.poll(waiting: 25)
    }

    func waitInPoll() async throws {
        do {
            if !self.isPolling { try await self.poll(waiting: 25) }
            _ = try await self.readAnswer()
        } catch {
            // A server that stops keeps no connection.
            self.ending = self.ending ?? .other("the end of the connection")
        }
    }

    func poll(waiting seconds: Int) async throws {
        let target = "/api/chat/poll?session=\(self.visit.session)&client=\(ObjectIdentifier(self).hashValue.magnitude)"
        try await self.request(target + "&wait=\(seconds)\(self.position)")
        self.isPolling = true
    }

    /// Takes the answer apart; nothing where there is nothing new.
    func readAnswer() async throws -> Frame? {
        self.isPolling = false
        try await self.socket.readHead()
        let head = self.socket.head.lowercased()
        let status = head.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        guard status != 204 else { return nil }
        let line = head.split(separator: "\r\n").first { $0.hasPrefix("content-length: ") }
        let length = try #require(line.flatMap { Int($0.dropFirst("content-length: ".count)) })
        let answer = try Self.frame(try await self.socket.body(length))
        guard status == 200 else {
            self.ending =
                switch (status, answer["code"]?.text) {
                case (401, "token_expired"): .tokenExpired
                case (401, "unauthorized"): .revoked
                case (503, "unavailable"): .draining(afterMilliseconds: answer["retryAfterMs"]?.number)
                default: .other("\(status) \(answer["code"]?.text ?? "")")
                }
            return nil
        }
        self.waiting += try #require(answer["items"]?.list).compactMap(\.object)
        return answer
    }
}
