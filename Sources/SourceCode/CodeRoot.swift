internal import Indexing

/// A folder of source code, and what of it may be found.
public struct CodeRoot: Sendable, Hashable {
    /// Where it is, from the current folder.
    public var path: String
    /// Patterns of the files that may be found, in the language of `.gitignore`; without one all that are source code.
    public var allow: [String]
    /// Patterns of what may not, whatever allows it.
    public var deny: [String]
    /// An address with `{revision}`, `{path}` and `{line}`; nothing without links.
    public var link: String?
    /// What `{revision}` stands for; nothing for the commit that `.git` names.
    public var revision: String?

    public init(path: String, allow: [String] = [], deny: [String] = [], link: String? = nil, revision: String? = nil) {
        self.path = path
        self.allow = allow
        self.deny = deny
        self.link = link
        self.revision = revision
    }

    /// Whether there is something to read.
    public var isThere: Bool { FileStamp.isThere(self.path) }

    /// What its files are called by in front of their paths where there are several roots.
    public var name: String { self.path.split(separator: "/").last.map(String.init) ?? self.path }
}
