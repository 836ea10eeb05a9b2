public import Messages
import Synchronization

extension Room {
    /// Takes what a visitor thinks of a reply.
    ///
    /// It counts as a message of the visitor. Where there is no log nothing is kept of it.
    ///
    /// - Parameters:
    ///   - rating: What they think.
    ///   - completion: Called once, at once or on any thread, unless this throws: whether it is kept.
    /// - Throws: `rate_limited`, `bad_request` if there is no such reply in the room or its site asks for no opinions, or
    ///   `unavailable` if nothing can be read or kept.
    public func rate(
        _ rating: Rating,
        completion: @escaping @Sendable (Bool) -> Void
    ) async throws(ClientError) {
        guard self.hub.options.features(of: self.key.site).contains("feedback") else {
            throw ClientError(.badRequest, "this site takes no feedback", detail: "site")
        }
        let now = self.hub.clocks.nanoseconds()
        let (wait, isRecent) = self.state.withLock { state -> (UInt64?, Bool) in
            if let wait = state.refuseMessage(self.hub.options.messageRate, at: now) { return (wait, false) }
            return (nil, state.recent.hasReply(rating.reply))
        }
        if let wait { throw ClientError(.rateLimited, "too many messages", waitingNanoseconds: wait) }
        if !isRecent {
            guard try await self.hub.log?.hasReply(rating.reply, in: self.key) == true else {
                throw ClientError(.badRequest, "there is no such reply in this session", detail: "id")
            }
        }
        guard let log = self.hub.log else { return completion(true) }
        guard log.isAccepting else { throw Self.notKept }
        log.keep(rating, in: self.key, at: self.hub.clocks.timestamp(), completion: completion)
    }
}

extension RecentMessages {
    /// Whether one of the messages is the reply of an id.
    fileprivate func hasReply(_ id: String) -> Bool {
        self.frames(from: self.oldest).contains { frame in
            frame.json.withUnsafeBufferPointer { bytes in
                var scanner = JSONScanner()
                guard (try? scanner.scan(bytes)) != nil, let type = scanner.value(of: "type", in: bytes),
                    let name = scanner.value(of: "id", in: bytes)
                else { return false }
                return scanner.text(of: name, in: bytes) == id && scanner.text(of: type, in: bytes) == "claude"
            }
        }
    }
}
