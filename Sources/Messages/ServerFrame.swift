/// The frames that the server sends, as bytes of JSON in UTF-8.
///
/// Each is one object without a line break, so that several of them may be joined by line breaks.
public enum ServerFrame {
    /// A message of a room.
    ///
    /// The bytes are the same for every connection.
    ///
    /// - Parameters:
    ///   - message: The message.
    ///   - session: The room's session.
    ///   - seq: Its number in the room, from 1.
    ///   - epoch: The run of numbers that `seq` belongs to.
    /// - Returns: One JSON object.
    public static func durable(_ message: Message, session: SessionID, seq: Int, epoch: String) -> [UInt8] {
        let size = 240 + message.text.utf8.count + message.context.json.utf8.count + message.id.utf8.count
        var writer = JSONWriter(reserving: size)
        writer.object { frame in
            frame.text("type", message.speaker.rawValue)
            frame.text("message", message.text)
            frame.timestamp("timestamp", message.timestamp)
            frame.text("sessionId", session.rawValue)
            frame.json("context", message.context.json)
            frame.text("id", message.id)
            frame.integer("seq", seq)
            frame.text("epoch", epoch)
            if let inReplyTo = message.inReplyTo { frame.text("inReplyTo", inReplyTo) }
            frame.object("author") { author in
                author.text("kind", message.isByAgent ? "agent" : message.speaker.authorKind)
                if let name = message.authorName { author.text("name", name) }
            }
            writeReplyExtras(of: message, to: &frame)
        }
        return writer.bytes
    }

    /// What only some replies carry.
    private static func writeReplyExtras(of message: Message, to frame: inout JSONWriter) {
        if message.finish != .complete { frame.text("finish", message.finish.rawValue) }
        if message.format != .plain { frame.text("format", message.format.rawValue) }
        if let lang = message.lang { frame.text("lang", lang) }
        if !message.choices.isEmpty {
            let choices = message.choices.map { choice in
                json { object in
                    object.text("label", choice.label)
                    object.text("send", choice.send)
                }
            }
            frame.array("choices", ofJSON: choices)
        }
        if !message.links.isEmpty {
            let links = message.links.map { link in
                json { object in
                    object.text("title", link.title)
                    object.text("url", link.url)
                }
            }
            frame.array("links", ofJSON: links)
        }
    }

    /// A message of a room as it is sent from history.
    ///
    /// - Parameter frame: What ``durable(_:session:seq:epoch:)`` gave.
    /// - Returns: The same object, marked as a replay.
    public static func replayed(_ frame: [UInt8]) -> [UInt8] {
        var replay = frame
        replay.removeLast()
        replay.append(contentsOf: #","replay":true}"#.utf8)
        return replay
    }

    /// The first frame of a connection in v1 mode, and the answer to `resume`.
    public static func welcome(_ welcome: Welcome) -> [UInt8] {
        json(reserving: 512) { frame in
            writeWelcomeBase(welcome, to: &frame)
            frame.text("epoch", welcome.epoch)
            frame.integer("top", welcome.top)
            frame.bool("wasRecovering", welcome.wasRecovering)
            frame.bool("recovered", welcome.recovered)
            frame.bool("reset", welcome.reset)
            frame.integer("replayed", welcome.replayed)
            frame.integer("heartbeat", welcome.heartbeatSeconds)
            frame.object("limits") { limits in
                limits.integer("message", Limits.messageBytes)
                limits.integer("context", Limits.contextBytes)
                limits.integer("frame", Limits.frameBytes)
                if let rate = welcome.messageRate {
                    limits.integer("messagesPerSecond", rate.perSecond)
                    limits.integer("burst", rate.burst)
                }
            }
            frame.text("serverTime", welcome.timestamp.description)
            frame.text("node", welcome.node)
            frame.text("conversation", welcome.conversation.rawValue)
            if let agent = welcome.agent { frame.text("agent", agent) }
            if !welcome.features.isEmpty { frame.array("features", ofTexts: welcome.features) }
            if let seconds = welcome.expiresInSeconds { frame.integer("expiresIn", seconds) }
        }
    }

    /// The first frame of a connection in seed mode.
    public static func seedWelcome(_ welcome: Welcome) -> [UInt8] {
        json { frame in writeWelcomeBase(welcome, to: &frame) }
    }

    private static func writeWelcomeBase(_ welcome: Welcome, to frame: inout JSONWriter) {
        frame.text("type", "system")
        frame.text("event", "welcome")
        frame.text("message", "Connected")
        frame.timestamp("timestamp", welcome.timestamp)
        frame.text("sessionId", welcome.session.rawValue)
        frame.json("context", "{}")
    }

    /// The answer to a message that the server has taken.
    ///
    /// - Parameters:
    ///   - id: The client's id.
    ///   - seq: The number of the message.
    ///   - epoch: The run of numbers that it belongs to.
    ///   - isDuplicate: Whether the id was taken before; `seq` is then the first one.
    ///   - isDurable: Whether it outlives the process, where messages do.
    /// - Returns: One JSON object.
    public static func ack(
        id: String,
        seq: Int,
        epoch: String,
        isDuplicate: Bool,
        isDurable: Bool = true
    ) -> [UInt8] {
        json(reserving: 128) { frame in
            frame.text("type", "ack")
            frame.text("id", id)
            frame.integer("seq", seq)
            frame.text("epoch", epoch)
            frame.bool("duplicate", isDuplicate)
            if !isDurable { frame.bool("durable", false) }
        }
    }

    /// A refusal, in v1 mode and as the body of an HTTP error.
    public static func error(_ error: ClientError) -> [UInt8] {
        json { frame in
            frame.text("type", "error")
            writeRefusal(error, to: &frame)
        }
    }

    /// A refusal in seed mode.
    public static func seedError(_ error: ClientError) -> [UInt8] {
        json { frame in
            frame.text("type", "system")
            frame.text("event", "error")
            writeRefusal(error, to: &frame)
        }
    }

    private static func writeRefusal(_ error: ClientError, to frame: inout JSONWriter) {
        frame.text("code", error.code.rawValue)
        frame.text("message", error.message)
        frame.bool("temporary", error.code.isTemporary)
        if let detail = error.detail { frame.text("detail", detail) }
        if let retryAfter = error.retryAfterMilliseconds { frame.integer("retryAfterMs", retryAfter) }
        if let id = error.id { frame.text("id", id) }
    }

    /// A sign of life in v1 mode.
    public static func ping(epoch: String, top: Int) -> [UInt8] {
        json(reserving: 64) { frame in
            frame.text("type", "ping")
            frame.text("epoch", epoch)
            frame.integer("top", top)
        }
    }

    /// Older messages.
    ///
    /// - Parameters:
    ///   - epoch: The run of numbers of the room.
    ///   - items: Frames of ``durable(_:session:seq:epoch:)``, oldest first.
    ///   - isComplete: Whether nothing older exists.
    /// - Returns: One JSON object.
    public static func history(epoch: String, items: some Sequence<[UInt8]>, isComplete: Bool) -> [UInt8] {
        json { frame in
            frame.text("type", "history")
            frame.text("epoch", epoch)
            frame.array("items", ofJSON: items)
            frame.bool("complete", isComplete)
        }
    }

    /// A request to come back later, before the server stops.
    public static func reconnect(afterMilliseconds: Int, reason: String) -> [UInt8] {
        json { frame in
            frame.text("type", "reconnect")
            frame.integer("afterMs", afterMilliseconds)
            frame.text("reason", reason)
        }
    }

    /// The answer to a token that was taken in place of the last one.
    ///
    /// - Parameter seconds: For how long it is good.
    /// - Returns: One JSON object.
    public static func refreshed(expiresIn seconds: Int) -> [UInt8] {
        json(reserving: 64) { frame in
            frame.text("type", "refreshed")
            frame.integer("expiresIn", seconds)
        }
    }

    /// The answer to a long poll.
    public static func poll(_ poll: PollAnswer) -> [UInt8] {
        json { frame in
            frame.text("epoch", poll.epoch)
            frame.integer("top", poll.top)
            frame.bool("recovered", poll.recovered)
            frame.bool("reset", poll.reset)
            frame.array("items", ofJSON: poll.items + poll.passing)
        }
    }

    /// The answer to a request for a session.
    ///
    /// - Parameters:
    ///   - session: The visitor's session.
    ///   - token: Opens it.
    ///   - expiresIn: For how many seconds the token is good.
    ///   - refreshToken: Gets the next pair, once.
    /// - Returns: One JSON object.
    public static func session(_ session: SessionID, token: String, expiresIn: Int, refreshToken: String?) -> [UInt8] {
        json(reserving: 768) { frame in
            frame.text("sessionId", session.rawValue)
            frame.text("token", token)
            frame.integer("expiresIn", expiresIn)
            if let refreshToken { frame.text("refreshToken", refreshToken) }
        }
    }

    /// The answer to a message of the first form of the protocol that came as a request.
    ///
    /// - Parameter reply: Empty where there is none.
    /// - Returns: One JSON object.
    public static func seedAnswer(_ reply: String) -> [UInt8] {
        json(reserving: 48 + reply.utf8.count) { frame in
            frame.bool("success", true)
            frame.text("response", reply)
        }
    }

    /// A token for an agent or a program of the operator.
    public static func token(_ token: String, expiresIn seconds: Int) -> [UInt8] {
        json(reserving: 768) { frame in
            frame.text("token", token)
            frame.integer("expiresIn", seconds)
        }
    }

    static func json(reserving capacity: Int = 256, _ members: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter(reserving: capacity)
        writer.object(nil, members)
        return writer.bytes
    }
}

extension Message.Speaker {
    fileprivate var authorKind: String {
        switch self {
        case .user: "visitor"
        case .claude: "responder"
        case .system: "system"
        }
    }
}

/// What a connection is told when it starts.
public struct Welcome: Sendable {
    public var session: SessionID
    public var timestamp: Timestamp
    /// The run of numbers of the room.
    public var epoch: String
    /// The number of the last message; 0 in an empty room.
    public var top: Int
    /// Whether the client gave a position.
    public var wasRecovering: Bool
    /// Whether all messages after the client's position follow.
    public var recovered: Bool
    /// Whether the client must drop what it has and take the snapshot that follows.
    public var reset: Bool
    /// How many messages follow from history.
    public var replayed: Int
    /// Seconds between two signs of life.
    public var heartbeatSeconds: Int
    /// How many messages a visitor may send; nothing where it isn't limited.
    public var messageRate: MessageRate?
    /// An opaque name of this server, for support.
    public var node: String
    /// For how many seconds the client's token is good; nothing without one.
    public var expiresInSeconds: Int?
    /// The optional features that are on.
    public var features: [String]
    /// Who answers in the conversation.
    public var conversation: ConversationState
    /// The name of the person who has it.
    public var agent: String?

    /// A sustained rate and how many may come at once.
    public struct MessageRate: Hashable, Sendable {
        public var perSecond: Int
        public var burst: Int

        public init(perSecond: Int, burst: Int) {
            self.perSecond = perSecond
            self.burst = burst
        }
    }

    public init(
        session: SessionID,
        timestamp: Timestamp,
        epoch: String,
        top: Int,
        wasRecovering: Bool,
        recovered: Bool,
        reset: Bool,
        replayed: Int,
        heartbeatSeconds: Int,
        messageRate: MessageRate?,
        node: String,
        expiresInSeconds: Int? = nil,
        features: [String] = [],
        conversation: ConversationState = .bot,
        agent: String? = nil
    ) {
        self.conversation = conversation
        self.agent = agent
        self.features = features
        self.expiresInSeconds = expiresInSeconds
        self.session = session
        self.timestamp = timestamp
        self.epoch = epoch
        self.top = top
        self.wasRecovering = wasRecovering
        self.recovered = recovered
        self.reset = reset
        self.replayed = replayed
        self.heartbeatSeconds = heartbeatSeconds
        self.messageRate = messageRate
        self.node = node
    }
}

/// What a long poll finds.
public struct PollAnswer: Sendable {
    public var epoch: String
    public var top: Int
    public var recovered: Bool
    public var reset: Bool
    /// Frames of messages, oldest first.
    public var items: [[UInt8]]
    /// Frames that say who is there and who writes, without a number.
    public var passing: [[UInt8]]

    public init(
        epoch: String,
        top: Int,
        recovered: Bool,
        reset: Bool,
        items: [[UInt8]],
        passing: [[UInt8]] = []
    ) {
        self.passing = passing
        self.epoch = epoch
        self.top = top
        self.recovered = recovered
        self.reset = reset
        self.items = items
    }
}
