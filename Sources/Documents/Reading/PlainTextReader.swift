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
        /// How far the open comment is indented, and whether it has said anything yet.
        var comment: (indent: Int, isEmpty: Bool)?
        func end() {
            if !paragraph.isEmpty { builder.paragraph(Self.withoutRoles(paragraph.joined(separator: "\n"))) }
            paragraph = []
        }
        for line in splitLines(text) {
            let trimmed = line.trimmed
            if trimmed.isEmpty {
                end()
                if comment?.isEmpty == true { comment = nil }
                continue
            }
            // A comment goes on for as long as lines are indented further.
            if let indent = comment?.indent, Self.indent(of: line) > indent {
                comment?.isEmpty = false
                continue
            }
            comment = hasAnchors && Self.isComment(trimmed) ? (Self.indent(of: line), trimmed == "..") : nil
            if comment != nil {
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
            } else if !hasAnchors || !trimmed.hasPrefix(".. _") {
                paragraph.append(line)
            }
        }
        end()
        return builder.page(title: nil)
    }

    private static func indent(of line: Substring) -> Int { line.prefix { $0 == " " || $0 == "\t" }.count }

    /// Whether a line begins a comment of reStructuredText: two dots with nothing behind them that has a meaning, such as
    /// the name of a directive, a target, a footnote or a substitution.
    private static func isComment(_ line: Substring) -> Bool {
        guard line.hasPrefix(".."), line.dropFirst(2).first.map(\.isWhitespace) ?? true else { return false }
        let text = line.dropFirst(2).trimmed
        guard let first = text.first else { return true }
        return first != "_" && first != "[" && first != "|" && !(text.prefix { !$0.isWhitespace }.contains("::"))
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
