public import Messages

/// A log of what operators and the server do, to which is only appended.
///
/// One JSON object a line, numbered, each with a code over the code before it and itself, so that
/// ``verify(_:key:against:)`` finds what was deleted, put in, moved or changed. A second file beside it, `.head`, says where
/// it ends, so that a cut tail is found. Without a key the codes are plain SHA-256 and protect from accidents alone; with
/// one, whoever hasn't the key can't make a log that is sound.
///
/// Safe on any thread, and several processes may append. Every call reads and writes the disk.
public struct AuditLog: Sendable {
    public let path: String
    private let key: StoreKey?
    private let now: @Sendable () -> Timestamp

    /// A log; its file is made by the first entry.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - key: What the codes are made with; a key that is used for nothing else. Nothing for plain codes.
    ///   - now: The time of day.
    public init(at path: String, key: StoreKey?, now: @escaping @Sendable () -> Timestamp) {
        self.path = path
        self.key = key
        self.now = now
    }

    /// Appends an entry and waits until it is on the disk.
    ///
    /// What a process that ended in the midst of writing has left of a line is cut off.
    ///
    /// - Parameter event: What was done.
    /// - Returns: Where the log ends now.
    /// - Throws: A ``StoreError``: `invalid-entry`, `disk-full`, `cannot-open-store`, or `store-corrupt` if the last line
    ///   is no entry. Nothing is appended then.
    @discardableResult
    public func append(_ event: AuditEvent) throws -> AuditHead {
        guard event.isValid else {
            throw StoreError(.invalidEntry, self.path, "an entry is out of its bounds")
        }
        let file = try AuditFile(appendingTo: self.path)
        let end = try self.end(of: file)
        let (line, head) = AuditEntry.line(event, after: end, at: self.now(), key: self.key)
        try file.append(line)
        try AuditFile.replace(self.path + ".head", with: Self.encode(head))
        // The lock is held up to here, so that the two files don't part.
        _ = consume file
        return head
    }

    /// How a log names somebody whose name doesn't belong in it: 8 hexadecimal digits, the same for the same text.
    ///
    /// - Parameters:
    ///   - text: The name, such as a site and a session.
    ///   - key: That of the log, so that nobody without it can try names; nothing for a plain digest.
    /// - Returns: The digits.
    public static func digest(of text: String, key: StoreKey?) -> String {
        String(AuditEntry.code(of: Array(text.utf8)[...], after: "name", key: key).prefix(8))
    }

    /// Where the log ends, and where it should.
    ///
    /// - Returns: The end; that of an empty log if there is none.
    /// - Throws: A ``StoreError``.
    public func head() throws -> AuditHead {
        guard let file = try AuditFile(reading: self.path) else { return Self.readHead(of: self.path) ?? .empty }
        return try self.lastEntry(of: file, size: file.size).head
    }

    /// Where the next entry follows.
    ///
    /// If entries are missing at the end, it follows the one that should be the last: the hole stays visible.
    private func end(of file: borrowing AuditFile) throws -> AuditHead {
        let size = file.size
        let (head, torn) = try self.lastEntry(of: file, size: size)
        if torn > 0 { try file.truncate(to: size - torn) }
        guard let noted = Self.readHead(of: self.path), noted.count > head.count else { return head }
        return noted
    }

    /// The last whole line, and how many bytes behind it are none.
    private func lastEntry(of file: borrowing AuditFile, size: Int) throws -> (head: AuditHead, torn: Int) {
        let start = max(0, size - 2 * AuditEntry.maximumBytes)
        let bytes = try file.read(from: start, size - start)
        guard let end = bytes.lastIndex(of: 0x0A) else {
            guard start == 0 else { throw self.noEntry }
            return (.empty, bytes.count)
        }
        let line = bytes[..<end].split(separator: 0x0A, omittingEmptySubsequences: false).last ?? []
        guard let entry = AuditEntry(line) else { throw self.noEntry }
        return (AuditHead(count: entry.number, code: entry.code), bytes.count - end - 1)
    }

    private var noEntry: StoreError {
        StoreError(.corrupt, self.path, "the last line is no entry; verify it, move it away and begin a new one")
    }
}

extension AuditLog {
    static func encode(_ head: AuditHead) -> [UInt8] {
        var writer = JSONWriter(reserving: 128)
        writer.object { object in
            object.integer("count", head.count)
            object.text("code", head.code)
        }
        return writer.bytes + [0x0A]
    }

    /// What the file beside a log says; nothing if there is none or it says nothing.
    static func readHead(of path: String) -> AuditHead? {
        guard let file = try? AuditFile(reading: path + ".head"),
            let bytes = try? file.read(from: 0, min(file.size, 1_024))
        else { return nil }
        return bytes.withUnsafeBufferPointer { bytes -> AuditHead? in
            var scanner = JSONScanner()
            guard (try? scanner.scan(bytes)) != nil, let count = scanner.value(of: "count", in: bytes),
                count.kind == .number, let number = scanner.integer(of: count, in: bytes),
                let code = scanner.value(of: "code", in: bytes), code.kind == .string
            else { return nil }
            return AuditHead(count: number, code: scanner.text(of: code, in: bytes))
        }
    }
}
