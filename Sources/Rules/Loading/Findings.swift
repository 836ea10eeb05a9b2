internal import Diagnostics

/// What was found while a folder of rules is read.
struct Findings {
    private(set) var diagnostics: [Diagnostic] = []
    private(set) var errorCount = 0

    var hasErrors: Bool { self.errorCount > 0 }

    mutating func error(_ code: String, at place: Place, _ problem: String, hint: String? = nil) {
        self.add(Diagnostic(code, at: place, problem, hint: hint))
    }

    mutating func warn(_ code: String, at place: Place, _ problem: String, hint: String? = nil) {
        self.add(Diagnostic(code, at: place, problem, hint: hint, severity: .warning))
    }

    /// A value that isn't what its key takes, `"priority" is "high"; write a number`.
    mutating func wrongValue(_ key: String, _ node: YAMLNode, expected: String) {
        self.error("wrong-value", at: node.place, "\"\(key)\" is \(node.written)", hint: "write \(expected)")
    }

    mutating func add(_ diagnostic: Diagnostic) {
        var diagnostic = diagnostic
        // In rule files line and column say enough; `rules[3].reply.variants[0].text` would only hide the text.
        diagnostic.place.keyPath = ""
        if diagnostic.severity == .error { self.errorCount += 1 }
        self.diagnostics.append(diagnostic)
    }

    /// In the order of `files`, then of lines and columns.
    func sorted(by files: [String]) -> [Diagnostic] {
        let ranks = Dictionary(files.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        let keyed = self.diagnostics.enumerated().map { index, diagnostic in
            let rank = ranks[diagnostic.place.file] ?? -1
            return (key: (rank, diagnostic.place.line, diagnostic.place.column, index), diagnostic: diagnostic)
        }
        return keyed.sorted { $0.key < $1.key }.map(\.diagnostic)
    }
}

extension Place {
    /// The place without the keys that lead there.
    var bare: Place { Place(file: self.file, line: self.line, column: self.column) }

    /// `rules/bugs.yaml:6`.
    var fileAndLine: String { "\(self.file):\(self.line)" }
}
