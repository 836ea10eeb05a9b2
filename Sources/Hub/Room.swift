public import Messages
import Synchronization

/// One session's conversation: who is connected, what was said, in which order.
///
/// Safe on any thread. The lock of the room is what gives its frames one order for everybody: a frame gets its number
/// and is handed to all links before the next one can. It is held for microseconds and never across a call into a
/// responder or a socket.
public final class Room: Sendable {
    public let key: RoomKey
    public var session: SessionID { self.key.session }
    /// Names the run of numbers of its messages.
    public let epoch: String
    /// Holds ``RoomState`` with a ``Mutex``.
    let state: Mutex<RoomState>
    let hub: HubContext

    init(_ key: RoomKey, _ origin: RestoredRoom, idSeed: UInt64, hub: HubContext) {
        self.key = key
        self.epoch = origin.epoch
        self.hub = hub
        self.state = Mutex(RoomState(key, origin, idSeed: idSeed, hub: hub))
    }

    // A reply may have come to a room that the hub had given up.
    deinit { self.shrinkHistory(to: 0) }

    /// Takes a visitor's message: numbers it, shows it to everybody in the room, hands it to the subscriber, and
    /// acknowledges it as soon as it is kept.
    ///
    /// - Parameters:
    ///   - message: The message.
    ///   - page: The page that it was written on.
    ///   - sender: The connection that brought it and gets the `ack`; nothing for one that came by HTTP.
    ///   - mode: The form of the protocol that the sender speaks.
    /// - Returns: The number of the message, and whether the same message was taken before.
    /// - Throws: `rate_limited`, `bad_request` with `id_conflict`, or `unavailable` if nothing can be kept. Nobody sees
    ///   the message then.
    @discardableResult
    public func accept(
        _ message: UserMessage,
        page: String,
        from sender: (any Link)? = nil,
        mode: ProtocolMode = .v1
    ) throws(ClientError) -> Acknowledgement {
        guard let sender, mode == .v1, let id = message.id else {
            return try self.accept(message, page: page, telling: nil)
        }
        return try self.accept(message, page: page, telling: .link(sender, id: id))
    }

    /// Takes a visitor's message that came on no connection of the room, and returns once it is kept.
    ///
    /// - Parameters:
    ///   - message: The message.
    ///   - page: The page that it was written on.
    /// - Returns: The number of the message, and whether the same message was taken before.
    /// - Throws: As ``accept(_:page:from:mode:)``; also `unavailable` after 5 seconds.
    public func acceptAndKeep(_ message: UserMessage, page: String) async throws(ClientError) -> Acknowledgement {
        let result = await withCheckedContinuation { continuation in
            do throws(ClientError) {
                try self.accept(message, page: page, telling: .call { continuation.resume(returning: $0) })
            } catch {
                continuation.resume(returning: Result<Acknowledgement, ClientError>.failure(error))
            }
        }
        do throws(ClientError) { return try result.get() } catch {
            var error = error
            error.id = message.id
            throw error
        }
    }

    @discardableResult
    private func accept(
        _ message: UserMessage,
        page: String,
        telling sender: RoomState.Receipt.Sender?
    ) throws(ClientError) -> Acknowledgement {
        let (message, page) = try self.hub.filtered(message, page, of: self.key.site)
        let now = self.hub.clocks.nanoseconds()
        let timestamp = self.hub.clocks.timestamp()
        let result = self.state.withLock { state -> Result<(Acknowledgement, InboundMessage?, Bool), ClientError> in
            do throws(ClientError) {
                let acceptance = try state.accept(
                    message,
                    page: page,
                    at: timestamp,
                    now: now,
                    limit: self.hub.options.messageRate
                )
                return .success(self.publish(acceptance, telling: sender, at: now, &state))
            } catch {
                return .failure(error)
            }
        }
        let (acknowledgement, inbound, isOverflow) = try result.get()
        if let inbound {
            if isOverflow { self.hub.subscriber.overflow(inbound, in: self) } else { self.deliver(inbound) }
        }
        return acknowledgement
    }

    /// Sends what an acceptance causes.
    ///
    /// Called with the lock held.
    private func publish(
        _ acceptance: RoomState.Acceptance,
        telling sender: RoomState.Receipt.Sender?,
        at now: UInt64,
        _ state: inout RoomState
    ) -> (Acknowledgement, InboundMessage?, isOverflow: Bool) {
        let seq: Int
        var delivery: (message: InboundMessage, how: RoomState.Delivery)?
        switch acceptance {
        case .duplicate(let first): seq = first
        case .accepted(var inbound, let frame):
            seq = inbound.seq
            inbound.startsAnew = self.noteSpoken(at: inbound.message.timestamp, &state)
            inbound.floor = state.floor
            // What was written is sent: nobody waits for it any more.
            if state.note(.visitor, isWriting: false, at: state.lastActive) { self.tell(false, of: .visitor, &state) }
            for member in state.members { member.link.send(frame) }
            let bound = self.hub.options.waitingMessages
            delivery = (inbound, state.beginDelivery(of: inbound, atMostWaiting: bound, at: now))
        }
        let acknowledgement = Acknowledgement(seq: seq, epoch: state.epoch, isDuplicate: delivery == nil)
        self.keep(&state)
        if let sender { self.acknowledge(acknowledgement, to: sender, at: now, &state) }
        guard let delivery, delivery.how != .waits else { return (acknowledgement, nil, false) }
        return (acknowledgement, delivery.message, delivery.how == .overflow)
    }

    /// Hands messages to the subscriber until it has all of them or keeps one for later.
    func deliver(_ first: InboundMessage) {
        var next: InboundMessage? = first
        while let message = next {
            guard self.hub.subscriber.receive(message, in: self) == .finished else { return }
            next = self.state.withLock { $0.nextDelivery(at: self.hub.clocks) }
        }
        self.hub.noteVacancy()
    }

    /// Ends the handling of a message for which the subscriber had returned `later`.
    ///
    /// The next one follows at once.
    public func finishedInbound() {
        guard let next = self.state.withLock({ $0.nextDelivery(at: self.hub.clocks) }) else {
            return self.hub.noteVacancy()
        }
        self.deliver(next)
    }
}

extension Room {
    /// Lets a connection in: sends it the welcome and what it missed, then everything that happens.
    ///
    /// The welcome, the history and the membership are one step under the room's lock, so no message can fall between
    /// them and none can come twice.
    ///
    /// - Parameters:
    ///   - link: The connection. It must have been announced by ``Hub/reserve(_:)``.
    ///   - mode: The form of the protocol that it speaks.
    ///   - position: What the client has, where it said so.
    ///   - author: Who has the connection.
    ///   - isAtDesk: Whether it sees which conversations of the site wait for a person, in place of one of them.
    ///   - seconds: For how long its token is good; nothing without one.
    public func join(
        _ link: any Link,
        mode: ProtocolMode,
        from position: Position?,
        as author: Author = .visitor,
        isAtDesk: Bool = false,
        expiresInSeconds seconds: Int? = nil
    ) {
        let timestamp = self.hub.clocks.timestamp()
        let now = self.hub.clocks.nanoseconds()
        self.state.withLock { state in
            state.lastActive = now
            state.reservations -= 1
            let cursor = mode == .seed ? state.beginSeed(link, at: now) : nil
            self.catchUp(link, mode, position ?? cursor, timestamp, seconds, &state)
            self.enter(link, mode, author, isAtDesk: isAtDesk, &state)
        }
        if author.kind == .agent { self.hub.subscriber.agentActed(isAtDesk ? .signedIn : .entered, author, in: self) }
    }

    /// Notes how much a client of the first form has certainly got.
    ///
    /// - Parameters:
    ///   - seq: The number of a message; more than there are is ignored.
    ///   - link: Its connection; one that isn't in the room is ignored.
    public func confirm(_ seq: Int, by link: any Link) { self.state.withLock { $0.confirmSeed(seq, by: link) } }

    /// Gives a reservation back whose handshake did not end in a connection.
    public func cancelReservation() {
        self.state.withLock { $0.reservations -= 1 }
        self.hub.noteVacancy()
    }

    /// Keeps the room in memory, connected or not, until ``letGo()``.
    public func hold() { self.state.withLock { $0.holds += 1 } }

    public func letGo() {
        self.state.withLock { $0.holds -= 1 }
        self.hub.noteVacancy()
    }

    /// Sends a connected client what it missed, as if it had connected anew.
    ///
    /// - Parameters:
    ///   - link: The connection.
    ///   - position: What the client has.
    ///   - seconds: For how long its token is good; nothing without one.
    /// - Throws: `rate_limited`.
    public func resume(
        _ link: any Link,
        from position: Position,
        expiresInSeconds seconds: Int? = nil
    ) throws(ClientError) {
        let timestamp = self.hub.clocks.timestamp()
        let now = self.hub.clocks.nanoseconds()
        let wait = self.state.withLock { state -> UInt64? in
            if let wait = self.hub.options.resumeRate?.refuse(&state.arrivals.resume, at: now) { return wait }
            self.catchUp(link, .v1, position, timestamp, seconds, &state)
            return nil
        }
        if let wait { throw ClientError(.rateLimited, "too many calls of resume", waitingNanoseconds: wait) }
    }

    /// Sends the welcome and the part of the history that the client lacks.
    ///
    /// Called with the lock held.
    private func catchUp(
        _ link: any Link,
        _ mode: ProtocolMode,
        _ position: Position?,
        _ timestamp: Timestamp,
        _ expiresInSeconds: Int?,
        _ state: inout RoomState
    ) {
        let limit = mode == .v1 ? HubOptions.recentMessages : HubOptions.seedReplay
        let recovery = state.recovery(from: position, limit: limit)
        let welcome = Welcome(
            session: self.session,
            timestamp: timestamp,
            epoch: state.epoch,
            top: state.recent.top,
            wasRecovering: position != nil,
            recovered: recovery.recovered,
            reset: recovery.reset,
            replayed: recovery.replayed,
            heartbeatSeconds: self.hub.options.heartbeatSeconds,
            messageRate: self.hub.options.messageRate.map { .init(perSecond: $0.perSecond, burst: $0.burst) },
            node: self.hub.options.node,
            expiresInSeconds: expiresInSeconds,
            features: self.hub.options.features(of: self.key.site),
            conversation: state.standing.state,
            agent: state.standing.agent
        )
        link.send(Frame(mode == .v1 ? ServerFrame.welcome(welcome) : ServerFrame.seedWelcome(welcome)))
        if recovery.replayed > 0 { link.replay(Array(state.recent.frames(from: recovery.from))) }
    }

    /// Forgets a connection.
    ///
    /// Whatever is queued for it is the link's own matter.
    ///
    /// - Parameters:
    ///   - link: The connection.
    ///   - isPageLeft: Whether the visitor has left the page, and wasn't just cut off.
    public func leave(_ link: any Link, isPageLeft: Bool = false) {
        let now = self.hub.clocks.nanoseconds()
        self.state.withLock { state in
            state.lastActive = now
            self.exit(link, isPageLeft: isPageLeft, at: now, &state)
        }
    }

    /// Sends a client of v1 the sign of life that also tells it the newest number.
    public func ping(_ link: any Link) {
        self.state.withLock { state in
            link.send(Frame(ServerFrame.ping(epoch: state.epoch, top: state.recent.top)))
        }
    }

    /// Seconds between two signs of life of a connection.
    public var heartbeatSeconds: Int { self.hub.options.heartbeatSeconds }

    /// Whether a message is being answered.
    public var isAnswering: Bool { self.state.withLock { $0.isAnswering } }

    /// Whether another connection may come in.
    ///
    /// If so it is expected from now on.
    ///
    /// - Parameter kind: Whose connection it is; nothing for a call that is none.
    /// - Returns: Whether it may.
    func reserve(for kind: Author.Kind?) -> Bool {
        self.state.withLock { state in
            let bound = kind == nil ? .max : self.hub.options.connectionsPerRoom ?? .max
            let count = state.members.count { ($0.author.kind == .agent) == (kind == .agent) }
            guard count + state.reservations < bound else { return false }
            state.reservations += 1
            return true
        }
    }

    /// Has the room keep no more than so many bytes of messages.
    func shrinkHistory(to bytes: Int) { self.state.withLock { $0.shrinkHistory(to: bytes) } }

    /// Whether the room may be dropped, and when something last happened in it.
    var idleness: (isUnused: Bool, since: UInt64) {
        self.state.withLock { ($0.isUnused, $0.lastActive) }
    }
}
