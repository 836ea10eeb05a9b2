import Diagnostics
import Plugins
import Responders
import RespondersTesting
import Testing

@Suite("handoff")
struct HandoffTests {
    private static let handed = Verdict.handoff(.init(text: "Wait."))

    @Test("without words and without a button takes every message, where somebody is there")
    func always() async throws {
        let desk = try Desk(Plugins.Handoff.self, "text: Wait.")
        try await desk.hears("hello", isStaffed: true).expect(Self.handed)
        try await desk.hears("hello").expect(.pass(reason: "not-staffed"))
        let eager = try Desk(Plugins.Handoff.self, "{only_staffed: false, text: Wait.}")
        try await eager.hears("hello").expect(Self.handed)
    }

    @Test(
        "finds its words as words, whatever stands around them",
        arguments: [
            ("HUMAN", true), ("a (human)!", true), ("humane", false), ("talk  to\nsomeone", true),
            ("talk tosomeone", false),
            ("Mit einem MENSCHEN", true), ("Übermenschen", false), ("talk to some one", false), ("", false),
        ]
    )
    func words(text: String, isFound: Bool) async throws {
        let desk = try Desk(
            Plugins.Handoff.self,
            "{words: [human, talk to someone, Menschen], only_staffed: false, text: Wait.}"
        )
        try await desk.hears(text).expect(isFound ? Self.handed : .pass(reason: "no-word"))
    }

    @Test("with a button waits for it, unless a word is written")
    func button() async throws {
        let desk = try Desk(Plugins.Handoff.self, "{button: true, only_staffed: false, text: Wait.}")
        try await desk.hears("human").expect(.pass(reason: "by-button"))
        let both = try Desk(Plugins.Handoff.self, "{button: true, words: [human], only_staffed: false, text: Wait.}")
        try await both.hears("human").expect(Self.handed)
    }

    @Test("offers the button of the first entry that has one")
    func offer() throws {
        let desk = try ChainDesk(
            """
            answer:
              - handoff: {words: [human]}
                as: words
              - handoff: {button: true, queue: off}
                as: disabled
                enabled: false
            fallback:
              - handoff: {button: true, queue: support, only_staffed: false}
            """,
            plugins: .builtin()
        )
        #expect(desk.chain.personOffer?.offered?.queue == "support")
        #expect(desk.chain.personOffer?.needsStaff == false)
        #expect(try ChainDesk("fallback: [handoff: {text: Wait.}]", plugins: .builtin()).chain.personOffer == nil)
    }

    @Test("ends the turn as handed over, and a full text of words stays quick")
    func chain() async throws {
        var desk = try ChainDesk(
            "answer: [handoff: {words: [human], only_staffed: false, text: Wait.}]\nfallback: [fallback]",
            plugins: .builtin()
        )
        try await desk.say(String(repeating: "a human. ", count: 1_800)).expectReply("Wait.").expectOutcome(.handedOver)
        try await desk.say(String(repeating: "humane ", count: 2_300)).expectOutcome(.fellBack)
    }

    @Test(
        "says what is wrong with its settings",
        arguments: [
            (
                "{words: []}",
                "test.yaml:1:2: handoff.words: 1 to 200 words or phrases; leave it out, and every message is handed over [bad-words]"
            ),
            ("{words: [a, '?!']}", "test.yaml:1:2: handoff.words: \"?!\" has no letter [bad-words]"),
            (
                "{closes_at: '18:00'}",
                "test.yaml:1:2: handoff.closes_at: \"opens_at\" is missing beside it [missing-key]"
            ),
            ("{queue: ''}", "test.yaml:1:2: handoff.queue: a queue's name has 1 to 80 bytes [bad-name]"),
        ]
    )
    func mistakes(yaml: String, message: String) {
        let rejection = #expect(throws: Rejection.self) { try Desk(Plugins.Handoff.self, yaml) }
        #expect(rejection?.description == message)
    }
}
