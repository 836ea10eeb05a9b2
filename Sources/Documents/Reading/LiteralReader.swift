/// A value of JavaScript that consists of literals alone.
enum Literal: Hashable, Sendable {
    case text(String)
    case number(Int)
    case list([Literal])
    /// In the order in which they stand.
    case object([Member])
    /// `null`, `true`, fractions: nothing that an index needs.
    case other

    struct Member: Hashable, Sendable {
        var name: String
        var value: Literal
    }

    var text: String? { if case .text(let text) = self { text } else { nil } }
    var number: Int? { if case .number(let number) = self { number } else { nil } }
    var items: [Literal]? { if case .list(let items) = self { items } else { nil } }
    /// One number, or a list of them.
    var numbers: [Int] { self.number.map { [$0] } ?? self.items?.compactMap(\.number) ?? [] }

    var members: [(String, Literal)] {
        if case .object(let members) = self { members.map { ($0.name, $0.value) } } else { [] }
    }

    subscript(name: String) -> Literal? {
        if case .object(let members) = self { members.first { $0.name == name }?.value } else { nil }
    }
}

/// Reads a literal of JavaScript: JSON, and names without quotes, single quotes and commas at the end as older files have them.
///
/// A reader and no evaluator: anything that would have to be computed ends it.
struct LiteralReader {
    private static let maximumDepth = 32

    private let bytes: [UInt8]
    private var position = 0

    /// Reads the value that a text begins with; what follows is left alone.
    static func value(in text: Substring) throws(ReadingProblem) -> Literal {
        var reader = LiteralReader(bytes: Array(text.utf8))
        return try reader.value(depth: 0)
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private var problem: ReadingProblem { ReadingProblem("is broken at byte \(self.position)") }

    private mutating func peek() -> UInt8? {
        while self.position < self.bytes.count, self.bytes[self.position].isSpace { self.position += 1 }
        return self.position < self.bytes.count ? self.bytes[self.position] : nil
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard self.peek() == byte else { return false }
        self.position += 1
        return true
    }

    private mutating func value(depth: Int) throws(ReadingProblem) -> Literal {
        guard depth < Self.maximumDepth, let byte = self.peek() else { throw self.problem }
        switch byte {
        case UInt8(ascii: "{"): return try self.object(depth: depth)
        case UInt8(ascii: "["): return try self.list(depth: depth)
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return .text(try self.string())
        default:
            let word = self.word()
            guard !word.isEmpty else { throw self.problem }
            return Int(word).map { .number($0) } ?? .other
        }
    }

    private mutating func object(depth: Int) throws(ReadingProblem) -> Literal {
        self.position += 1
        var members: [Literal.Member] = []
        while !self.take(UInt8(ascii: "}")) {
            guard let byte = self.peek() else { throw self.problem }
            let isQuoted = byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'")
            let name = isQuoted ? try self.string() : self.word()
            guard isQuoted || !name.isEmpty, self.take(UInt8(ascii: ":")) else { throw self.problem }
            members.append(Literal.Member(name: name, value: try self.value(depth: depth + 1)))
            guard self.take(UInt8(ascii: ",")) || self.peek() == UInt8(ascii: "}") else { throw self.problem }
        }
        return .object(members)
    }

    private mutating func list(depth: Int) throws(ReadingProblem) -> Literal {
        self.position += 1
        var items: [Literal] = []
        while !self.take(UInt8(ascii: "]")) {
            items.append(try self.value(depth: depth + 1))
            guard self.take(UInt8(ascii: ",")) || self.peek() == UInt8(ascii: "]") else { throw self.problem }
        }
        return .list(items)
    }

    /// A name, a number or a word such as `null`.
    private mutating func word() -> String {
        let start = self.position
        while self.position < self.bytes.count {
            let byte = self.bytes[self.position]
            guard byte.isLetter || 0x30...0x39 ~= byte || byte >= 0x80 || "_$.-+".utf8.contains(byte) else { break }
            self.position += 1
        }
        return String(decoding: self.bytes[start..<self.position], as: UTF8.self)
    }

    private mutating func string() throws(ReadingProblem) -> String {
        let quote = self.bytes[self.position]
        self.position += 1
        var result: [UInt8] = []
        while self.position < self.bytes.count {
            let byte = self.bytes[self.position]
            self.position += 1
            if byte == quote { return String(decoding: result, as: UTF8.self) }
            guard byte == UInt8(ascii: "\\") else {
                result.append(byte)
                continue
            }
            guard self.position < self.bytes.count else { break }
            let escaped = self.bytes[self.position]
            self.position += 1
            switch escaped {
            case UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"), UInt8(ascii: "b"), UInt8(ascii: "f"):
                result.append(UInt8(ascii: " "))
            case UInt8(ascii: "u"): result.append(contentsOf: String(Character(self.escapedScalar())).utf8)
            default: result.append(escaped)
            }
        }
        throw self.problem
    }

    /// What four digits behind `\u` stand for, with the second half of a pair where it needs one.
    private mutating func escapedScalar() -> Unicode.Scalar {
        guard let high = self.hexadecimal() else { return "\u{FFFD}" }
        guard 0xD800...0xDBFF ~= high, self.bytes[self.position...].starts(with: Array("\\u".utf8)) else {
            return Unicode.Scalar(high) ?? "\u{FFFD}"
        }
        self.position += 2
        guard let low = self.hexadecimal(), 0xDC00...0xDFFF ~= low else { return "\u{FFFD}" }
        return Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)) ?? "\u{FFFD}"
    }

    private mutating func hexadecimal() -> UInt32? {
        guard self.position + 4 <= self.bytes.count,
            let value = UInt32(
                String(decoding: self.bytes[self.position..<self.position + 4], as: UTF8.self),
                radix: 16
            )
        else { return nil }
        self.position += 4
        return value
    }
}
