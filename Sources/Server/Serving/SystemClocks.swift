internal import FoundationEssentials
internal import Hub
internal import Messages
internal import NIOCore

/// The clocks of the machine.
struct SystemClocks: Clocks {
    func timestamp() -> Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000)) }

    func nanoseconds() -> UInt64 { NIODeadline.now().uptimeNanoseconds }
}
