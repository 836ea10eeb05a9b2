import Rules
import Testing

/// `set` and `cooldown`: what a rule leaves behind and what keeps it out.
@Suite("topics and cooldowns")
struct TopicAndCooldownTests {
    private static let rules = """
        - id: broken
          match: '\\bbroken\\b'
          reply: Sorry
          set: {topic: bug, expires: 10m}
          cooldown: {per: visitor, for: 90s}
        - id: details
          when: {topic: bug}
          match: '^after\\b'
          reply: Noted
        - id: solved
          when: {topic: bug}
          match: '\\bsolved\\b'
          reply: Good
          set: {topic: none}
        - id: chat
          match: '\\bchat\\b'
          reply: Yes
          set: {topic: chat}
        """

    @Test("set opens a topic, closes it or leaves it, as a value for the caller")
    func topics() throws {
        let rules = try RuleFixture.load(Self.rules)
        let bug = RuleContext(topic: "bug")
        #expect(rules.result("it is broken").effects.topic == .open("bug", expires: .seconds(600)))
        #expect(rules.result("chat").effects.topic == .open("chat", expires: nil))
        #expect(rules.result("solved", bug).effects.topic == .close)
        #expect(rules.result("after login", bug).effects.topic == nil)
        #expect(rules.result("solved", bug).effects.topic(after: "bug") == nil)
        #expect(rules.result("after login", bug).effects.topic(after: "bug") == "bug")
        #expect(rules.result("it is broken").effects.topic(after: nil) == "bug")
    }

    @Test("a rule that is cooling down isn't tried, and explain says for how long")
    func cooldown() throws {
        let rules = try RuleFixture.load(Self.rules)
        let expected = RuleCooldown(id: "broken", scope: .visitor, duration: .seconds(90))
        #expect(rules.result("it is broken").effects.cooldowns == [expected])
        #expect(rules.result("chat").effects.cooldowns.isEmpty)
        let cooling = RuleContext(cooldownLeft: { $0 == expected ? .seconds(30) : nil })
        #expect(rules.result("it is broken", cooling) == RuleResult(.pass(nil)))
        #expect(rules.fate(of: "a/broken", "it is broken", cooling) == "cooldown: 30s left")
        for (left, written) in [(59_001, "1m"), (58_001, "59s"), (999, "999ms"), (1_001, "2s")] {
            let context = RuleContext(cooldownLeft: { _ in .milliseconds(left) })
            #expect(rules.fate(of: "a/broken", "it is broken", context) == "cooldown: \(written) left")
        }
    }

    @Test("a rule is asked about only where its conditions hold and its words occur")
    func askedLate() throws {
        let rules = try RuleFixture.load(
            """
            - {id: one, when: {topic: bug}, match: '\\bhello\\b', reply: Hi, cooldown: {for: 1m}}
            """
        )
        let unasked: @Sendable (RuleCooldown) -> Duration? = { _ in
            Issue.record("asked in vain")
            return nil
        }
        _ = rules.result("hello", RuleContext(cooldownLeft: unasked))
        _ = rules.result("good day", RuleContext(topic: "bug", cooldownLeft: unasked))
    }

    @Test("a topic that looks like a misspelt one is a warning; one of another responder is none")
    func misspelt() throws {
        let files = [
            "a.yaml": RuleFixture.file(
                """
                - {id: one, match: '\\bhello\\b', reply: Hi, set: {topic: greeting}}
                - {id: two, when: {topic: [greting, none]}, match: '\\bagain\\b', reply: Hi}
                - {id: three, when: {not: {topic: vip}}, match: '\\bworld\\b', reply: Hi}
                """
            )
        ]
        let found = try RuleFixture.diagnostics(files)
        #expect(
            found == [#"a.yaml:4:30: no rule sets the topic "greting"; did you mean "greeting"? [unknown-topic]"#]
        )
    }

    @Test(
        "that can't be read are refused with what to write",
        arguments: [
            (
                "cooldown: {per: sesion, for: 60s}",
                #"a.yaml:6:21: "per" is "sesion"; write session, visitor or site [wrong-value]"#
            ),
            (
                "cooldown: {per: session}",
                #"a.yaml:6:15: "cooldown" has no "for"; write for: and a time, such as 60s [missing-key]"#
            ),
            (
                "cooldown: {for: 60}",
                #"a.yaml:6:21: "for" is "60"; write a whole number and a unit: 250ms, 60s, 10m, 2h or 1d [bad-duration]"#
            ),
            (
                "set: {expires: 10m}",
                #"a.yaml:6:10: "set" has no "topic"; write topic: and a name, or none [missing-key]"#
            ),
            (
                "set: {topic: none, expires: 10m}",
                #"a.yaml:6:24: "topic: none" closes the topic, so nothing is left to expire; leave it out [conflicting-keys]"#
            ),
            (
                "set: {topic: bug, expires: soon}",
                #"a.yaml:6:32: "expires" is "soon"; write a whole number and a unit: 250ms, 60s, 10m, 2h or 1d [bad-duration]"#
            ),
        ]
    )
    func mistakes(key: String, message: String) throws {
        let found = try RuleFixture.diagnostics(ofRule: "match: 'hello'\nreply: Hi\n\(key)")
        #expect(found == [message])
    }
}
