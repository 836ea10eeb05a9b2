#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Lets one update after the other run, of any process; it ends with the process at the latest.
struct UpdateLock {
    private let descriptor: CInt

    /// How often it is looked whether another update still runs, in microseconds.
    private static let pause: UInt32 = 100_000

    /// Waits until no other update runs.
    ///
    /// - Parameters:
    ///   - path: The file that is locked.
    ///   - waiting: Asked about every tenth of a second while another one runs; false to give up.
    /// - Throws: `busy` after it was given up, and `cannot-open-index`.
    init(_ path: String, waiting: () -> Bool) throws(IndexError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw IndexError("cannot-open-index", path, "can't be written") }
        self.descriptor = descriptor
        // Never a lock that blocks: who holds it may be stopped, or on another machine that is gone.
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let reason = errno
            if reason == EINTR { continue }
            guard reason == EWOULDBLOCK else {
                close(descriptor)
                throw IndexError("cannot-open-index", path, "can't be locked")
            }
            guard waiting() else {
                close(descriptor)
                throw IndexError("busy", path, "another process brings the index up to date")
            }
            usleep(Self.pause)
        }
    }

    func release() { close(self.descriptor) }
}
