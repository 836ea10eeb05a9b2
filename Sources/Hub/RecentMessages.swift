/// The last messages of a room, bounded in number and bytes.
struct RecentMessages: Sendable {
    /// A ring: the message with the number `seq` is at `seq` modulo the count, a power of two.
    private var ring: [Frame?] = []
    /// Bytes of those that are kept.
    private(set) var bytes = 0
    /// The number of the newest message; 0 before the first.
    private(set) var top = 0
    /// The number of the oldest message that is kept; `top + 1` if none is.
    private(set) var oldest = 1

    init() {}

    /// - Parameters:
    ///   - frames: The newest messages, oldest first and without a gap.
    ///   - top: The number of the last one.
    init(_ frames: [Frame], top: Int) {
        self.top = top - frames.count
        self.oldest = self.top + 1
        for frame in frames { self.append(frame) }
    }

    var count: Int { self.top - self.oldest + 1 }

    mutating func append(_ frame: Frame) {
        if self.count == self.ring.count { self.grow() }
        self.top += 1
        self.ring[self.top & (self.ring.count - 1)] = frame
        self.bytes += frame.json.count
        while self.count > HubOptions.recentMessages || (self.bytes > HubOptions.recentBytes && self.count > 1) {
            self.dropOldest()
        }
    }

    /// Drops the oldest ones until no more than so many bytes are left.
    mutating func shrink(to bytes: Int) { while self.bytes > bytes, self.count > 0 { self.dropOldest() } }

    private mutating func dropOldest() {
        let place = self.oldest & (self.ring.count - 1)
        self.bytes -= self.ring[place]?.json.count ?? 0
        self.ring[place] = nil
        self.oldest += 1
    }

    private mutating func grow() {
        var larger = [Frame?](repeating: nil, count: max(4, 2 * self.ring.count))
        for seq in self.oldest..<self.top + 1 { larger[seq & (larger.count - 1)] = self[seq] }
        self.ring = larger
    }

    private subscript(seq: Int) -> Frame? { self.ring[seq & (self.ring.count - 1)] }

    /// The messages from a number on, oldest first.
    func frames(from seq: Int) -> some Sequence<Frame> {
        (min(max(seq, self.oldest), self.top + 1)..<self.top + 1).lazy.compactMap { self[$0] }
    }

    /// The newest messages before a number, oldest first.
    func frames(before seq: Int, limit: Int) -> some Sequence<Frame> {
        let end = min(max(seq, self.oldest), self.top + 1)
        return (max(self.oldest, end - limit)..<end).lazy.compactMap { self[$0] }
    }
}
