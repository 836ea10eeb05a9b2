internal import Crypto
internal import FoundationEssentials
internal import Messages

/// Something that somebody has done and that is to be known later: who, what, to what.
///
/// No text of a visitor and no secret belongs in here.
public struct AuditEvent: Hashable, Sendable {
    /// In kebab-case, such as `erase` or `rules-changed`; 1 through 40 bytes.
    public var action: String
    /// Who, such as `operator` or the subject of an agent; at most 256 bytes.
    public var actor: String
    /// What else is to be known, such as counts and digests: at most 16 members, each text at most 256 bytes.
    public var details: [String: String]

    public init(_ action: String, by actor: String, details: [String: String] = [:]) {
        self.action = action
        self.actor = actor
        self.details = details
    }

    var isValid: Bool {
        1...40 ~= self.action.utf8.count && self.actor.utf8.count <= 256 && self.details.count <= 16
            && self.details.allSatisfy { $0.key.utf8.count <= 256 && $0.value.utf8.count <= 256 }
    }
}

/// Where an audit log ends: how many entries it has, and the last one's code.
///
/// Whoever keeps it elsewhere, in the log of the process or on paper, can tell later that nothing was cut off.
public struct AuditHead: Hashable, Sendable {
    public let count: Int
    /// 64 hexadecimal digits.
    public let code: String

    static let empty = AuditHead(count: 0, code: String(repeating: "0", count: 64))

    public init(count: Int, code: String) {
        self.count = count
        self.code = code
    }
}

/// One line of an audit log.
struct AuditEntry {
    let number: Int
    let code: String
    /// The line without its code.
    private let body: ArraySlice<UInt8>

    /// No line is longer, in bytes.
    static let maximumBytes = 65_536

    /// Writes an entry.
    ///
    /// The code is an HMAC-SHA256 over the code before it and the line, or their SHA-256 without a key.
    static func line(
        _ event: AuditEvent,
        after head: AuditHead,
        at time: Timestamp,
        key: StoreKey?
    ) -> (line: [UInt8], head: AuditHead) {
        var writer = JSONWriter(reserving: 512)
        writer.object { entry in
            entry.integer("n", head.count + 1)
            entry.text("time", time.description)
            entry.text("action", event.action)
            entry.text("actor", event.actor)
        }
        var body = writer.bytes
        body.removeLast()
        body += #","details":{"#.utf8
        for (index, detail) in event.details.sorted(by: { $0.key < $1.key }).enumerated() {
            if index > 0 { body.append(UInt8(ascii: ",")) }
            body += "\(JSONWriter.quoted(detail.key)):\(JSONWriter.quoted(detail.value))".utf8
        }
        body.append(UInt8(ascii: "}"))
        let code = Self.code(of: body[...], after: head.code, key: key)
        return (body + Array(#","code":"\#(code)"}"#.utf8) + [0x0A], AuditHead(count: head.count + 1, code: code))
    }

    /// Reads a line without its line break; nothing if it is none.
    init?(_ line: ArraySlice<UInt8>) {
        let end = Array(#","code":""#.utf8)
        // The code always has 64 digits, so the rest of the line is known without a parser.
        let length = end.count + 64 + 2
        guard line.count > length, line.count <= Self.maximumBytes else { return nil }
        let tail = line.suffix(length)
        guard tail.starts(with: end), tail.suffix(2).elementsEqual([UInt8(ascii: "\""), UInt8(ascii: "}")]) else {
            return nil
        }
        let number = Array(line).withUnsafeBufferPointer { bytes -> Int? in
            var scanner = JSONScanner()
            guard (try? scanner.scan(bytes)) != nil, let value = scanner.value(of: "n", in: bytes) else { return nil }
            return value.kind == .number ? scanner.integer(of: value, in: bytes) : nil
        }
        guard let number else { return nil }
        self.number = number
        self.code = String(decoding: tail.dropFirst(end.count).prefix(64), as: UTF8.self)
        self.body = line.dropLast(length)
    }

    /// Whether the line is what was written after an entry with such a code.
    func follows(_ code: String, key: StoreKey?) -> Bool {
        Self.code(of: self.body, after: code, key: key) == self.code
    }

    static func code(of body: ArraySlice<UInt8>, after code: String, key: StoreKey?) -> String {
        let input = Array(code.utf8) + body
        guard let key else { return Self.hexadecimal(SHA256.hash(data: input)) }
        return Self.hexadecimal(HMAC<SHA256>.authenticationCode(for: input, using: key.secret))
    }

    private static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
