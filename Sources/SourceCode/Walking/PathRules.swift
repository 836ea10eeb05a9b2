/// Which paths of a root may be read.
///
/// What is denied is denied whatever allows it.
struct PathRules: Sendable, Hashable {
    private let allowed: [PathPattern]
    private let denied: [PathPattern]

    /// - Parameters:
    ///   - allow: Patterns of files; without one those of ``defaultAllow``.
    ///   - deny: Patterns besides ``alwaysDenied``; the case of letters doesn't count.
    init(allow: [String], deny: [String]) {
        self.allowed = (allow.isEmpty ? Self.defaultAllow : allow).map { PathPattern($0) }
        self.denied = (Self.alwaysDenied + deny).map { PathPattern($0, foldsCase: true) }
    }

    /// Whether a file may be read.
    func allows(_ path: String) -> Bool {
        !self.denied.contains { $0.includes(path) } && self.allowed.contains { $0.includes(path) }
    }

    /// Whether nothing below a folder may be read, by the folder's own name or path.
    func deniesFolder(_ names: [Substring]) -> Bool {
        self.denied.contains { $0.matches(names[...], isFolder: true) }
    }

    /// What nobody may find, whatever is allowed: hidden files, keys, secrets, and what isn't the site's own code.
    static let alwaysDenied = [
        ".*", "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx", "id_*", "*secret*", "*credential*",
        "node_modules/", "bower_components/", "vendor/", "site-packages/", "dist-packages/", "__pycache__/", "venv/",
        "Pods/", "Carthage/", "DerivedData/", "target/", "build/", "dist/", "out/",
    ]

    /// Source code by the ends of its names.
    ///
    /// Files of settings are not among them: they have passwords.
    static let defaultAllow =
        [
            "c", "h", "cc", "cpp", "cxx", "hpp", "hh", "m", "mm", "swift", "rs", "go", "zig", "java", "kt", "kts",
            "scala", "groovy", "clj", "cs", "fs", "vb", "py", "pyx", "rb", "php", "pl", "pm", "lua", "tcl", "r", "jl",
            "js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx", "vue", "svelte", "dart", "ex", "exs", "erl", "hs",
            "ml",
            "mli", "elm", "nim", "d", "pas", "sql", "sh", "bash", "zsh", "ps1", "html", "htm", "css", "scss", "less",
            "xsl", "proto", "graphql", "asm", "s", "cmake",
        ].map { "*.\($0)" } + ["Makefile", "CMakeLists.txt", "Rakefile", "Dockerfile"]
}

/// The rules of `.gitignore` files, those of outer folders first.
struct IgnoreRules {
    private struct Rule {
        let pattern: PathPattern
        let isNegated: Bool
        /// How many names the folder of its file has.
        let depth: Int
    }

    private var rules: [Rule] = []
    /// How long a file of rules is at most, in bytes, and how many of its lines count.
    static let maximum = (bytes: Int64(262_144), lines: 2_000)

    /// The same with the rules of one more folder.
    func adding(_ text: String, at depth: Int) -> IgnoreRules {
        var result = self
        for line in text.split(whereSeparator: \.isNewline).prefix(Self.maximum.lines) {
            var line = line
            while line.hasSuffix(" "), !line.hasSuffix("\\ ") { line = line.dropLast() }
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            let isNegated = line.hasPrefix("!")
            let pattern = PathPattern(isNegated ? line.dropFirst() : line)
            result.rules.append(Rule(pattern: pattern, isNegated: isNegated, depth: depth))
        }
        return result
    }

    /// Whether git leaves a path out whose folders it doesn't.
    func ignores(_ names: [Substring], isFolder: Bool) -> Bool {
        let last = self.rules.last { $0.pattern.matches(names[$0.depth...], isFolder: isFolder) }
        return last.map { !$0.isNegated } ?? false
    }
}
