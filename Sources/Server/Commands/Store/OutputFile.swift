internal import Foundation

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A new file that only its owner may read, and that appears under its name when it is whole.
final class OutputFile: Sendable {
    let path: String
    private let isReplacing: Bool
    private let descriptor: Int32
    private var partial: String { self.path + ".partial" }

    /// - Parameters:
    ///   - path: A file that doesn't exist.
    ///   - isReplacing: Whether it may exist, and is replaced at the end.
    /// - Throws: A ``FileProblem``.
    init(_ path: String, isReplacing: Bool = false) throws {
        self.path = path
        self.isReplacing = isReplacing
        guard isReplacing || !FileManager.default.fileExists(atPath: path) else {
            throw FileProblem(code: "file-exists", path: path, problem: "is there already; name another file")
        }
        let partial = path + ".partial"
        unlink(partial)
        self.descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard self.descriptor >= 0 else {
            let problem = "can't be written; see that its folder exists and may be written"
            throw FileProblem(code: "cannot-write", path: path, problem: problem)
        }
    }

    deinit { close(self.descriptor) }

    func write(_ bytes: [UInt8]) throws {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                writeFile(self.descriptor, buffer.baseAddress?.advanced(by: done), bytes.count - done)
            }
            guard count > 0 else {
                let isFull = errno == ENOSPC
                let problem = isFull ? "no space is left on the disk; free some" : "can't be written"
                throw FileProblem(code: isFull ? "disk-full" : "cannot-write", path: self.path, problem: problem)
            }
            done += count
        }
    }

    /// Gives the file its name.
    ///
    /// - Throws: A ``FileProblem``, also if a file of that name has come meanwhile.
    func finish() throws {
        // A link doesn't take the place of a file, as a rename would.
        let isWritten = fsync(self.descriptor) == 0
        if isWritten, !self.isReplacing, link(self.partial, self.path) == 0 {
            unlink(self.partial)
            return
        }
        // Some file systems have no links.
        let isThere = FileManager.default.fileExists(atPath: self.path)
        guard isWritten, self.isReplacing || !isThere, rename(self.partial, self.path) == 0 else {
            throw FileProblem(code: "cannot-write", path: self.path, problem: "can't be put there")
        }
    }

    /// Takes away what was written.
    func discard() { unlink(self.partial) }
}

/// write(2), which the method hides.
private func writeFile(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
