/// Reads the sections of a Markdown file: headings, paragraphs and code as text.
public enum MarkdownReader {
    /// Reads a file.
    ///
    /// - Parameter text: Any text; what is no Markdown is a paragraph.
    /// - Returns: What it says. Never fails, and takes time in proportion to the length.
    public static func page(_ text: String) -> DocumentPage {
        var lines = splitLines(text)
        let front = FrontMatter.take(from: &lines)
        var reading = Reading()
        for line in lines { reading.take(line) }
        return reading.page(front)
    }

    private struct Reading {
        private var builder = SectionBuilder()
        private var anchors = HeadingAnchors()
        private var paragraph: [Substring] = []
        /// The characters that ended the open block of code would consist of.
        private var fence: Substring?
        /// The open block of HTML that isn't shown, and that goes on to its end whatever stands there.
        private var block: HTMLBlock?
        /// The open element that isn't shown.
        private var leftOut: LeftOut?

        mutating func take(_ line: Substring) {
            var line = line
            // A line may end one block and begin others.
            while self.block != nil || self.fence == nil {
                if let block {
                    guard let rest = block.rest(of: line) else { return }
                    self.block = nil
                    line = rest
                } else if let (block, rest) = HTMLBlock.beginning(line) {
                    self.endParagraph()
                    self.block = block
                    line = rest
                } else {
                    break
                }
            }
            let trimmed = line.trimmed
            if let fence {
                if trimmed.hasPrefix(fence), trimmed.allSatisfy({ $0 == fence.first }) {
                    self.fence = nil
                    return self.endParagraph(isCode: true)
                }
                return self.paragraph.append(line)
            }
            // Four spaces make it code, or a part of a list's item.
            let isIndented = line.hasPrefix("    ") || line.hasPrefix("\t")
            if Self.beginsFence(trimmed) {
                self.endParagraph()
                self.fence = trimmed.prefix { $0 == trimmed.first }
            } else if trimmed.isEmpty {
                self.endParagraph()
            } else if !isIndented, let (level, heading) = Self.heading(trimmed) {
                self.endParagraph()
                self.begin(heading, level: level)
            } else if let level = Self.underline(trimmed), let heading = self.paragraph.last, self.paragraph.count == 1,
                !heading.trimmed.hasPrefix("|")
            {
                self.paragraph = []
                self.begin(heading.trimmed, level: level)
            } else {
                self.paragraph.append(trimmed)
            }
        }

        mutating func page(_ front: FrontMatter) -> DocumentPage {
            self.endParagraph(isCode: self.fence != nil)
            return self.builder.page(title: front["title"], lang: front["lang"], url: front["url"])
        }

        private mutating func begin(_ heading: Substring, level: Int) {
            var (text, anchor) = (heading, nil as String?)
            // {#name} behind a heading, as several dialects have it.
            if text.last == "}", let brace = text.lastIndex(of: "{") {
                let inner = text[text.index(after: brace)...].dropLast()
                if let word = inner.split(separator: " ").first(where: { $0.hasPrefix("#") }) {
                    anchor = String(word.dropFirst())
                    text = text[..<brace].trimmed
                }
            }
            let isShown = self.leftOut == nil
            let words = MarkdownText.plain(String(text), in: &self.leftOut)
            guard isShown else { return self.builder.paragraph(words) }
            self.builder.heading(words, level: level, anchor: anchor ?? self.anchors.anchor(of: words))
        }

        private mutating func endParagraph(isCode: Bool = false) {
            guard !self.paragraph.isEmpty else { return }
            let text = self.paragraph.joined(separator: "\n")
            self.paragraph = []
            if !isCode {
                self.builder.paragraph(MarkdownText.plain(text, in: &self.leftOut))
            } else if self.leftOut == nil {
                self.builder.paragraph(text)
            }
        }

        /// Behind a row of back ticks no more of them may come: that is code within a text.
        private static func beginsFence(_ line: Substring) -> Bool {
            guard line.hasPrefix("```") || line.hasPrefix("~~~") else { return false }
            return line.first == "~" || !line.drop { $0 == "`" }.contains("`")
        }

        private static func heading(_ line: Substring) -> (Int, Substring)? {
            let marks = line.prefix { $0 == "#" }
            guard 1...6 ~= marks.count else { return nil }
            let rest = line[marks.endIndex...]
            guard rest.isEmpty || rest.first == " " || rest.first == "\t" else { return nil }
            var text = rest.trimmed
            // A row of # at the end belongs to the marks, where a space is before it.
            let body = text.reversed().drop { $0 == "#" }
            if body.isEmpty || body.first == " " { text = text[..<body.startIndex.base].trimmed }
            return (marks.count, text)
        }

        private static func underline(_ line: Substring) -> Int? {
            guard let first = line.first, first == "=" || first == "-", line.allSatisfy({ $0 == first }) else {
                return nil
            }
            return first == "=" ? 1 : 2
        }
    }
}

/// A piece of HTML in Markdown that no empty line ends and that nobody is shown (CommonMark, section "HTML blocks").
private struct HTMLBlock {
    /// What it ends with, in lower case.
    let end: String

    private static let kinds = [
        ("<!--", "-->"), ("<?", "?>"), ("<![cdata[", "]]>"), ("<script", "</script>"), ("<style", "</style>"),
        ("<textarea", "</textarea>"),
    ]

    /// The one that a line begins with, in a quote or a list, too.
    ///
    /// - Returns: The block, and the line behind its beginning.
    static func beginning(_ line: Substring) -> (HTMLBlock, rest: Substring)? {
        let text = line.drop { " \t>-*+".contains($0) }
        guard text.utf8.first == UInt8(ascii: "<") else { return nil }
        let indent = line.utf8.prefix { $0 == 0x20 }.count
        for (start, end) in Self.kinds where text.lowercasedPrefix(start.utf8.count) == start {
            let rest = text.dropFirst(start.count)
            if start == "<!--" { return (HTMLBlock(end: end), rest) }
            // Four spaces make it code.
            guard indent < 4, rest.utf8.first.map({ !$0.isLetter && $0 != UInt8(ascii: "-") }) ?? true else { continue }
            return (HTMLBlock(end: end), rest)
        }
        return nil
    }

    /// What stands behind its end in a line; nothing where it goes on.
    func rest(of line: Substring) -> Substring? {
        let bytes = line.utf8
        var start = bytes.startIndex
        while let found = bytes[start...].firstIndex(of: self.end.utf8.first ?? 0) {
            if line[found...].lowercasedPrefix(self.end.utf8.count) == self.end {
                return line[bytes.index(found, offsetBy: self.end.utf8.count)...]
            }
            start = bytes.index(after: found)
        }
        return nil
    }
}

extension Substring {
    /// So many bytes of its beginning, in lower case.
    fileprivate func lowercasedPrefix(_ count: Int) -> String {
        String(decoding: self.utf8.prefix(count).map(\.lowercased), as: UTF8.self)
    }
}

/// What stands between two lines of `---` at the beginning of a file.
struct FrontMatter {
    private var values: [String: String] = [:]

    subscript(key: String) -> String? { self.values[key] }

    /// Takes the lines off that belong to it, where the file begins with one.
    static func take(from lines: inout [Substring]) -> FrontMatter {
        var front = FrontMatter()
        guard lines.first?.trimmed == "---", let end = lines.dropFirst().firstIndex(where: { $0.trimmed == "---" })
        else {
            return front
        }
        for line in lines[1..<end] {
            guard let colon = line.firstIndex(of: ":"), line.first != " ", line.first != "#" else { continue }
            var value = line[line.index(after: colon)...].trimmed
            if value.count >= 2, let quote = value.first, quote == "\"" || quote == "'", value.last == quote {
                value = value.dropFirst().dropLast()
            }
            front.values[line[..<colon].trimmed.lowercased()] = String(value)
        }
        lines.removeFirst(end + 1)
        return front
    }
}

/// Names of headings as most renderers of Markdown make them: `Set it up` is `set-it-up`.
struct HeadingAnchors {
    private var counts: [String: Int] = [:]

    /// The name of a heading; a second one of the same words gets a number.
    mutating func anchor(of heading: String) -> String {
        let name = String(
            heading.lowercased().compactMap { character -> Character? in
                if character.isLetter || character.isNumber || character == "-" || character == "_" { return character }
                return character.isWhitespace ? "-" : nil
            }
        )
        let count = self.counts[name, default: 0]
        self.counts[name] = count + 1
        return count == 0 ? name : "\(name)-\(count)"
    }
}

/// The lines of a text, whatever ends them.
func splitLines(_ text: String) -> [Substring] {
    var lines: [Substring] = []
    let bytes = text.utf8
    var start = bytes.startIndex
    var index = start
    while index < bytes.endIndex {
        let byte = bytes[index]
        var next = bytes.index(after: index)
        if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
            lines.append(text[start..<index])
            if byte == UInt8(ascii: "\r"), next < bytes.endIndex, bytes[next] == UInt8(ascii: "\n") {
                next = bytes.index(after: next)
            }
            start = next
        }
        index = next
    }
    lines.append(text[start...])
    return lines
}

extension StringProtocol {
    /// Without the white space of ASCII at both ends.
    var trimmed: SubSequence {
        let head = self.utf8.drop { $0.isSpace }.startIndex
        var end = self.utf8.endIndex
        while end > head {
            let before = self.utf8.index(end, offsetBy: -1)
            guard self.utf8[before].isSpace else { break }
            end = before
        }
        return self[head..<end]
    }
}
