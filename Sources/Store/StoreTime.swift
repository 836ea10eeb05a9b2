public import Messages

/// Where the store takes the time from, so that tests can move it.
public struct StoreTime: Sendable {
    /// The time of day.
    ///
    /// May jump: it is stored and compared with what was stored, never taken for an order.
    public var now: @Sendable () -> Timestamp
    /// Nanoseconds since some moment in the past, for intervals.
    public var nanoseconds: @Sendable () -> UInt64
    /// Waits before a commit that failed is tried again.
    public var sleep: @Sendable (Duration) async -> Void

    public init(
        now: @escaping @Sendable () -> Timestamp,
        nanoseconds: @escaping @Sendable () -> UInt64,
        sleep: @escaping @Sendable (Duration) async -> Void
    ) {
        self.now = now
        self.nanoseconds = nanoseconds
        self.sleep = sleep
    }
}
