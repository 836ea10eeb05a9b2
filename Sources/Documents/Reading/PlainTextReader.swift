/// Reads plain text and reStructuredText: paragraphs between blank lines, headings underlined by a row of signs.
public enum PlainTextReader {
    private static let signs: Set<Character> = ["=", "-", "~", "^", "\"", "'", "`", "#", "*", "+", ".", ":", "_"]

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - text: Any text.
    ///   - hasAnchors: Whether its headings get names, as those of reStructuredText do when it is rendered.
    /// - Returns: What it says. Never fails, and takes time in proportion to the length.
    public static func page(_ text: String, hasAnchors: Bool) -> DocumentPage {
        var builder = SectionBuilder()
        var anchors = HeadingAnchors()
        /// The signs in the order in which they came: the first one underlines the outermost headings.
        var levels: [Character] = []
        var paragraph: [Substring] = []
        func end() {
            if !paragraph.isEmpty { builder.paragraph(Self.withoutRoles(paragraph.joined(separator: "\n"))) }
            paragraph = []
        }
        for line in splitLines(text) {
            let trimmed = line.trimmed
            if trimmed.isEmpty {
                end()
            } else if let sign = Self.underline(trimmed), let heading = paragraph.last,
                heading.first?.isWhitespace == false,
                trimmed.count >= min(heading.count, 3)
            {
                paragraph.removeLast()
                // A row above the heading belongs to it.
                if let above = paragraph.last, Self.underline(above.trimmed) == sign { paragraph.removeLast() }
                end()
                if !levels.contains(sign) { levels.append(sign) }
                let level = 1 + (levels.firstIndex(of: sign) ?? 0)
                let words = Self.withoutRoles(String(heading))
                let anchor = hasAnchors ? anchors.anchor(of: words) : nil
                builder.heading(words, level: level, anchor: anchor)
            } else if !(hasAnchors && trimmed.hasPrefix(".. _")) {
                paragraph.append(line)
            }
        }
        end()
        return builder.page(title: nil)
    }

    private static func underline(_ line: Substring) -> Character? {
        guard line.utf8.count >= 3, let sign = line.first, Self.signs.contains(sign), line.allSatisfy({ $0 == sign })
        else { return nil }
        return sign
    }

    /// Texts without `:role:` and back ticks.
    private static func withoutRoles(_ text: String) -> String {
        guard text.contains("`") else { return text }
        var pieces = text.split(separator: "`", omittingEmptySubsequences: false)
        for index in pieces.indices.dropLast() where pieces[index].last == ":" {
            let body = pieces[index].dropLast()
            let role = body.reversed().prefix { $0.isLetter || $0 == ":" }
            guard role.last == ":" else { continue }
            pieces[index] = body[..<role.endIndex.base]
        }
        return pieces.joined()
    }
}
