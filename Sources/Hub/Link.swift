public import Messages

/// The other end of a connection as the hub sees it: something that takes frames.
///
/// The hub calls a link while it holds the lock of the link's room. So that the order of a room's frames is the same
/// for all of its links, and so that no call can come back into the hub, a link only notes down what it is given and
/// returns at once. It must never call the hub from here.
public protocol Link: AnyObject, Sendable {
    /// Queues a frame. Frames arrive at the client in the order of the calls.
    ///
    /// A link whose client reads slowly leaves out what may be lost: ``Frame/Kind/piece`` first, then
    /// ``Frame/Kind/passing``.
    func send(_ frame: Frame)

    /// Queues messages from history, which the client gets marked as a replay, before whatever is sent after the call.
    ///
    /// The link may keep them as they are until the client has read what is before them.
    func replay(_ frames: [Frame])

    /// Ends the connection after what is queued.
    ///
    /// - Parameters:
    ///   - code: What the client is told.
    ///   - reason: At most 123 bytes: a name, or `name; afterMs=N`.
    func close(_ code: CloseCode, reason: String)
}

/// The bytes of one frame, made once and shared by everything that sends or stores it.
public final class Frame: Sendable {
    /// What is lost with a frame that a client doesn't get.
    public enum Kind: Sendable {
        /// A numbered message of the room.
        case durable
        /// Something that the client waits for: a welcome, an answer, the end of a stream.
        case answer
        /// Something that the next one of its kind corrects: who writes, who is there.
        case passing
        /// A piece of a reply whose whole text follows.
        case piece
    }

    /// One JSON object in UTF-8.
    public let json: [UInt8]
    public let kind: Kind
    /// The number of a durable frame; 0 of others.
    public let seq: Int

    public init(_ json: [UInt8], _ kind: Kind = .answer, seq: Int = 0) {
        self.json = json
        self.kind = kind
        self.seq = seq
    }

    /// Whether the frame is a numbered message of the room.
    public var isDurable: Bool { self.kind == .durable }
}
