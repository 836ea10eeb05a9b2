import Testing

@testable import Rules

/// Why a rule answered, and why each other one did not.
@Suite("explanations")
struct ExplanationTests {
    @Test("give each rule one reason of the closed set, in the order of evaluation")
    func reasons() throws {
        let rules = try RuleFixture.load(
            """
            - {id: off, enabled: false, match: '\\bhello\\b', reply: A}
            - {id: limit, match: 'l.{0,80}?l.{0,80}?[yz]', reply: B}
            - {id: page, when: {page: {path: /admin}}, match: '\\bhello\\b', reply: C}
            - {id: cool, cooldown: {for: 10m}, match: '\\bhello\\b', reply: D}
            - {id: literal, match: '\\bgoodbye\\b', reply: E}
            - {id: shape, match: '\\bhello$', reply: F}
            - {id: veto, match: '\\bhello\\b', unless: '\\bworld\\b', reply: G}
            - {id: adds, match: '\\bhello (?<who>\\w+)', continue: true}
            - {id: wins, match: '\\b(?<greeting>hello)\\b', reply: H}
            - {id: later, match: '\\bhello\\b', reply: I}
            - {id: low, priority: 50, match: '\\bhello\\b', reply: J}
            """
        )
        let context = RuleContext(cooldownLeft: { _ in .seconds(90) })
        let text = "hello world " + String(repeating: "l", count: 3_000)
        let explanation = rules.explanation(text, context)
        let fates = explanation.entries.map { "\($0.rule.dropFirst(2)): \($0.fate)" }
        #expect(
            fates == [
                "off: disabled", "limit: limit: steps", #"page: page.path "/" is not "/admin""#,
                "cool: cooldown: 90s left", #"literal: literal missing: none of "goodbye""#, "shape: no match",
                #"veto: unless: "world""#, "adds: continues", "wins: wins", "later: priority 100, later in the files",
                "low: priority 50 < 100",
            ]
        )
        #expect(explanation.result == rules.result(text, context))
        #expect(explanation.entries[8].matched == "hello")
        #expect(explanation.entries[8].captures == [Capture(name: "greeting", value: "hello")])
        #expect(explanation.entries[7].captures == [Capture(name: "who", value: "world")])
        #expect(explanation.entries.filter(\.isCandidate).count == explanation.candidateCount)
    }

    @Test("a condition is named also for a rule whose words are missing, which is no candidate")
    func conditionFirst() throws {
        let rules = try RuleFixture.load("- {id: one, when: {topic: bug}, match: '\\bhello\\b', reply: A}")
        let entry = rules.explanation("good day").entries.first
        #expect(entry?.fate.description == #"topic none is not "bug""#)
        #expect(entry?.isCandidate == false)
    }

    @Test("say how much was looked at of a message that is too long")
    func cut() throws {
        let rules = try RuleFixture.load("- {id: one, match: '\\bhello\\b', reply: A}")
        let explanation = rules.explanation(String(repeating: "x", count: 4_000) + " hello")
        #expect(explanation.isCut)
        #expect(explanation.characterCount == 4_000)
        #expect(explanation.result.rule == nil)
    }

    @Test("a limit is no \"no match\": skipped under skip and said so, the end under fail")
    func limits() throws {
        func rules(_ onLimit: String) throws -> RuleSet {
            try RuleFixture.load(
                """
                - {id: limit, match: 'l.{0,80}?l.{0,80}?[yz]', reply: A, on_limit: \(onLimit)}
                - {id: next, match: '\\bhello\\b', reply: B}
                """
            )
        }
        let text = "hello " + String(repeating: "l", count: 3_000)
        var scanner = Rules.Scanner()
        let skipped = try rules("skip").answer(to: text, in: RuleContext(), within: .seconds(600), using: &scanner)
        #expect(skipped.text == "B")
        #expect(scanner.skipped.map(\.rule) == ["a/limit"])
        #expect(scanner.skipped.map(\.limit) == [.steps])
        guard case .limit(let hit) = try rules("fail").result(text).outcome else {
            Issue.record("the limit was not the end")
            return
        }
        #expect(hit.rule == "a/limit")
        #expect(try rules("fail").fate(of: "a/next", text) == "limit: the evaluation ended at a/limit")
    }
}
