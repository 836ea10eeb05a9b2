#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Names in folders, as the system has them.
package enum FolderNames {
    /// The names in a folder, sorted; nothing in place of one that isn't UTF-8.
    package static func of(_ folder: String) -> [String?]? {
        guard let stream = opendir(folder) else { return nil }
        return self.read(stream)
    }

    /// The names in an open folder, whose descriptor stays open.
    package static func of(_ folder: CInt) -> [String?]? {
        // A second one by ".", since reading moves the first one on.
        let descriptor = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        guard let stream = fdopendir(descriptor) else {
            close(descriptor)
            return nil
        }
        return self.read(stream)
    }

    private static func read(_ stream: OpaquePointer) -> [String?] {
        defer { closedir(stream) }
        var names: [String?] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: UInt8.self, capacity: 256) { bytes in
                    String(
                        validating: UnsafeBufferPointer(start: bytes, count: strlen(pointer.asCharacters)),
                        as: UTF8.self
                    )
                }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted { ($0 ?? "") < ($1 ?? "") }
    }

    /// Where something really is, from the root: behind all links.
    package static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(validatingCString: resolved)
    }
}

extension UnsafePointer {
    fileprivate var asCharacters: UnsafePointer<CChar> { UnsafeRawPointer(self).assumingMemoryBound(to: CChar.self) }
}
