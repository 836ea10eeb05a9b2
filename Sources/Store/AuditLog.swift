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
    /// - Throws: A ``StoreError``: `invalid-entry`, `disk-full`, `cannot-open-store`, `store-corrupt` if the last line is
    ///   no entry, or `wrong-key` if it wasn't made with this key. Nothing is appended then.
    @discardableResult
    public func append(_ event: AuditEvent) throws -> AuditHead {
        guard event.isValid else {
            throw StoreError(.invalidEntry, self.path, "an entry is out of its bounds")
        }
        let file = try AuditFile(appendingTo: self.path)
        let end = try self.end(of: file)
        let (line, head) = AuditEntry.line(event, after: end, at: self.now(), key: self.key)
        let size = file.size
        try file.append(line)
        do { try AuditFile.replace(self.path + ".head", with: Self.encode(head)) } catch {
            try? file.truncate(to: size)
            throw error
        }
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
        return try self.tail(of: file, size: file.size).head
    }

    /// Where the next entry follows.
    ///
    /// If entries are missing at the end, it follows the one that should be the last: the hole stays visible.
    private func end(of file: borrowing AuditFile) throws -> AuditHead {
        let size = file.size
        let tail = try self.tail(of: file, size: size)
        if let last = tail.last, let before = tail.before { try self.checkKey(of: last, after: before) }
        if tail.torn > 0 { try file.truncate(to: size - tail.torn) }
        guard let noted = Self.readHead(of: self.path), noted.count > tail.head.count else { return tail.head }
        return noted
    }

    /// Goes on only with the key that the last entry was made with: of a log with two nobody could tell any more what
    /// was changed.
    private func checkKey(of last: AuditEntry, after code: String) throws {
        guard !last.follows(code, key: self.key) else { return }
        let explanation =
            if self.key == nil {
                "was written with a key; name the configuration that has its audit_key"
            } else if last.follows(code, key: nil) {
                "was begun without a key; move it and its .head away to begin one with audit_key"
            } else {
                "was written with another key, or its last entry was changed; give the right audit_key, or verify it"
            }
        throw StoreError(.wrongKey, self.path, explanation)
    }

    /// How a log ends.
    private struct Tail {
        var last: AuditEntry?
        /// The code that the last entry follows; nothing where entries are missing before it.
        var before: String?
        /// How many bytes behind the last whole line are none.
        var torn: Int

        var head: AuditHead { self.last.map { AuditHead(count: $0.number, code: $0.code) } ?? .empty }
    }

    private func tail(of file: borrowing AuditFile, size: Int) throws -> Tail {
        let start = max(0, size - 3 * AuditEntry.maximumBytes)
        let bytes = try file.read(from: start, size - start)
        guard let end = bytes.lastIndex(of: 0x0A) else {
            guard start == 0 else { throw self.noEntry }
            return Tail(torn: bytes.count)
        }
        let lines = bytes[..<end].split(separator: 0x0A, omittingEmptySubsequences: false).suffix(2)
        guard let line = lines.last, let last = AuditEntry(line) else { throw self.noEntry }
        var before: String?
        if last.number == 1, lines.count == 1 { before = AuditHead.empty.code }
        if lines.count == 2, let entry = lines.first.flatMap({ AuditEntry($0) }), entry.number == last.number - 1 {
            before = entry.code
        }
        return Tail(last: last, before: before, torn: bytes.count - end - 1)
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
