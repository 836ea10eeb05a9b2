import Messages

/// How far the clients of the first form of a session have got: they can't say so themselves, and would show what is sent
/// to them again twice.
struct SeedCursor: Sendable {
    /// A connection of theirs.
    struct Connection: Sendable {
        let link: ObjectIdentifier
        /// The number of the last message that its page certainly has; 0 where none is known.
        var confirmed: Int
    }

    /// Those that are connected.
    private(set) var open: [Connection] = []
    /// How far the page of the last one that ended had got, and how it went; nothing once another one has come.
    private(set) var farewell: (confirmed: Int, at: UInt64, isPageLeft: Bool)?

    /// What a client that comes now has, if its predecessor was cut off a short time ago.
    ///
    /// A page that was left is another page now, which has nothing. What a page that has confirmed nothing shows isn't
    /// known: number 0 would get it the whole history.
    private func position(at now: UInt64) -> Int? {
        guard self.open.isEmpty, let farewell, farewell.confirmed > 0, !farewell.isPageLeft,
            now < farewell.at + HubOptions.seedCursorNanoseconds
        else { return nil }
        return farewell.confirmed
    }

    fileprivate mutating func begin(_ link: ObjectIdentifier, at now: UInt64) -> Int? {
        let position = self.position(at: now)
        self.farewell = nil
        self.open.append(Connection(link: link, confirmed: position ?? 0))
        return position
    }

    fileprivate mutating func confirm(_ seq: Int, by link: ObjectIdentifier) {
        // What another tab has got says nothing about this one.
        guard let index = self.open.firstIndex(where: { $0.link == link }) else { return }
        self.open[index].confirmed = max(self.open[index].confirmed, seq)
    }

    fileprivate mutating func end(_ link: ObjectIdentifier, isPageLeft: Bool, at now: UInt64) {
        guard let index = self.open.firstIndex(where: { $0.link == link }) else { return }
        var confirmed = self.open.remove(at: index).confirmed
        // Tabs that are cut off together can't be told apart when they come back: whichever comes first must lack nothing,
        // and rather shows something twice.
        if let farewell, !isPageLeft, !farewell.isPageLeft, now < farewell.at + HubOptions.seedTogetherNanoseconds {
            confirmed = min(confirmed, farewell.confirmed)
        }
        self.farewell = (confirmed, now, isPageLeft)
    }
}

extension RoomState {
    /// Notes that a client of the first form has come.
    ///
    /// - Returns: Where it stands, if it goes on where another one was cut off.
    mutating func beginSeed(_ link: any Link, at now: UInt64) -> Position? {
        if self.seedCursors.isEmpty { self.seedCursors = [SeedCursor()] }
        let seq = self.seedCursors[0].begin(ObjectIdentifier(link), at: now)
        return seq.flatMap { Position(epoch: self.epoch, seq: $0) }
    }

    mutating func confirmSeed(_ seq: Int, by link: any Link) {
        guard !self.seedCursors.isEmpty, seq <= self.recent.top else { return }
        self.seedCursors[0].confirm(seq, by: ObjectIdentifier(link))
    }

    mutating func endSeed(_ link: any Link, isPageLeft: Bool, at now: UInt64) {
        guard !self.seedCursors.isEmpty else { return }
        self.seedCursors[0].end(ObjectIdentifier(link), isPageLeft: isPageLeft, at: now)
    }
}
