import Foundation
import Testing

@testable import Rules

/// The rule files of the product itself.
@Suite("the shipped rules")
struct ShippedRulesTests {
    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("rules").path

    /// Loaded once for all tests of the suite: it takes a while.
    private static let loaded = Result { try RuleSet.load(folder: Self.folder) }

    private let rules: RuleSet

    init() throws { self.rules = try Self.loaded.get() }

    @Test("load without a mistake and without a warning, and their own tests hold")
    func load() {
        #expect(self.rules.warnings.isEmpty)
        #expect(self.rules.testCount >= 2 * self.rules.ruleCount)
    }

    @Test("hold at least twelve rules a file", arguments: ["greetings", "bugs", "ui", "performance", "style"])
    func count(file: String) {
        #expect(self.rules.names.count { $0.hasPrefix("\(file)/") } >= 12)
    }

    @Test(
        "answer what visitors of the first version were answered wrongly",
        arguments: [
            ("hello", "greetings/"), ("This dropdown is showing IDs instead of names", "ui/"),
            ("Can you change the color of this button?", "style/"), ("they said it is slow", "performance/"),
            ("the login fails", "bugs/"), ("HELLO", "greetings/"), ("hello \u{1F44B}", "greetings/"),
        ]
    )
    func sentences(text: String, file: String) {
        var scanner = Rules.Scanner()
        // A busy machine must not end the search early.
        let result = self.rules.answer(to: text, in: RuleContext(), within: .seconds(60), using: &scanner)
        #expect(result.rule?.hasPrefix(file) == true, "\(String(describing: result.rule))")
    }

    @Test("pass what none of them is about")
    func pass() {
        var scanner = Rules.Scanner()
        #expect(
            self.rules.answer(to: "which one is mine?", in: RuleContext(), within: .seconds(60), using: &scanner)
                == RuleResult(.pass(nil))
        )
    }
}
