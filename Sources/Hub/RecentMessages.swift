/// The last messages of a room, bounded in number and bytes.
struct RecentMessages: Sendable {
    /// The oldest one is at `head`; what is before it is empty.
    private var frames: [Frame?] = []
    private var head = 0
    private var bytes = 0
    /// The number of the newest message; 0 before the first.
    private(set) var top = 0

    /// The number of the oldest message that is kept; `top + 1` if none is.
    var oldest: Int { self.top - self.count + 1 }

    var count: Int { self.frames.count - self.head }

    mutating func append(_ frame: Frame) {
        self.top += 1
        self.frames.append(frame)
        self.bytes += frame.json.count
        while self.count > HubOptions.recentMessages || (self.bytes > HubOptions.recentBytes && self.count > 1) {
            self.dropOldest()
        }
    }

    private mutating func dropOldest() {
        self.bytes -= self.frames[self.head]?.json.count ?? 0
        self.frames[self.head] = nil
        self.head += 1
        // Moving the rest down once in a hundred times costs next to nothing for each message.
        if self.head > HubOptions.recentMessages {
            self.frames.removeFirst(self.head)
            self.head = 0
        }
    }

    /// The messages from a number on, oldest first.
    func frames(from seq: Int) -> some Sequence<Frame> {
        let first = self.head + max(0, seq - self.oldest)
        return self.frames[min(first, self.frames.count)...].lazy.compactMap(\.self)
    }

    /// The newest messages before a number, oldest first.
    func frames(before seq: Int, limit: Int) -> some Sequence<Frame> {
        let end = self.head + min(max(0, seq - self.oldest), self.count)
        return self.frames[max(self.head, end - limit)..<end].lazy.compactMap(\.self)
    }
}
