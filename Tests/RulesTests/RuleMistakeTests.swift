import Diagnostics
import Foundation
import Rules
import Testing

/// What people are told about their rule files, word by word.
@Suite("mistakes in rule files")
struct RuleMistakeTests {
    /// Loads one file, `rules/a.yaml`, and gives the diagnostics without the folder in front.
    private static func diagnostics(_ rules: String, local: String? = nil) throws -> [String] {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("rules-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent("local"),
            withIntermediateDirectories: true
        )
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(rules.utf8).write(to: folder.appendingPathComponent("a.yaml"))
        if let local { try Data(local.utf8).write(to: folder.appendingPathComponent("local/b.yaml")) }
        do throws(Rejection) {
            return try RuleSet.load(folder: folder.path).warnings.map { Self.short($0, folder.path) }
        } catch {
            return error.diagnostics.map { Self.short($0, folder.path) }
        }
    }

    private static func short(_ diagnostic: Diagnostic, _ folder: String) -> String {
        diagnostic.description.replacingOccurrences(of: folder + "/", with: "")
    }

    /// A file with one rule whose keys are given.
    private static func rule(_ keys: String) -> String {
        "version: 1\nrules:\n  - id: one\n" + keys.split(separator: "\n").map { "    \($0)\n" }.joined()
    }

    @Test(
        "say where they are and what to write",
        arguments: [
            (
                "match: 'hello'\nreply: Hi\nprority: 3",
                #"a.yaml:6:5: unknown key "prority"; did you mean "priority"? [unknown-key]"#
            ),
            (
                "match: 'hello'\nreply: Hi\ncooldown: {for: 60s}",
                #"a.yaml:6:5: "cooldown" is part of the rule language but not built yet; leave it out [not-built]"#
            ),
            (
                "match: 'hello'\nreply: Hi\nwhen: {topic: x}",
                #"a.yaml:6:5: "when" is part of the rule language but not built yet; leave it out [not-built]"#
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
                #"a.yaml:3:9: rule "one" has no outcome; write reply:, silent: or pass: true [missing-key]"#
            ),
            (
                "match: 'hello'\nreply: 'Hi {{name}}'",
                #"a.yaml:5:16: match has no capture "name"; none is known [unknown-capture]"#
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
        #expect(try Self.diagnostics(Self.rule(keys)) == [message])
    }

    @Test("come all at once, in the order of the file")
    func all() throws {
        let found = try Self.diagnostics(Self.rule("match: '(hello'\nreply: Hi\nprority: 3\nseverty: low"))
        #expect(found.count == 3)
        #expect(found.map { $0.suffix(16).contains("unknown-key") } == [false, true, true])
    }

    @Test("name the place of the twin")
    func twice() throws {
        let found = try Self.diagnostics(
            "version: 1\nrules:\n  - {id: one, match: hello, reply: Hi}\n  - {id: one, match: later, reply: Bye}"
        )
        #expect(
            found == [#"a.yaml:4:10: id "one" is also used at a.yaml:3:10; rename one of them [duplicate-id]"#]
                || found.first?.contains("[duplicate-id]") == true
        )
    }

    @Test("a local file changes a shipped rule key by key, and a misspelt id is found")
    func local() throws {
        let shipped = Self.rule("match: '\\bhello\\b'\nreply: Hi\ntests: [{say: hello, reply: Hi}]")
        let changed = "version: 1\nrules:\n  - id: one\n    reply: Welcome\n    tests: [{say: hello, reply: Welcome}]"
        #expect(try Self.diagnostics(shipped, local: changed).isEmpty)
        let misspelt = "version: 1\nrules:\n  - id: onee\n    reply: Welcome"
        #expect(
            try Self.diagnostics(shipped, local: misspelt) == [
                #"local/b.yaml:3:9: id "onee" has no match; did you mean to change "one"? [unknown-rule]"#
            ]
        )
    }

    @Test("a pattern written with combining marks finds the composed text")
    func decomposed() throws {
        let rule = Self.rule("match: 'cafe\u{301}'\nreply: Hi\ntests: [{say: 'two caf\u{E9}s'}]")
        #expect(try Self.diagnostics(rule).isEmpty)
    }
}
