internal import Indexing

/// Where documents are, and what their pages are called on the site.
public struct DocumentSource: Sendable, Hashable {
    /// What the address of a page is made of.
    public enum Links: String, Sendable, CaseIterable, Decodable {
        /// The file's path as it is: `guide/setup.md`.
        case keep
        /// As most generators have it: `guide/setup.html`.
        case html
        /// A folder for each page: `guide/setup/`; `index` is its folder itself.
        case folder
    }

    /// What there is to read.
    enum Kind: String { case folder, searchIndex, sphinx }

    /// A folder of `*.md`, `*.html`, `*.txt` and `*.rst`, a `search_index.json` of MkDocs or a `searchindex.js` of Sphinx.
    public var path: String
    /// What stands before the path of a page: `https://…/`, or a path of the site.
    public var url: String
    /// The language of pages that don't say it, as in BCP 47.
    public var lang: String?
    public var links: Links

    public init(path: String, url: String = "/", lang: String? = nil, links: Links = .keep) {
        self.path = path
        self.url = url.hasSuffix("/") ? url : url + "/"
        self.lang = lang
        self.links = links
    }

    var kind: Kind {
        switch self.path.split(separator: "/").last {
        case "search_index.json": .searchIndex
        case "searchindex.js": .sphinx
        default: .folder
        }
    }

    /// Whether there is something to read.
    public var isThere: Bool { FileStamp.isThere(self.path) }

    /// The folder that its files are in.
    public var folder: String {
        guard self.kind != .folder else { return self.path }
        guard let slash = self.path.lastIndex(of: "/") else { return "." }
        return slash == self.path.startIndex ? "/" : String(self.path[..<slash])
    }

    /// Tells it from others in the index: whatever makes a page of it another one is a part.
    var key: String { "\(self.path)\u{1F}\(self.url)\u{1F}\(self.lang ?? "")\u{1F}\(self.links.rawValue)" }

    /// The address of a page.
    ///
    /// - Parameters:
    ///   - path: The file's, from the source's folder; or what an index says of the page.
    ///   - written: What the page itself says, which counts where visitors may be sent there.
    /// - Returns: The address.
    func url(ofPage path: String, written: String? = nil) -> String {
        if let written, Self.isAddress(written) { return written }
        var path = path[...]
        if self.links != .keep, self.kind == .folder {
            let ending = [".md", ".markdown", ".rst", ".txt", ".html", ".htm"].first { path.hasSuffix($0) } ?? ""
            path = path.dropLast(ending.count)
            let isIndex = path == "index" || path.hasSuffix("/index")
            if isIndex {
                path = path.dropLast("index".count)
            } else if !ending.isEmpty {
                path += self.links == .html ? ".html" : "/"
            }
        }
        // No path may begin with a second slash: it would lead to another site.
        return self.url + percentEncoded(path.drop { $0 == "/" })
    }

    private static let maximumAddressBytes = 2_048

    /// Whether it leads somewhere that a link may: a secure address, or a path of the site.
    public static func isAddress(_ text: String) -> Bool {
        guard text.utf8.allSatisfy({ 0x21...0x7E ~= $0 && $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: "#") }) else {
            return false
        }
        guard text.utf8.count <= Self.maximumAddressBytes else { return false }
        return text.hasPrefix("https://") || text.hasPrefix("/") && !text.hasPrefix("//")
    }
}
