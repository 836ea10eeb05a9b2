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
        case .accepted(let inbound, let frame):
            seq = inbound.seq
            // What was written is sent: nobody waits for it any more.
            if state.note(.visitor, isWriting: false, at: state.lastActive) { self.tell(false, of: .visitor, &state) }
            for member in state.members { member.link.send(frame) }
            delivery = (inbound, state.beginDelivery(of: inbound, atMostWaiting: self.hub.options.waitingMessages))
        }
        let acknowledgement = Acknowledgement(seq: seq, epoch: state.epoch, isDuplicate: delivery == nil)
        self.keep(&state)
        if let sender { self.acknowledge(acknowledgement, to: sender, at: now, &state) }
        guard let delivery, delivery.how != .waits else { return (acknowledgement, nil, false) }
        return (acknowledgement, delivery.message, delivery.how == .overflow)
    }

    /// Hands messages to the subscriber until it has all of them or keeps one for later.
    private func deliver(_ first: InboundMessage) {
        var next: InboundMessage? = first
        while let message = next {
            guard self.hub.subscriber.receive(message, in: self) == .finished else { return }
            next = self.state.withLock { $0.nextDelivery() }
        }
        self.hub.noteVacancy()
    }

    /// Ends the handling of a message for which the subscriber had returned `later`.
    ///
    /// The next one follows at once.
    public func finishedInbound() {
        guard let next = self.state.withLock({ $0.nextDelivery() }) else { return self.hub.noteVacancy() }
        self.deliver(next)
    }
}

extension Room {
    /// What a sender is told about its message.
    public struct Acknowledgement: Hashable, Sendable {
        public let seq: Int
        public let epoch: String
        public let isDuplicate: Bool
        /// Whether it outlives the process, where messages do.
        public private(set) var isDurable = true

        init(seq: Int, epoch: String, isDuplicate: Bool) {
            self.seq = seq
            self.epoch = epoch
            self.isDuplicate = isDuplicate
        }

        /// The same, for a room whose messages up to a number may be in memory alone.
        func durable(unless lastInMemory: Int) -> Acknowledgement {
            var acknowledgement = self
            acknowledgement.isDurable = self.seq > lastInMemory
            return acknowledgement
        }

        /// The `ack` frame.
        public func frame(id: String) -> [UInt8] {
            ServerFrame.ack(
                id: id,
                seq: self.seq,
                epoch: self.epoch,
                isDuplicate: self.isDuplicate,
                isDurable: self.isDurable
            )
        }
    }

    /// What a reply says; who and when is added here.
    public struct Answer: Sendable {
        public var text: String
        public var format: Message.Format
        public var choices: [Message.Choice]
        public var links: [Message.Link]

        public init(
            _ text: String,
            format: Message.Format = .plain,
            choices: [Message.Choice] = [],
            links: [Message.Link] = []
        ) {
            self.text = text
            self.format = format
            self.choices = choices
            self.links = links
        }
    }

    /// Shows a reply to everybody in the room.
    ///
    /// The reply's id comes from the message's, so a question that is answered twice shows one answer.
    ///
    /// - Parameters:
    ///   - answer: The reply.
    ///   - inbound: The message that it answers.
    ///   - number: 1 for the first reply to that message, up to 3.
    public func reply(_ answer: Answer, to inbound: InboundMessage, number: Int = 1) {
        let timestamp = self.hub.clocks.timestamp()
        self.state.withLock { state in
            let frame = state.reply(to: inbound, number: number) { id in
                Message(answer, id: id, at: timestamp, inReplyTo: inbound.message.id)
            }
            guard let frame else { return }
            for member in state.members { member.link.send(frame) }
            self.keep(&state)
        }
    }

    /// Hands a message to the subscriber that was taken by an earlier run of the server.
    ///
    /// - Parameters:
    ///   - message: The message.
    ///   - seq: Its number.
    ///   - page: Where the visitor was.
    ///   - turnID: The turn that it started.
    /// - Returns: Whether it was; not if it is answered.
    public func deliverAgain(_ message: Message, seq: Int, page: String, turnID: String) -> Bool {
        let inbound = InboundMessage(message: message, seq: seq, page: page, turnID: turnID)
        let how = self.state.withLock { state -> RoomState.Delivery? in
            guard state.replyID(to: inbound, number: 1) != nil else { return nil }
            return state.beginDelivery(of: inbound, atMostWaiting: self.hub.options.waitingMessages)
        }
        guard let how else { return false }
        switch how {
        case .now: self.deliver(inbound)
        case .waits: break
        case .overflow: self.hub.subscriber.overflow(inbound, in: self)
        }
        return true
    }

    /// Shows a reply to a message of an earlier run of the server.
    ///
    /// - Parameters:
    ///   - text: What it says.
    ///   - message: The message.
    ///   - seq: Its number.
    public func replyLate(_ text: String, to message: Message, seq: Int) {
        self.reply(Answer(text), to: InboundMessage(message: message, seq: seq, page: "", turnID: ""))
    }

    /// Something that the subscriber keeps with the room, made when it is first asked for.
    ///
    /// The hub doesn't look at it.
    ///
    /// - Parameter make: Makes it. Called with the room's lock held, so it must not call the room.
    /// - Returns: What is kept.
    public func companion<T: AnyObject & Sendable>(orMake make: () -> T) -> T {
        self.state.withLock { state in
            if let companion = state.companion as? T { return companion }
            let made = make()
            state.companion = made
            return made
        }
    }

    /// Shows a text of the server itself to everybody in the room.
    public func announce(_ text: String) {
        let timestamp = self.hub.clocks.timestamp()
        self.state.withLock { state in
            let frame = state.announce { Message(.system, text, id: $0, at: timestamp) }
            for member in state.members { member.link.send(frame) }
            self.keep(&state)
        }
    }

    /// The last messages before one of them, oldest first.
    ///
    /// - Parameters:
    ///   - seq: The number of the message.
    ///   - limit: How many at most.
    /// - Returns: Their frames.
    public func messages(before seq: Int, limit: Int) -> [Frame] {
        self.state.withLock { Array($0.recent.frames(before: seq, limit: limit)) }
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
    ///   - seconds: For how long its token is good; nothing without one.
    public func join(
        _ link: any Link,
        mode: ProtocolMode,
        from position: Position?,
        as author: Author = .visitor,
        expiresInSeconds seconds: Int? = nil
    ) {
        let timestamp = self.hub.clocks.timestamp()
        let now = self.hub.clocks.nanoseconds()
        self.state.withLock { state in
            state.lastActive = now
            state.reservations -= 1
            let cursor = mode == .seed ? state.beginSeed(link, at: now) : nil
            self.catchUp(link, mode, position ?? cursor, timestamp, seconds, &state)
            self.enter(link, mode, author, &state)
        }
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
            expiresInSeconds: expiresInSeconds
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

    /// Finds older messages in memory.
    ///
    /// - Throws: `unrecoverable_position` if the request names another epoch, or `rate_limited`.
    public func history(_ request: HistoryRequest) throws(ClientError) -> [UInt8] {
        let page = try self.recentPage(request)
        return ServerFrame.history(epoch: self.epoch, items: page.items, isComplete: page.isComplete)
    }

    /// Finds older messages, in the log where memory has too few.
    ///
    /// - Parameters:
    ///   - request: Which.
    ///   - completion: Called once, at once or on any thread: with the frame, or with `unavailable` if the log can't be
    ///     read.
    /// - Throws: As ``history(_:)``; nothing is called then.
    public func history(
        _ request: HistoryRequest,
        completion: @escaping @Sendable (Result<[UInt8], ClientError>) -> Void
    ) throws(ClientError) {
        let page = try self.recentPage(request)
        let epoch = self.epoch
        guard let log = self.hub.log, !page.isComplete, page.items.count < request.limit else {
            let frame = ServerFrame.history(epoch: epoch, items: page.items, isComplete: page.isComplete)
            return completion(.success(frame))
        }
        log.history(of: self.key, before: page.first, limit: request.limit - page.items.count, in: epoch) { result in
            completion(
                result.map { older in
                    let items = older.frames.map { ServerFrame.replayed($0) } + page.items
                    return ServerFrame.history(epoch: epoch, items: items, isComplete: older.isComplete)
                }
            )
        }
    }

    /// What memory has of a page, the number of its first message or the one after it, and whether it is all.
    private func recentPage(
        _ request: HistoryRequest
    ) throws(ClientError) -> (items: [[UInt8]], first: Int, isComplete: Bool) {
        let now = self.hub.clocks.nanoseconds()
        var wait: UInt64?
        let page = self.state.withLock { state -> (items: [[UInt8]], first: Int, isComplete: Bool)? in
            wait = self.hub.options.historyRate?.refuse(&state.arrivals.history, at: now)
            guard wait == nil else { return nil }
            guard request.epoch == nil || request.epoch == state.epoch else { return nil }
            let before = min(request.before ?? .max, state.recent.top + 1)
            let items = state.recent.frames(before: before, limit: request.limit).map { ServerFrame.replayed($0.json) }
            let first = before - items.count
            let oldest = self.hub.log == nil ? state.recent.oldest : 1
            return (items, first, first <= oldest)
        }
        if let wait { throw ClientError(.rateLimited, "too many requests for history", waitingNanoseconds: wait) }
        guard let page else { throw ClientError(.unrecoverablePosition, "the history has another epoch") }
        return page
    }

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
            if let answer = self.answer(from: position, state) { return answer }
            self.enter(link, .v1, .visitor, &state)
            return nil
        }
        if let wait { throw ClientError(.rateLimited, "too many polls", waitingNanoseconds: wait) }
        return answer
    }

    /// What came after a position; nothing if nothing did.
    public func answer(from position: Position?) -> PollAnswer? {
        self.state.withLock { self.answer(from: position, $0) }
    }

    private func answer(from position: Position?, _ state: RoomState) -> PollAnswer? {
        let recovery = state.recovery(from: position, limit: HubOptions.recentMessages)
        guard recovery.replayed > 0 || !recovery.recovered else { return nil }
        return PollAnswer(
            epoch: state.epoch,
            top: state.recent.top,
            recovered: recovery.recovered,
            reset: recovery.reset,
            items: state.recent.frames(from: recovery.from).map { ServerFrame.replayed($0.json) }
        )
    }

    /// Seconds between two signs of life of a connection.
    public var heartbeatSeconds: Int { self.hub.options.heartbeatSeconds }

    /// Whether a message is being answered.
    public var isAnswering: Bool { self.state.withLock { $0.isAnswering } }

    /// Whether another connection may come in.
    ///
    /// If so it is expected from now on.
    func reserve(isConnection: Bool) -> Bool {
        self.state.withLock { state in
            let bound = isConnection ? self.hub.options.connectionsPerRoom ?? .max : .max
            guard state.members.count + state.reservations < bound else { return false }
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

extension Message {
    /// A reply.
    init(_ answer: Room.Answer, id: String, at timestamp: Timestamp, inReplyTo: String) {
        self.init(
            .claude,
            answer.text,
            id: id,
            at: timestamp,
            inReplyTo: inReplyTo,
            format: answer.format,
            choices: answer.choices,
            links: answer.links
        )
    }
}
