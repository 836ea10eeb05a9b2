import Rules
import Testing

/// `when`: what has to be true around a message before a rule's patterns are tried.
@Suite("conditions of a rule")
struct ConditionTests {
    /// A rule that answers "hello" where its `when` holds, above one that always does.
    private static func rules(when: String) throws -> RuleSet {
        try RuleFixture.load(
            """
            - id: narrow
              priority: 200
              when: \(when)
              match: '\\bhello\\b'
              reply: Narrow
            - id: wide
              match: '\\bhello\\b'
              reply: Wide
            """
        )
    }

    /// A context and whether a condition holds in it.
    struct Case: CustomTestStringConvertible, Sendable {
        var when: String
        var context: RuleContext
        var refusal: String?
        var testDescription: String { "\(self.when) \(self.refusal ?? "holds")" }

        init(_ when: String, _ context: RuleContext, refusal: String? = nil) {
            (self.when, self.context, self.refusal) = (when, context, refusal)
        }
    }

    private static let pages: [Case] = [
        Case("{page: {path: '/admin/**'}}", RuleContext(page: .init(path: "/admin/users/7"))),
        Case("{page: {path: '/admin/**'}}", RuleContext(page: .init(path: "/admin"))),
        Case(
            "{page: {path: '/admin/**'}}",
            RuleContext(page: .init(path: "/shop/cart")),
            refusal: #"page.path "/shop/cart" is not "/admin/**""#
        ),
        Case(
            "{page: {path: '/Admin'}}",
            RuleContext(page: .init(path: "/admin")),
            refusal: #"page.path "/admin" is not "/Admin""#
        ),
        Case("{page: {path: [/a, '/b/*']}}", RuleContext(page: .init(path: "/b/c"))),
        Case("{page: {title: '*order*'}}", RuleContext(page: .init(title: "Your ORDERS / 12"))),
        Case("{page: {title: '*order*'}}", RuleContext(), refusal: #"page.title unknown is not "*order*""#),
    ]
    private static let others: [Case] = [
        Case("{topic: bug}", RuleContext(topic: "bug")),
        Case("{topic: bug}", RuleContext(), refusal: #"topic none is not "bug""#),
        Case("{topic: [bug, none]}", RuleContext()),
        Case("{topic: none}", RuleContext(topic: "bug"), refusal: #"topic "bug" is not "none""#),
        Case("{lang: [en, de]}", RuleContext(lang: "de-AT")),
        Case("{lang: DE}", RuleContext(lang: "De")),
        Case("{lang: en}", RuleContext(lang: "eng"), refusal: #"lang "eng" is not "en""#),
        Case("{lang: en}", RuleContext(), refusal: #"lang unknown is not "en""#),
        Case("{site: [shop, intranet]}", RuleContext(site: "shop")),
        Case("{site: shop}", RuleContext(), refusal: #"site "default" is not "shop""#),
        Case("{vars: {plan: [pro, team]}}", RuleContext(vars: ["plan": "team"])),
        Case("{vars: {plan: pro}}", RuleContext(vars: ["plan": "Pro"]), refusal: #"vars.plan "Pro" is not "pro""#),
        Case("{vars: {plan: pro}}", RuleContext(), refusal: #"vars.plan not set is not "pro""#),
        Case("{not: {topic: vip}}", RuleContext()),
        Case("{not: {topic: vip}}", RuleContext(topic: "vip"), refusal: #"topic "vip" is under not"#),
        Case(
            "{lang: en, not: {site: shop, topic: vip}}",
            RuleContext(lang: "en", site: "shop"),
            refusal: #"site "shop" is under not"#
        ),
        Case("{}", RuleContext()),
    ]

    @Test("let a rule answer only where all of them hold, and explain which one doesn't", arguments: pages + others)
    func conditions(_ example: Case) throws {
        let rules = try Self.rules(when: example.when)
        #expect(rules.winner("hello", example.context) == (example.refusal == nil ? "a/narrow" : "a/wide"))
        #expect(rules.fate(of: "a/narrow", "hello", example.context) == example.refusal ?? "wins")
    }

    @Test("are looked at before the patterns: a pattern that runs into its limit isn't tried in vain")
    func cheapestFirst() throws {
        let rules = try RuleFixture.load(
            """
            - id: slow
              when: {topic: bug}
              match: '(a+)+$'
              on_limit: fail
              reply: Slow
            """
        )
        let text = String(repeating: "a", count: 3_000) + "!"
        #expect(rules.result(text) == RuleResult(.pass(nil)))
        guard case .limit = rules.result(text, RuleContext(topic: "bug")).outcome else {
            Issue.record("the pattern was not tried")
            return
        }
    }

    @Test(
        "that can't be read are refused with what to write",
        arguments: [
            ("when: {topics: bug}", #"a.yaml:4:12: unknown key "topics"; did you mean "topic"? [unknown-key]"#),
            (
                "when: {lang: de-AT}",
                #"a.yaml:4:18: "lang" is "de-AT"; write a language without its region, such as en or de [wrong-value]"#
            ),
            (
                "when: {page: {path: admin}}",
                #"a.yaml:4:25: "path" is "admin"; write a path that starts with "/", such as /shop/** [wrong-value]"#
            ),
            (
                "when: {page: /admin}",
                #"a.yaml:4:18: "page" is "/admin"; write keys and values: path, title [wrong-value]"#
            ),
            (
                "when: {site: []}",
                #"a.yaml:4:18: "site" is an empty list; write at least one value, or leave the key out [wrong-value]"#
            ),
            (
                "when: {not: {not: {topic: a}}}",
                #"a.yaml:4:18: unknown key "not"; known: lang, page, site, topic, vars [unknown-key]"#
            ),
            (
                "when: {topic: 'Bug Report'}",
                #"a.yaml:4:19: "topic" is "Bug Report"; write a-z, 0-9 and "-", at most 64 characters [wrong-value]"#
            ),
        ]
    )
    func mistakes(key: String, message: String) throws {
        let found = try RuleFixture.diagnostics(ofRule: "\(key)\nmatch: 'hello'\nreply: Hi")
        #expect(found == [message])
    }
}
