/// Section 5: how far the page of the first form had got whose connection ended last.
struct SeedReference {
    /// How many are connected.
    private(set) var open = 0
    /// The connection that ended last; nothing before the first.
    private(set) var last: Ended?

    struct Ended {
        /// The client whose it was, and those that were cut off with it.
        var clients: Set<Int>
        /// The number of the last message that it has confirmed, and everybody who was cut off with it; 0 if none.
        var confirmed: Int
        /// Nanoseconds.
        let at: UInt64
        let isPageLeft: Bool
    }

    mutating func begin() {
        self.open += 1
        self.last = nil
    }

    mutating func end(_ ended: Ended) {
        self.open -= 1
        var ended = ended
        // Which of those that are cut off within a minute comes back isn't known: it goes on where the last of them stood.
        if let last, !last.isPageLeft, !ended.isPageLeft, ended.at < last.at + 60 * 1_000_000_000 {
            ended.clients.formUnion(last.clients)
            ended.confirmed = min(last.confirmed, ended.confirmed)
        }
        self.last = ended
    }

    /// What a client has that comes now, if it goes on where another connection was cut off.
    func confirmed(at now: UInt64) -> Int? {
        guard self.open == 0, let last, !last.isPageLeft, last.confirmed > 0 else { return nil }
        return now < last.at + 600 * 1_000_000_000 ? last.confirmed : nil
    }
}

extension RoomRun {
    /// Where a client of the first form stands that comes now, as far as the hub can know; nothing if it gets the
    /// newest messages.
    func seedPlace(at now: UInt64) -> Place? {
        self.seed.confirmed(at: now).map { Place(epoch: self.epoch, seq: $0) }
    }

    /// Whether a client of the first form that comes now goes on with the list that it shows.
    ///
    /// If the hub goes on where another page was cut off, the list begins anew with what is sent.
    func goesOn(_ client: Int, at now: UInt64) -> Bool {
        guard let place = self.seedPlace(at: now), self.seed.last?.clients.contains(client) == true else {
            return false
        }
        return self.recovery(from: place, limit: 20).recovered
    }
}
