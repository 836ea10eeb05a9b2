/// Cuts HTML into tags and texts, tolerantly: whatever is written comes out as one or the other.
///
/// Linear in the length of the text; never fails.
struct HTMLScanner {
    enum Token: Equatable {
        /// As it stands, with entities decoded.
        case text(String)
        /// Names are lower case.
        case open(name: String, attributes: [String: String])
        case close(name: String)
    }

    /// Elements whose content is no markup.
    static let rawElements: Set<String> = ["script", "style", "textarea", "title", "xmp", "iframe", "noembed"]
    /// So many attributes of one tag are kept.
    private static let maximumAttributes = 64

    private let bytes: [UInt8]
    private var position = 0
    /// The element whose text comes next, where that is no markup.
    private var rawElement: String?
    /// Whether the last tag ended in `/>`.
    private(set) var isSelfClosing = false

    init(_ text: String) { self.bytes = Array(text.utf8) }

    /// Whether nothing but white space stands before the next token in its line.
    var isAtLine: Bool {
        let last = self.bytes[..<self.position].last { $0 != 0x20 && $0 != 0x09 }
        return last == nil || last == UInt8(ascii: "\n")
    }

    /// The next token; nothing at the end.
    mutating func next() -> Token? {
        if let name = self.rawElement {
            self.rawElement = nil
            let end = self.end(of: name)
            if end > self.position { return .text(self.takeText(to: end)) }
        }
        while self.position < self.bytes.count {
            guard self.bytes[self.position] == UInt8(ascii: "<") else { return .text(self.takeText(to: self.textEnd)) }
            switch self.byte(1) {
            case UInt8(ascii: "!"), UInt8(ascii: "?"): self.skipDeclaration()
            case UInt8(ascii: "/") where self.byte(2)?.isLetter == true:
                self.position += 2
                let name = self.takeName()
                _ = self.takeAttributes()
                return .close(name: name)
            case let byte? where byte.isLetter:
                self.position += 1
                let name = self.takeName()
                let attributes = self.takeAttributes()
                if Self.rawElements.contains(name) { self.rawElement = name }
                return .open(name: name, attributes: attributes)
            default: return .text(self.takeText(to: self.textEnd))
            }
        }
        return nil
    }

    private func byte(_ offset: Int) -> UInt8? {
        self.position + offset < self.bytes.count ? self.bytes[self.position + offset] : nil
    }

    /// Where the text ends that begins here; at least one byte on.
    private var textEnd: Int {
        self.bytes[(self.position + 1)...].firstIndex(of: UInt8(ascii: "<")) ?? self.bytes.count
    }

    private mutating func takeText(to end: Int) -> String {
        defer { self.position = end }
        return HTMLEntities.decoded(String(decoding: self.bytes[self.position..<end], as: UTF8.self))
    }

    /// Where the closing tag of an element without markup begins.
    private func end(of name: String) -> Int {
        let name = Array(name.utf8)
        var index = self.position
        while let less = self.bytes[index...].firstIndex(of: UInt8(ascii: "<")) {
            let start = less + 2
            if start + name.count <= self.bytes.count, self.bytes[less + 1] == UInt8(ascii: "/"),
                self.bytes[start..<start + name.count].elementsEqual(name, by: { $0.lowercased == $1 })
            {
                return less
            }
            index = less + 1
        }
        return self.bytes.count
    }

    private mutating func skipDeclaration() {
        if self.byte(2) == UInt8(ascii: "-"), self.byte(3) == UInt8(ascii: "-") {
            var index = self.position + 4
            while let dash = self.bytes[min(index, self.bytes.count)...].firstIndex(of: UInt8(ascii: "-")) {
                if self.bytes[dash...].starts(with: Array("-->".utf8)) {
                    self.position = dash + 3
                    return
                }
                index = dash + 1
            }
            self.position = self.bytes.count
        } else {
            let end = self.bytes[self.position...].firstIndex(of: UInt8(ascii: ">")) ?? self.bytes.count - 1
            self.position = end + 1
        }
    }

    private mutating func takeName() -> String {
        let start = self.position
        while let byte = self.byte(0), !byte.isSpace, byte != UInt8(ascii: ">"), byte != UInt8(ascii: "/") {
            self.position += 1
        }
        return String(decoding: self.bytes[start..<self.position].map(\.lowercased), as: UTF8.self)
    }

    /// Reads attributes to the end of the tag, or of the text.
    private mutating func takeAttributes() -> [String: String] {
        var attributes: [String: String] = [:]
        self.isSelfClosing = false
        while let byte = self.byte(0) {
            if byte == UInt8(ascii: ">") {
                self.isSelfClosing = self.bytes[self.position - 1] == UInt8(ascii: "/")
                self.position += 1
                break
            }
            guard !byte.isSpace, byte != UInt8(ascii: "/") else {
                self.position += 1
                continue
            }
            let start = self.position
            self.position += 1
            while let byte = self.byte(0), !byte.isSpace, byte != UInt8(ascii: "="), byte != UInt8(ascii: ">"),
                byte != UInt8(ascii: "/")
            { self.position += 1 }
            let name = String(decoding: self.bytes[start..<self.position].map(\.lowercased), as: UTF8.self)
            self.skipSpace()
            var value = ""
            if self.byte(0) == UInt8(ascii: "=") {
                self.position += 1
                value = self.takeValue()
            }
            // The first one of a name counts, as in browsers.
            if attributes.count < Self.maximumAttributes, attributes[name] == nil { attributes[name] = value }
        }
        return attributes
    }

    private mutating func takeValue() -> String {
        self.skipSpace()
        guard let quote = self.byte(0), quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
            let start = self.position
            while let byte = self.byte(0), !byte.isSpace, byte != UInt8(ascii: ">") { self.position += 1 }
            return HTMLEntities.decoded(String(decoding: self.bytes[start..<self.position], as: UTF8.self))
        }
        let start = self.position + 1
        let end = self.bytes[start...].firstIndex(of: quote) ?? self.bytes.count
        self.position = min(end + 1, self.bytes.count)
        return HTMLEntities.decoded(String(decoding: self.bytes[start..<end], as: UTF8.self))
    }

    private mutating func skipSpace() { while self.byte(0)?.isSpace == true { self.position += 1 } }
}

extension UInt8 {
    var isSpace: Bool { self == 0x20 || 0x09...0x0D ~= self }
    var isLetter: Bool { 0x61...0x7A ~= self.lowercased }
    var lowercased: UInt8 { 0x41...0x5A ~= self ? self | 0x20 : self }
}
