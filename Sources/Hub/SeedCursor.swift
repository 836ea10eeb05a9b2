import Messages

/// How far the clients of the first form of a session have got: they can't say so themselves, and would show what is sent
/// to them again twice.
struct SeedCursor: Sendable {
    /// The number of the last message that has certainly arrived.
    var confirmed = 0
    /// How many of them are connected.
    var open = 0
    /// How the last one went.
    var farewell: (at: UInt64, isPageLeft: Bool)?

    /// What a client that comes now has, if its predecessor was cut off a short time ago.
    ///
    /// A page that was left is another page now, which has nothing. What a page that has confirmed nothing shows isn't
    /// known: number 0 would get it the whole history.
    func position(at now: UInt64) -> Int? {
        guard self.open == 0, self.confirmed > 0, let farewell, !farewell.isPageLeft,
            now < farewell.at + HubOptions.seedCursorNanoseconds
        else { return nil }
        return self.confirmed
    }
}

extension RoomState {
    /// Notes that a client of the first form has come.
    ///
    /// - Returns: Where it stands, if it goes on where another one was cut off.
    mutating func beginSeed(at now: UInt64) -> Position? {
        var cursor = self.seedCursors.first ?? SeedCursor()
        let seq = cursor.position(at: now)
        cursor.open += 1
        // Whoever has nothing confirms anew: what an earlier page had doesn't count.
        if seq == nil, cursor.open == 1 { cursor.confirmed = 0 }
        self.seedCursors = [cursor]
        return seq.flatMap { Position(epoch: self.epoch, seq: $0) }
    }

    mutating func confirmSeed(_ seq: Int) {
        guard !self.seedCursors.isEmpty, seq <= self.recent.top else { return }
        self.seedCursors[0].confirmed = max(self.seedCursors[0].confirmed, seq)
    }

    mutating func endSeed(isPageLeft: Bool, at now: UInt64) {
        guard !self.seedCursors.isEmpty else { return }
        self.seedCursors[0].open -= 1
        self.seedCursors[0].farewell = (now, isPageLeft)
    }
}
