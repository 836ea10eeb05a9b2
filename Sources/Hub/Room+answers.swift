public import Messages
import Synchronization

/// What is said besides what visitors send.
extension Room {
    /// What a reply says; who and when is added here.
    public struct Answer: Sendable {
        public var text: String
        public var format: Message.Format
        public var choices: [Message.Choice]
        public var links: [Message.Link]
        /// The language of the text where it is known, as in BCP 47; at most 35 bytes.
        public var lang: String?

        public init(
            _ text: String,
            format: Message.Format = .plain,
            choices: [Message.Choice] = [],
            links: [Message.Link] = [],
            lang: String? = nil
        ) {
            self.text = text
            self.format = format
            self.choices = choices
            self.links = links
            self.lang = lang
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
            guard state.hasFloor(inbound) else { return }
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
    ///   - attempt: How often that turn was begun, this time included.
    /// - Returns: Whether it was; not if it is answered.
    public func deliverAgain(_ message: Message, seq: Int, page: String, turnID: String, attempt: Int) -> Bool {
        var inbound = InboundMessage(message: message, seq: seq, page: page, turnID: turnID, attempt: attempt)
        let how = self.state.withLock { state -> RoomState.Delivery? in
            inbound.floor = state.floor
            guard state.replyID(to: inbound, number: 1) != nil else { return nil }
            return state.beginDelivery(
                of: inbound,
                atMostWaiting: self.hub.options.waitingMessages,
                at: self.hub.clocks.nanoseconds()
            )
        }
        guard let how else { return false }
        switch how {
        case .now: self.deliver(inbound)
        case .waits: break
        case .overflow: self.hub.subscriber.overflow(inbound, in: self)
        }
        return true
    }

    /// A message that was taken by an earlier run of the server and has its reply, for one more that comes only now.
    ///
    /// - Returns: The message, whose replies are shown until somebody else takes the conversation; nothing where somebody
    ///   else has it.
    public func earlier(_ message: Message, seq: Int, page: String, turnID: String) -> InboundMessage? {
        self.state.withLock { state in
            guard state.standing.state == .bot else { return nil }
            var inbound = InboundMessage(message: message, seq: seq, page: page, turnID: turnID)
            inbound.floor = state.floor
            return inbound
        }
    }

    /// A message that was taken by an earlier run of the server and that nobody will be asked about any more.
    ///
    /// - Returns: The message, for ``reply(_:to:number:)``.
    public func abandoned(_ message: Message, seq: Int, page: String, turnID: String, attempt: Int) -> InboundMessage {
        var inbound = InboundMessage(message: message, seq: seq, page: page, turnID: turnID, attempt: attempt)
        inbound.floor = self.state.withLock { $0.floor }
        return inbound
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
        let time = self.hub.clocks.timestamp()
        self.state.withLock { self.announce(text, at: time, &$0) }
    }

    /// Shows a text of the server itself under an id of the caller's, and returns once it is kept.
    ///
    /// A text whose id the room knows is shown already: nothing happens then.
    ///
    /// - Parameters:
    ///   - text: What it says.
    ///   - id: 1 to 64 of `A-Z a-z 0-9 _ -`; known for as long as ids of clients are.
    /// - Throws: `unavailable` where it isn't kept; try again.
    public func announce(_ text: String, id: String) async throws(ClientError) {
        let result = await withCheckedContinuation { continuation in
            self.announce(text, id: id) { continuation.resume(returning: $0) }
        }
        _ = try result.get()
    }

    private func announce(
        _ text: String,
        id: String,
        _ whenKept: @escaping @Sendable (Result<Acknowledgement, ClientError>) -> Void
    ) {
        let time = self.hub.clocks.timestamp()
        let now = self.hub.clocks.nanoseconds()
        self.state.withLock { state in
            let (seq, frame) = state.announce(Message(.system, text, id: id, at: time), now: now)
            if let frame { for member in state.members { member.link.send(frame) } }
            self.keep(&state)
            let known = Acknowledgement(seq: seq, epoch: state.epoch, isDuplicate: frame == nil)
            self.acknowledge(known, to: .call(whenKept), at: now, &state)
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
            links: answer.links,
            lang: answer.lang
        )
    }
}
