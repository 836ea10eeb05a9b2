import Diagnostics
import Rules
import Testing

/// The site's own files: what they may change of the shipped ones.
@Suite("local changes")
struct LocalChangeTests {
    private static let shipped = RuleFixture.file(
        """
        - id: one
          priority: 150
          when: {lang: en}
          match: '\\bhello\\b'
          reply: Hi
          tags: [smalltalk]
          set: {topic: talk}
          cooldown: {for: 5m}
          tests:
            - {say: hello, ctx: {lang: en}, reply: Hi}
            - not: bye
        - {id: two, match: '\\bhello\\b', reply: Second}
        """
    )

    private static func rules(_ change: String) throws -> RuleSet {
        try RuleFixture.load(["a.yaml": self.shipped, "local/b.yaml": RuleFixture.file(change)])
    }

    @Test("each key that is written replaces the shipped one whole, the others stay")
    func keys() throws {
        let english = RuleContext(lang: "en")
        let rules = try Self.rules(
            "- {id: one, reply: Welcome, tests: [{say: hello, ctx: {lang: en}, reply: Welcome}]}"
        )
        let result = rules.result("hello", english)
        #expect(result.text == "Welcome")
        #expect(result.rule == "a/one")
        #expect(result.effects.tags == ["smalltalk"])
        #expect(result.effects.topic == .open("talk", expires: nil))
        #expect(rules.winner("hello") == "a/two")
    }

    @Test("conditions, cooldown, topic, tags, severity, unless and actions can be replaced as well")
    func otherKeys() throws {
        let rules = try Self.rules(
            """
            - id: one
              when: {}
              unless: '\\bnot now\\b'
              cooldown: {per: site, for: 1h}
              set: {topic: none}
              tags: [local]
              severity: low
              silent: closed
              actions: [{responder: log, op: note}]
              tests: [{say: hello}]
            """
        )
        let result = rules.result("hello")
        #expect(result.outcome == .silent(try #require(result.match), reason: "closed"))
        #expect(result.effects.tags == ["local"])
        #expect(result.effects.severity == .low)
        #expect(result.effects.topic == .close)
        #expect(result.effects.cooldowns == [RuleCooldown(id: "one", scope: .site, duration: .seconds(3_600))])
        #expect(result.effects.actions == [RuleAction(rule: "a/one", responder: "log", operation: "note")])
        #expect(rules.winner("hello, not now") == "a/two")
    }

    @Test("a changed rule keeps its place unless it sets a priority, and can be turned off")
    func places() throws {
        let english = RuleContext(lang: "en")
        let tests = "tests: [{lose: hello, to: a/two, ctx: {lang: en}}]"
        #expect(try Self.rules("- {id: one, priority: 50, \(tests)}").winner("hello", english) == "a/two")
        let off = try Self.rules("- {id: one, enabled: false}")
        #expect(off.winner("hello", english) == "a/two")
        #expect(off.fate(of: "a/one", "hello", english) == "disabled")
    }

    @Test("shipped tests run against the changed rule, and the local file is named when they fail")
    func shippedTests() throws {
        let files = ["a.yaml": Self.shipped, "local/b.yaml": RuleFixture.file("- {id: one, reply: Welcome}")]
        #expect(
            try RuleFixture.diagnostics(files) == [
                #"a.yaml:12:46: the reply should be "Hi", but it is "Welcome"; local/b.yaml:3 changes the rule: give it tests of its own there [test-failed]"#
            ]
        )
    }

    @Test("a misspelt id is found, and a new rule is welcome")
    func ids() throws {
        let misspelt = ["a.yaml": Self.shipped, "local/b.yaml": RuleFixture.file("- {id: onee, reply: Welcome}")]
        #expect(
            try RuleFixture.diagnostics(misspelt) == [
                #"local/b.yaml:3:10: id "onee" has no match; did you mean to change "one"? [unknown-rule]"#
            ]
        )
        #expect(try Self.rules("- {id: three, match: '\\bnight\\b', reply: Sleep well}").winner("night") == "b/three")
    }

    @Test("are listed, with both places")
    func list() throws {
        let rules = try Self.rules(
            "- {id: one, enabled: false}\n- {id: three, match: '\\bnight\\b', reply: Sleep well}"
        )
        #expect(rules.localChanges.map(\.rule) == ["a/one"])
        #expect(rules.localChanges.map(\.place.line) == [3])
        #expect(rules.localChanges.map(\.changed.line) == [3])
    }
}
