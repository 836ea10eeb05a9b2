import Diagnostics
import Foundation
import Rules
import Testing

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

    @Test("a pattern written with combining marks finds the composed text")
    func decomposed() throws {
        let rule = "match: 'cafe\u{301}'\nreply: Hi\ntests: [{say: 'two caf\u{E9}s'}]"
        #expect(try RuleFixture.diagnostics(ofRule: rule).isEmpty)
    }
}
