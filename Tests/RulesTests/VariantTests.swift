import Rules
import Testing

/// Which of a reply's texts is said.
@Suite("variants of a reply")
struct VariantTests {
    private static func rules(pick: String) throws -> RuleSet {
        try RuleFixture.load(
            """
            - id: greeting
              match: '\\bhello\\b'
              reply:
                pick: \(pick)
                variants: [A, B, C]
            """
        )
    }

    /// The texts of so many messages of one session, each delivered before the next.
    private static func texts(_ rules: RuleSet, session: String, count: Int = 12) -> [String] {
        var past = RuleContext.PastReplies()
        return (0..<count).map { _ in
            let said = past
            let result = rules.result("hello", RuleContext(session: session, pastReplies: { _ in said }))
            guard case .reply(let reply) = result.outcome else { return "none" }
            past = RuleContext.PastReplies(count: past.count + 1, lastVariant: reply.variant)
            return reply.text
        }
    }

    @Test("are the same for the same session, every time", arguments: ["first", "rotate", "random"])
    func seeds(pick: String) throws {
        for session in ["s1", "s2", "s3"] {
            let texts = Self.texts(try Self.rules(pick: pick), session: session)
            #expect(Self.texts(try Self.rules(pick: pick), session: session) == texts)
        }
    }

    @Test("are picked by the session's name and the rule's id in a way that never changes")
    func goldenSeeds() throws {
        let rotated = Self.texts(try Self.rules(pick: "rotate"), session: "s1", count: 6).joined()
        #expect(rotated == "BCABCA")
        let random = Self.texts(try Self.rules(pick: "random"), session: "s1", count: 12).joined()
        #expect(random == "BCACBACBCABC")
    }

    @Test("differ between sessions where they are not fixed", arguments: ["rotate", "random"])
    func sessions(pick: String) throws {
        let rules = try Self.rules(pick: pick)
        let firsts = Set((0..<50).compactMap { Self.texts(rules, session: "session-\($0)", count: 1).first })
        #expect(firsts == ["A", "B", "C"])
    }

    @Test("are not said twice in a row", arguments: ["rotate", "random"])
    func noRepeat(pick: String) throws {
        for session in 0..<20 {
            let texts = Self.texts(try Self.rules(pick: pick), session: "\(session)", count: 30)
            for (text, next) in zip(texts, texts.dropFirst()) { #expect(text != next) }
        }
    }

    @Test("come one after the other under rotate, each as often as the others")
    func rotate() throws {
        let texts = Self.texts(try Self.rules(pick: "rotate"), session: "s", count: 30)
        for text in ["A", "B", "C"] { #expect(texts.count { $0 == text } == 10) }
    }

    @Test("come by their weights under weighted")
    func weighted() throws {
        let rules = try RuleFixture.load(
            """
            - id: greeting
              match: '\\bhello\\b'
              reply:
                pick: weighted
                variants: [{text: A, weight: 90}, {text: B, weight: 10}]
            """
        )
        let texts = (0..<1_000).compactMap { Self.texts(rules, session: "session-\($0)", count: 1).first }
        let count = texts.count { $0 == "A" }
        #expect((850...940).contains(count), "\(count)")
    }

    @Test("with when are taken only where the value is set, or with not where it isn't")
    func guards() throws {
        let rules = try RuleFixture.load(
            """
            - id: error
              match: '\\berror(?: (?<code>\\d+))?'
              reply:
                variants:
                  - {when: code, text: 'Error {{code}}'}
                  - {when: not ctx.vars.plan, text: 'Which error?'}
                  - {when: ctx.page.title, text: 'An error on {{ctx.page.title}}'}
                  - An error
            """
        )
        #expect(rules.result("error 502").text == "Error 502")
        #expect(rules.result("an error").text == "Which error?")
        let plan = RuleContext(page: .init(title: "Cart"), vars: ["plan": "pro"])
        #expect(rules.result("an error", plan).text == "An error on Cart")
        #expect(rules.result("an error", RuleContext(vars: ["plan": "pro"])).text == "An error")
        let explanation = rules.explanation("an error", plan)
        #expect(explanation.variant == "variant 3 of 4 (1 needs code; 2 needs not ctx.vars.plan)")
    }

    @Test("that need an action's answer are left out as long as nobody answers")
    func actions() throws {
        let rules = try RuleFixture.load(
            """
            - id: broken
              match: '\\bbroken (?<what>\\w+)'
              reply:
                variants:
                  - {when: ticket, text: 'Ticket {{ticket.id}} for the {{what}}'}
                  - 'The {{what}}, then{{ticket.url|or:""}}'
              actions:
                - responder: tracker
                  op: create
                  as: ticket
                  fields: {kind: bug, title: 'Broken: {{what}}', page: '{{ctx.page.url|or:"unknown"}}'}
            """
        )
        let result = rules.result("a broken login")
        #expect(result.text == "The login, then")
        #expect(
            result.effects.actions == [
                RuleAction(
                    rule: "a/broken",
                    responder: "tracker",
                    operation: "create",
                    name: "ticket",
                    fields: [.init("kind", "bug"), .init("title", "Broken: login"), .init("page", "unknown")]
                )
            ]
        )
        #expect(rules.requests.map(\.responder) == ["tracker"])
    }

    @Test("carry quick replies of their own")
    func choices() throws {
        let rules = try RuleFixture.load(
            """
            - id: help
              match: '\\bhelp\\b'
              reply: {text: With what?, choices: [Login, {label: Call me, send: please call me back}]}
            """
        )
        guard case .reply(let reply) = rules.result("help").outcome else {
            Issue.record("no reply")
            return
        }
        #expect(
            reply.choices == [RuleChoice(label: "Login"), RuleChoice(label: "Call me", send: "please call me back")]
        )
    }

    @Test(
        "that could leave a visitor without a text are refused",
        arguments: [
            (
                "reply: {variants: [{when: ctx.lang, text: A}]}",
                #"a.yaml:5:31: the last variant has "when", so that a message could be left without a text; leave "when" out there [last-variant]"#
            ),
            (
                "reply: 'Ticket {{ticket.id}}'\nactions: [{responder: t, op: create, as: ticket}]",
                #"a.yaml:5:20: {{ticket.id}} is not set for every message that the rule matches; guard the variant with "when: ticket" or write {{ticket.id|or:"..."}} [unset-capture]"#
            ),
            (
                "reply: 'Ticket {{tiket.id}}'\nactions: [{responder: t, op: create, as: ticket}]",
                #"a.yaml:5:20: no action of the rule is called "tiket"; did you mean "ticket"? [unknown-value]"#
            ),
            (
                "reply: 'Ticket {{ticket}}'\nactions: [{responder: t, op: create, as: ticket}]",
                #"a.yaml:5:20: {{ticket}} is an action and no text; write {{ticket.id}}, or another value of its answer [unknown-value]"#
            ),
            (
                "reply: Hi\nactions: [{responder: t, op: create, fields: {title: '{{ctx.page.title}}'}}]",
                #"a.yaml:6:59: {{ctx.page.title}} is not set for every message that the rule matches; write {{ctx.page.title|or:"..."}} [unset-capture]"#
            ),
            (
                "reply: Hi\nactions: [{responder: t}]",
                #"a.yaml:6:15: the action has no "op"; write responder: and its name in the chain, and op: and what it should do [missing-key]"#
            ),
            (
                "reply: Hi\nactions: [{responder: t, op: a, as: x}, {responder: t, op: b, as: x}]",
                #"a.yaml:6:71: two actions are called "x"; rename one of them [duplicate-name]"#
            ),
            (
                "reply: Hi\nactions: [{responder: t, op: a, as: visitor}]",
                #"a.yaml:6:41: "visitor" is already a value of every message; rename the action [duplicate-name]"#
            ),
            (
                "handoff: {text: 'On {{ctx.page.title}}'}",
                #"a.yaml:5:25: {{ctx.page.title}} is not set for every message that the rule matches; write {{ctx.page.title|or:"..."}} [unset-capture]"#
            ),
        ]
    )
    func mistakes(keys: String, message: String) throws {
        let found = try RuleFixture.diagnostics(ofRule: "match: 'hello'\n\(keys)")
        #expect(found == [message])
    }
}
