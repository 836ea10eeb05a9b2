import Diagnostics
import Messages
import Plugins
import Responders
import RespondersTesting
import Testing

@Suite("when of an entry")
struct EntryConditionTests {
    @Test("is the language of rule files: an entry is asked where it holds")
    func holds() async throws {
        let yaml = """
            fallback:
              - fallback: {text: For the shop.}
                as: shop
                when: {page: {path: /shop/**}, not: {lang: de}, vars: {plan: [pro, team]}}
              - fallback: {text: For all others.}
            """
        var desk = try ChainDesk(yaml, plugins: .builtin())
        let shop = Page(path: "/shop/cart", vars: ["plan": "pro"])
        try await desk.say("hello", on: shop, lang: "en").expectReply("For the shop.", from: "shop")
        let away = try await desk.say("hello", on: Page(path: "/help", vars: ["plan": "pro"]))
        try away.expectReply("For all others.")
        #expect(away.steps[0].reason == .condition)
        #expect(away.steps[0].problem == "page.path \"/help\" is not \"/shop/**\"")
        try await desk.say("hello", on: shop, lang: "de-AT").expectReply("For all others.")
        try await desk.say("hello", on: Page(path: "/shop")).expectReply("For all others.")
    }

    @Test("asks in some states of the conversation alone, which a rule can't")
    func state() throws {
        let yaml = """
            fallback:
              - fallback: {text: For people.}
                when: {state: [waiting, human], lang: en}
              - fallback: {text: For bots.}
                as: bots
                when: {state: bot}
            """
        let chain = try ChainDesk(yaml, plugins: .builtin()).chain
        func refusals(_ state: ConversationState, lang: String = "en") -> [String?] {
            let turn = Turn(
                id: TurnID("t1"),
                message: Incoming(id: "m1", text: "hello", lang: lang),
                conversation: Conversation(sessionID: "s1", state: state),
                localTime: TimeOfDay(minutes: 0)
            )
            return chain.entries.map { $0.condition?.refusal(of: turn) }
        }
        #expect(refusals(.human) == [nil, "state \"human\" is not \"bot\""])
        #expect(refusals(.bot) == ["state \"bot\" is not \"waiting\" or \"human\"", nil])
        #expect(refusals(.waiting, lang: "de")[0] != nil)
        let wrong = yaml.replacing("[waiting, human]", with: "[waiting, humn]")
        let found = #expect(throws: Rejection.self) { try ChainDesk(wrong, plugins: .builtin()) }
        #expect(found?.description.contains(#"is no state; did you mean "human"? [wrong-value]"#) == true)
    }

    @Test("mistakes in it have their place")
    func mistakes() throws {
        let yaml = """
            fallback:
              - fallback: {text: For the shop.}
                when: {lang: de-AT, pge: {path: shop}}
            """
        let found = #expect(throws: Rejection.self) { try ChainDesk(yaml, plugins: .builtin()) }
        #expect(
            found?.description == """
                test.yaml:3:18: chains.test.fallback[0].when: "lang" is "de-AT"; write a language without its region, such as \
                en or de [wrong-value]
                test.yaml:3:25: chains.test.fallback[0].when: unknown key "pge"; did you mean "page"? [unknown-key]
                """
        )
    }
}
