public import Messages

/// The other end of a connection as the hub sees it: something that takes frames.
///
/// The hub calls a link while it holds the lock of the link's room. So that the order of a room's frames is the same
/// for all of its links, and so that no call can come back into the hub, a link only notes down what it is given and
/// returns at once. It must never call the hub from here.
public protocol Link: AnyObject, Sendable {
    /// Queues a frame. Frames arrive at the client in the order of the calls.
    func send(_ frame: Frame)

    /// Ends the connection after what is queued.
    ///
    /// - Parameters:
    ///   - code: What the client is told.
    ///   - reason: At most 123 bytes: a name, or `name; afterMs=N`.
    func close(_ code: CloseCode, reason: String)
}

/// The bytes of one frame, made once and shared by everything that sends or stores it.
public final class Frame: Sendable {
    /// One JSON object in UTF-8.
    public let json: [UInt8]
    /// Whether the frame is a numbered message of the room, and not something that passes.
    public let isDurable: Bool

    public init(_ json: [UInt8], isDurable: Bool = false) {
        self.json = json
        self.isDurable = isDurable
    }
}
