/// What is searched for.
public struct DocumentQuery: Sendable, Hashable {
    /// Words of a visitor; 1,000 characters of it count.
    public var text: String
    /// Their language, as in BCP 47: pages in it are preferred.
    public var lang: String?
    /// The path of the page that they are on: pages near it are preferred.
    public var page: String?
    /// How many pages are given at most.
    public var limit: Int

    public init(_ text: String, lang: String? = nil, page: String? = nil, limit: Int = 3) {
        self.text = text
        self.lang = lang
        self.page = page
        self.limit = limit
    }
}

/// A section that was found.
public struct DocumentHit: Sendable, Hashable {
    /// The page's title and the headings above, joined by ` › `; empty where the heading is all.
    public var title: String
    public var heading: String
    /// With `#` and the section's name, where it has one.
    public var url: String
    public var lang: String?
    /// From 0 through 1: how much of what was asked for it has, rare words most.
    ///
    /// It means the same in every index.
    public var score: Double
    public var snippet: Snippet

    /// The title for a link: heading and page.
    public var shownTitle: String { self.title.isEmpty ? self.heading : "\(self.heading) – \(self.title)" }
}
