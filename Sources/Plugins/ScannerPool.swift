internal import Rules
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Working memory for matching, so that each thread finds its own and none waits for another.
///
/// Every scanner is guarded by its slot's mutex. A thread starts at the slot that its identity points to and takes the
/// first free one, so on a server with a few event loops the lock is never contended and a slot stays with its thread.
final class ScannerPool: Sendable {
    /// Made when first used: a scanner has a stack of its own.
    private final class Slot: Sendable { let scanner = Mutex<Scanner?>(nil) }

    private let slots: [Slot]

    /// - Parameter size: How many threads may match at once; more than that wait for each other.
    init(size: Int = 16) { self.slots = (0..<max(1, size)).map { _ in Slot() } }

    /// Lends a scanner to `body`.
    func withScanner<R: Sendable>(_ body: (inout Scanner) -> R) -> R {
        let home = Self.threadNumber % self.slots.count
        for offset in 0..<self.slots.count {
            let slot = self.slots[(home + offset) % self.slots.count]
            if let result = slot.scanner.withLockIfAvailable({ Self.lend(&$0, to: body) }) { return result }
        }
        return self.slots[home].scanner.withLock { Self.lend(&$0, to: body) }
    }

    private static func lend<R>(_ scanner: inout Scanner?, to body: (inout Scanner) -> R) -> R {
        var lent = scanner.take() ?? Scanner()
        let result = body(&lent)
        scanner = consume lent
        return result
    }

    /// A number that differs between threads: their control blocks lie far apart, so the low bits say nothing.
    private static var threadNumber: Int {
        let bits = UInt(bitPattern: Int(bitPattern: pthread_self()))
        return Int((bits >> 12) &* 0x9E37_79B9_7F4A_7C15 >> 40)
    }
}
