public import Diagnostics

/// The inline tests of a folder, one by one.
public struct RuleTestRun: Sendable {
    /// One test that was run.
    public struct Result: Sendable {
        /// The full name of its rule.
        public var rule: String
        public var test: RuleBook.Test
        /// What is wrong; empty where the test holds.
        public var problems: [Diagnostic]
    }

    /// In the order of evaluation of the rules.
    public let results: [Result]
    /// How many rules have a test among them.
    public var ruleCount: Int { Set(self.results.map(\.rule)).count }
    public var failures: [Result] { self.results.filter { !$0.problems.isEmpty } }

    /// Compiles a folder and runs tests against the whole set.
    ///
    /// - Parameters:
    ///   - folder: As for ``RuleSet/load(folder:)``.
    ///   - isChosen: Whether the tests of this rule are run.
    /// - Throws: The mistakes of the files. Without the whole set no test means anything.
    public init(folder: String, where isChosen: (RuleBook.Rule) -> Bool = { _ in true }) throws(Rejection) {
        let loaded = RuleSet.read(folder: folder)
        guard !loaded.findings.hasErrors else { throw Rejection(loaded.diagnostics) }
        var run = InlineTestRun(set: loaded.set)
        var results: [Result] = []
        for (written, rule) in loaded.ranked where rule.isEnabled && isChosen(RuleBook.Rule(written, rule)) {
            for test in written.tests ?? [] {
                var findings = Findings()
                var single = written
                single.tests = [test]
                run.run(single, rule, into: &findings)
                results.append(Result(rule: rule.name, test: RuleBook.Test(test), problems: findings.diagnostics))
            }
        }
        self.results = results
    }
}

extension RuleTestRun.Result {
    /// The result as an object: rule, test, text, file, line, ok, problems.
    public var json: JSONValue {
        .object([
            ("rule", .text(self.rule)), ("test", .text(self.test.kind.rawValue)), ("text", .text(self.test.text)),
            ("file", .text(self.test.place.file)), ("line", .integer(self.test.place.line)),
            ("ok", .bool(self.problems.isEmpty)), ("problems", .array(self.problems.map { .text($0.problem) })),
        ])
    }
}
