public import Messages
import Synchronization

extension Room {
    /// What a long poll can be told at once; nothing if it has to wait, in which case `link` is a member from now on.
    ///
    /// - Parameters:
    ///   - position: What the client has.
    ///   - link: Learns of the next message.
    /// - Returns: The answer, or nothing.
    /// - Throws: `rate_limited`; the reservation is given back then, too.
    public func poll(from position: Position?, orWait link: any Link) throws(ClientError) -> PollAnswer? {
        let now = self.hub.clocks.nanoseconds()
        var wait: UInt64?
        let answer = self.state.withLock { state -> PollAnswer? in
            state.lastActive = now
            state.reservations -= 1
            wait = self.hub.options.pollRate?.refuse(&state.arrivals.poll, at: now)
            guard wait == nil else { return nil }
            if let answer = self.answer(from: position, at: now, state) { return answer }
            self.enter(link, .v1, .visitor, &state)
            return nil
        }
        if let wait { throw ClientError(.rateLimited, "too many polls", waitingNanoseconds: wait) }
        return answer
    }

    /// What came after a position, and who is there and writes at the moment; nothing if no message came.
    ///
    /// The visitor who asks counts as there, with one connection more than those that are in the room.
    public func answer(from position: Position?) -> PollAnswer? {
        let now = self.hub.clocks.nanoseconds()
        return self.state.withLock { self.answer(from: position, at: now, $0) }
    }

    private func answer(from position: Position?, at now: UInt64, _ state: RoomState) -> PollAnswer? {
        let recovery = state.recovery(from: position, limit: HubOptions.recentMessages)
        guard recovery.replayed > 0 || !recovery.recovered else { return nil }
        return PollAnswer(
            epoch: state.epoch,
            top: state.recent.top,
            recovered: recovery.recovered,
            reset: recovery.reset,
            items: state.recent.frames(from: recovery.from).map { ServerFrame.replayed($0.json) },
            passing: state.passing(for: .visitor, at: now)
        )
    }
}

extension RoomState {
    /// Who is there and who writes, for somebody who gets no frames in between.
    fileprivate func passing(for author: Author, at now: UInt64) -> [[UInt8]] {
        var participants = self.participants
        if let index = participants.firstIndex(where: { $0.author == author }) {
            participants[index].connections += 1
        } else {
            participants.append(Participant(author, connections: 1))
        }
        let writers = self.writers.filter { $0.author != author && $0.expires > now }
        // What is left of the time, since nobody tells the client when it is over.
        let typing = writers.map { writer in
            let milliseconds = Int((writer.expires - now) / 1_000_000)
            return ServerFrame.typing(true, by: writer.author, expiresMilliseconds: milliseconds, mode: .v1)
        }
        return [ServerFrame.presence(.sync, participants)] + typing
    }
}
