/// Which pages something is about: a path in which `*` stands for any text within a segment and `**` for any text.
///
/// `/admin/**` includes `/admin`; case matters.
public struct PagePattern: Sendable, Hashable {
    private let glob: Glob

    /// - Returns: Nothing where more than 60 bytes follow the first wildcard, or where it is no path.
    public init?(_ text: String) {
        guard text.hasPrefix("/") || text.hasPrefix("*"), let glob = Glob(text, .path) else { return nil }
        self.glob = glob
    }

    /// Whether a page, from the root of the site and without query, is one of them.
    public func matches(_ path: String) -> Bool { self.glob.matches(path) }
}
