public import Diagnostics

/// Everything that a reload checks, and what only an author wants to know.
public struct RuleCheck: Sendable {
    /// All mistakes and warnings, in the order of the files.
    public let diagnostics: [Diagnostic]
    /// The rules, where there is no error.
    public let book: RuleBook?

    /// The rules that the site's own files change, as far as they could be read.
    public let localChanges: [LocalChange]

    /// Whether the rules would go live.
    public var isFine: Bool { self.book != nil }

    /// Reads a folder, compiles its rules and runs their inline tests.
    ///
    /// - Parameters:
    ///   - folder: As for ``RuleSet/load(folder:)``.
    ///   - isStrict: Whether a shipped rule without a `say` or a `not` is an error. In `local/` it is always a warning.
    ///   - progress: Gets what is done of how much there is, one call after the other, on any thread: a pattern that
    ///     may be slow is tried for a fifth of a second.
    public init(
        folder: String,
        isStrict: Bool = false,
        progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
    ) {
        var loaded = RuleSet.read(folder: folder, progress: progress)
        loaded.runTests()
        for rule in loaded.written where !rule.isBroken {
            Self.demandTests(of: rule, isStrict: isStrict, into: &loaded.findings)
        }
        self.diagnostics = loaded.diagnostics
        self.localChanges = loaded.set.localChanges
        self.book = loaded.findings.hasErrors ? nil : RuleBook(loaded)
    }

    private static func demandTests(of rule: WrittenRule, isStrict: Bool, into findings: inout Findings) {
        guard isStrict || rule.isLocal, rule.enabled ?? true else { return }
        let kinds = Set((rule.tests ?? []).map(\.kind))
        let hints: [(kind: RuleBook.Test.Kind, hint: String)] = [
            (.say, "add one under tests: a sentence that it must win"),
            (.not, "add one under tests: a sentence close to it that it must not match"),
        ]
        for (kind, hint) in hints where !kinds.contains(kind) {
            let problem = "rule \"\(rule.id.value)\" has no \"\(kind.rawValue)\""
            if rule.isLocal {
                findings.warn("missing-test", at: rule.id.place, problem, hint: hint)
            } else {
                findings.error("missing-test", at: rule.id.place, problem, hint: hint)
            }
        }
    }
}

extension Diagnostic {
    /// The diagnostic as an object: severity, code, file, line, column, problem, hint.
    public var json: JSONValue {
        .compact([
            ("severity", .text(self.severity.rawValue)), ("code", .text(self.code)), ("file", .text(self.place.file)),
            ("line", .integer(self.place.line)), ("column", .integer(self.place.column)),
            ("problem", .text(self.problem)), ("hint", .text(self.hint)),
        ])
    }
}
