/// What a paragraph of Markdown says, without its marks.
enum MarkdownText {
    /// The words: links and images as their text, code as it stands, tags dropped.
    ///
    /// - Parameters:
    ///   - text: A paragraph.
    ///   - leftOut: The element that isn't shown and that the text begins in; afterwards the one that it ends in.
    /// - Returns: What is shown of it.
    static func plain(_ text: String, in leftOut: inout LeftOut?) -> String {
        var result: [UInt8] = []
        let bytes = Array(text.utf8)
        var index = 0
        var code = CodeSpans(bytes)
        /// Where the text of each open link begins in the result.
        var links: [Int] = []
        /// Where the next end of a target is, by its sign.
        var ends: [UInt8: Int] = [:]
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\\") where index + 1 < bytes.count && bytes[index + 1].isMark:
                Self.append(literal: bytes[index + 1], to: &result)
                index += 2
            case UInt8(ascii: "`"):
                let span = code.span(at: index)
                for byte in bytes[span.content] { Self.append(literal: byte, to: &result) }
                index = span.end
            // With a space on both sides it is a sign of multiplication.
            case UInt8(ascii: "*") where !Self.isBetweenSpaces(bytes, index): index += 1
            case UInt8(ascii: "_") where Self.isEdge(bytes, index): index += 1
            case UInt8(ascii: "!") where index + 1 < bytes.count && bytes[index + 1] == UInt8(ascii: "["): index += 1
            case UInt8(ascii: "["):
                links.append(result.count)
                result.append(byte)
                index += 1
            case UInt8(ascii: "]"):
                guard let start = links.popLast() else {
                    result.append(byte)
                    index += 1
                    continue
                }
                if let end = Self.targetEnd(bytes, index + 1, &ends) {
                    // Dropped later, with other control characters: to take it out here would move the rest each time.
                    result[start] = 0
                    index = end
                } else {
                    result.append(byte)
                    index += 1
                }
            default:
                result.append(byte)
                index += 1
            }
        }
        let words = String(decoding: result, as: UTF8.self)
        let text = Self.withoutBlockMarks(words)
        let isPlain = leftOut == nil && !text.utf8.contains { $0 == UInt8(ascii: "<") || $0 == UInt8(ascii: "&") }
        return isPlain ? plainText(text) : HTMLReader.text(text, in: &leftOut)
    }

    /// Appends a character that is none of HTML's, of a quote's or of a table's.
    private static func append(literal byte: UInt8, to result: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "<"): result += "&lt;".utf8
        case UInt8(ascii: ">"): result += "&gt;".utf8
        case UInt8(ascii: "&"): result += "&amp;".utf8
        case UInt8(ascii: "|"): result += "&#124;".utf8
        default: result.append(byte)
        }
    }

    /// How far a link's target is looked for.
    private static let maximumTarget = 2_048

    /// Where the target of a link ends, `(…)` or `[…]`.
    private static func targetEnd(_ bytes: [UInt8], _ start: Int, _ ends: inout [UInt8: Int]) -> Int? {
        guard start < bytes.count else { return nil }
        let close: UInt8
        switch bytes[start] {
        case UInt8(ascii: "("): close = UInt8(ascii: ")")
        case UInt8(ascii: "["): close = UInt8(ascii: "]")
        default: return nil
        }
        // What was looked through for one target isn't looked through for the next.
        let known = ends[close] ?? -1
        let end = known >= start ? known : bytes[start...].firstIndex(of: close) ?? bytes.count
        ends[close] = end
        return end < bytes.count && end < start + Self.maximumTarget ? end + 1 : nil
    }

    private static func isBetweenSpaces(_ bytes: [UInt8], _ index: Int) -> Bool {
        index > 0 && bytes[index - 1] == UInt8(ascii: " ") && index + 1 < bytes.count && bytes[index + 1].isSpace
    }

    /// Whether a `_` marks something: within a word it is a part of it.
    private static func isEdge(_ bytes: [UInt8], _ index: Int) -> Bool {
        let isAfterWord = index > 0 && bytes[index - 1].isWord
        let isBeforeWord = index + 1 < bytes.count && bytes[index + 1].isWord
        return isAfterWord != isBeforeWord
    }

    /// Lines without what makes them items, quotes or rows of a table.
    private static func withoutBlockMarks(_ text: String) -> String {
        text.split(separator: "\n").map { line in
            var line = line.drop { $0 == ">" || $0 == " " }
            if line.hasPrefix("- ") || line.hasPrefix("+ ") { line = line.dropFirst(2) }
            return line.contains("|") ? String(line).replacing("|", with: " ") : String(line)
        }.joined(separator: "\n")
    }
}

extension UInt8 {
    /// Whether a backslash before it takes its meaning away.
    fileprivate var isMark: Bool {
        0x21...0x2F ~= self || 0x3A...0x40 ~= self || 0x5B...0x60 ~= self || 0x7B...0x7E ~= self
    }
    fileprivate var isWord: Bool { self.isLetter || 0x30...0x39 ~= self || self >= 0x80 || self == UInt8(ascii: "_") }
}
