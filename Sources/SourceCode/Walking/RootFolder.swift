internal import Indexing

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// An open folder of source code: nothing outside it can be reached through it.
///
/// Files are opened name by name from its descriptor, and no link is followed on the way, so that nothing that is swapped
/// between a look and an opening leads elsewhere.
final class RootFolder: Sendable {
    /// Where it really is: behind links, without a slash at the end.
    let path: String
    private let descriptor: CInt

    /// Opens a folder.
    ///
    /// - Returns: Nothing where there is none that can be read.
    init?(_ path: String) {
        guard let real = FolderNames.realPath(path) else { return nil }
        self.path = real
        self.descriptor = open(real, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard self.descriptor >= 0 else { return nil }
    }

    deinit { close(self.descriptor) }

    /// Opens a folder in it.
    ///
    /// - Returns: A descriptor that the caller closes.
    func folder(_ names: some Sequence<Substring>) -> CInt? {
        var folder = openat(self.descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        for name in names {
            guard folder >= 0 else { return nil }
            let next =
                Self.isName(name) ? openat(folder, String(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1
            close(folder)
            folder = next
        }
        return folder >= 0 ? folder : nil
    }

    /// Reads a file in it, as it is now.
    ///
    /// - Returns: Its bytes; nothing where it is no ordinary file, larger than `limit`, or can't be read.
    func bytes(of path: String, limit: Int64) -> [UInt8]? {
        let names = path.split(separator: "/", omittingEmptySubsequences: false)
        guard let name = names.last, Self.isName(name), let folder = self.folder(names.dropLast()) else { return nil }
        defer { close(folder) }
        return Self.bytes(of: String(name), in: folder, limit: limit)
    }

    /// Reads a file of an open folder.
    static func bytes(of name: String, in folder: CInt, limit: Int64) -> [UInt8]? {
        guard let stamp = FileStamp(of: name, in: folder), stamp.isFile else { return nil }
        let file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        return stamp.bytes(of: file, limit: limit)
    }

    /// Whether it is the name of something in a folder, and one that fits on a line.
    static func isName(_ name: some StringProtocol) -> Bool {
        !name.isEmpty && name != "." && name != ".." && name.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != 0x2F }
    }
}
