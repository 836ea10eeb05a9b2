public import Diagnostics

/// One immutable set of rules. Any number of threads use it at once.
public final class RuleSet: Sendable {
    /// How many characters (Unicode scalars) of a message are looked at.
    public static let textLimit = 4_000

    /// What somebody should look at, though the rules work; in the order of the files.
    public let warnings: [Diagnostic]
    /// The same for the same bytes in the same files: 16 hexadecimal digits.
    public let digest: String
    public let ruleCount: Int
    public let testCount: Int
    public let fileCount: Int

    init() { self.warnings = []; self.digest = ""; self.ruleCount = 0; self.testCount = 0; self.fileCount = 0 }

    /// Reads, checks and compiles a folder of rule files and runs every inline test.
    ///
    /// - Parameter folder: The path of the folder. Its `*.yaml` are read in byte order of their names, then those in
    ///   `local/`. Diagnostics name the files as `folder/NAME`, with `folder` as given.
    /// - Throws: All mistakes of all files, in the order of the files, warnings among them.
    public static func load(folder: String) throws(Rejection) -> RuleSet { RuleSet() }

    /// The result for one message.
    ///
    /// Bounded: at most 4,000 characters are looked at, and after 5 ms no further rule is tried.
    ///
    /// - Parameters:
    ///   - text: The message.
    ///   - context: What reply texts may use.
    ///   - scanner: The calling thread's scanner. ``Scanner/skipped`` tells afterwards which rules hit a limit.
    public func answer(to text: String, in context: RuleContext, using scanner: inout Scanner) -> RuleResult { .pass(nil) }

    /// Why the result for a message is what it is: by the same code, but for every rule.
    ///
    /// It changes nothing. For people; it takes longer than ``answer(to:in:using:)``.
    public func explain(_ text: String, in context: RuleContext) -> RuleExplanation { fatalError("later") }
}
