import Diagnostics
import Testing

@testable import Rules

/// What people are told about their rule files, word by word.
@Suite("mistakes in rule files")
struct RuleMistakeTests {
    @Test(
        "say where they are and what to write",
        arguments: [
            (
                "match: 'hello'\nreply: Hi\nprority: 3",
                #"a.yaml:6:5: unknown key "prority"; did you mean "priority"? [unknown-key]"#
            ),
            (
                "match: '(?:error|status'\nreply: Hi",
                #"a.yaml:4:28: missing closing parenthesis: "(?:error|status"; add ")" or write "\(" for a parenthesis [pattern-syntax]"#
            ),
            (
                "match: '(?:hello)?'\nreply: Hi",
                #"a.yaml:4:12: the pattern matches the empty text, and so every message; make a part of it required, or write match: {always: true} [empty-match]"#
            ),
            (
                "match: 'a\\Cbcd'\nreply: Hi",
                #"a.yaml:4:14: "\C" can't be used in a rule; it would cut characters into bytes; write "." [rejected-pattern]"#
            ),
            ("reply: Hi", #"a.yaml:3:9: rule "one" has no match; write match: and a pattern [missing-key]"#),
            (
                "match: 'hello'",
                #"a.yaml:3:9: rule "one" has no outcome; write reply:, or handoff:, silent:, pass: true or continue: true [missing-key]"#
            ),
            (
                "match: 'hello'\nreply: 'Hi {{name}}'",
                #"a.yaml:5:16: match has no capture "name"; write (?<name>...) in match [unknown-capture]"#
            ),
            (
                "match: 'hello(?<name> \\w+)?'\nreply: 'Hi {{name}}'",
                #"a.yaml:5:16: {{name}} is not set for every message that the rule matches; guard the variant with "when: name" or write {{name|or:"..."}} [unset-capture]"#
            ),
            (
                "match: 'hello'\nreply: Hi\ntests: [{say: bye}]",
                #"a.yaml:6:19: "bye" should be won by a/one, but no rule does [test-failed]"#
            ),
            (
                "match: 'hello'\nreply: Hi\ntests: [{not: hello you}]",
                #"a.yaml:6:19: "hello you" is under not, but a/one matches "hello" [test-failed]"#
            ),
            (
                "match: 'hello'\nreply: Hi\nseverity: huge",
                #"a.yaml:6:15: "severity" is "huge"; write low, normal or high [wrong-value]"#
            ),
        ]
    )
    func mistake(keys: String, message: String) throws {
        let found = try RuleFixture.diagnostics(ofRule: keys)
        #expect(found == [message])
    }

    @Test("come all at once, in the order of the files")
    func all() throws {
        let found = try RuleFixture.diagnostics([
            "b.yaml": RuleFixture.file("- {id: two, match: 'goodbye', reply: Bye, tags: [[]]}"),
            "a.yaml": RuleFixture.rule("match: '(hello'\nreply: Hi\nprority: 3\nseverty: low"),
        ])
        #expect(
            found == [
                #"a.yaml:4:19: missing closing parenthesis: "(hello"; add ")" or write "\(" for a parenthesis [pattern-syntax]"#,
                #"a.yaml:6:5: unknown key "prority"; did you mean "priority"? [unknown-key]"#,
                #"a.yaml:7:5: unknown key "severty"; did you mean "severity"? [unknown-key]"#,
                #"b.yaml:3:52: "tags" is an empty list; write a list of tags [wrong-value]"#,
            ]
        )
    }

    @Test("name the place of the twin")
    func twice() throws {
        let found = try RuleFixture.diagnostics([
            "a.yaml": RuleFixture.file("- {id: one, match: hello, reply: Hi}\n- {id: one, match: later, reply: Bye}"),
            "b.yaml": RuleFixture.file("- {id: one, match: never, reply: No}"),
        ])
        #expect(
            found == [
                #"a.yaml:4:10: id "one" is also used at a.yaml:3:10; rename one of them [duplicate-id]"#,
                #"b.yaml:3:10: id "one" is also used at a.yaml:3:10; rename one of them [duplicate-id]"#,
            ]
        )
    }

    @Test("are found in whatever is left of a file, each at a place in it")
    func damaged() throws {
        var generator = SeededGenerator("damaged files")
        let pieces = [
            "", "- ", ": ", "{", "}", "[", "]", "'", "\"", "  ", "\n", "{{", "}}", "~", "|", "none", "1", "(", "\\",
        ]
        for _ in 0..<120 {
            var text = Array(SchemaTests.everything.unicodeScalars)
            for _ in 0..<(1 + Int(generator.next() % 3)) {
                let start = Int(generator.next() % UInt64(text.count))
                let end = min(text.count, start + Int(generator.next() % 30))
                let piece = pieces[Int(generator.next() % UInt64(pieces.count))]
                text.replaceSubrange(start..<end, with: Array(piece.unicodeScalars))
            }
            let file = String(String.UnicodeScalarView(text))
            let lineCount = file.split(separator: "\n", omittingEmptySubsequences: false).count
            do {
                _ = try RuleFixture.load(["a.yaml": file, "words.yaml": "version: 1"])
            } catch let rejection as Rejection {
                #expect(rejection.diagnostics.contains { $0.severity == .error })
                for place in rejection.diagnostics.map(\.place) where place.file == "a.yaml" {
                    #expect((1...lineCount + 1).contains(place.line) && place.column >= 1, "\(place) of \(file)")
                }
            }
        }
    }

    @Test("a pattern written with combining marks finds the composed text")
    func decomposed() throws {
        let rule = "match: 'cafe\u{301}'\nreply: Hi\ntests: [{say: 'two caf\u{E9}s'}]"
        #expect(try RuleFixture.diagnostics(ofRule: rule).isEmpty)
    }
}
