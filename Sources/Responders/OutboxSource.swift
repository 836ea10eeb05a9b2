/// How much a responder has to deliver to a service on another machine.
public struct OutboxReport: Sendable, Hashable {
    /// What the configuration calls the service.
    public var tracker: String
    /// Not there yet, what may have arrived included.
    public var waiting: Int
    /// What isn't tried any more until somebody has looked.
    public var stuck: Int
    /// When the oldest that waits came, in milliseconds since 1970-01-01T00:00:00Z.
    public var oldest: Int64?
    /// Whether so much waits that somebody should look.
    public var isOverfull: Bool

    public init(tracker: String, waiting: Int, stuck: Int, oldest: Int64?, isOverfull: Bool) {
        self.tracker = tracker
        self.waiting = waiting
        self.stuck = stuck
        self.oldest = oldest
        self.isOverfull = isOverfull
    }
}

/// A responder that keeps what it has to deliver until it is delivered.
public protocol OutboxSource: RunningResponder {
    /// As it was lately; nothing where it has no outbox, or hasn't looked yet.
    ///
    /// Any thread; doesn't wait.
    var outbox: OutboxReport? { get }
}
