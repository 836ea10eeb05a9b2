public import Messages
import Synchronization

/// Who answers in the room.
extension Room {
    /// How the conversation stands.
    public var standing: Standing { self.state.withLock { $0.standing } }

    /// Whether an agent is there to whom the conversation can be handed over.
    public var isStaffed: Bool { self.hub.isStaffed(self.key.site) }

    /// Hands the conversation over to people, where the responders have it.
    ///
    /// Where nobody is there the visitor is told so, and the responders keep it.
    ///
    /// - Parameters:
    ///   - queue: Which people.
    ///   - note: For the person.
    ///   - reference: Under which people find what the visitor said.
    /// - Returns: Whether it waits now.
    @discardableResult
    public func handOver(to queue: String?, note: String?, reference: String?) -> Bool {
        let time = self.hub.clocks.timestamp()
        let isDeserted = self.hub.isDeserted(self.key.site, at: time)
        return self.state.withLock { state in
            guard state.standing.state == .bot else { return false }
            guard !isDeserted,
                self.apply(.handedOver(queue: queue, note: note, reference: reference), at: time, &state)
            else {
                self.announce(state.texts.nobodyIsFree(reference), at: time, &state)
                return false
            }
            return true
        }
    }

    /// In which language the visitor reads what the server itself says.
    public var texts: ServerTexts {
        get { self.state.withLock { $0.texts } }
        set { self.state.withLock { $0.texts = newValue } }
    }

    /// Takes the frame `conversation`: a visitor asks for a person or ends the conversation, an agent takes it, gives it
    /// back or closes it.
    ///
    /// What is so already is no error.
    ///
    /// - Parameters:
    ///   - wanted: The state that is asked for.
    ///   - author: Who asks.
    /// - Throws: `rate_limited`; `bad_request` with `state` where they may not ask for that, or with `state_conflict`
    ///   where somebody else was faster.
    public func change(to wanted: ConversationState, by author: Author) throws(ClientError) {
        let isAgent = author.kind == .agent
        let allowed: Set<ConversationState> = isAgent ? [.human, .bot, .closed] : [.waiting, .closed]
        guard allowed.contains(wanted) else {
            throw ClientError(.badRequest, "this state can't be asked for", detail: "state")
        }
        let now = self.hub.clocks.nanoseconds()
        if let wait = self.state.withLock({ $0.refuseMessage(of: author, self.hub.options.messageRate, at: now) }) {
            throw ClientError(.rateLimited, "too many messages", waitingNanoseconds: wait)
        }
        if wanted == .waiting { return try self.requestPerson() }
        let (event, act): (Standing.Event, AgentAct?) =
            switch wanted {
            case .human: (.taken(by: author.shownName), .took)
            case .bot: (.returned(by: author.shownName), .returned)
            default: (.closed(by: isAgent ? author.shownName : nil), isAgent ? .closed : nil)
            }
        let time = self.hub.clocks.timestamp()
        let outcome = self.state.withLock { state -> Bool? in
            if self.apply(event, at: time, &state) { return true }
            let isSo = state.standing.state == wanted
            return isSo && (wanted != .human || state.standing.agent == author.shownName) ? false : nil
        }
        guard let hasChanged = outcome else {
            throw ClientError(.badRequest, "the conversation is not in a state for that", detail: "state_conflict")
        }
        guard hasChanged else { return }
        self.hub.subscriber.conversationChanged(in: self)
        if let act { self.hub.subscriber.agentActed(act, author, in: self) }
    }

    /// The visitor asks for a person by a button.
    private func requestPerson() throws(ClientError) {
        guard !self.standing.state.isAttended else { return }
        guard let answer = self.hub.subscriber.personRequested(in: self) else {
            throw ClientError(.badRequest, "nobody can be asked for here", detail: "state")
        }
        let time = self.hub.clocks.timestamp()
        let hasChanged = self.state.withLock { state -> Bool in
            guard answer.isAvailable else {
                self.announce(answer.text, at: time, &state)
                return false
            }
            // Somebody who has closed the conversation has come back.
            _ = self.apply(.spoken, at: time, &state)
            let event = Standing.Event.handedOver(queue: answer.queue, note: nil, reference: nil)
            guard self.apply(event, at: time, &state) else { return false }
            self.announce(answer.text, at: time, &state)
            return true
        }
        if hasChanged { self.hub.subscriber.conversationChanged(in: self) }
    }

    /// Takes what an agent says: shows it to everybody in the room under the agent's name.
    ///
    /// It starts no turn. Where the responders still have the conversation, or nobody has, the agent takes it by that.
    ///
    /// - Parameters:
    ///   - message: The message; what it says about a page is left out.
    ///   - agent: Who says it.
    ///   - link: The agent's connection, which gets the `ack`.
    /// - Returns: The number of the message, and whether the same message was taken before.
    /// - Throws: `rate_limited`, `unavailable`, or `bad_request` with `id_conflict`, or with `state_conflict` where the
    ///   conversation is closed.
    public func say(
        _ message: UserMessage,
        by agent: Author,
        from link: any Link
    ) throws(ClientError) -> Acknowledgement {
        let now = self.hub.clocks.nanoseconds()
        let time = self.hub.clocks.timestamp()
        let result = self.state.withLock { state -> Result<(Acknowledgement, hasTaken: Bool), ClientError> in
            do throws(ClientError) {
                if let seq = try state.knownMessage(message) {
                    let known = Acknowledgement(seq: seq, epoch: state.epoch, isDuplicate: true)
                    if let id = message.id { self.acknowledge(known, to: .link(link, id: id), at: now, &state) }
                    return .success((known, false))
                }
                if let wait = state.refuseMessage(of: agent, self.hub.options.messageRate, at: now) {
                    throw ClientError(.rateLimited, "too many messages", waitingNanoseconds: wait, id: message.id)
                }
                let hasTaken = self.apply(.taken(by: agent.shownName), at: time, &state)
                guard state.standing.state == .human else {
                    throw ClientError(
                        .badRequest,
                        "the conversation is closed",
                        detail: "state_conflict",
                        id: message.id
                    )
                }
                return .success((self.publish(message, by: agent, from: link, at: time, now, &state), hasTaken))
            } catch {
                return .failure(error)
            }
        }
        let (acknowledgement, hasTaken) = try result.get()
        if hasTaken {
            self.hub.subscriber.conversationChanged(in: self)
            self.hub.subscriber.agentActed(.took, agent, in: self)
        }
        return acknowledgement
    }

    private func publish(
        _ message: UserMessage,
        by agent: Author,
        from link: any Link,
        at time: Timestamp,
        _ now: UInt64,
        _ state: inout RoomState
    ) -> Acknowledgement {
        state.lastSpoken = time.milliseconds
        let frame = state.say(message, by: agent, at: time, now: now)
        if state.note(agent, isWriting: false, at: now) { self.tell(false, of: agent, &state) }
        for member in state.members { member.link.send(frame) }
        let acknowledgement = Acknowledgement(seq: frame.seq, epoch: state.epoch, isDuplicate: false)
        self.keep(&state)
        if let id = message.id { self.acknowledge(acknowledgement, to: .link(link, id: id), at: now, &state) }
        return acknowledgement
    }
}

extension Room {
    /// Has something happen to the conversation: everybody is told, and it is kept.
    ///
    /// Called with the lock held.
    ///
    /// - Returns: Whether it can happen to a conversation that stands as this one does.
    func apply(_ event: Standing.Event, at time: Timestamp, _ state: inout RoomState) -> Bool {
        guard let next = state.standing.after(event, at: time) else { return false }
        let before = state.standing
        if next.state.isAttended, !before.state.isAttended, !self.hub.desk.hasPlace { return false }
        state.standing = next
        if before.state.isAttended { self.hub.noteVacancy() }
        // Whoever was about to answer has lost the floor.
        if next.state != .bot { state.floor += 1 }
        let frame = Frame(ServerFrame.conversation(next.state, agent: next.agent))
        for member in state.members where member.mode == .v1 { member.link.send(frame) }
        if let text = state.texts.text(after: event, reference: before.reference) {
            self.announce(text, at: time, &state)
        }
        if !state.isForgotten { self.hub.log?.keep(next, of: self.key) }
        self.hub.desk.note(self.key, next, due: self.due(state))
        return true
    }

    /// Shows a text of the server itself.
    ///
    /// Called with the lock held.
    func announce(_ text: String, at time: Timestamp, _ state: inout RoomState) {
        let frame = state.announce { Message(.system, text, id: $0, at: time) }
        for member in state.members { member.link.send(frame) }
        self.keep(&state)
    }

    /// Notes that the visitor says something.
    ///
    /// Called with the lock held.
    ///
    /// - Returns: Whether a conversation begins anew by that.
    func noteSpoken(at time: Timestamp, _ state: inout RoomState) -> Bool {
        let last = state.lastSpoken
        state.lastSpoken = time.milliseconds
        let silence = time.milliseconds - last
        let isOver = last > 0 && silence >= self.hub.options.times(of: self.key.site).closeMilliseconds
        // A person who has the conversation keeps it until the desk finds out.
        return self.apply(.spoken, at: time, &state) || (isOver && state.standing.state == .bot)
    }

    /// When the conversation has to be looked at again, in milliseconds of the time of day.
    private func due(_ state: RoomState) -> Int64 {
        let times = self.hub.options.times(of: self.key.site)
        let silent = max(state.lastSpoken, state.standing.since.milliseconds) + times.closeMilliseconds
        guard let end = state.returnTime(times) else { return silent }
        return min(end, silent)
    }

    /// Ends what is over: nobody came, the agent has gone, nothing was said for long.
    func settleConversation() {
        let time = self.hub.clocks.timestamp()
        let isDeserted = self.hub.isDeserted(self.key.site, at: time)
        let times = self.hub.options.times(of: self.key.site)
        let now = time.milliseconds
        self.state.withLock { state in
            let standing = state.standing
            guard standing.state.isAttended else { return self.hub.desk.remove(self.key) }
            let isOver = state.returnTime(times).map { $0 <= now } ?? false
            if isOver || (isDeserted && standing.state == .waiting) {
                _ = self.apply(.nobodyCame, at: time, &state)
            } else if max(state.lastSpoken, standing.since.milliseconds) + times.closeMilliseconds <= now {
                _ = self.apply(.fellSilent, at: time, &state)
            } else {
                self.hub.desk.postpone(self.key, to: self.due(state))
            }
        }
    }

    /// Notes that an agent has come or gone.
    ///
    /// Called with the lock held, after the list of members has changed.
    func noteAgent(isLeaving: Bool, isAtDesk: Bool, _ link: any Link, _ state: inout RoomState) {
        let site = self.key.site
        guard isLeaving else {
            self.hub.desk.agentCame(to: site)
            if isAtDesk { self.hub.desk.enter(link, of: site) }
            if state.standing.state.isAttended { self.hub.desk.postpone(self.key, to: self.due(state)) }
            return
        }
        let now = self.hub.clocks.timestamp().milliseconds
        self.hub.desk.agentWent(from: site, at: now)
        if isAtDesk { self.hub.desk.leave(link, of: site) }
        state.agentLeft = now
        if state.standing.state.isAttended { self.hub.desk.postpone(self.key, to: self.due(state)) }
    }
}

extension RoomState {
    var hasAgent: Bool { self.members.contains { $0.author.kind == .agent } }

    /// When the responders have the conversation again, in milliseconds of the time of day; nothing while a person is there.
    fileprivate func returnTime(_ times: ConversationTimes) -> Int64? {
        let since = self.standing.since.milliseconds
        switch self.standing.state {
        case .waiting: return since + times.returnMilliseconds
        case .human where !self.hasAgent: return max(since, self.agentLeft) + times.returnMilliseconds
        case .human, .bot, .closed: return nil
        }
    }
}

extension Author {
    /// How somebody is called in what the server says.
    var shownName: String { self.name ?? ServerTexts.nameless }
}
