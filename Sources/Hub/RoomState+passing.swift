import Messages

/// Who writes and who is there: nothing of it is stored, and all of it ends by itself.
extension RoomState {
    /// Somebody who writes.
    struct Writer: Sendable {
        let author: Author
        /// When they have stopped if nothing is heard of them, in nanoseconds.
        var expires: UInt64
        /// When the others were told last.
        var toldAt: UInt64
    }

    /// Somebody whose last connection was closed.
    struct Departure: Sendable {
        let author: Author
        /// When they have really gone, in nanoseconds.
        let at: UInt64
    }

    /// Notes that somebody writes or has stopped.
    ///
    /// - Returns: Whether the others are to be told: of a change, or often enough that they don't take it for over.
    mutating func note(_ author: Author, isWriting: Bool, at now: UInt64) -> Bool {
        let index = self.writers.firstIndex { $0.author == author }
        guard isWriting else {
            if let index { self.writers.remove(at: index) }
            return index != nil
        }
        let expires = now + HubOptions.typingNanoseconds
        guard let index else {
            self.writers.append(Writer(author: author, expires: expires, toldAt: now))
            return true
        }
        self.writers[index].expires = expires
        guard now >= self.writers[index].toldAt + HubOptions.typingNanoseconds / 2 else { return false }
        self.writers[index].toldAt = now
        return true
    }

    /// Notes that somebody has a connection more.
    ///
    /// Called before the connection is a member.
    ///
    /// - Returns: Whether the others are to be told: not of a second tab, and not of a page that was changed.
    mutating func noteArrival(of author: Author) -> Bool {
        if let index = self.departures.firstIndex(where: { $0.author == author }) {
            self.departures.remove(at: index)
            return false
        }
        return !self.members.contains { $0.author == author }
    }

    /// Notes that somebody has a connection less.
    ///
    /// Called after the connection has ceased to be a member.
    ///
    /// - Returns: Whether it was their last one.
    mutating func noteDeparture(of author: Author, at now: UInt64) -> Bool {
        guard !self.members.contains(where: { $0.author == author }) else { return false }
        // Nobody is left who could be told.
        if self.members.isEmpty {
            self.departures = []
        } else {
            self.departures.append(Departure(author: author, at: now + HubOptions.departureNanoseconds))
        }
        return true
    }

    /// Everybody who is there, and with how many connections.
    var participants: [Participant] {
        var participants: [Participant] = []
        for member in self.members {
            if let index = participants.firstIndex(where: { $0.author == member.author }) {
                participants[index].connections += 1
            } else {
                participants.append(Participant(member.author, connections: 1))
            }
        }
        return participants
    }

    /// Ends what is over.
    ///
    /// - Parameter now: Nanoseconds.
    /// - Returns: Who has stopped writing, and who has gone.
    mutating func expire(at now: UInt64) -> (stopped: [Author], gone: [Author]) {
        let stopped = self.writers.filter { $0.expires <= now }.map(\.author)
        let gone = self.departures.filter { $0.at <= now }.map(\.author)
        if !stopped.isEmpty { self.writers.removeAll { $0.expires <= now } }
        if !gone.isEmpty { self.departures.removeAll { $0.at <= now } }
        return (stopped, gone)
    }

    /// Whether something ends by itself later on.
    var hasDeadline: Bool { !self.writers.isEmpty || !self.departures.isEmpty }
}
