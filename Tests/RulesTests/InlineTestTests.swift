import Rules
import Testing

/// The tests that stand beside a rule: what they can say, and what is said when they fail.
@Suite("inline tests")
struct InlineTestTests {
    private static let others = """
        - {id: vip, priority: 300, when: {vars: {plan: pro}}, match: '\\b(?<word>order)\\b', continue: true, tags: [vip]}
        - {id: other, priority: 200, match: '\\border form\\b', reply: The form}
        - id: one
          match: '\\border (?<number>\\d+)'
          reply: 'Order {{number}} on {{ctx.page.path}}'
          tags: [order]
          set: {topic: order}
          tests:
        """

    /// What is said about tests of `a/one`, one a line.
    private static func findings(_ tests: [String], vip: String? = nil) throws -> [String] {
        let list = tests.map { "    - \($0)" }.joined(separator: "\n")
        let vip =
            vip.map { "\n- {id: vip-tests, match: {always: true}, continue: true, priority: -5, tests: [\($0)]}" } ?? ""
        return try RuleFixture.diagnostics(["a.yaml": RuleFixture.file(Self.others + "\n" + list + vip)])
    }

    @Test("can say captures, the whole reply, all tags, the topic afterwards and where the message was written")
    func everything() throws {
        #expect(
            try Self.findings([
                "{say: order 7, captures: {number: '7'}, reply: Order 7 on /shop, tags: [order], topic: order}",
                "{say: order 7, ctx: {page: {path: /cart}}, reply: Order 7 on /cart}",
                "{say: order 7, ctx: {vars: {plan: pro}}, tags: [vip, order]}",
                "{not: order form, wins: a/other}", "{not: in order, wins: none}",
                "{lose: order form 7 order 8, to: a/other}",
            ]) == []
        )
    }

    @Test("of a rule that goes on say via: continue, and see its captures and all tags")
    func goesOn() throws {
        let file = RuleFixture.file(
            """
            - id: vip
              priority: 300
              match: '\\b(?<word>order)\\b'
              continue: true
              tags: [vip]
              tests:
                - {say: order 7, via: continue, captures: {word: order}, tags: [vip, order], reply: Fine}
                - {not: an ordeal, wins: none}
            - {id: one, match: '\\border \\d', reply: Fine, tags: [order]}
            """
        )
        let found = try RuleFixture.diagnostics(["a.yaml": file])
        #expect(found == [])
    }

    @Test("run on /shop, in English, on the site default and without a topic where they don't say otherwise")
    func defaults() throws {
        let file = RuleFixture.file(
            """
            - id: one
              when: {page: {path: /shop}, lang: en, site: default, topic: none}
              match: '\\bhello\\b'
              reply: Hi
              tests: [{say: hello}, {not: hello, ctx: {lang: de}}, {not: hello, ctx: {topic: bug}}]
            """
        )
        let found = try RuleFixture.diagnostics(["a.yaml": file])
        #expect(found == [])
    }

    @Test(
        "that fail say what came instead, at the place of what is wrong",
        arguments: [
            ("{say: order form}", #"11:15: "order form" should be won by a/one, but a/other wins"#),
            ("{say: order 7, captures: {number: '8'}}", #"11:43: {{number}} should be "8", but it is "7""#),
            (
                "{say: order 7, captures: {code: '8'}}",
                #"11:41: {{code}} should be "8", but it is not set; known: number"#
            ),
            ("{say: order 7, reply: Order 7}", #"11:31: the reply should be "Order 7", but it is "Order 7 on /shop""#),
            ("{say: order 7, tags: [vip]}", #"11:30: the tags should be vip, but they are order"#),
            ("{say: order 7, topic: none}", #"11:31: the topic should be none afterwards, but it is order"#),
            ("{say: order 7, via: continue}", #"11:15: a/one has an outcome of its own; leave via: continue out"#),
            ("{not: my order 7}", #"11:15: "my order 7" is under not, but a/one matches "order 7""#),
            ("{not: order form, wins: none}", #"11:33: "order form" should be won by no rule, but a/other wins"#),
            ("{not: order form, wins: a/othr}", #"11:33: there is no rule "a/othr"; did you mean "a/other"?"#),
            ("{lose: order 7, to: a/other}", #"11:29: "order 7" should be won by a/other, but a/one wins"#),
        ]
    )
    func failures(test: String, message: String) throws {
        let code = message.contains("there is no rule") ? "unknown-rule" : "test-failed"
        let found = try Self.findings([test])
        #expect(found == ["a.yaml:\(message) [\(code)]"])
    }

    @Test("of a rule that goes on fail where they expect it to win, or where it takes no part")
    func goesOnFailures() throws {
        let problem = #"a/vip-tests has continue: true and never wins; write via: continue in the test [test-failed]"#
        let found = try Self.findings(["not: hello"], vip: "{say: hello}")
        #expect(found == ["a.yaml:12:88: \(problem)"])
        let late = #"a.yaml:12:88: "order 7" should be taken up by a/vip-tests, but it is not [test-failed]"#
        let foundLate = try Self.findings(["not: hello"], vip: "{say: order 7, via: continue}")
        #expect(foundLate == [late])
    }

    @Test("under not fail where the pattern runs into a limit: nothing is shown then")
    func limit() throws {
        let text = String(repeating: "l", count: 3_000)
        let rule = "match: 'l.{0,80}?l.{0,80}?[yz]'\nreply: Hi\ntests: [{not: \(text)}]"
        #expect(
            try RuleFixture.diagnostics(ofRule: rule) == [
                #"a.yaml:6:19: a/one hits a limit (steps) on "\#(text)" [test-failed]"#
            ]
        )
    }

    @Test("of a rule that is turned off don't run")
    func disabled() throws {
        let rule = "enabled: false\nmatch: '\\bhello\\b'\nreply: Hi\ntests: [{say: goodbye}]"
        let found = try RuleFixture.diagnostics(ofRule: rule)
        #expect(found == [])
    }

    @Test("change nothing: two runs give the same")
    func repeatable() throws {
        let rule = """
            match: '\\bhello\\b'
            reply: {pick: rotate, variants: [A, B]}
            cooldown: {for: 1h}
            tests: [{say: hello, reply: TEXT}, {say: hello, reply: TEXT}]
            """
        let first = try RuleFixture.load(["a.yaml": RuleFixture.rule(rule.replacing(", reply: TEXT", with: ""))])
        let text = first.result("hello", RuleContext(session: "test")).text ?? ""
        let found = try RuleFixture.diagnostics(ofRule: rule.replacing("TEXT", with: text))
        #expect(found == [])
    }
}
