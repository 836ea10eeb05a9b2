import Rules
import Testing

/// `defaults`, and the keys of a rule that change how its patterns are read.
@Suite("defaults and flags")
struct DefaultsTests {
    private static func file(_ defaults: String, _ rules: String) -> String {
        "version: 1\ndefaults: \(defaults)\nrules:\n  \(rules)\n"
    }

    @Test("without flags a pattern ignores case and knows the letters of every script")
    func builtIn() throws {
        let rules = try RuleFixture.load("- {id: one, match: '\\bgröße\\b', reply: A}")
        #expect(rules.winner("Welche GRÖßE?") == "a/one")
        #expect(rules.winner("Größenordnung") == nil)
    }

    @Test("flags of a file hold for its rules, and those of a rule replace them whole")
    func flags() throws {
        let rules = try RuleFixture.load([
            "a.yaml": Self.file("{flags: [ucp]}", "- {id: strict, match: '\\bHello\\b', reply: A}"),
            "b.yaml": RuleFixture.file(
                """
                - {id: own, flags: [caseless, extended], match: '\\b good \\ day \\b', reply: B}
                - {id: dot, flags: [dotall], match: '^first.+last$', reply: C}
                - {id: lines, flags: [multiline], match: '^second$', reply: D}
                - {id: ascii, flags: [], match: '^\\w+ ascii$', reply: E}
                """
            ),
        ])
        #expect(rules.winner("Hello") == "a/strict")
        #expect(rules.winner("hello") == nil)
        #expect(rules.winner("GOOD DAY") == "b/own")
        #expect(rules.winner("first\nlast") == "b/dot")
        #expect(rules.winner("first\nsecond\nthird") == "b/lines")
        #expect(rules.winner("plain ascii") == "b/ascii")
        #expect(rules.winner("größe ascii") == nil)
    }

    @Test("a priority of the file holds where a rule has none of its own")
    func priority() throws {
        let rules = try RuleFixture.load([
            "a.yaml": RuleFixture.file("- {id: plain, match: '\\bhello\\b', reply: A}"),
            "b.yaml": Self.file(
                "{priority: 300}",
                "- {id: high, match: '\\bhello\\b', reply: B}\n  - {id: low, priority: 1, match: '\\bhello\\b', reply: C}"
            ),
        ])
        let order = rules.explanation("hello").entries.map(\.rule)
        #expect(order == ["b/high", "a/plain", "b/low"])
    }

    @Test("on_limit of the file holds where a rule says nothing")
    func onLimit() throws {
        let pattern = "match: 'l.{0,80}?l.{0,80}?[yz]', reply: A"
        let text = String(repeating: "l", count: 3_000)
        let rules = try RuleFixture.load(["a.yaml": Self.file("{on_limit: fail}", "- {id: one, \(pattern)}")])
        guard case .limit = rules.result(text).outcome else {
            Issue.record("the limit was skipped")
            return
        }
        let own = Self.file("{on_limit: fail}", "- {id: one, on_limit: skip, \(pattern)}")
        #expect(try RuleFixture.load(["a.yaml": own]).result(text) == RuleResult(.pass(nil)))
    }

    @Test("enabled: false takes a rule out")
    func enabled() throws {
        let rules = try RuleFixture.load("- {id: one, enabled: false, match: '\\bhello\\b', reply: A}")
        #expect(rules.winner("hello") == nil)
        #expect(rules.ruleCount == 1)
    }

    @Test("recursion needs allow: [recursion]")
    func recursion() throws {
        let pattern = "match: '^(\\((?:[^()]|(?1))*\\))$'\nreply: A"
        let found = try RuleFixture.diagnostics(ofRule: pattern)
        let expected =
            #"a.yaml:4:26: "(?1)" calls a group again; write it out, or allow: [recursion] in the rule [rejected-pattern]"#
        #expect(found == [expected])
        let allowed = try RuleFixture.load(["a.yaml": RuleFixture.rule("allow: [recursion]\n\(pattern)")])
        #expect(allowed.winner("((a)(b))") == "a/one")
        #expect(allowed.winner("((a)(b)") == nil)
    }

    @Test("allow: [slow] is taken, another word is refused")
    func slow() throws {
        #expect(try RuleFixture.diagnostics(ofRule: "match: '\\bhello\\b'\nreply: A\nallow: [slow]") == [])
        let found = try RuleFixture.diagnostics(ofRule: "match: '\\bhello\\b'\nreply: A\nallow: [slwo]")
        #expect(found == [#"a.yaml:6:13: "allow" is "slwo"; write recursion or slow [wrong-value]"#])
    }
}
