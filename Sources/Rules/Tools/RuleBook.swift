public import Diagnostics

/// A folder of rules for the tools of its authors: the set, and what stands beside the rules in the files.
///
/// Unlike ``RuleSet/load(folder:)`` it doesn't ask that the inline tests hold: `explain` is needed most when they fail.
public struct RuleBook: Sendable {
    /// One rule as its author sees it.
    public struct Rule: Sendable {
        /// `greetings/greeting`.
        public var name: String
        public var place: Place
        public var about: String?
        public var isEnabled: Bool
        /// Whether it was written in `local/`, not only changed there.
        public var isLocal: Bool
        /// Where it was changed in `local/`, in the order of the files.
        public var changes: [Place]
        public var tests: [Test]
    }

    /// The sentence of an inline test.
    public struct Test: Sendable {
        /// What the test says of its rule.
        public enum Kind: String, Sendable {
            /// It wins.
            case say
            /// It doesn't match.
            case not
            /// Another one wins.
            case lose
        }

        public var kind: Kind
        public var text: String
        public var place: Place
        public var context: RuleContext
    }

    public let set: RuleSet
    /// All rules, in the order of evaluation.
    public let rules: [Rule]

    /// Reads, checks and compiles a folder of rule files; runs no inline test.
    ///
    /// - Parameters:
    ///   - folder: As for ``RuleSet/load(folder:)``.
    ///   - progress: Gets what is done of how much there is, one call after the other, on any thread.
    /// - Returns: The rules, fit to answer.
    /// - Throws: All mistakes of all files, in the order of the files, warnings among them.
    public static func load(
        folder: String,
        progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
    ) throws(Rejection) -> RuleBook {
        let loaded = RuleSet.read(folder: folder, progress: progress)
        guard !loaded.findings.hasErrors else { throw Rejection(loaded.diagnostics) }
        return RuleBook(loaded)
    }

    init(_ loaded: LoadedFolder) {
        self.set = loaded.set
        self.rules = loaded.ranked.map { Rule($0.written, $0.rule) }
    }

    /// The sentences of all inline tests, in the order of evaluation of their rules.
    public var sentences: [Test] { self.rules.flatMap(\.tests) }
}

extension RuleBook.Rule {
    init(_ written: WrittenRule, _ rule: CompiledRule) {
        self.init(
            name: rule.name,
            place: rule.place,
            about: rule.about,
            isEnabled: rule.isEnabled,
            isLocal: written.isLocal,
            changes: written.changes,
            tests: (written.tests ?? []).map(RuleBook.Test.init)
        )
    }
}

extension RuleBook.Test {
    init(_ test: InlineTest) {
        self.init(kind: test.kind, text: test.text, place: test.place, context: test.context)
    }
}

extension InlineTest {
    var kind: RuleBook.Test.Kind {
        switch self.expectation {
        case .wins: .say
        case .doesNotMatch: .not
        case .loses: .lose
        }
    }
}
