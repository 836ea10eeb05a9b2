/// Reads one JSON object (RFC 8259) without building a tree: it checks every byte and remembers where the members of
/// the outermost object are.
///
/// Stricter than the grammar where a chat has no use for it, each with an error of its own: a key may occur once in an
/// object (also when written with escapes), nesting, members and number literals are bounded (``Limits``), numbers
/// are finite as a double. Held equal to `JSONDecoder` apart from that by a fuzz target.
///
/// Reuse one scanner for many texts: it keeps its storage. Not shared between threads.
public struct JSONScanner {
    /// Why a text isn't an object that the server reads.
    public enum Failure: Error, Hashable, Sendable {
        /// Not the grammar of RFC 8259, or something after the object.
        case syntax
        /// The outermost value is no object.
        case notAnObject
        case tooDeep
        case tooManyMembers
        case duplicateKey
        case numberTooLong
        /// A number that isn't finite as a double.
        case numberOutOfRange
        /// Half of a surrogate pair, `\ud800`.
        case loneSurrogate
    }

    /// The kind of a value.
    public enum Kind: UInt8, Sendable { case string, number, object, array, bool, null }

    /// Where one value is.
    public struct Value: Sendable {
        public let kind: Kind
        /// Offset of the first byte: of the character after the quote for a string, of the value for anything else.
        public let start: Int
        /// Offset after the last byte: of the closing quote for a string.
        public let end: Int
        /// Whether a string holds escapes, so that its bytes aren't its text.
        public let hasEscapes: Bool
    }

    /// One member of the outermost object.
    public struct Member: Sendable {
        let key: Value
        public let value: Value
    }

    private struct Key {
        let start: Int
        let end: Int
        let hasEscapes: Bool
    }

    /// The members of the outermost object of the last text, in its order.
    public private(set) var members: [Member] = []
    /// The keys of the objects that are open at the moment, innermost last.
    private var keys: [Key] = []
    private var depth = 0

    public init() {
        self.members.reserveCapacity(16)
        self.keys.reserveCapacity(64)
    }

    /// Reads a text.
    ///
    /// - Parameter bytes: Valid UTF-8; whoever calls has checked that. A byte order mark isn't skipped.
    /// - Throws: The first failure.
    public mutating func scan(_ bytes: UnsafeBufferPointer<UInt8>) throws(Failure) {
        self.members.removeAll(keepingCapacity: true)
        self.keys.removeAll(keepingCapacity: true)
        self.depth = 0
        var index = skipSpace(bytes, 0)
        guard index < bytes.count else { throw .syntax }
        guard bytes[index] == UInt8(ascii: "{") else {
            // A text that is no JSON at all is told apart from one that is no object.
            _ = try self.scanValue(bytes, &index)
            throw skipSpace(bytes, index) == bytes.count ? .notAnObject : .syntax
        }
        try self.scanObject(bytes, &index, isOutermost: true)
        guard skipSpace(bytes, index) == bytes.count else { throw .syntax }
    }

    /// The value of a member, where the outermost object has it.
    ///
    /// - Parameters:
    ///   - key: The key, without escapes.
    ///   - bytes: The text that was scanned.
    /// - Returns: The value, or nothing.
    public func value(of key: StaticString, in bytes: UnsafeBufferPointer<UInt8>) -> Value? {
        let name = UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount)
        for member in self.members where equal(member.key, name, in: bytes) { return member.value }
        return nil
    }

    /// The text of a key.
    public func key(of member: Member, in bytes: UnsafeBufferPointer<UInt8>) -> String {
        text(of: member.key, in: bytes)
    }

    private func equal(_ key: Value, _ name: UnsafeBufferPointer<UInt8>, in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        if key.hasEscapes { return text(of: key, in: bytes).utf8.elementsEqual(name) }
        return key.end - key.start == name.count && bytes[key.start..<key.end].elementsEqual(name)
    }
}

extension JSONScanner {
    private mutating func scanValue(_ bytes: UnsafeBufferPointer<UInt8>, _ index: inout Int) throws(Failure) -> Value {
        guard index < bytes.count else { throw .syntax }
        let start = index
        let kind: Kind
        switch bytes[index] {
        case UInt8(ascii: "\""):
            return try scanString(bytes, &index)
        case UInt8(ascii: "{"):
            try self.scanObject(bytes, &index, isOutermost: false)
            kind = .object
        case UInt8(ascii: "["):
            try self.scanArray(bytes, &index)
            kind = .array
        case UInt8(ascii: "t"):
            try scanWord("true", bytes, &index)
            kind = .bool
        case UInt8(ascii: "f"):
            try scanWord("false", bytes, &index)
            kind = .bool
        case UInt8(ascii: "n"):
            try scanWord("null", bytes, &index)
            kind = .null
        default:
            try scanNumber(bytes, &index)
            kind = .number
        }
        return Value(kind: kind, start: start, end: index, hasEscapes: false)
    }

    private mutating func scanObject(
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ index: inout Int,
        isOutermost: Bool
    ) throws(Failure) {
        try self.enter()
        let firstKey = self.keys.count
        index = skipSpace(bytes, index + 1)
        if index < bytes.count, bytes[index] == UInt8(ascii: "}") {
            index += 1
        } else {
            repeat {
                guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else { throw .syntax }
                let key = try scanString(bytes, &index)
                try self.note(key, since: firstKey, bytes)
                index = skipSpace(bytes, index)
                guard index < bytes.count, bytes[index] == UInt8(ascii: ":") else { throw .syntax }
                index = skipSpace(bytes, index + 1)
                let value = try self.scanValue(bytes, &index)
                if isOutermost { self.members.append(Member(key: key, value: value)) }
            } while try isFollowedByAnother(bytes, &index, closing: UInt8(ascii: "}"))
        }
        self.keys.removeLast(self.keys.count - firstKey)
        self.depth -= 1
    }

    private mutating func scanArray(_ bytes: UnsafeBufferPointer<UInt8>, _ index: inout Int) throws(Failure) {
        try self.enter()
        index = skipSpace(bytes, index + 1)
        if index < bytes.count, bytes[index] == UInt8(ascii: "]") {
            index += 1
        } else {
            repeat {
                _ = try self.scanValue(bytes, &index)
            } while try isFollowedByAnother(bytes, &index, closing: UInt8(ascii: "]"))
        }
        self.depth -= 1
    }

    /// The elements of an array, in its order.
    ///
    /// - Parameters:
    ///   - array: An array of a text that was scanned.
    ///   - bytes: That text.
    /// - Returns: Their values.
    package mutating func elements(of array: Value, in bytes: UnsafeBufferPointer<UInt8>) -> [Value] {
        var elements: [Value] = []
        var index = skipSpace(bytes, array.start + 1)
        self.depth = 0
        // The text has been found good as a whole, so nothing is thrown.
        while index < array.end - 1, let element = try? self.scanValue(bytes, &index) {
            elements.append(element)
            guard (try? isFollowedByAnother(bytes, &index, closing: UInt8(ascii: "]"))) == true else { break }
        }
        return elements
    }

    private mutating func enter() throws(Failure) {
        self.depth += 1
        guard self.depth <= Limits.jsonDepth else { throw .tooDeep }
    }

    /// Remembers a key of the innermost object and refuses its second occurrence.
    private mutating func note(
        _ key: Value,
        since firstKey: Int,
        _ bytes: UnsafeBufferPointer<UInt8>
    ) throws(Failure) {
        for other in self.keys[firstKey...] {
            let isSame: Bool
            if key.hasEscapes || other.hasEscapes {
                let otherValue = Value(kind: .string, start: other.start, end: other.end, hasEscapes: other.hasEscapes)
                // Unicode equivalence must not make one key of two: bytes are compared.
                isSame = text(of: key, in: bytes).utf8.elementsEqual(text(of: otherValue, in: bytes).utf8)
            } else {
                isSame =
                    key.end - key.start == other.end - other.start
                    && bytes[key.start..<key.end].elementsEqual(bytes[other.start..<other.end])
            }
            guard !isSame else { throw .duplicateKey }
        }
        guard self.keys.count - firstKey < Limits.jsonMembers else { throw .tooManyMembers }
        self.keys.append(Key(start: key.start, end: key.end, hasEscapes: key.hasEscapes))
    }
}

private func skipSpace(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
    var index = start
    while index < bytes.count {
        switch bytes[index] {
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): index += 1
        default: return index
        }
    }
    return index
}

/// Steps over a comma, or over the end of a collection.
private func isFollowedByAnother(
    _ bytes: UnsafeBufferPointer<UInt8>,
    _ index: inout Int,
    closing: UInt8
) throws(JSONScanner.Failure) -> Bool {
    index = skipSpace(bytes, index)
    guard index < bytes.count else { throw .syntax }
    if bytes[index] == closing {
        index += 1
        return false
    }
    guard bytes[index] == UInt8(ascii: ",") else { throw .syntax }
    index = skipSpace(bytes, index + 1)
    return true
}

private func scanWord(
    _ word: StaticString,
    _ bytes: UnsafeBufferPointer<UInt8>,
    _ index: inout Int
) throws(JSONScanner.Failure) {
    let end = index + word.utf8CodeUnitCount
    let name = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
    guard end <= bytes.count, bytes[index..<end].elementsEqual(name) else { throw .syntax }
    index = end
}

/// A number by RFC 8259 section 6: no leading zero, no leading plus, digits on both sides of the point.
private func scanNumber(_ bytes: UnsafeBufferPointer<UInt8>, _ index: inout Int) throws(JSONScanner.Failure) {
    let start = index
    func digits() throws(JSONScanner.Failure) {
        let first = index
        while index < bytes.count, isDigit(bytes[index]) { index += 1 }
        guard index > first else { throw .syntax }
    }
    func take(_ byte: UInt8) -> Bool {
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }
    _ = take(UInt8(ascii: "-"))
    if !take(UInt8(ascii: "0")) { try digits() }
    if take(UInt8(ascii: ".")) { try digits() }
    let hasExponent = take(UInt8(ascii: "e")) || take(UInt8(ascii: "E"))
    if hasExponent {
        if !take(UInt8(ascii: "-")) { _ = take(UInt8(ascii: "+")) }
        try digits()
    }
    guard index - start <= Limits.jsonNumberBytes else { throw .numberTooLong }
    // Without an exponent 32 bytes can't leave the range of a double.
    guard hasExponent else { return }
    guard let value = Double(String(decoding: bytes[start..<index], as: UTF8.self)), value.isFinite else {
        throw .numberOutOfRange
    }
}

/// A string from its opening quote; leaves `index` after the closing one.
private func scanString(
    _ bytes: UnsafeBufferPointer<UInt8>,
    _ index: inout Int
) throws(JSONScanner.Failure) -> JSONScanner.Value {
    let start = index + 1
    var hasEscapes = false
    index = start
    while true {
        index = endOfPlainText(bytes, from: index)
        guard index < bytes.count else { throw .syntax }
        switch bytes[index] {
        case UInt8(ascii: "\""):
            index += 1
            return JSONScanner.Value(kind: .string, start: start, end: index - 1, hasEscapes: hasEscapes)
        case UInt8(ascii: "\\"):
            hasEscapes = true
            try skipEscape(bytes, &index)
        default:
            throw .syntax
        }
    }
}

private func skipEscape(_ bytes: UnsafeBufferPointer<UInt8>, _ index: inout Int) throws(JSONScanner.Failure) {
    guard index + 1 < bytes.count else { throw .syntax }
    guard bytes[index + 1] == UInt8(ascii: "u") else {
        guard simpleEscape(bytes[index + 1]) != nil else { throw .syntax }
        index += 2
        return
    }
    guard let unit = codeUnit(bytes, at: index) else { throw .syntax }
    index += 6
    switch unit {
    case 0xD800...0xDBFF:
        guard let low = codeUnit(bytes, at: index), 0xDC00...0xDFFF ~= low else { throw .loneSurrogate }
        index += 6
    case 0xDC00...0xDFFF: throw .loneSurrogate
    default: break
    }
}

/// The byte that stands behind a backslash, decoded.
private func simpleEscape(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): byte
    case UInt8(ascii: "b"): 0x08
    case UInt8(ascii: "f"): 0x0C
    case UInt8(ascii: "n"): 0x0A
    case UInt8(ascii: "r"): 0x0D
    case UInt8(ascii: "t"): 0x09
    default: nil
    }
}

/// The code unit of `\uXXXX` at `index`.
private func codeUnit(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> UInt32? {
    guard index + 6 <= bytes.count, bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u")
    else { return nil }
    var unit: UInt32 = 0
    for place in index + 2..<index + 6 {
        let digit: UInt8
        switch bytes[place] {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = bytes[place] - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = bytes[place] - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = bytes[place] - UInt8(ascii: "A") + 10
        default: return nil
        }
        unit = unit << 4 | UInt32(digit)
    }
    return unit
}

extension JSONScanner {
    /// The text of a string value.
    ///
    /// - Parameters:
    ///   - value: A value of kind `string`.
    ///   - bytes: The text that was scanned.
    /// - Returns: The text, escapes decoded.
    public func text(of value: Value, in bytes: UnsafeBufferPointer<UInt8>) -> String {
        let raw = UnsafeBufferPointer(rebasing: bytes[value.start..<value.end])
        guard value.hasEscapes else { return String(decoding: raw, as: UTF8.self) }
        return String(unsafeUninitializedCapacity: raw.count) { decoded in
            unescape(raw, into: decoded)
        }
    }

    /// The number of bytes of ``text(of:in:)``.
    public func textBytes(of value: Value, in bytes: UnsafeBufferPointer<UInt8>) -> Int {
        value.hasEscapes ? self.text(of: value, in: bytes).utf8.count : value.end - value.start
    }

    /// The value of a number that is a whole number from 0 through ``Limits/largestInteger``, also as `1.0` or `1e2`.
    public func integer(of value: Value, in bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        let literal = String(decoding: bytes[value.start..<value.end], as: UTF8.self)
        if let integer = Int(literal) { return 0...Limits.largestInteger ~= integer ? integer : nil }
        guard let number = Double(literal), let integer = Int(exactly: number) else { return nil }
        return 0...Limits.largestInteger ~= integer ? integer : nil
    }
}

/// Decodes the inside of a string that was scanned.
///
/// No text gets longer by it.
private func unescape(_ raw: UnsafeBufferPointer<UInt8>, into decoded: UnsafeMutableBufferPointer<UInt8>) -> Int {
    var index = 0
    var count = 0
    while index < raw.count {
        guard raw[index] == UInt8(ascii: "\\") else {
            decoded[count] = raw[index]
            count += 1
            index += 1
            continue
        }
        if let byte = simpleEscape(raw[index + 1]) {
            decoded[count] = byte
            count += 1
            index += 2
            continue
        }
        var scalar = codeUnit(raw, at: index) ?? 0xFFFD
        index += 6
        if 0xD800...0xDBFF ~= scalar, let low = codeUnit(raw, at: index) {
            scalar = 0x10000 + (scalar - 0xD800) << 10 + (low - 0xDC00)
            index += 6
        }
        for byte in String(Unicode.Scalar(scalar) ?? "\u{FFFD}").utf8 {
            decoded[count] = byte
            count += 1
        }
    }
    return count
}
