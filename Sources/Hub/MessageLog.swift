public import Messages

/// Keeps what is said beyond the memory of the hub and the life of the process.
///
/// Safe on any thread. No call waits, and no call answers before it has returned.
public protocol MessageLog: Sendable {
    /// Whether new messages are taken at the moment.
    var isAccepting: Bool { get }

    /// Takes a message to be kept.
    ///
    /// Called with the lock of the message's room held, so in the order of its numbers.
    ///
    /// - Parameters:
    ///   - record: The message.
    ///   - completion: Called once if the result is ``LogAdmission/taken``, in the order of the calls.
    /// - Returns: Whether it was taken.
    func append(_ record: LoggedMessage, completion: @escaping @Sendable (LogOutcome) -> Void) -> LogAdmission

    /// Finds what a room was.
    ///
    /// - Parameters:
    ///   - key: The room.
    ///   - completion: Called once: with the room, a new one if there was none, or with what the client is told.
    func restore(_ key: RoomKey, completion: @escaping @Sendable (Result<RestoredRoom, ClientError>) -> Void)

    /// Finds older messages.
    ///
    /// - Parameters:
    ///   - key: The room.
    ///   - seq: Messages with a lower number are wanted.
    ///   - limit: How many at most.
    ///   - epoch: The run of numbers to show them in.
    ///   - completion: Called once: with durable frames in ascending order and whether there is nothing older.
    func history(
        of key: RoomKey,
        before seq: Int,
        limit: Int,
        in epoch: String,
        completion: @escaping @Sendable (Result<(frames: [[UInt8]], isComplete: Bool), ClientError>) -> Void
    )

    /// Whether a room has a reply.
    ///
    /// - Parameters:
    ///   - id: The reply's id, of at most ``Limits/messageIDBytes`` bytes.
    ///   - key: The room.
    /// - Returns: Whether it is kept.
    /// - Throws: `unavailable` if nothing can be read.
    func hasReply(_ id: String, in key: RoomKey) async throws(ClientError) -> Bool

    /// Keeps what a visitor thinks of a reply in place of what they thought before.
    ///
    /// - Parameters:
    ///   - rating: What they think.
    ///   - key: The room.
    ///   - timestamp: When.
    ///   - completion: Called once, at once or on any thread: whether it is kept, as far as anything is.
    func keep(
        _ rating: Rating,
        in key: RoomKey,
        at timestamp: Timestamp,
        completion: @escaping @Sendable (Bool) -> Void
    )

    /// Keeps how a conversation stands in place of how it stood before.
    ///
    /// Called with the lock of the room held. Nothing is kept by default.
    func keep(_ standing: Standing, of key: RoomKey)
}

extension MessageLog {
    public func keep(_ standing: Standing, of key: RoomKey) {}
}

/// A message of a room with its number.
public struct LoggedMessage: Sendable {
    public let room: RoomKey
    public let epoch: String
    public let seq: Int
    public let message: Message
    /// Where the visitor was; empty for other messages.
    public let page: String
    /// The durable frame.
    public let frame: Frame
    /// The turn that the message starts; nothing for messages that start none.
    public let turnID: String?
}

/// What a log does with a message, known at once.
public enum LogAdmission: Sendable {
    case taken
    /// It will be in no log, and the chat goes on.
    case memoryOnly
    /// It is to be offered again.
    case notNow
}

/// What has become of a message that was taken.
public enum LogOutcome: Sendable {
    case kept
    /// It is in no log, and the chat goes on.
    case memoryOnly
    /// It is in no log and won't be.
    case failed
}

/// What a room was when it was last in memory.
public struct RestoredRoom: Sendable {
    public var epoch: String
    /// The number of the last message.
    public var top: Int
    /// The newest messages without a gap up to ``top``, oldest first.
    public var frames: [[UInt8]]
    /// What visitors sent lately, oldest first.
    public var remembered: [Remembered]
    /// How the conversation stood.
    public var standing: Standing

    /// A visitor's message that must not be taken twice.
    public struct Remembered: Sendable {
        public var id: String
        public var seq: Int
        public var text: String
        /// How long ago it was sent, in nanoseconds.
        public var age: UInt64
        /// Which replies it has: a bit for each number.
        public var replies: UInt8

        public init(id: String, seq: Int, text: String, age: UInt64, replies: UInt8) {
            self.id = id
            self.seq = seq
            self.text = text
            self.age = age
            self.replies = replies
        }
    }

    public init(
        epoch: String,
        top: Int,
        frames: [[UInt8]] = [],
        remembered: [Remembered] = [],
        standing: Standing = Standing()
    ) {
        self.standing = standing
        self.epoch = epoch
        self.top = top
        self.frames = frames
        self.remembered = remembered
    }
}
