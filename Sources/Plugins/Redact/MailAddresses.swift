/// Mail addresses as people write them: no comments, no quotes, a domain with at least one dot.
enum MailAddresses {
    /// The longest parts before and behind the `@`, in bytes (RFC 5321 section 4.5.3.1).
    private static let localBytes = 64
    private static let domainBytes = 255

    static func ranges(in text: [UInt8]) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var index = 1
        while index < text.count {
            guard text[index] == UInt8(ascii: "@") else {
                index += 1
                continue
            }
            let bound = max(found.last?.upperBound ?? 0, index - self.localBytes)
            var start = index
            while start > bound, self.isLocal(text[start - 1]) { start -= 1 }
            // A part that is cut at its bound must not begin within a character.
            while start < index, text[start] & 0xC0 == 0x80 { start += 1 }
            if start < index, let end = self.domainEnd(text, from: index + 1) {
                found.append(start..<end)
                index = end
            } else {
                index += 1
            }
        }
        return found
    }

    private static func isLocal(_ byte: UInt8) -> Bool {
        byte.isASCIIAlphanumeric || byte.isBeyondASCII || "!#$%&'*+-/=?^_`{|}~.".utf8.contains(byte)
    }

    /// Where the domain ends: labels of letters, digits and hyphens, the last one of two letters or more.
    private static func domainEnd(_ text: [UInt8], from start: Int) -> Int? {
        var end = start
        var label = start
        var last: Int?
        while end < text.count, end - start < self.domainBytes {
            let byte = text[end]
            if byte == UInt8(ascii: ".") {
                guard end > label else { break }
                label = end + 1
            } else if !(byte.isASCIIAlphanumeric || byte == UInt8(ascii: "-") || byte.isBeyondASCII) {
                break
            }
            end += 1
            // Whatever is a whole domain up to here; a full stop behind it ends the sentence.
            if label > start, end - label >= 2, !byte.isASCIIDigit, byte != UInt8(ascii: "-") { last = end }
        }
        guard var last else { return nil }
        while last < text.count, text[last] & 0xC0 == 0x80 { last += 1 }
        return last
    }
}
