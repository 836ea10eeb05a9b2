import Diagnostics
import Foundation
import Testing

@testable import Rules

/// What the product's own rules say, and how well they are tested.
@Suite("the shipped replies")
struct ShippedRepliesTests {
    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("rules").path

    /// The shipped rules as they are written, local ones left out.
    private static func writtenRules() throws -> [(file: String, rule: WrittenRule)] {
        var findings = Findings()
        let texts = RuleFolder(self.folder, into: &findings).files.filter { !$0.path.contains("/local/") }
        return texts.enumerated().flatMap { index, entry in
            let empty = RuleFile(index: index, name: entry.name, path: entry.path)
            let rules = RuleFileReader.read(entry.text, of: empty, into: &findings)?.rules ?? []
            return rules.map { (entry.name, $0) }
        }
    }

    private static func variants(of rule: WrittenRule) -> [WrittenReply.Variant] {
        guard case .reply(let reply) = rule.outcome else { return [] }
        return reply.variants
    }

    @Test("are those of 60 rules and more, twelve and more in each of the five files")
    func count() throws {
        let files = try Dictionary(grouping: Self.writtenRules(), by: \.file)
        #expect(files.count == 5)
        #expect(files.allSatisfy { $0.value.count >= 12 })
        #expect(files.reduce(0) { $0 + $1.value.count } >= 60)
    }

    @Test("come from rules with a sentence about them and with two examples for and two against each")
    func examples() throws {
        for (file, rule) in try Self.writtenRules() {
            let tests = rule.tests ?? []
            let wins = tests.count { if case .wins = $0.expectation { true } else { false } }
            #expect(wins >= 2 && tests.count - wins >= 2, "\(file) \(rule.id.value)")
            #expect(rule.about?.isEmpty == false, "\(file) \(rule.id.value)")
        }
    }

    @Test("promise nothing that a chat without people and without memory can't keep")
    func promises() throws {
        let promise = try Regex(
            #"\b(?:noted|saved for|is saved|passed? (?:it |this |that )?on to|forward|we will|we'll|someone will|"#
                + #"a person will|I will|I'll|get back to you|our team|added to your report)\b"#
        )
        .ignoresCase()
        for (file, rule) in try Self.writtenRules() {
            for text in Self.variants(of: rule).compactMap(\.text.text) where text.contains(promise) {
                // "I cannot pass messages on" is the opposite of a promise.
                #expect(text.contains("cannot"), "\(file) \(rule.id.value): \(text)")
            }
        }
    }

    @Test("are short, and name no page by its path, which is \"/\" on the first one")
    func length() throws {
        for (file, rule) in try Self.writtenRules() {
            for text in Self.variants(of: rule).compactMap(\.text.text) {
                #expect(text.count <= 240, "\(file) \(rule.id.value): \(text.count) characters")
                #expect(!text.contains("ctx.page.path"), "\(file) \(rule.id.value)")
                #expect(!text.contains("!!"), "\(file) \(rule.id.value)")
            }
        }
    }

    @Test("offer only quick replies that a rule answers in turn")
    func quickReplies() throws {
        let rules = try RuleSet.load(folder: Self.folder)
        var scanner = Rules.Scanner()
        var count = 0
        for (file, rule) in try Self.writtenRules() {
            for choice in Self.variants(of: rule).flatMap(\.choices) {
                count += 1
                // A busy machine must not end the search early.
                let result = rules.answer(to: choice.send, in: RuleContext(), within: .seconds(60), using: &scanner)
                #expect(result.rule != nil, "\(file) \(rule.id.value): \(choice.send)")
            }
        }
        #expect(count > 0)
    }
}
