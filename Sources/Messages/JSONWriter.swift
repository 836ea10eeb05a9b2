/// Writes JSON into bytes, without a tree and without `Codable`.
///
/// Whoever writes opens and closes objects; the writer puts the commas.
package struct JSONWriter {
    package private(set) var bytes: [UInt8]
    private var needsComma = false

    package init(reserving capacity: Int) {
        self.bytes = []
        self.bytes.reserveCapacity(capacity)
    }

    package mutating func object(_ key: StaticString? = nil, _ members: (inout JSONWriter) -> Void) {
        self.begin(key)
        self.bytes.append(UInt8(ascii: "{"))
        self.needsComma = false
        members(&self)
        self.bytes.append(UInt8(ascii: "}"))
        self.needsComma = true
    }

    /// An array of texts.
    mutating func array(_ key: StaticString, ofTexts texts: [String]) {
        let elements = texts.map { text in
            var writer = JSONWriter(reserving: text.utf8.count + 2)
            writer.quote(text)
            return writer.bytes
        }
        self.array(key, ofJSON: elements)
    }

    /// An array whose elements are JSON already.
    mutating func array(_ key: StaticString, ofJSON elements: some Sequence<[UInt8]>) {
        self.begin(key)
        self.bytes.append(UInt8(ascii: "["))
        var isFirst = true
        for element in elements {
            if !isFirst { self.bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            self.bytes.append(contentsOf: element)
        }
        self.bytes.append(UInt8(ascii: "]"))
        self.needsComma = true
    }

    package mutating func text(_ key: StaticString, _ value: String) {
        self.begin(key)
        self.quote(value)
    }

    mutating func text(_ key: StaticString, _ value: StaticText) {
        self.begin(key)
        self.bytes.append(UInt8(ascii: "\""))
        self.bytes.append(contentsOf: value.bytes)
        self.bytes.append(UInt8(ascii: "\""))
    }

    package mutating func integer(_ key: StaticString, _ value: Int) {
        self.begin(key)
        self.append(value)
    }

    package mutating func bool(_ key: StaticString, _ value: Bool) {
        self.begin(key)
        self.append(value ? "true" : "false")
    }

    /// An array; what the closure writes without a key are its elements.
    package mutating func list(_ key: StaticString, _ elements: (inout JSONWriter) -> Void) {
        self.begin(key)
        self.bytes.append(UInt8(ascii: "["))
        self.needsComma = false
        elements(&self)
        self.bytes.append(UInt8(ascii: "]"))
        self.needsComma = true
    }

    /// An element of an array.
    package mutating func text(_ value: String) {
        self.begin(nil)
        self.quote(value)
    }

    /// A number under a key that is no literal.
    package mutating func integer(named name: String, _ value: Int) {
        self.begin(nil)
        self.quote(name)
        self.bytes.append(UInt8(ascii: ":"))
        self.bytes.append(contentsOf: String(value).utf8)
    }

    /// A member whose name is known only when it is written.
    package mutating func text(named name: String, _ value: String) {
        self.begin(nil)
        self.quote(name)
        self.bytes.append(UInt8(ascii: ":"))
        self.quote(value)
    }

    /// A number of thousandths: 1843200 is written as `1843.2`.
    package mutating func thousandths(_ key: StaticString, _ value: Int) {
        self.begin(key)
        let value = max(0, value)
        self.append(value / 1_000)
        let rest = value % 1_000
        guard rest > 0 else { return }
        self.bytes.append(UInt8(ascii: "."))
        for digit in [rest / 100, rest / 10 % 10, rest % 10] { self.bytes.append(UInt8(ascii: "0") + UInt8(digit)) }
        while self.bytes.last == UInt8(ascii: "0") { self.bytes.removeLast() }
    }

    /// A value that is JSON already.
    package mutating func json(_ key: StaticString, _ value: String) {
        self.begin(key)
        self.append(contentsOf: value)
    }

    package mutating func timestamp(_ key: StaticString, _ value: Timestamp) {
        self.begin(key)
        self.bytes.append(UInt8(ascii: "\""))
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Timestamp.descriptionBytes) { digits in
            value.write(to: digits)
            self.bytes.append(contentsOf: digits)
        }
        self.bytes.append(UInt8(ascii: "\""))
    }

    /// Bytes of JSON that begin an object and end before its closing brace, members included.
    mutating func raw(_ literal: StaticString) {
        self.append(literal)
        self.needsComma = true
    }

    private mutating func begin(_ key: StaticString?) {
        if self.needsComma { self.bytes.append(UInt8(ascii: ",")) }
        self.needsComma = true
        guard let key else { return }
        self.bytes.append(UInt8(ascii: "\""))
        self.append(key)
        self.append("\":")
    }

    private mutating func append(_ literal: StaticString) {
        self.bytes.append(contentsOf: UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }

    private mutating func append(contentsOf text: String) {
        var text = text
        text.withUTF8 { self.bytes.append(contentsOf: $0) }
    }

    private mutating func append(_ value: Int) {
        guard value >= 0 else { return self.append(contentsOf: "\(value)") }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var rest = value
            var start = 20
            repeat {
                start -= 1
                digits[start] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            } while rest > 0
            self.bytes.append(contentsOf: UnsafeBufferPointer(rebasing: digits[start..<20]))
        }
    }

    private mutating func quote(_ text: String) {
        self.bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { self.escape($0) }
        self.bytes.append(UInt8(ascii: "\""))
    }

    /// The inside of a string.
    ///
    /// Runs without a character that needs an escape are copied in one piece.
    private mutating func escape(_ text: UnsafeBufferPointer<UInt8>) {
        var start = 0
        for (index, byte) in text.enumerated() {
            guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
            self.bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<index]))
            start = index + 1
            switch byte {
            case UInt8(ascii: "\""): self.append("\\\"")
            case UInt8(ascii: "\\"): self.append("\\\\")
            case 0x0A: self.append("\\n")
            case 0x0D: self.append("\\r")
            case 0x09: self.append("\\t")
            default:
                self.append(byte < 0x10 ? "\\u000" : "\\u001")
                self.bytes.append(hexadecimalDigit(byte & 0xF))
            }
        }
        self.bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start...]))
    }
}

private func hexadecimalDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
}

/// A text as a JSON string, quotes included.
func quoted(_ text: String) -> String {
    var writer = JSONWriter(reserving: text.utf8.count + 16)
    writer.object { $0.text("", text) }
    // {"":"text"}
    return String(decoding: writer.bytes[4..<writer.bytes.count - 1], as: UTF8.self)
}
