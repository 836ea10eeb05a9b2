/// What a check of an audit log has found.
public enum AuditVerdict: Hashable, Sendable {
    /// Every entry is what was written, and the log ends where it should.
    case sound(AuditHead)
    /// The first place where it isn't.
    case broken(line: Int, AuditFlaw)
}

/// What is wrong with an audit log.
public enum AuditFlaw: Hashable, Sendable, CustomStringConvertible {
    /// A line is no entry.
    case noEntry
    /// An entry has another number than the one that follows: entries were deleted, put in or moved.
    case wrongNumber(found: Int, expected: Int)
    /// An entry, or the one before it, was changed; or the key is another.
    case wrongCode
    /// The log ends before the last entry that is known of.
    case endMissing(found: Int, expected: Int)
    /// The file that says where the log ends is missing or unreadable.
    case headMissing
    /// The file that says where the log ends, or what was kept elsewhere, names another entry than the log has.
    case otherHead

    public var description: String {
        switch self {
        case .noEntry: "no entry"
        case .wrongNumber(let found, let expected): "entry \(found) stands where \(expected) belongs"
        case .wrongCode: "the entry or the one before it was changed, or the key is another"
        case .endMissing(let found, let expected): "ends with entry \(found), and \(expected) were written"
        case .headMissing: "the file that says where it ends is missing"
        case .otherHead: "another entry was written at the place where it was noted to end"
        }
    }
}

extension AuditLog {
    /// Checks every entry of a log.
    ///
    /// An entry that is being written at this moment may be missed. Reads the whole file, piece by piece.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - key: The key that the codes were made with; nothing for plain codes.
    ///   - known: Where the log ended at some time, as it was kept elsewhere.
    /// - Returns: Whether all is well, or the first line where it isn't.
    /// - Throws: A ``StoreError`` if the file can't be read.
    public static func verify(_ path: String, key: StoreKey?, against known: AuditHead? = nil) throws -> AuditVerdict {
        // Read first: what is appended meanwhile is no flaw.
        let noted = self.readHead(of: path)
        var check = AuditCheck(key: key, marks: [noted, known].compactMap { $0 })
        if let file = try AuditFile(reading: path) {
            let size = file.size
            var offset = 0
            var rest: [UInt8] = []
            while offset < size {
                let bytes = try file.read(from: offset, min(65_536, size - offset))
                if bytes.isEmpty { break }
                offset += bytes.count
                rest += bytes
                while let end = rest.firstIndex(of: 0x0A) {
                    if let flaw = check.take(rest[..<end]) { return .broken(line: check.line, flaw) }
                    rest.removeFirst(end + 1)
                }
                guard rest.count <= AuditEntry.maximumBytes else { return .broken(line: check.line + 1, .noEntry) }
            }
        }
        if let flaw = check.end(isNoted: noted != nil) { return .broken(line: check.line + 1, flaw) }
        return .sound(check.head)
    }
}

/// Follows the entries of a log.
private struct AuditCheck {
    let key: StoreKey?
    /// Entries that are known from elsewhere.
    let marks: [AuditHead]
    private(set) var head = AuditHead.empty
    private(set) var line = 0

    init(key: StoreKey?, marks: [AuditHead]) {
        self.key = key
        self.marks = marks
    }

    mutating func take(_ bytes: ArraySlice<UInt8>) -> AuditFlaw? {
        self.line += 1
        guard let entry = AuditEntry(bytes) else { return .noEntry }
        let expected = self.head.count + 1
        guard entry.number == expected else { return .wrongNumber(found: entry.number, expected: expected) }
        guard entry.follows(self.head.code, key: self.key) else { return .wrongCode }
        self.head = AuditHead(count: entry.number, code: entry.code)
        return self.marks.contains { $0.count == entry.number && $0.code != entry.code } ? .otherHead : nil
    }

    func end(isNoted: Bool) -> AuditFlaw? {
        if let missing = self.marks.max(by: { $0.count < $1.count }), missing.count > self.head.count {
            return .endMissing(found: self.head.count, expected: missing.count)
        }
        return self.head.count > 0 && !isNoted ? .headMissing : nil
    }
}
