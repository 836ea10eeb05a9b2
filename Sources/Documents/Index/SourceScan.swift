internal import Indexing

/// What there is in a source at one moment: its files, and what of them can't be taken.
///
/// Looks at names and sizes alone. Symbolic links that leave the source are left out.
struct SourceScan {
    /// A file that can be read.
    struct File: Hashable {
        /// From the source's folder.
        var path: String
        /// Where it really is, from the root: behind links.
        var realPath: String
        var stamp: FileStamp
    }

    /// The longest file that is read, in bytes, of documents and of indexes.
    static let maximumBytes: (document: Int64, index: Int64) = (2_097_152, 67_108_864)
    static let maximumFiles = 100_000
    private static let maximumDepth = 32

    private(set) var files: [File] = []
    /// What was left out, by its path from the source's folder, and why.
    private(set) var problems: [(path: String, problem: String)] = []
    /// The folders in it, itself included, as paths from the current folder.
    private(set) var folders: [String] = []
    private let root: String
    private let source: DocumentSource

    /// Looks at a source.
    ///
    /// - Throws: `no-source` where there is none.
    init(_ source: DocumentSource) throws(DocumentError) {
        self.source = source
        guard let root = FolderNames.realPath(source.folder) else {
            throw DocumentError("no-source", source.path, "there is no such file or folder")
        }
        self.root = root
        switch source.kind {
        case .folder:
            guard FileStamp(at: root)?.isFolder == true else {
                throw DocumentError("no-source", source.path, "is no folder, search_index.json or searchindex.js")
            }
            self.walk("", depth: 0)
        case .searchIndex: try self.takeIndex()
        case .sphinx:
            try self.takeIndex()
            self.walk("", depth: 0)
        }
        self.files.sort { $0.path < $1.path }
    }

    /// Whether a page, by its name without ending, is there as HTML.
    func hasHTML(_ name: String) -> Bool {
        self.htmlNames.contains("\(name).html") || self.htmlNames.contains("\(name)/index.html")
    }

    private var htmlNames: Set<String> = []

    /// A number for the set of files, for what depends on which there are.
    var digest: UInt64 { Digest.of(self.files.map(\.path).joined(separator: "\n").utf8) }

    private mutating func takeIndex() throws(DocumentError) {
        let name = self.source.kind == .sphinx ? "searchindex.js" : "search_index.json"
        self.folders.append(self.source.folder)
        guard let stamp = FileStamp(at: "\(self.root)/\(name)") else {
            throw DocumentError("no-source", self.source.path, "there is no such file or folder")
        }
        self.take(name, stamp, realPath: "\(self.root)/\(name)")
    }

    private mutating func walk(_ folder: String, depth: Int) {
        let path = folder.isEmpty ? self.root : "\(self.root)/\(folder)"
        guard depth <= Self.maximumDepth, let names = FolderNames.of(path) else {
            return self.problems.append((folder, depth > Self.maximumDepth ? "lies too deep" : "can't be read"))
        }
        self.folders.append(folder.isEmpty ? self.source.folder : "\(self.source.folder)/\(folder)")
        for name in names {
            guard let name else {
                self.problems.append((folder, "has a name that is not UTF-8"))
                continue
            }
            guard !name.hasPrefix("."), !self.isGenerated(name, in: folder) else { continue }
            let file = folder.isEmpty ? name : "\(folder)/\(name)"
            guard let stamp = FileStamp(at: "\(self.root)/\(file)") else { continue }
            if stamp.isFolder {
                self.walk(file, depth: depth + 1)
            } else if stamp.isLink {
                self.follow(file)
            } else if self.isDocument(name) {
                self.take(file, stamp, realPath: "\(self.root)/\(file)")
            }
        }
    }

    /// Takes what a link leads to, where that is a file of the source.
    private mutating func follow(_ file: String) {
        guard let target = FolderNames.realPath("\(self.root)/\(file)") else { return }
        if FileStamp(at: target)?.isFolder == true { return self.problems.append((file, "is a link to a folder")) }
        guard self.isDocument(file) else { return }
        guard target.hasPrefix(self.root == "/" ? "/" : "\(self.root)/") else {
            return self.problems.append((file, "is a link that leaves the source"))
        }
        guard let stamp = FileStamp(at: target), !stamp.isFolder, !stamp.isLink else { return }
        self.take(file, stamp, realPath: target)
    }

    private mutating func take(_ file: String, _ stamp: FileStamp, realPath: String) {
        guard stamp.isFile else { return self.problems.append((file, "is no ordinary file")) }
        let isIndex =
            self.source.kind != .folder && file == self.source.path.split(separator: "/").last.map(String.init)
        let limit = isIndex ? Self.maximumBytes.index : Self.maximumBytes.document
        guard stamp.size <= limit else {
            return self.problems.append((file, "is larger than \(limit / 1_048_576) MiB"))
        }
        guard self.files.count < Self.maximumFiles else {
            if self.files.count == Self.maximumFiles, self.problems.last?.path != "" {
                self.problems.append(("", "has more than \(Self.maximumFiles) files"))
            }
            return
        }
        self.files.append(File(path: file, realPath: realPath, stamp: stamp))
        if file.hasSuffix(".html") { self.htmlNames.insert(file) }
    }

    private func isDocument(_ name: String) -> Bool {
        self.source.kind == .sphinx ? name.hasSuffix(".html") : DocumentFormat(name) != nil
    }

    /// Pages that Sphinx makes of the others.
    private func isGenerated(_ name: String, in folder: String) -> Bool {
        guard self.source.kind == .sphinx, folder.isEmpty else { return false }
        return name.hasPrefix("_") || name.hasPrefix("genindex") || name == "search.html"
            || name.hasSuffix("-modindex.html")
    }
}

/// What a file is read as.
enum DocumentFormat {
    case markdown, html, text, restructuredText

    /// By the end of the file's name.
    init?(_ name: String) {
        switch name.split(separator: ".").last?.lowercased() {
        case "md", "markdown": self = .markdown
        case "html", "htm": self = .html
        case "txt": self = .text
        case "rst": self = .restructuredText
        default: return nil
        }
    }

    /// Reads a document.
    func page(_ text: String) -> DocumentPage {
        switch self {
        case .markdown: MarkdownReader.page(text)
        case .html: HTMLReader.page(text)
        case .text: PlainTextReader.page(text, hasAnchors: false)
        case .restructuredText: PlainTextReader.page(text, hasAnchors: true)
        }
    }
}
