import Diagnostics
import Foundation
import Testing

@testable import Rules

/// The rule files that Documentation/Rules.md shows, as they stand there.
@Suite("the examples of the documentation")
struct DocumentationExamplesTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static let document = Result {
        try String(contentsOf: root.appendingPathComponent("Documentation/Rules.md"), encoding: .utf8)
    }

    /// The fenced YAML blocks that have rules, each with the heading above it.
    private static func examples() throws -> [(heading: String, text: String)] {
        var examples: [(heading: String, text: String)] = []
        var heading = ""
        var block: [Substring]?
        for line in try self.document.get().split(separator: "\n", omittingEmptySubsequences: false) {
            if let lines = block {
                guard line == "```" else {
                    block?.append(line)
                    continue
                }
                if lines.contains("rules:") { examples.append((heading, lines.joined(separator: "\n"))) }
                block = nil
            } else if line == "```yaml" {
                block = []
            } else if line.hasPrefix("## ") {
                heading = String(line.dropFirst(3))
            }
        }
        return examples
    }

    /// The shipped files of these names.
    private static func shipped(_ names: [String]) throws -> [String: String] {
        try names.reduce(into: [:]) { files, name in
            let url = self.root.appendingPathComponent("rules").appendingPathComponent(name)
            files[name] = try String(contentsOf: url, encoding: .utf8)
        }
    }

    /// An example beside the shipped words, or in `local/` of the whole shipped set where its first line says so.
    private static func files(of example: String) throws -> [String: String] {
        let place = "# rules/local/"
        guard example.hasPrefix(place), let line = example.split(separator: "\n").first else {
            return try self.shipped(["words.yaml"]).merging(["example.yaml": example]) { $1 }
        }
        let all = try self.shipped(["bugs", "greetings", "performance", "style", "ui", "words"].map { "\($0).yaml" })
        return all.merging(["local/\(line.dropFirst(place.count))": example]) { $1 }
    }

    @Test("are ten, and each loads and its own tests hold")
    func load() throws {
        let examples = try Self.examples()
        #expect(examples.count == 10)
        for (heading, text) in examples {
            do {
                let rules = try RuleFixture.load(Self.files(of: text))
                #expect(text.hasPrefix("# rules/local/") || rules.testCount >= 3, "\(heading)")
                // The shipped words that an example doesn't use are no mistake of it.
                let warnings = rules.warnings.filter { $0.code != "unused-words" }
                #expect(warnings.isEmpty, "\(heading): \(warnings)")
            } catch let rejection as Rejection {
                Issue.record("\(heading): \(rejection.diagnostics.map(\.description).joined(separator: "\n"))")
            }
        }
    }

    @Test("and the text around them name every key of the language")
    func keys() throws {
        let text = try Self.document.get()
        func names<Key: KeySet>(_ keys: Key.Type) -> [String] { Key.allCases.map(\.rawValue) }
        let keys =
            names(FileKey.self) + names(WordListKey.self) + names(RuleKey.self) + names(WhenKey.self)
            + names(WhenPageKey.self) + names(MatchKey.self) + names(ReplyKey.self) + names(VariantKey.self)
            + names(ChoiceKey.self) + names(HandoffKey.self) + names(CooldownKey.self) + names(SetKey.self)
            + names(ActionKey.self) + names(SayKey.self) + names(NotKey.self) + names(LoseKey.self)
            + names(ContextKey.self) + names(ContextPageKey.self)
        for key in Set(keys).sorted() { #expect(text.contains("`\(key)`"), "\(key)") }
    }

    @Test("and the text around them name every filter, flag and way to pick")
    func words() throws {
        let text = try Self.document.get()
        let words =
            Reply.Pick.allCases.map(\.rawValue) + RuleFileReader.flagNames + RuleSeverity.allCases.map(\.rawValue)
            + RuleCooldown.Scope.allCases.map(\.rawValue) + ["lower", "upper", "trim", "first:40", "or:\"text\""]
        for word in words { #expect(text.contains("`\(word)`"), "\(word)") }
        for value in Template.Reference.named.keys { #expect(text.contains("{{\(value)}}"), "\(value)") }
    }
}
