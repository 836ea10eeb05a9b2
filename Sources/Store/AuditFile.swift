#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A file that is open for as long as one call takes, with its lock.
struct AuditFile: ~Copyable {
    private let descriptor: Int32
    private let path: String

    /// Opens a file to append to it; nobody else does until this ends.
    ///
    /// - Throws: `cannot-open-store`.
    init(appendingTo path: String) throws {
        self.path = path
        let isNew = FileIdentity(at: path) == nil
        self.descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        if isNew { giveToOwner(ofFolderOf: path, self.descriptor) }
        guard self.descriptor >= 0 else {
            throw StoreError(.cannotOpen, path, "can't be opened; see that its folder exists and may be written")
        }
        guard Self.lock(self.descriptor) else {
            close(self.descriptor)
            throw StoreError(.locked, path, "another process is writing to it; end that process, or wait for it")
        }
    }

    /// Waits for other processes, which take a moment for an entry: five seconds, after which one hangs.
    private static func lock(_ descriptor: Int32) -> Bool {
        for _ in 0..<500 {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
            guard errno == EWOULDBLOCK || errno == EINTR else { return false }
            usleep(10_000)
        }
        return false
    }

    /// Opens a file to read it; nothing if there is none.
    ///
    /// - Throws: `cannot-open-store` if there is one that can't be read, which must not be taken for none.
    init?(reading path: String) throws {
        self.path = path
        self.descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard self.descriptor < 0 else { return }
        guard errno == ENOENT else { throw StoreError(.cannotOpen, path, "can't be read; see to its rights") }
        return nil
    }

    deinit {
        guard self.descriptor >= 0 else { return }
        flock(self.descriptor, LOCK_UN)
        close(self.descriptor)
    }

    var size: Int { Int(lseek(self.descriptor, 0, SEEK_END)) }

    func read(from offset: Int, _ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let step = bytes.withUnsafeMutableBytes { buffer in
                pread(self.descriptor, buffer.baseAddress?.advanced(by: done), count - done, off_t(offset + done))
            }
            guard step >= 0 else { throw StoreError(.inputOutput, self.path, "can't be read") }
            if step == 0 { break }
            done += step
        }
        return Array(bytes.prefix(done))
    }

    func truncate(to size: Int) throws {
        guard ftruncate(self.descriptor, off_t(size)) == 0 else {
            throw StoreError(.readOnly, self.path, "can't be written")
        }
    }

    /// Appends bytes and waits until they are on the disk; nothing of them is left if that fails.
    func append(_ bytes: [UInt8]) throws {
        let before = self.size
        var done = 0
        while done < bytes.count {
            let step = bytes.withUnsafeBytes { buffer in
                write(self.descriptor, buffer.baseAddress?.advanced(by: done), bytes.count - done)
            }
            guard step > 0 else {
                let isFull = errno == ENOSPC
                try? self.truncate(to: before)
                throw StoreError(isFull ? .diskFull : .inputOutput, self.path, "an entry can't be written")
            }
            done += step
        }
        guard fsync(self.descriptor) == 0 else {
            try? self.truncate(to: before)
            throw StoreError(.inputOutput, self.path, "an entry can't be written")
        }
    }

    /// Puts a small file in the place of another in one step.
    static func replace(_ path: String, with bytes: [UInt8]) throws {
        let partial = path + ".partial"
        unlink(partial)
        do {
            let file = try AuditFile(appendingTo: partial)
            try file.append(bytes)
        }
        guard rename(partial, path) == 0 else { throw StoreError(.readOnly, path, "can't be written") }
    }
}
