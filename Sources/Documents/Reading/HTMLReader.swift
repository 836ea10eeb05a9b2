/// Reads the sections of an HTML page: its words as a visitor sees them, without navigation.
///
/// Where the page marks its main part (`main`, `role="main"`), only that is read.
public enum HTMLReader {
    /// Elements whose content nobody reads as text of the page.
    private static let dropped: Set<String> = [
        "script", "style", "nav", "template", "noscript", "svg", "iframe", "head", "xmp", "noembed", "textarea",
        "select",
        "button", "form", "footer",
    ]
    /// Elements that have no end.
    private static let void: Set<String> = [
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr",
    ]
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
        var scanner = HTMLScanner(html)
        var (result, skipping) = ("", nil as String?)
        while let token = scanner.next() {
            switch token {
            case .text(let text): if skipping == nil { result += text }
            case .open(let name, _):
                if skipping == nil, Self.dropped.contains(name) { skipping = name }
                if !Self.inline.contains(name) { result += " " }
            case .close(let name):
                if skipping == name { skipping = nil }
                if !Self.inline.contains(name) { result += " " }
            }
        }
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
        /// What is left out until it ends: its name, and how many of that name are open.
        private var skipped: (name: String, depth: Int)?
        /// The main part: its name, and how many of that name are open.
        private var main: (name: String, depth: Int)?
        private var isInTitle = false

        init(onlyMain: Bool) { self.onlyMain = onlyMain }

        mutating func read(_ text: String) -> DocumentPage {
            var scanner = HTMLScanner(text)
            while let token = scanner.next() {
                switch token {
                case .text(let text): self.take(text)
                case .open(let name, let attributes): self.enter(name, attributes)
                case .close(let name): self.leave(name)
                }
            }
            self.endBlock()
            return self.builder.page(title: self.firstHeading ?? self.title, lang: self.lang)
        }

        private var isReading: Bool { self.skipped == nil && (!self.onlyMain || self.main != nil) }

        private mutating func take(_ text: String) {
            if self.isInTitle { return self.title += text }
            guard self.isReading else { return }
            self.open += text
            if self.heading == nil, self.anchor != nil, text.contains(where: { !$0.isWhitespace }) { self.anchor = nil }
        }

        private mutating func enter(_ name: String, _ attributes: [String: String]) {
            if name == "html" { self.lang = attributes["lang"] }
            if name == "title", self.title.isEmpty, self.main == nil { self.isInTitle = true }
            if let skipped { return self.skipped = skipped.name == name ? (name, skipped.depth + 1) : skipped }
            if let main {
                if main.name == name { self.main = (name, main.depth + 1) }
            } else if name == "main" || attributes["role"] == "main" {
                self.main = (name, 1)
            }
            guard name != "head" else { return }
            if Self.isLeftOut(name, attributes) { return self.skipped = (name, 1) }
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
            if let skipped {
                guard skipped.name == name else { return }
                return self.skipped = skipped.depth == 1 ? nil : (name, skipped.depth - 1)
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

        private static func isLeftOut(_ name: String, _ attributes: [String: String]) -> Bool {
            guard !void.contains(name) else { return false }
            if dropped.contains(name) || attributes["hidden"] != nil || attributes["aria-hidden"] == "true" {
                return true
            }
            // Sphinx and others put a sign behind each heading that leads to it.
            let classes = attributes["class"]?.split(separator: " ") ?? []
            return classes.contains("headerlink") || classes.contains("toctree-wrapper")
        }
    }
}
