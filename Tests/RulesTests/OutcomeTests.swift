import Diagnostics
import Rules
import Testing

/// Which rule wins, and what becomes of a message.
@Suite("outcomes of rules")
struct OutcomeTests {
    @Test("the higher priority wins, then the earlier file, then the earlier rule")
    func order() throws {
        let rules = try RuleFixture.load([
            "b.yaml": RuleFixture.file("- {id: b-one, match: '\\bhello\\b', reply: B1}"),
            "a.yaml": RuleFixture.file(
                """
                - {id: a-one, match: '\\bhello\\b', reply: A1}
                - {id: a-two, match: '\\bhello\\b', reply: A2}
                - {id: a-high, match: '\\bhello you\\b', reply: A3, priority: 101}
                """
            ),
            "local/0.yaml": RuleFixture.file("- {id: local, match: '\\bhello\\b', reply: L}"),
        ])
        #expect(rules.winner("hello") == "a/a-one")
        #expect(rules.winner("hello you") == "a/a-high")
        let fates = rules.explanation("hello you").entries.map { "\($0.rule): \($0.fate)" }
        #expect(
            fates == [
                "a/a-high: wins", "a/a-one: priority 100 < 101", "a/a-two: priority 100 < 101",
                "b/b-one: priority 100 < 101", "0/local: priority 100 < 101",
            ]
        )
        #expect(rules.fate(of: "a/a-two", "hello") == "priority 100, later in the files")
    }

    @Test("silent ends without a text, pass leaves the message with its tags, and no rule is a pass, too")
    func silentAndPass() throws {
        let rules = try RuleFixture.load(
            """
            - {id: spam, match: '\\bpills\\b', silent: advertising}
            - {id: later, match: '\\binvoice\\b', pass: true, tags: [billing], severity: high}
            """
        )
        let spam = rules.result("cheap pills")
        #expect(spam.outcome == .silent(try #require(spam.match), reason: "advertising"))
        #expect(spam.text == nil)
        let later = rules.result("my invoice")
        #expect(later.outcome == .pass(later.match))
        #expect(later.rule == "a/later")
        #expect(later.effects.tags == ["billing"])
        #expect(later.effects.severity == .high)
        #expect(rules.result("good day") == RuleResult(.pass(nil)))
    }

    @Test("all: wants every pattern, in any order, and joins their captures")
    func all() throws {
        let rules = try RuleFixture.load(
            """
            - id: both
              match: {all: ['\\border (?<number>\\d+)', '\\b(?<wish>cancel|change)\\b']}
              reply: '{{wish}} {{number}}'
            """
        )
        #expect(rules.result("please cancel order 7").text == "cancel 7")
        #expect(rules.result("order 8: change it").text == "change 8")
        #expect(rules.result("order 8").rule == nil)
    }

    @Test("unless vetoes a rule and explain quotes what did")
    func unless() throws {
        let rules = try RuleFixture.load("- {id: bug, match: '\\berror\\b', unless: ['\\bfixed\\b'], reply: Sorry}")
        #expect(rules.winner("an error") == "a/bug")
        #expect(rules.winner("the error is fixed") == nil)
        #expect(rules.fate(of: "a/bug", "the error is fixed") == #"unless: "fixed""#)
    }

    @Test("a hand-off carries queue, note and text with the captures in them")
    func handoff() throws {
        let rules = try RuleFixture.load(
            """
            - id: person
              match: '\\b(?<what>refund)\\b'
              handoff: {queue: billing, note: 'wants a {{what}}', text: 'I am calling somebody about the {{what}}.'}
            """
        )
        let result = rules.result("REFUND please")
        let match = try #require(result.match)
        let expected = RuleHandoff(
            match: match,
            queue: "billing",
            note: "wants a REFUND",
            text: "I am calling somebody about the REFUND."
        )
        #expect(result.outcome == .handoff(expected))
        #expect(match["what"] == "REFUND")
    }

    @Test("continue adds tags, topic, severity and actions, and the rules after it go on; it says nothing itself")
    func goesOn() throws {
        let rules = try RuleFixture.load(
            """
            - id: vip
              priority: 300
              match: {always: true}
              when: {vars: {plan: pro}}
              continue: true
              tags: [vip]
              severity: high
              set: {topic: pro, expires: 10m}
              actions: [{responder: tracker, op: note, fields: {plan: '{{ctx.vars.plan|or:"none"}}'}}]
            - {id: greeting, match: '\\bhello\\b', reply: Hi, tags: [smalltalk, vip]}
            """
        )
        let pro = RuleContext(vars: ["plan": "pro"])
        let result = rules.result("hello", pro)
        #expect(result.text == "Hi")
        #expect(result.rule == "a/greeting")
        #expect(result.effects.continued.map(\.rule) == ["a/vip"])
        #expect(result.effects.tags == ["vip", "smalltalk"])
        #expect(result.effects.severity == .high)
        #expect(result.effects.topic == .open("pro", expires: .seconds(600)))
        #expect(
            result.effects.actions == [
                RuleAction(rule: "a/vip", responder: "tracker", operation: "note", fields: [.init("plan", "pro")])
            ]
        )
        let alone = rules.result("what else", pro)
        #expect(alone.outcome == .pass(nil))
        #expect(alone.effects.tags == ["vip"])
        #expect(rules.fate(of: "a/vip", "hello", pro) == "continues")
        #expect(rules.result("hello").effects.continued.isEmpty)
    }

    @Test("a continuing rule below the winner adds nothing")
    func goesOnTooLate() throws {
        let rules = try RuleFixture.load(
            """
            - {id: greeting, match: '\\bhello\\b', reply: Hi}
            - {id: late, match: '\\bhello\\b', continue: true, tags: [late]}
            """
        )
        #expect(rules.result("hello").effects.tags.isEmpty)
        #expect(rules.fate(of: "a/late", "hello") == "priority 100, later in the files")
    }

    @Test(
        "that can't be read are refused with what to write",
        arguments: [
            (
                "continue: false",
                #"a.yaml:5:15: "continue" is "false"; write true, or leave the key out [wrong-value]"#
            ),
            (
                "reply: Hi\ncontinue: true",
                #"a.yaml:6:5: the rule has "reply" and "continue"; a rule has one outcome; keep one of them [two-outcomes]"#
            ),
            (
                "handoff: {queu: billing}",
                #"a.yaml:5:15: unknown key "queu"; did you mean "queue"? [unknown-key]"#
            ),
            (
                "handoff: billing",
                #"a.yaml:5:14: "handoff" is "billing"; write keys and values: queue, note, text [wrong-value]"#
            ),
        ]
    )
    func mistakes(keys: String, message: String) throws {
        let found = try RuleFixture.diagnostics(ofRule: "match: 'hello'\n\(keys)")
        #expect(found == [message])
    }
}
