import Diagnostics
import Foundation
import Testing

@testable import Rules

@Suite("the form of rule files")
struct ToolsFormatTests {
    private static func formatted(_ text: String) throws -> String { try RuleFormat.formatted(text, file: "a.yaml") }

    @Test(
        "is not given to a file whose lines end in ways that only YAML knows",
        arguments: ["\r", "\u{85}", "\u{2028}"]
    )
    func lineEnds(end: String) throws {
        let text = ["rules: []", "words: {a: [b]}", "version: 1", ""].joined(separator: end)
        #expect(try Self.formatted(text) == text)
    }

    @Test("has the keys in the order of the reference, and their comments with them")
    func order() throws {
        let text = """
            # The file's own words.
            rules:
              # Orders.
              - priority: 20  # below bugs
                # What customers write.
                match: '\\blate\\b'
                id: order-late
                tests:
                  - ctx: {lang: en}
                    say: it is late
                reply:
                  variants:
                    - text: Sorry
                      when: not code
                    - Oh
                  pick: rotate
                # An afterthought.

              # Parcels.
              - id: parcel
                reply: |
                  Which one?
                  # not a comment
                match: parcel
            version: 1
            """
        #expect(
            try Self.formatted(text) == """
                # The file's own words.
                version: 1
                rules:
                  # Orders.
                  - id: order-late
                    priority: 20  # below bugs
                    # What customers write.
                    match: '\\blate\\b'
                    reply:
                      pick: rotate
                      variants:
                        - when: not code
                          text: Sorry
                        - Oh
                    tests:
                      - say: it is late
                        ctx: {lang: en}
                    # An afterthought.

                  # Parcels.
                  - id: parcel
                    match: 'parcel'
                    reply: |
                      Which one?
                      # not a comment

                """
        )
    }

    @Test(
        "has patterns in single quotes",
        arguments: [
            ("match: late", "match: 'late'"), ("match: \"it's \\\\blate\"  # why", "match: 'it''s \\blate'  # why"),
            ("match: {any: [late, \"lost\", 'gone']}", "match: {any: ['late', 'lost', 'gone']}"),
            ("unless: [größe, \"\\u00fc\"]", "unless: ['größe', 'ü']"), ("unless: 'late'", "unless: 'late'"),
            ("match: |-\n      late", "match: |-\n      late"),
            ("match: late\n      or lost", "match: late\n      or lost"),
            ("match: \"late \\\n      or lost\"", "match: \"late \\\n      or lost\""),
            ("match: \"\\blate\"", "match: \"\\blate\""),
        ]
    )
    func quotes(written: String, formatted: String) throws {
        let head = "version: 1\nrules:\n  - id: one\n    "
        #expect(try Self.formatted(head + written) == head + formatted + "\n")
    }

    @Test("leaves braces, unknown keys, line ends and what it doesn't understand as they are")
    func untouched() throws {
        let text = "version: 1\r\nrules: [{reply: Hi, id: one}]\r\nextra: {b: 1, a: 2}\r\n"
        #expect(try Self.formatted(text) == text)
        let anchors = "version: 1\nrules:\n  - reply: &text Hi\n    id: one\n  - reply: *text\n    id: two\n"
        #expect(try Self.formatted(anchors).contains("- id: one\n    reply: &text Hi\n"))
        #expect(throws: Diagnostic.self) { try Self.formatted("rules: [") }
    }

    @Test("is that of the shipped rules")
    func shipped() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let files = try RuleFormat.files(of: root.appendingPathComponent("rules").path)
        #expect(files.count > 5)
        #expect(files.filter(\.isChanged).map(\.path).isEmpty, "run claude-chat rules fmt")
    }

    @Test("is stable, loses no line and changes no value, whatever the order of keys, comments and blank lines")
    func property() throws {
        var generator = SeededGenerator("format")
        for _ in 0..<100 {
            var random = RandomFile(generator)
            let text = random.text()
            generator = random.generator
            let once = try Self.formatted(text)
            #expect(try Self.formatted(once) == once)
            #expect(Self.bag(once) == Self.bag(text), "\(text)")
            let rules = try #require(try YAMLNode(yaml: once, file: "a.yaml")["rules"]?.items)
            for rule in rules {
                let ranks =
                    rule.entries?.compactMap { RuleKey(rawValue: $0.key) }.compactMap {
                        RuleKey.allCases.firstIndex(of: $0)
                    } ?? []
                #expect(ranks == ranks.sorted(), "\(once)")
            }
        }
    }

    /// The lines in any order, without the dashes that moved to another key.
    private static func bag(_ text: String) -> [String] {
        text.split(separator: "\n").map { String($0.drop { $0 == " " || $0 == "-" }).replacing("'", with: "") }.sorted()
    }

    /// Writes files of rules with their keys in any order.
    private struct RandomFile {
        var generator: SeededGenerator

        init(_ generator: SeededGenerator) { self.generator = generator }

        private mutating func number(below bound: Int) -> Int { Int(self.generator.next() % UInt64(bound)) }

        private mutating func shuffled(_ keys: [String]) -> [String] {
            var keys = keys
            for index in keys.indices.dropFirst().reversed() { keys.swapAt(index, self.number(below: index + 1)) }
            return keys
        }

        /// A comment, a blank line, or mostly nothing.
        private mutating func noise(_ indentation: String) -> String {
            switch self.number(below: 8) {
            case 0: "\(indentation)# comment \(self.number(below: 1_000))\n"
            case 1: "\n"
            case 2: "\(indentation)  # deeper \(self.number(below: 1_000))\n"
            default: ""
            }
        }

        mutating func text() -> String {
            var text = self.noise("")
            for key in self.shuffled(["version", "macros", "rules"]) {
                switch key {
                case "version": text += "version: 1\n"
                case "macros": text += "macros:\n  near: .{0,60}?\n"
                default:
                    text += "rules:\n"
                    for index in 0...self.number(below: 3) { text += self.rule(index) }
                }
                text += self.noise("")
            }
            return text
        }

        private mutating func rule(_ index: Int) -> String {
            let values = [
                "id": "r\(index)", "about": "What: it is",
                "match": ["late", "'late'", "\n      any:\n        - late"][self.number(below: 3)],
                "reply": ["Sorry", "|\n      Sorry\n      # text", "\n      text: Hi\n      choices: [a]"][
                    self.number(below: 3)
                ],
                "tags": "[a, b]", "tests": "\n      - say: late\n      - not: 'early'",
            ].mapValues { $0.contains(": it") ? "'\($0)'" : $0 }
            let keys = self.shuffled(values.keys.sorted())
            var text = ""
            for (place, key) in keys.enumerated() {
                let value = values[key] ?? ""
                text +=
                    (place == 0 ? "  - " : "    ") + "\(key):" + (value.hasPrefix("\n") ? value : " \(value)") + "\n"
                text += self.noise("    ")
            }
            return text
        }
    }
}
