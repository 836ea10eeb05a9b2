/// Puts headings and paragraphs together to sections, in the order in which they stand in a document.
public struct SectionBuilder {
    /// How long the text of a section is at most, in bytes; what is longer becomes several sections of one heading.
    public static let maximumBytes = 16_384
    /// How long a heading or a title is at most, and the name of a place, in bytes.
    static let maximumBytesOf: (heading: Int, anchor: Int) = (400, 200)

    private var sections: [DocumentPage.Section] = []
    private var open: [(level: Int, heading: String)] = []
    private var heading = ""
    private var anchor: String?
    private var paragraphs: [String] = []
    private var bytes = 0
    /// Whether the open section stands under a heading of its own.
    private var hasHeading = false

    public init() {}

    /// Begins a section.
    ///
    /// - Parameters:
    ///   - text: The heading as it was written.
    ///   - level: 1 for the outermost.
    ///   - anchor: What leads to it.
    public mutating func heading(_ text: String, level: Int, anchor: String?) {
        self.close()
        let heading = Self.heading(of: text)
        self.open.removeAll { $0.level >= level }
        self.heading = heading
        self.anchor = anchor.flatMap { 1...Self.maximumBytesOf.anchor ~= $0.utf8.count ? $0 : nil }
        self.hasHeading = true
        self.open.append((level, heading))
    }

    private static func heading(of text: String) -> String {
        String(plainText(text)[...].prefix(atMost: Self.maximumBytesOf.heading))
    }

    /// Adds a paragraph to the open section.
    public mutating func paragraph(_ text: String) {
        var rest = plainText(text)[...]
        while rest.utf8.count > Self.maximumBytes {
            let piece = rest.prefix(atMost: Self.maximumBytes)
            self.add(String(piece))
            rest = rest[piece.endIndex...].drop { $0 == " " }
        }
        if !rest.isEmpty { self.add(String(rest)) }
    }

    private mutating func add(_ paragraph: String) {
        let size = paragraph.utf8.count
        if self.bytes + size + 1 > Self.maximumBytes { self.close() }
        self.paragraphs.append(paragraph)
        self.bytes += size + 1
    }

    private mutating func close() {
        // Under a heading without text there may be others, whose titles have it; alone it is still a place.
        guard self.hasHeading || !self.paragraphs.isEmpty else { return }
        let text = self.paragraphs.joined(separator: "\n")
        self.sections.append(
            DocumentPage.Section(
                above: self.open.dropLast().map(\.heading),
                heading: self.heading,
                anchor: self.anchor,
                text: text
            )
        )
        self.paragraphs = []
        self.bytes = 0
        self.hasHeading = false
    }

    /// Everything that was added.
    ///
    /// - Parameters:
    ///   - title: The page's, where it was written; the first heading otherwise.
    ///   - lang: The page's language.
    ///   - url: The page's own address.
    /// - Returns: The page.
    public mutating func page(title: String?, lang: String? = nil, url: String? = nil) -> DocumentPage {
        self.close()
        let written = title.map(Self.heading) ?? ""
        let title = written.isEmpty ? self.sections.first { !$0.heading.isEmpty }?.heading ?? "" : written
        for index in self.sections.indices {
            if self.sections[index].heading.isEmpty { self.sections[index].heading = title }
            // The page's title is kept with the page.
            self.sections[index].above.removeAll { $0 == title }
        }
        return DocumentPage(title: title, lang: lang, url: url, sections: self.sections)
    }
}

/// A text on one line: white space becomes single spaces, and control characters and private ones vanish.
///
/// The private ones mark what was found in a snippet, so no document may bring them along.
func plainText(_ text: String) -> String {
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return plainASCII(text) }
    var result = String.UnicodeScalarView()
    var isSpaceDue = false
    for scalar in text.unicodeScalars {
        if scalar.properties.isWhitespace {
            isSpaceDue = !result.isEmpty
            continue
        }
        guard scalar.value >= 0x20, scalar.value != 0x7F, !(0x80...0x9F ~= scalar.value),
            !(0xE000...0xF8FF ~= scalar.value)
        else { continue }
        if isSpaceDue {
            result.append(" ")
            isSpaceDue = false
        }
        result.append(scalar)
    }
    return String(result)
}

/// The same for a text of ASCII alone, as most are.
private func plainASCII(_ text: String) -> String {
    String(unsafeUninitializedCapacity: text.utf8.count) { buffer in
        var count = 0
        var isSpaceDue = false
        for byte in text.utf8 {
            if byte.isSpace {
                isSpaceDue = count > 0
                continue
            }
            guard byte >= 0x20, byte != 0x7F else { continue }
            if isSpaceDue {
                buffer[count] = 0x20
                count += 1
                isSpaceDue = false
            }
            buffer[count] = byte
            count += 1
        }
        return count
    }
}

extension Substring {
    /// The longest beginning of at most so many bytes, cut at a space where one is in its second half.
    func prefix(atMost limit: Int) -> Substring {
        guard self.utf8.count > limit else { return self }
        var end = self.utf8.index(self.startIndex, offsetBy: limit)
        while self.utf8[end] & 0b1100_0000 == 0b1000_0000 { end = self.utf8.index(before: end) }
        let head = self[..<end]
        guard let space = head.lastIndex(of: " "), self.utf8.distance(from: self.startIndex, to: space) > limit / 2
        else { return head }
        return self[..<space]
    }
}
