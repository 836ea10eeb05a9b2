/// What can be shown of a file of source code: its bytes, with secrets taken out.
///
/// Secrets are taken out before anything is indexed or compared, so that nobody can guess one letter by letter.
struct SourceText {
    /// The longest file that is read, in bytes.
    static let maximumBytes: Int64 = 1_048_576
    /// How long a line of an excerpt is at most, in bytes.
    static let maximumLineBytes = 240
    /// So far a file is looked at to tell what is no text.
    private static let binaryBytes = 8_192

    let bytes: [UInt8]

    /// - Returns: Nothing where it is no text.
    init?(_ bytes: [UInt8]) {
        guard !bytes.prefix(Self.binaryBytes).contains(0) else { return nil }
        self.bytes = SourceSecrets.removed(from: bytes)
    }

    /// The bytes with letters of ASCII in lower case.
    var folded: [UInt8] { self.bytes.map(\.lowercased) }

    /// Where the line begins that has a byte.
    func lineStart(of offset: Int) -> Int {
        var start = offset
        while start > 0, self.bytes[start - 1] != 0x0A { start -= 1 }
        return start
    }

    /// Lines around one.
    ///
    /// - Parameters:
    ///   - line: From 1.
    ///   - margin: How many lines before and after it.
    /// - Returns: Nothing where there is no such line.
    func excerpt(around line: Int, margin: Int = 2) -> Excerpt? {
        var lines: [String] = []
        var (number, start) = (1, 0)
        let first = max(1, line - margin)
        while start < self.bytes.count, number <= line + margin {
            let end = self.bytes[start...].firstIndex(of: 0x0A) ?? self.bytes.count
            if number >= first { lines.append(Self.shown(self.bytes[start..<end])) }
            (number, start) = (number + 1, end + 1)
        }
        guard line >= 1, lines.count > line - first else { return nil }
        return Excerpt(first: first, line: line, lines: lines)
    }

    /// A line as text: cut, with tabs as spaces, and without what moves a cursor or turns the direction of writing.
    static func shown(_ line: ArraySlice<UInt8>) -> String {
        var kept = line.prefix(Self.maximumLineBytes)
        // Not in the middle of a character.
        if kept.count < line.count {
            while let last = kept.last, last & 0b1100_0000 == 0b1000_0000 { kept = kept.dropLast() }
            if let last = kept.last, last >= 0x80 { kept = kept.dropLast() }
        }
        var text = String.UnicodeScalarView()
        for scalar in String(decoding: kept, as: UTF8.self).unicodeScalars {
            switch scalar.value {
            case 0x09: text.append(contentsOf: "    ".unicodeScalars)
            case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029, 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069:
                continue
            default: text.append(scalar)
            }
        }
        return String(text)
    }
}

/// A few lines of a file.
public struct Excerpt: Sendable, Hashable {
    /// The number of the first line, from 1.
    public var first: Int
    /// The number of the line that it is about.
    public var line: Int
    /// Each at most 240 bytes of the file.
    public var lines: [String]

    /// The lines with their numbers, and a `>` before the one that it is about.
    ///
    /// Every line begins with a number, so none can end a fence of Markdown.
    public var numbered: String {
        let width = String(self.first + self.lines.count).utf8.count
        return self.lines.enumerated().map { offset, text in
            let number = String(self.first + offset)
            let mark = self.first + offset == self.line ? ">" : " "
            return "\(mark) \(String(repeating: " ", count: width - number.utf8.count))\(number)  \(text)"
        }.joined(separator: "\n")
    }

    /// The line that it is about.
    public var text: String { self.lines[self.line - self.first] }
}
