/// One place that an error names: a frame of a stack trace, or a file with a line.
public struct StackFrame: Sendable, Hashable {
    /// The file as it was called there, with slashes; relative where it led nowhere else.
    public var path: String
    /// From 1.
    public var line: Int
    /// From 1, where it is known.
    public var column: Int?
    /// What was running, where it is known.
    public var function: String?
    /// Whether it is of a library or the language's own, which nobody looks for in the site's code.
    public var isForeign: Bool

    /// The names of the path, the last one first, in lower case.
    var reversedNames: [String] { self.path.lowercased().split(separator: "/").reversed().map(String.init) }

    /// - Parameters:
    ///   - written: The path as it was written: with a scheme, a host, or backslashes.
    ///   - line: Digits.
    ///   - column: Where it is known.
    ///   - function: Where it is known.
    init?(_ written: some StringProtocol, line: some StringProtocol, column: Int? = nil, function: String? = nil) {
        guard let line = Int(line), 1...9_999_999 ~= line else { return nil }
        var path = String(written).replacing("\\", with: "/")
        if let scheme = path.firstRange(of: "://") {
            let isFile = path.hasPrefix("file:")
            let rest = path[scheme.upperBound...]
            // What follows is a host, or what a bundler calls its package.
            path = String(isFile ? rest : rest.drop { $0 != "/" })
        }
        path = String(path.prefix { $0 != "?" && $0 != "#" })
        let isAbsolute = path.hasPrefix("/")
        let names = path.split(separator: "/").filter { $0 != "." && $0 != ".." }
        guard let last = names.last, last.utf8.count <= 255, path.utf8.count <= 4_096 else { return nil }
        self.path = (isAbsolute ? "/" : "") + names.joined(separator: "/")
        self.line = line
        self.column = column
        self.function = function.flatMap { $0.isEmpty ? nil : String($0.prefix(200)) }
        self.isForeign = Self.isForeign(String(written), names)
    }

    private static let foreignFolders: Set<Substring> = [
        "node_modules", "bower_components", "site-packages", "dist-packages", "vendor", ".cargo", "rustlib", "gems",
        "checkouts", "jre", "jdk",
    ]
    private static let foreignBeginnings = [
        "node:", "internal/", "<", "/usr/lib/", "/usr/local/lib/", "/usr/local/go/", "/usr/share/", "java/",
        "javax/", "jdk/", "sun/", "kotlin/", "scala/",
    ]

    private static func isForeign(_ written: String, _ names: [Substring]) -> Bool {
        self.foreignBeginnings.contains { written.hasPrefix($0) } || written.contains("/pkg/mod/")
            || !self.foreignFolders.isDisjoint(with: names)
    }
}
