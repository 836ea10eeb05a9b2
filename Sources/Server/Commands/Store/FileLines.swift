internal import Foundation

/// The lines of a file, without their line breaks.
///
/// A line of more than ``maximumBytes`` bytes loses its end, so that whoever reads it refuses it.
struct FileLines: AsyncSequence, Sendable {
    typealias Element = [UInt8]

    static let maximumBytes = 4_194_304
    private let file: FileHandle

    /// - Parameter path: The file; `-` is what is piped into the command.
    /// - Throws: A ``FileProblem``.
    init(of path: String) throws {
        guard path != "-" else {
            self.file = .standardInput
            return
        }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue,
            let file = FileHandle(forReadingAtPath: path)
        else {
            let problem = isFolder.boolValue ? "is a folder; name a file" : "can't be read; name another file"
            throw FileProblem(code: "no-file", path: path, problem: problem)
        }
        self.file = file
    }

    func makeAsyncIterator() -> Iterator { Iterator(self.file) }

    struct Iterator: AsyncIteratorProtocol {
        private let file: FileHandle
        private var bytes: [UInt8] = []
        private var start = 0
        private var isAtEnd = false

        init(_ file: FileHandle) { self.file = file }

        mutating func next() async throws -> [UInt8]? { try self.line() }

        /// The next line.
        mutating func line() throws -> [UInt8]? {
            var searched = self.start
            while true {
                if let end = self.bytes[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                    defer { self.start = end + 1 }
                    return Array(self.bytes[self.start..<end])
                }
                guard !self.isAtEnd else { break }
                if self.start > 0 {
                    self.bytes.removeFirst(self.start)
                    self.start = 0
                }
                // One byte more than a line may have is enough to see that it is too long.
                if self.bytes.count > FileLines.maximumBytes {
                    self.bytes.removeLast(self.bytes.count - 1 - FileLines.maximumBytes)
                }
                searched = self.bytes.count
                let more = try self.file.read(upToCount: 65_536) ?? Data()
                if more.isEmpty { self.isAtEnd = true }
                self.bytes += more
            }
            guard self.start < self.bytes.count else { return nil }
            defer { self.start = self.bytes.count }
            return Array(self.bytes[self.start...])
        }
    }
}
