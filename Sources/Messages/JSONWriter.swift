/// Writes JSON into bytes, without a tree and without `Codable`.
///
/// Whoever writes opens and closes objects; the writer puts the commas. It writes into storage of its own, which is
/// longer than the text: what a room keeps is as long as its text.
package struct JSONWriter: ~Copyable {
    private var storage: UnsafeMutableBufferPointer<UInt8>
    private var count = 0
    private var needsComma = false

    package init(reserving capacity: Int) {
        self.storage = .allocate(capacity: max(16, capacity))
    }

    deinit { self.storage.deallocate() }

    /// What was written.
    package var bytes: [UInt8] { Array(UnsafeBufferPointer(rebasing: self.storage[..<self.count])) }

    /// What was written, as a text.
    package var text: String {
        String(decoding: UnsafeBufferPointer(rebasing: self.storage[..<self.count]), as: UTF8.self)
    }

    /// Room for so many bytes behind those that are written.
    @inline(__always)
    private mutating func reserve(_ additional: Int) -> UnsafeMutablePointer<UInt8> {
        if self.count + additional > self.storage.count { self.grow(additional) }
        // A buffer that was allocated has an address.
        return self.storage.baseAddress.unsafelyUnwrapped + self.count
    }

    private mutating func grow(_ additional: Int) {
        let larger = UnsafeMutableBufferPointer<UInt8>.allocate(
            capacity: max(2 * self.storage.count, self.count + additional)
        )
        _ = larger.update(fromContentsOf: self.storage[..<self.count])
        self.storage.deallocate()
        self.storage = larger
    }

    @inline(__always)
    private mutating func append(_ byte: UInt8) {
        self.reserve(1).pointee = byte
        self.count += 1
    }

    @inline(__always)
    private mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let start = bytes.baseAddress else { return }
        self.reserve(bytes.count).update(from: start, count: bytes.count)
        self.count += bytes.count
    }

    package mutating func object(_ key: StaticString? = nil, _ members: (inout JSONWriter) -> Void) {
        self.begin(key)
        self.append(UInt8(ascii: "{"))
        self.needsComma = false
        members(&self)
        self.append(UInt8(ascii: "}"))
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
        self.append(UInt8(ascii: "["))
        var isFirst = true
        for element in elements {
            if !isFirst { self.append(UInt8(ascii: ",")) }
            isFirst = false
            element.withUnsafeBufferPointer { self.append($0) }
        }
        self.append(UInt8(ascii: "]"))
        self.needsComma = true
    }

    package mutating func text(_ key: StaticString, _ value: String) {
        self.begin(key)
        self.quote(value)
    }

    mutating func text(_ key: StaticString, _ value: StaticText) {
        self.begin(key)
        self.append(UInt8(ascii: "\""))
        self.append(value.bytes)
        self.append(UInt8(ascii: "\""))
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
        self.append(UInt8(ascii: "["))
        self.needsComma = false
        elements(&self)
        self.append(UInt8(ascii: "]"))
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
        self.append(UInt8(ascii: ":"))
        self.append(value)
    }

    /// A member whose name is known only when it is written.
    package mutating func text(named name: String, _ value: String) {
        self.begin(nil)
        self.quote(name)
        self.append(UInt8(ascii: ":"))
        self.quote(value)
    }

    /// A number of thousandths: 1843200 is written as `1843.2`.
    package mutating func thousandths(_ key: StaticString, _ value: Int) {
        self.begin(key)
        let value = max(0, value)
        self.append(value / 1_000)
        let rest = value % 1_000
        guard rest > 0 else { return }
        self.append(UInt8(ascii: "."))
        for digit in [rest / 100, rest / 10 % 10, rest % 10] { self.append(UInt8(ascii: "0") + UInt8(digit)) }
        while self.storage[self.count - 1] == UInt8(ascii: "0") { self.count -= 1 }
    }

    /// A value that is JSON already.
    package mutating func json(_ key: StaticString, _ value: String) {
        self.begin(key)
        self.append(contentsOf: value)
    }

    package mutating func timestamp(_ key: StaticString, _ value: Timestamp) {
        self.begin(key)
        self.append(UInt8(ascii: "\""))
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Timestamp.descriptionBytes) { digits in
            value.write(to: digits)
            self.append(UnsafeBufferPointer(digits))
        }
        self.append(UInt8(ascii: "\""))
    }

    /// Bytes of JSON that begin an object and end before its closing brace, members included.
    mutating func raw(_ literal: StaticString) {
        self.append(literal)
        self.needsComma = true
    }

    private mutating func begin(_ key: StaticString?) {
        guard let key else {
            if self.needsComma { self.append(UInt8(ascii: ",")) }
            self.needsComma = true
            return
        }
        let length = key.utf8CodeUnitCount
        var place = self.reserve(length + 4)
        if self.needsComma {
            place.pointee = UInt8(ascii: ",")
            place += 1
            self.count += 1
        }
        self.needsComma = true
        place[0] = UInt8(ascii: "\"")
        (place + 1).update(from: key.utf8Start, count: length)
        place[length + 1] = UInt8(ascii: "\"")
        place[length + 2] = UInt8(ascii: ":")
        self.count += length + 3
    }

    private mutating func append(_ literal: StaticString) {
        self.append(UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }

    private mutating func append(contentsOf text: String) {
        var text = text
        text.withUTF8 { self.append($0) }
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
            self.append(UnsafeBufferPointer(rebasing: digits[start..<20]))
        }
    }

    private mutating func quote(_ text: String) {
        self.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { self.escape($0) }
        self.append(UInt8(ascii: "\""))
    }

    /// The inside of a string.
    ///
    /// Runs without a character that needs an escape are copied in one piece.
    private mutating func escape(_ text: UnsafeBufferPointer<UInt8>) {
        var start = 0
        while start < text.count {
            let end = endOfPlainText(text, from: start)
            self.append(UnsafeBufferPointer(rebasing: text[start..<end]))
            guard end < text.count else { return }
            start = end + 1
            switch text[end] {
            case UInt8(ascii: "\""): self.append("\\\"")
            case UInt8(ascii: "\\"): self.append("\\\\")
            case 0x0A: self.append("\\n")
            case 0x0D: self.append("\\r")
            case 0x09: self.append("\\t")
            default:
                self.append(text[end] < 0x10 ? "\\u000" : "\\u001")
                self.append(hexadecimalDigit(text[end] & 0xF))
            }
        }
    }
}

/// The index of the first byte at or after `start` that can't stand in a string as it is: a quote, a backslash, a control
/// character.
///
/// Eight bytes at a time: a byte of a word is zero, or less than another one, where the subtraction borrows into its
/// highest bit and that wasn't set before (Warren, Hacker's Delight, chapter 6).
func endOfPlainText(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    let (ones, highest): (UInt64, UInt64) = (0x0101_0101_0101_0101, 0x8080_8080_8080_8080)
    let raw = UnsafeRawBufferPointer(text)
    var index = start
    while index + 8 <= raw.count {
        let word = raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        let quotes = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
        let backslashes = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
        let hits =
            (word &- ones &* 0x20) & ~word | (quotes &- ones) & ~quotes | (backslashes &- ones) & ~backslashes
        guard hits & highest == 0 else { break }
        index += 8
    }
    while index < raw.count, raw[index] >= 0x20, raw[index] != UInt8(ascii: "\""), raw[index] != UInt8(ascii: "\\") {
        index += 1
    }
    return index
}

private func hexadecimalDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
}

extension JSONWriter {
    /// A text as a JSON string, quotes included.
    package static func quoted(_ text: String) -> String {
        var writer = JSONWriter(reserving: text.utf8.count + 16)
        writer.quote(text)
        return writer.text
    }

    /// The members of an object that is JSON already.
    mutating func members(ofJSON object: String) {
        guard object.utf8.count > 2 else { return }
        self.begin(nil)
        var object = object
        object.withUTF8 { self.append(UnsafeBufferPointer(rebasing: $0[1..<$0.count - 1])) }
    }
}

/// A text as a JSON string, quotes included.
func quoted(_ text: String) -> String { JSONWriter.quoted(text) }
