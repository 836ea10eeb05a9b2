/// Reads the sections of an HTML page: its words as a visitor sees them, without navigation.
///
/// Where the page marks its main part (`main`, `role="main"`), only that is read.
public enum HTMLReader {
    /// Elements within a paragraph: a text goes on behind them.
    private static let inline: Set<String> = [
        "a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins", "kbd", "mark",
        "q",
        "s", "samp", "small", "span", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr", "img",
    ]

    /// Reads a page.
    ///
    /// - Parameter text: Any text; what is no HTML is read as text.
    /// - Returns: What it says. Never fails, and takes time in proportion to the length.
    public static func page(_ text: String) -> DocumentPage {
        var main = Reading(onlyMain: true)
        let page = main.read(text)
        guard page.sections.isEmpty else { return page }
        var whole = Reading(onlyMain: false)
        return whole.read(text)
    }

    /// The words of a piece of HTML, on one line.
    static func text(_ html: String) -> String {
        var leftOut: LeftOut?
        return Self.text(html, in: &leftOut)
    }

    /// The same for a piece of something longer.
    ///
    /// - Parameters:
    ///   - html: The piece.
    ///   - leftOut: The element that isn't shown and that it begins in; afterwards the one that it ends in, where that began
    ///     with a line: what begins within a text ends with it.
    /// - Returns: What is shown of it.
    static func text(_ html: String, in leftOut: inout LeftOut?) -> String {
        var scanner = HTMLScanner(html)
        var result = ""
        var beganWithLine = true
        while true {
            let isAtLine = scanner.isAtLine
            guard let token = scanner.next() else { break }
            switch token {
            case .text(let text): if leftOut == nil { result += text }
            case .open(let name, let attributes):
                if leftOut?.ends(before: name) == true { leftOut = nil }
                if leftOut == nil {
                    leftOut = LeftOut(name, attributes, isSelfClosing: scanner.isSelfClosing)
                    beganWithLine = isAtLine
                }
                if !Self.inline.contains(name) { result += " " }
            case .close(let name):
                if leftOut?.ends(with: name) == true { leftOut = nil }
                if !Self.inline.contains(name) { result += " " }
            }
        }
        if !beganWithLine { leftOut = nil }
        return plainText(result)
    }

    private struct Reading {
        let onlyMain: Bool
        private var builder = SectionBuilder()
        private var title = ""
        private var firstHeading: String?
        private var lang: String?
        /// The text of the open paragraph or heading.
        private var open = ""
        /// The level and the anchor of the open heading.
        private var heading: (name: String, level: Int, anchor: String?)?
        /// The last name of a place that no text has followed yet.
        private var anchor: String?
        private var leftOut: LeftOut?
        /// The main part: its name, and how many of that name are open.
        private var main: (name: String, depth: Int)?
        private var isInTitle = false

        init(onlyMain: Bool) { self.onlyMain = onlyMain }

        mutating func read(_ text: String) -> DocumentPage {
            var scanner = HTMLScanner(text)
            while let token = scanner.next() {
                switch token {
                case .text(let text): self.take(text)
                case .open(let name, let attributes):
                    self.enter(name, attributes, isSelfClosing: scanner.isSelfClosing)
                case .close(let name): self.leave(name)
                }
            }
            self.endBlock()
            return self.builder.page(title: self.firstHeading ?? self.title, lang: self.lang)
        }

        private var isReading: Bool { self.leftOut == nil && (!self.onlyMain || self.main != nil) }

        private mutating func take(_ text: String) {
            if self.isInTitle { return self.title += text }
            guard self.isReading else { return }
            self.open += text
            if self.heading == nil, self.anchor != nil, text.contains(where: { !$0.isWhitespace }) { self.anchor = nil }
        }

        private mutating func enter(_ name: String, _ attributes: [String: String], isSelfClosing: Bool) {
            if name == "html" { self.lang = attributes["lang"] }
            if name == "title", self.title.isEmpty, self.main == nil { self.isInTitle = true }
            if self.leftOut?.ends(before: name) == true { self.leftOut = nil }
            guard self.leftOut == nil else { return }
            if let main {
                if main.name == name { self.main = (name, main.depth + 1) }
            } else if name == "main" || attributes["role"] == "main" {
                self.main = (name, 1)
            }
            guard name != "head" else { return }
            self.leftOut = LeftOut(name, attributes, isSelfClosing: isSelfClosing)
            guard self.isReading else { return }
            let place = attributes["id"] ?? (name == "a" ? attributes["name"] : nil)
            let isTerm = name == "dt" && place != nil
            if let level = Self.level(name) ?? (isTerm ? 7 : nil) {
                self.endBlock()
                self.heading = (name, level, place ?? self.anchor)
                self.anchor = nil
            } else {
                if !inline.contains(name) { self.endBlock() }
                if let place { self.notePlace(place) }
            }
        }

        /// A name within a heading is the heading's, unless it has one.
        private mutating func notePlace(_ place: String) {
            if let heading {
                if heading.anchor == nil { self.heading?.anchor = place }
            } else {
                self.anchor = place
            }
        }

        private mutating func leave(_ name: String) {
            if name == "title" { self.isInTitle = false }
            if let before = self.leftOut {
                guard self.leftOut?.ends(with: name) == true else { return }
                self.leftOut = nil
                // The text around it goes on.
                if before.name == name { return }
            }
            if self.isReading, !inline.contains(name) { self.endBlock() }
            if let main, main.name == name { self.main = main.depth == 1 ? nil : (name, main.depth - 1) }
        }

        private mutating func endBlock() {
            let text = self.open
            self.open = ""
            guard let heading else { return self.builder.paragraph(text) }
            self.heading = nil
            let words = plainText(text)
            guard !words.isEmpty else { return }
            if heading.level == 1, self.firstHeading == nil { self.firstHeading = words }
            self.builder.heading(words, level: heading.level, anchor: heading.anchor)
        }

        private static func level(_ name: String) -> Int? {
            guard name.utf8.count == 2, name.hasPrefix("h"), let level = Int(name.dropFirst()), 1...6 ~= level else {
                return nil
            }
            return level
        }
    }
}
