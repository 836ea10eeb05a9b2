import Diagnostics
import Plugins
import Responders
import RespondersTesting
import Testing

@Suite("fallback")
struct FallbackTests {
    @Test("has a sentence of its own when it stands alone in the chain")
    func alone() async throws {
        var desk = try ChainDesk("fallback: [fallback]", plugins: .builtin())
        try await desk.say("Why is the sky blue?")
            .expectReply(
                "I have no answer to that yet. Please ask in other words, or tell me what you did and what happened.",
                from: "fallback"
            )
            .expectOutcome(.fellBack)
    }

    @Test(
        "speaks the language of the page, the nearest that it has",
        arguments: [("de", "Gut"), ("DE-at", "Gut"), ("pt-BR", "Bem"), ("pt", "Good"), ("da", "Good"), (nil, "Good")]
    )
    func languages(lang: String?, text: String) async throws {
        let desk = try Desk(Fallback.self, "{text: Good, lang: {de: Gut, pt-BR: Bem}}")
        let verdict = try await desk.hears("?", lang: lang)
        guard case .reply(let reply, _, .stop, _) = verdict else {
            Issue.record("got \(verdict)")
            return
        }
        #expect(reply.text == text)
    }

    @Test("refuses an empty text and says where it stands, in any language")
    func emptyText() {
        let rejection = #expect(throws: Rejection.self) {
            try Desk(Fallback.self, "text: Good\nlang:\n  de: ' '\n")
        }
        #expect(
            rejection?.description == """
                test.yaml:3:3: fallback.lang.de: the text is empty; write a sentence, or leave it out [empty-text]
                """
        )
    }

    @Test("refuses a text that no reply may have")
    func longText() {
        let rejection = #expect(throws: Rejection.self) {
            try Desk(Fallback.self, "text: \(String(repeating: "x", count: 16_385))")
        }
        #expect(
            rejection?.description
                == "test.yaml:1:1: fallback.text: the text has 16385 bytes; 16384 is the most [text-too-long]"
        )
    }

    @Test("keeps language codes apart from YAML's words for no")
    func norwegian() async throws {
        let desk = try Desk(Fallback.self, "{text: Good, lang: {no: Bra}}")
        try await desk.hears("?", lang: "no").expect(.reply(Reply("Bra", lang: "no")))
    }
}
