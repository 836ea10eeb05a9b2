internal import Hub
internal import Messages

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The clocks of the machine.
struct SystemClocks: Clocks {
    func timestamp() -> Timestamp {
        Timestamp(milliseconds: Int64(bitPattern: Self.nanoseconds(of: CLOCK_REALTIME) / 1_000_000))
    }

    func nanoseconds() -> UInt64 { Self.nanoseconds(of: CLOCK_MONOTONIC) }

    private static func nanoseconds(of clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
