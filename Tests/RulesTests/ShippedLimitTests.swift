import Foundation
import Testing

@testable import Rules

/// What the product's own rules cost somebody who writes to them what they are about, over and over.
@Suite("limits of the shipped rules")
struct ShippedLimitTests {
    /// All patterns of all shipped rules, each with the name of a rule that has it.
    private static let patterns = Result {
        let rules = try RuleSet.load(
            folder: URL(fileURLWithPath: #filePath)
                .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
                .appendingPathComponent("rules").path
        )
        var seen: Set<String> = []
        return rules.rules.flatMap { rule in
            rule.patterns.filter { seen.insert($0.source).inserted }.map { (rule: rule.name, pattern: $0) }
        }
    }

    /// The limit that ends a search.
    private static func limit(of pattern: Pattern, on text: AttackText, _ scanner: borrowing Rules.Scanner)
        -> MatchLimit?
    {
        var text = text.text(length: RuleSet.textLimit)
        scanner.startMessage(within: nil)
        let outcome = text.withUTF8 { pattern.search($0, in: scanner.scratch, using: scanner) }
        guard case .limit(let limit) = outcome else { return nil }
        return limit
    }

    @Test("are never reached by a lookahead, however often its turn comes")
    func lookarounds() throws {
        let scanner = Rules.Scanner.stepping(by: .zero)
        var count = 0
        for (rule, pattern) in try Self.patterns.get() where !Self.hasGap(pattern) {
            let outline = PatternOutline(pattern.source, isExtended: false)
            for text in AttackTexts.looks(for: outline, CharacterOracle(pattern.options)) {
                #expect(Self.limit(of: pattern, on: text, scanner) == nil, "\(rule) on \(text)")
                count += 1
            }
        }
        #expect(count > 0)
    }

    /// Whether up to seven or ten words may stand between two words.
    ///
    /// From each first word they are tried one by one: on hundreds of first words that is ended after 10,000 steps.
    private static func hasGap(_ pattern: Pattern) -> Bool {
        pattern.source.contains("{0,7}?") || pattern.source.contains("{0,10}?")
    }

    @Test(
        "are those of the steps alone on texts made of one word of a pattern, which takes a fraction of a millisecond"
    )
    func words() throws {
        // A step of the clock would end a guarded search.
        let scanner = Rules.Scanner.stepping(by: .milliseconds(1))
        for (rule, pattern) in try Self.patterns.get() {
            for word in Set(PatternOutline(pattern.source, isExtended: false).words) {
                let limit = Self.limit(of: pattern, on: AttackText(unit: "\(word) "), scanner)
                #expect(limit == nil || limit == .steps, "\(rule) on \(word)")
            }
        }
    }

    @Test("need no clock: none of the patterns is slow or guarded")
    func costs() throws {
        for (rule, pattern) in try Self.patterns.get() {
            #expect(!pattern.build.contains(.guarded), "\(rule)")
            var cost = PatternCost(of: pattern.source, pattern.options, known: KnownCosts())
            // A busy machine may take one for slow now and then.
            for _ in 0..<9 where cost != .fine {
                cost = PatternCost(of: pattern.source, pattern.options, known: KnownCosts())
            }
            #expect(cost == .fine, "\(rule)")
        }
    }
}
