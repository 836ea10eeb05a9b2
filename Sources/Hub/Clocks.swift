public import Messages

/// Where the hub and the transports take the time from, so that tests can move it.
public protocol Clocks: Sendable {
    /// The time of day. May jump; used for nothing but what people read.
    func timestamp() -> Timestamp
    /// Nanoseconds since some moment in the past. Never goes back; used for every interval.
    func nanoseconds() -> UInt64
}
