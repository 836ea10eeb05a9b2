internal import Indexing

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The files of a root that may be read, at one moment.
///
/// Looks at names and sizes alone. Symbolic links are left out: what they lead to within the root is there under its own name.
struct RootScan {
    struct File: Hashable {
        /// From the root.
        var path: String
        var stamp: FileStamp
    }

    static let maximumFiles = 100_000
    private static let maximumDepth = 32

    private(set) var files: [File] = []
    /// What was left out, by its path from the root, and why.
    private(set) var problems: [(path: String, problem: String)] = []
    /// The folders in it, itself included, by their paths from the root.
    private(set) var folders: [String] = []
    private let root: RootFolder
    private let rules: PathRules

    init(_ root: RootFolder, _ rules: PathRules) {
        self.root = root
        self.rules = rules
        self.walk([], IgnoreRules())
    }

    private mutating func walk(_ folder: [Substring], _ ignored: IgnoreRules) {
        let path = folder.joined(separator: "/")
        guard folder.count <= Self.maximumDepth else { return self.problems.append((path, "lies too deep")) }
        guard let descriptor = self.root.folder(folder) else { return self.problems.append((path, "can't be read")) }
        defer { close(descriptor) }
        guard let names = FolderNames.of(descriptor) else { return self.problems.append((path, "can't be read")) }
        self.folders.append(path)
        var ignored = ignored
        if let rules = RootFolder.bytes(of: ".gitignore", in: descriptor, limit: IgnoreRules.maximum.bytes) {
            ignored = ignored.adding(String(decoding: rules, as: UTF8.self), at: folder.count)
        }
        for name in names {
            guard let name, RootFolder.isName(name) else {
                self.problems.append((path, "has a name that is not UTF-8 or has control characters"))
                continue
            }
            self.take(folder + [name[...]], descriptor, ignored)
        }
    }

    private mutating func take(_ names: [Substring], _ folder: CInt, _ ignored: IgnoreRules) {
        guard let name = names.last.map(String.init), let stamp = FileStamp(of: name, in: folder) else { return }
        if stamp.isFolder {
            guard !self.rules.deniesFolder(names), !ignored.ignores(names, isFolder: true) else { return }
            return self.walk(names, ignored)
        }
        let path = names.joined(separator: "/")
        guard stamp.isFile, self.rules.allows(path), !ignored.ignores(names, isFolder: false) else { return }
        guard stamp.size <= SourceText.maximumBytes else {
            return self.problems.append((path, "is larger than \(SourceText.maximumBytes / 1_048_576) MiB"))
        }
        guard self.files.count < Self.maximumFiles else {
            if self.problems.last?.problem != Self.tooMany { self.problems.append((path, Self.tooMany)) }
            return
        }
        self.files.append(File(path: path, stamp: stamp))
    }

    private static let tooMany = "and what follows is left out: a root has at most \(Self.maximumFiles) files"
}
