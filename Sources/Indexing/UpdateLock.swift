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

    /// Waits until no other update runs.
    init(_ path: String) throws(IndexError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw IndexError("cannot-open-index", path, "can't be written") }
        self.descriptor = descriptor
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else {
                close(descriptor)
                throw IndexError("cannot-open-index", path, "can't be locked")
            }
        }
    }

    func release() { close(self.descriptor) }
}
