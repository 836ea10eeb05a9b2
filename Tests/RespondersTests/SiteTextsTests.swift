import Messages
import Responders
import RespondersTesting
import Testing

@Suite("what a site says itself")
struct SiteTextsTests {
    private struct Broken: Error {}

    private func result(
        _ verdict: @escaping @Sendable () throws -> Verdict,
        in stage: Stage = .answer,
        texts: SiteTexts = SiteTexts(),
        lang: String? = nil
    ) async -> ChainResult {
        let entry = Chain.Entry(Immediate { _ in try verdict() }, name: "a", stage: stage)
        let turn = Turn(
            id: TurnID("t_0wcgWaGQ3nVrWGpo4bK9yA"),
            message: Incoming(id: "m", text: "hello", lang: lang),
            conversation: Conversation(sessionID: "s", said: [:]),
            localTime: TimeOfDay(minutes: 0),
            texts: texts
        )
        let chain = Chain(name: "test", entries: [entry])
        switch chain.begin(turn) {
        case .finished(let result): return result
        case .waiting(let run): return await chain.finish(run)
        }
    }

    @Test("where something failed, the visitor has a reference that people find the turn by")
    func reference() async {
        let failed = await self.result { throw Broken() }
        #expect(failed.outcome == .failedAndTold)
        #expect(failed.replies.map(\.text) == ["\(ServerTexts.english.unanswered) Reference: PO4B-K9YA."])
        let nobody = await self.result { .pass() }
        #expect(nobody.replies.map(\.text) == [ServerTexts.english.unanswered])
        for texts in ServerTexts.allCases {
            let told = await self.result({ throw Broken() }, lang: texts.language)
            #expect(told.replies[0].text.hasSuffix("PO4B-K9YA."), "\(texts)")
            #expect(told.replies[0].text != texts.unanswered)
        }
    }

    @Test("its own sentence stands in place of the built-in one, in the language of the page")
    func own() async {
        let own = TranslatedText("Call us and say {reference}.", translations: ["DE": "Rufen Sie an."])
        let texts = SiteTexts(unanswered: own)
        for (lang, text, said) in [
            (nil, "Call us and say PO4B-K9YA.", nil), ("fr", "Call us and say PO4B-K9YA.", nil),
            ("de-AT", "Rufen Sie an.", "de"), ("DE", "Rufen Sie an.", "de"),
        ] as [(String?, String, String?)] {
            let failed = await self.result({ throw Broken() }, texts: texts, lang: lang)
            #expect(failed.replies == [Reply(text, format: .plain, lang: said)])
            let nobody = await self.result({ .pass() }, texts: texts, lang: lang)
            #expect(nobody.replies.map(\.text) == [text])
        }
    }

    @Test("what a guard stops without a word has the site's, where there is one")
    func refusal() async {
        let suppressed = Verdict.suppress(reason: "spam")
        let silent = await self.result({ suppressed }, in: .guard)
        #expect(silent.outcome == .refused && silent.replies.isEmpty)
        let texts = SiteTexts(refusal: TranslatedText("Not now."))
        let told = await self.result({ suppressed }, in: .guard, texts: texts)
        #expect(told.outcome == .refused && told.replies.map(\.text) == ["Not now."])
        let ownWord = await self.result({ .reply("Go away.") }, in: .guard, texts: texts)
        #expect(ownWord.replies.map(\.text) == ["Go away."])
        // A responder that is asked to be silent is.
        let quiet = await self.result({ suppressed }, in: .answer, texts: texts)
        #expect(quiet.outcome == .silent && quiet.replies.isEmpty)
    }
}
