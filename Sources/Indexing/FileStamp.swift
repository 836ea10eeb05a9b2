#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// What the system says of a file without reading it.
package struct FileStamp: Hashable, Sendable {
    package var device: UInt64
    package var inode: UInt64
    /// In bytes.
    package var size: Int64
    /// The later one of the times of its content and of its name, in nanoseconds since 1970.
    package var changed: Int64
    private var mode: mode_t

    package var isFile: Bool { self.mode & S_IFMT == S_IFREG }
    package var isFolder: Bool { self.mode & S_IFMT == S_IFDIR }
    package var isLink: Bool { self.mode & S_IFMT == S_IFLNK }

    /// A link is looked at and not followed.
    package init?(at path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    /// Tells a file from others, whatever is in it.
    struct Identity: Hashable, Sendable {
        var device: UInt64
        var inode: UInt64
    }

    /// Which file a path leads to, behind links, too; nothing where there is none.
    static func identity(of path: String) -> Identity? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }

    /// Whether there is a file or folder, behind links, too.
    package static func isThere(_ path: String) -> Bool { access(path, R_OK) == 0 }

    /// Of a name in an open folder; a link is looked at and not followed.
    package init?(of name: String, in folder: CInt) {
        var status = stat()
        guard fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        self.init(status)
    }

    private init(_ status: stat) {
        self.device = UInt64(status.st_dev)
        self.inode = UInt64(status.st_ino)
        self.size = Int64(status.st_size)
        self.mode = status.st_mode
        #if canImport(Darwin)
            let (content, name) = (status.st_mtimespec, status.st_ctimespec)
        #else
            let (content, name) = (status.st_mtim, status.st_ctim)
        #endif
        self.changed = max(content.nanoseconds, name.nanoseconds)
    }

    /// Reads a file that is still the one of the stamp.
    ///
    /// - Returns: Its bytes; nothing where it is gone, or another file has taken its place.
    /// - Throws: `UnreadableFile` where the system says no.
    package func bytes(at path: String, limit: Int64) throws(UnreadableFile) -> [UInt8]? {
        // What was an ordinary file when it was looked at may be a link or a pipe by now.
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ELOOP || errno == ENXIO || errno == ENOTDIR { return nil }
            throw UnreadableFile()
        }
        defer { close(descriptor) }
        return self.bytes(of: descriptor, limit: limit)
    }

    /// Reads an open file that is still the one of the stamp.
    ///
    /// - Returns: Its bytes; nothing where it can't be read, or is another file.
    package func bytes(of descriptor: CInt, limit: Int64) -> [UInt8]? {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        let now = FileStamp(status)
        guard now.device == self.device, now.inode == self.inode, now.isFile, now.size <= limit else { return nil }
        var isWhole = true
        let bytes = [UInt8](unsafeUninitializedCapacity: Int(now.size)) { buffer, count in
            while count < buffer.count {
                let read = read(
                    descriptor,
                    UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[count...])
                        .baseAddress,
                    buffer.count - count
                )
                if read < 0, errno == EINTR { continue }
                if read < 0 { isWhole = false }
                guard read > 0 else { return }
                count += read
            }
        }
        return isWhole ? bytes : nil
    }
}

extension timespec {
    fileprivate var nanoseconds: Int64 { Int64(self.tv_sec) * 1_000_000_000 + Int64(self.tv_nsec) }
}

/// Numbers for contents, equal for equal ones: FNV-1a with 64 bits, which tells edits apart and keeps nobody out.
package enum Digest {
    package static func of(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}

/// A file may not be read, or its disk is broken.
package struct UnreadableFile: Error {}
