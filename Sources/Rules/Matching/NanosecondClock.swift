internal import CPCRE2

/// A clock that is cheap to read: nanoseconds since some moment in the past.
struct NanosecondClock: Sendable {
    private let read: @Sendable () -> UInt64

    init(_ read: @escaping @Sendable () -> UInt64) { self.read = read }

    var now: UInt64 { self.read() }

    /// Time as it passes; about 30 ns to read.
    static let monotonic = NanosecondClock { claude_chat_monotonic_nanoseconds() }
    /// The time that the calling thread has computed, without the time that others took from it; about 750 ns to read.
    static let processor = NanosecondClock { claude_chat_thread_nanoseconds() }
}

extension Duration {
    /// Whole nanoseconds; none for a negative duration.
    var nanoseconds: UInt64 {
        let (seconds, attoseconds) = self.components
        return seconds < 0 || attoseconds < 0
            ? 0 : UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
    }
}
