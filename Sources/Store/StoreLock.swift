import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Keeps a second server from the store, for as long as this lives (flock(2)).
///
/// The system gives it back when the process ends, however it does.
final class StoreLock: Sendable {
    private let descriptor: Mutex<Int32>

    /// Takes the lock.
    ///
    /// - Throws: `store-in-use` if another has it.
    init(of path: String) throws {
        let isNew = FileIdentity(at: path + ".lock") == nil
        let descriptor = open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        if isNew { giveToOwner(ofFolderOf: path, descriptor) }
        guard descriptor >= 0 else {
            throw StoreError(
                .cannotOpen,
                path,
                "the lock beside it can't be opened; see that its folder may be written"
            )
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw StoreError(.inUse, path, "another server has this store; end it, or name another file")
        }
        self.descriptor = Mutex(descriptor)
    }

    func unlock() {
        self.descriptor.withLock { descriptor in
            guard descriptor >= 0 else { return }
            // A child that is just being started has the file open, too, so closing it alone gives nothing back.
            flock(descriptor, LOCK_UN)
            close(descriptor)
            descriptor = -1
        }
    }

    deinit { self.unlock() }
}

/// Tells a server that a command writes its file anew, which takes as long as it takes (flock(2)).
struct CompactionLock: ~Copyable {
    private let descriptor: Int32
    private let path: String

    /// Takes the lock, where the folder may be written: without it a server waits for no longer than for others.
    init(of path: String) {
        self.path = path + ".compacting"
        self.descriptor = open(self.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard self.descriptor >= 0 else { return }
        giveToOwner(ofFolderOf: path, self.descriptor)
        flock(self.descriptor, LOCK_EX | LOCK_NB)
    }

    deinit {
        guard self.descriptor >= 0 else { return }
        unlink(self.path)
        flock(self.descriptor, LOCK_UN)
        close(self.descriptor)
    }

    /// Whether another process, or somebody in this one, has the lock of a store.
    static func isHeld(of path: String) -> Bool {
        let descriptor = open(path + ".compacting", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_SH | LOCK_NB) == 0 else { return true }
        flock(descriptor, LOCK_UN)
        return false
    }
}

/// Tells one file from another that was put in its place.
package struct FileIdentity: Hashable, Sendable {
    private let device: UInt64
    private let node: UInt64

    /// The file at a path; nothing if there is none.
    package init?(at path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.device = UInt64(status.st_dev)
        self.node = UInt64(status.st_ino)
    }
}

/// How large a file is, in bytes; nothing if there is none.
func fileSize(at path: String) -> Int? {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : nil
}

/// Makes an empty file that only its owner may read, where none is.
package func createPrivateFile(at path: String) {
    let isNew = FileIdentity(at: path) == nil
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    if isNew { giveToOwner(ofFolderOf: path, descriptor) }
    if descriptor >= 0 { close(descriptor) }
}

/// Gives a file that root has made to whom its folder belongs.
///
/// An operator works as root on a store whose server runs as somebody else, who must be able to open it afterwards.
func giveToOwner(ofFolderOf path: String, _ descriptor: Int32) {
    guard descriptor >= 0, geteuid() == 0 else { return }
    var status = stat()
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    guard stat(folder, &status) == 0 else { return }
    _ = fchown(descriptor, status.st_uid, status.st_gid)
}
