internal import Responders

/// Marks a text that a stranger may have written, so that the model can tell it from what it was told.
///
/// A help and not the guard: the guard is that no tool does what the visitor couldn't do. The tag has 48 random bits, so
/// nobody can write its end into a page beforehand.
struct Fence: Sendable {
    private static let word = "untrusted-data-"

    private let tag: String

    /// - Parameter random: 48 bits of it are used.
    init(random: UInt64) {
        let digits = String(random & 0xFFFF_FFFF_FFFF, radix: 16)
        self.tag = Self.word + String(repeating: "0", count: 12 - digits.count) + digits
    }

    /// The text between two marks.
    func around(_ text: String, source: String) -> String {
        "<\(self.tag) source=\"\(source.replacing("\"", with: "'"))\">\n\(self.harmless(text))\n</\(self.tag)>"
    }

    /// The text without anything that looks like a mark.
    func harmless(_ text: String) -> String {
        guard text.utf8.count >= Self.word.utf8.count else { return text }
        return text.replacing(/(?i)untrusted-data-/, with: "untrusted data ")
    }
}

/// A text of a page on one line, without what moves a cursor or turns the direction of writing.
func cleaned(_ text: String, toBytes limit: Int) -> String {
    var cleaned = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029: cleaned.append(" ")
        case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: break
        default: cleaned.append(scalar)
        }
    }
    return cut(String(cleaned), toBytes: limit)
}

/// The longest beginning of whole scalars within so many bytes.
func cut(_ text: String, toBytes limit: Int) -> String {
    guard text.utf8.count > limit else { return text }
    var bytes = 0
    let kept = text.unicodeScalars.prefix { scalar in
        bytes += UTF8.width(scalar)
        return bytes <= limit - 3
    }
    return String(kept) + "…"
}
