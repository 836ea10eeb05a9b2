public import Messages
import Synchronization

/// Who writes and who is there.
extension Room {
    /// Tells the others that somebody writes or has stopped.
    ///
    /// Nobody is told of themselves. Whoever isn't heard of for 6 seconds has stopped.
    ///
    /// - Parameters:
    ///   - isWriting: Whether they write.
    ///   - author: Who.
    public func typing(_ isWriting: Bool, by author: Author) {
        let now = self.hub.clocks.nanoseconds()
        self.state.withLock { state in
            // Too much of it is left out without a word: it costs the client nothing, and the others even less.
            if author.kind != .responder, state.refusesTyping(of: author, self.hub.options.typingRate, at: now) {
                return
            }
            guard state.note(author, isWriting: isWriting, at: now) else { return }
            self.tell(isWriting, of: author, &state)
            if isWriting { self.scheduleTick(&state) }
        }
    }

    /// Tells a connection who is there.
    ///
    /// - Throws: `rate_limited`.
    public func presence(to link: any Link) throws(ClientError) {
        let now = self.hub.clocks.nanoseconds()
        let wait = self.state.withLock { state -> UInt64? in
            if let wait = self.hub.options.presenceRate?.refuse(&state.arrivals.presence, at: now) { return wait }
            link.send(Frame(ServerFrame.presence(.sync, state.participants), .passing))
            return nil
        }
        if let wait { throw ClientError(.rateLimited, "too many requests for presence", waitingNanoseconds: wait) }
    }

    /// Tells every connection of the visitor who is there: for a request that came on none of them.
    ///
    /// - Throws: `rate_limited`.
    public func presenceToVisitor() throws(ClientError) {
        let now = self.hub.clocks.nanoseconds()
        let wait = self.state.withLock { state -> UInt64? in
            if let wait = self.hub.options.presenceRate?.refuse(&state.arrivals.presence, at: now) { return wait }
            let frame = Frame(ServerFrame.presence(.sync, state.participants), .passing)
            for member in state.members where member.mode == .v1 && member.author == .visitor {
                member.link.send(frame)
            }
            return nil
        }
        if let wait { throw ClientError(.rateLimited, "too many requests for presence", waitingNanoseconds: wait) }
    }

    /// Lists a connection that was let in, and tells the others and itself who is there.
    ///
    /// Called with the lock held.
    func enter(
        _ link: any Link,
        _ mode: ProtocolMode,
        _ author: Author,
        isAtDesk: Bool = false,
        _ state: inout RoomState
    ) {
        if state.noteArrival(of: author) { self.tell(.join, of: author, connections: 1, &state) }
        state.append(RoomState.Member(link: link, mode: mode, author: author, isAtDesk: isAtDesk))
        guard mode == .v1 else { return }
        link.send(Frame(ServerFrame.presence(.sync, state.participants), .passing))
        if author.kind == .agent { self.noteAgent(isLeaving: false, isAtDesk: isAtDesk, link, &state) }
    }

    /// Strikes a connection off.
    ///
    /// Called with the lock held.
    func exit(_ link: any Link, isPageLeft: Bool, at now: UInt64, _ state: inout RoomState) {
        guard let member = state.remove(link) else { return }
        self.hub.noteVacancy()
        if member.mode == .seed { state.endSeed(link, isPageLeft: isPageLeft, at: now) }
        let author = member.author
        if author.kind == .agent { self.noteAgent(isLeaving: true, isAtDesk: member.isAtDesk, link, &state) }
        guard state.noteDeparture(of: author, at: now) else { return }
        if state.note(author, isWriting: false, at: now) { self.tell(false, of: author, &state) }
        if state.hasDeadline { self.scheduleTick(&state) }
    }

    /// Ends what is over: called once a second for as long as there is something to end.
    ///
    /// - Returns: Whether there still is.
    func tick(at now: UInt64) -> Bool {
        self.state.withLock { state in
            let over = state.expire(at: now)
            for author in over.stopped { self.tell(false, of: author, &state) }
            for author in over.gone { self.tell(.leave, of: author, connections: 0, &state) }
            self.flushStream(at: now, &state)
            self.keep(&state)
            self.endReceipts(at: now, &state)
            state.isScheduled = state.hasDeadline || !state.streams.isEmpty || state.keeping.isPending
            return state.isScheduled
        }
    }

    /// Has the hub look after the room once a second.
    ///
    /// Called with the lock held.
    func scheduleTick(_ state: inout RoomState) {
        guard !state.isScheduled else { return }
        state.isScheduled = true
        self.hub.schedule(self)
    }

    /// Tells the others, each in the form that it speaks.
    ///
    /// Called with the lock held.
    func tell(_ isWriting: Bool, of author: Author, _ state: inout RoomState) {
        var frames: (v1: Frame?, seed: Frame?)
        for member in state.members where member.author != author {
            let frame: Frame
            switch member.mode {
            case .v1: frame = frames.v1 ?? self.typingFrame(isWriting, author, .v1)
            case .seed: frame = frames.seed ?? self.typingFrame(isWriting, author, .seed)
            }
            if member.mode == .v1 { frames.v1 = frame } else { frames.seed = frame }
            member.link.send(frame)
        }
    }

    private func typingFrame(_ isWriting: Bool, _ author: Author, _ mode: ProtocolMode) -> Frame {
        let milliseconds = Int(HubOptions.typingNanoseconds / 1_000_000)
        let json = ServerFrame.typing(isWriting, by: author, expiresMilliseconds: milliseconds, mode: mode)
        // The end of it must not get lost: a client would show it until it runs out.
        return Frame(json, isWriting ? .passing : .answer)
    }

    private func tell(_ event: PresenceEvent, of author: Author, connections: Int, _ state: inout RoomState) {
        let frame = Frame(ServerFrame.presence(event, [Participant(author, connections: connections)]), .passing)
        for member in state.members where member.mode == .v1 && member.author != author { member.link.send(frame) }
    }
}
