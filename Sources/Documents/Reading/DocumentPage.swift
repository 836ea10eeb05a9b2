/// What was read of one page: its title and its sections, as text without any markup.
public struct DocumentPage: Sendable, Hashable {
    /// Empty where the page has none.
    public var title: String
    /// The language, as in BCP 47, where the page says so.
    public var lang: String?
    /// The address, where the page says so itself.
    public var url: String?
    public var sections: [Section]

    public init(title: String = "", lang: String? = nil, url: String? = nil, sections: [Section] = []) {
        self.title = title
        self.lang = lang
        self.url = url
        self.sections = sections
    }

    /// What stands under one heading.
    public struct Section: Sendable, Hashable {
        /// The headings above this one, the outermost first, without the page's title.
        public var above: [String]
        /// The page's title before the first heading.
        public var heading: String
        /// The part of the address behind `#`.
        public var anchor: String?
        /// At most ``SectionBuilder/maximumBytes``; paragraphs are lines.
        public var text: String

        public init(above: [String] = [], heading: String, anchor: String? = nil, text: String) {
            self.above = above
            self.heading = heading
            self.anchor = anchor
            self.text = text
        }
    }
}
