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
        let result = self.rules.answer(to: text, in: RuleContext(), using: &scanner)
        #expect(result.rule?.hasPrefix(file) == true, "\(String(describing: result.rule))")
    }

    @Test("pass what none of them is about")
    func pass() {
        var scanner = Rules.Scanner()
        #expect(
            self.rules.answer(to: "which one is mine?", in: RuleContext(), using: &scanner) == RuleResult(.pass(nil))
        )
    }

    @Test("are never ruled out by the search for required texts when their pattern matches")
    func prefilter() {
        var scanner = Rules.Scanner()
        var generator = SeededGenerator("prefilter")
        let pieces = [
            "hello", "Hi", "slow", "ſlow", "broken", "error", "502", "the", "login", "fails", "dropdown", "shows",
            "instead of", "names", "change", "COLOR", "colour", "to", "green", "page", "is", "takes", "20", "seconds",
            "doesn’t", "work", "can't", "find", "button", "K", "chec\u{212A}out", "menu", "font", "too", "small", ".",
            "\n",
        ]
        for _ in 0..<3_000 {
            let count = 1 + Int(generator.next() % 7)
            let text = (0..<count).map { _ in pieces[Int(generator.next() % UInt64(pieces.count))] }.joined(
                separator: " "
            )
            let explanation = self.rules.explain(text, in: RuleContext())
            for entry in explanation.entries {
                guard case .literalMissing = entry.fate else { continue }
                let isMatched = self.rules.matches(entry.rule, text, using: &scanner)
                #expect(!isMatched, "\(entry.rule) matches \"\(text)\"")
            }
        }
    }
}

extension RuleSet {
    /// Whether a rule matches, found without the search for required texts.
    fileprivate func matches(_ name: String, _ text: String, using scanner: inout Rules.Scanner) -> Bool {
        guard let rule = self.rule(named: name) else { return false }
        if case .matched = self.trial(of: rule, on: text, in: RuleContext(), using: &scanner) { return true }
        return false
    }
}
