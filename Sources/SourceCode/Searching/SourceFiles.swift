internal import Indexing

/// The files behind an index, read under the rules of their roots.
///
/// One for each search: roots are opened once, and a file that is asked for again isn't read again.
final class SourceFiles {
    struct File: Hashable, Sendable {
        var root: Int
        var path: String
        /// With the root's name in front where there are several.
        var shownPath: String
        /// Where people can read it, without the line.
        var link: String?

        /// Whether it is a test, which is asked for less than what it tests.
        var isTest: Bool {
            self.path.lowercased().split { !$0.isLetter }.contains { ["test", "tests", "spec", "specs"].contains($0) }
                || self.path.contains("Test")
        }

        func url(line: Int) -> String? { self.link?.replacing("{line}", with: "\(line)") }
    }

    /// How many files were read.
    private(set) var readCount = 0
    private let index: CodeIndex
    private var folders: [Int: RootFolder?] = [:]
    private var links: [Int: String?] = [:]
    private var texts: [File: SourceText?] = [:]

    init(_ index: CodeIndex) { self.index = index }

    /// A file of the index; nothing where it is of another configuration or may not be found any more.
    func file(root: String, path: String) -> File? {
        guard let number = self.index.roots.firstIndex(where: { $0.path == root }),
            self.index.rules[number].allows(path)
        else { return nil }
        let shown = self.index.roots.count > 1 ? "\(self.index.roots[number].name)/\(path)" : path
        let link = self.link(number)?.replacing("{path}", with: percentEncoded(path))
        return File(root: number, path: path, shownPath: shown, link: link)
    }

    func rootPath(of file: File) -> String { self.index.roots[file.root].path }

    /// What a file has now.
    func text(of file: File) -> SourceText? {
        if let known = self.texts[file] { return known }
        self.readCount += 1
        let bytes = self.folder(file.root)?.bytes(of: file.path, limit: SourceText.maximumBytes)
        let text = bytes.flatMap { SourceText($0) }
        self.texts[file] = text
        return text
    }

    private func folder(_ root: Int) -> RootFolder? {
        if let known = self.folders[root] { return known }
        let folder = RootFolder(self.index.roots[root].path)
        self.folders[root] = folder
        return folder
    }

    /// A root's links with the revision filled in; nothing where it has none, or nobody knows the revision.
    private func link(_ root: Int) -> String? {
        if let known = self.links[root] { return known }
        let written = self.index.roots[root]
        var link = written.link
        if link?.contains("{revision}") == true {
            let revision = written.revision ?? self.folder(root).flatMap { GitRevision.current(of: $0) }
            link = revision.flatMap { revision in link?.replacing("{revision}", with: percentEncoded(revision)) }
        }
        self.links[root] = link
        return link
    }
}
