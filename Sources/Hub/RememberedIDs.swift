/// What clients have sent to a room lately, so that the same message sent twice is taken once.
struct RememberedIDs: Sendable {
    struct Record: Sendable {
        var seq: Int
        /// Two independent hashes of the text.
        var fingerprint: Fingerprint
        /// Which replies the message has got, a bit for each number, so that none is posted twice under one id.
        var replies: UInt8
        var rememberedAt: UInt64

        /// Whether the message has got a reply.
        ///
        /// - Parameter number: 1 for the first, up to 7; others are never shown.
        /// - Returns: Whether it has.
        func hasReply(_ number: Int) -> Bool { self.replies | ~(1 << number) == .max }
    }

    /// 128 bits that stand for a text.
    struct Fingerprint: Hashable, Sendable {
        private let low: Int
        private let high: Int

        init(_ text: String) {
            var hasher = Hasher()
            hasher.combine(text)
            self.low = hasher.finalize()
            // A different prefix gives an independent hash under the same secret key.
            var second = Hasher()
            second.combine(UInt8(1))
            second.combine(text)
            self.high = second.finalize()
        }
    }

    private var records: [String: Record] = [:]
    /// The ids, oldest first from `head` on.
    private var order: [String] = []
    private var head = 0

    var count: Int { self.records.count }

    subscript(id: String) -> Record? { self.records[id] }

    /// Remembers a message, and forgets what is both old and no longer among the recent messages.
    ///
    /// - Parameters:
    ///   - id: The client's id.
    ///   - record: What to remember.
    ///   - oldestRecent: The lowest number that the room can still replay.
    ///   - now: Nanoseconds.
    mutating func remember(_ id: String, _ record: Record, oldestRecent: Int, now: UInt64) {
        while self.head < self.order.count, let oldest = self.records[self.order[self.head]] {
            let isFull = self.records.count >= HubOptions.rememberedIDs
            let isOld = now >= oldest.rememberedAt + HubOptions.rememberedNanoseconds && oldest.seq < oldestRecent
            guard isFull || isOld else { break }
            self.records[self.order[self.head]] = nil
            self.head += 1
        }
        if self.head > HubOptions.rememberedIDs {
            self.order.removeFirst(self.head)
            self.head = 0
        }
        self.records[id] = record
        self.order.append(id)
    }

    /// Notes a reply of a message, where the message is known.
    mutating func noteReply(_ number: Int, to id: String) { self.records[id]?.replies |= 1 << number }
}
