import Diagnostics
import Responders
import RespondersTesting
import Testing

@Suite("shadows and canaries")
struct ShadowTests {
    private let clock = ManualClock()

    private func chain(_ entries: [Chain.Entry]) -> Chain {
        Chain(name: "test", entries: entries, clock: TurnClock(self.clock))
    }

    private func result(_ chain: Chain, session: String = "s") async -> ChainResult {
        let turn = Turn(
            id: TurnID("t_1"),
            message: Incoming(id: "m1", text: "hello"),
            conversation: Conversation(sessionID: session),
            localTime: TimeOfDay(minutes: 0)
        )
        switch chain.begin(turn, tracing: true, explaining: false) {
        case .finished(let result): return result
        case .waiting(let run): return await chain.finish(run)
        }
    }

    private func entry(_ name: String, _ verdict: Verdict, _ mode: Chain.Mode = .live) -> Chain.Entry {
        Chain.Entry(Immediate(verdict), name: name, stage: .answer, mode: mode)
    }

    @Test("a shadow is asked about the turn, shows nothing, and its record says whether it would have said the same")
    func shadow() async throws {
        let other = Waiting { turn in .reply(Reply("Other, after \(turn.notes.names.joined())")) }
        let chain = self.chain([
            Chain.Entry(Immediate(.augment(Augmentation(note: "found"))), name: "docs", stage: .enrich),
            self.entry("same", .reply("Hi!", keep: Augmentation(tags: ["shadow"], rule: "a/b")), .shadow),
            Chain.Entry(other, name: "other", stage: .answer, mode: .shadow),
            self.entry("live", .reply("Hi!")),
        ])
        let result = await self.result(chain)
        #expect(result.replies.map(\.text) == ["Hi!"] && result.responder == "live" && result.effects.tags == [])
        #expect(result.steps.map(\.reason) == [nil, .shadow, .shadow, nil])
        let steps = await chain.askShadows(about: result)
        #expect(steps.map(\.responder) == ["same", "other"] && steps.map(\.verdict) == ["reply", "reply"])
        #expect(steps.map { $0.shadow?.isSame } == [true, false])
        #expect(steps[1].shadow?.textBytes == "Other, after docs".utf8.count)
        let json = String(decoding: TurnTrace(result, shadows: steps).json, as: UTF8.self)
        #expect(
            json.contains(
                #"{"n":3,"stage":"answer","responder":"same","verdict":"reply","us":0,"rule":"a/b","#
                    + #""mode":"shadow","textBytes":3,"same":true}"#
            ),
            "\(json)"
        )
        #expect(
            !json.contains(#""reason":"shadow""#)
                && json.contains(#""responder":"live","verdict":"reply","us":0,"elected":true"#)
        )
    }

    @Test("a shadow that fails, streams or never answers ends within its own limit")
    func hostileShadows() async throws {
        let clock = self.clock
        let chain = self.chain([
            self.entry("live", .reply("Hi!")),
            Chain.Entry(Waiting { _ in throw Broken() }, name: "throws", stage: .answer, mode: .shadow),
            Chain.Entry(
                Waiting { _ in
                    .stream(
                        StreamedReply { output in
                            try output.write("Hi")
                            return "Hi!"
                        }
                    )
                },
                name: "streams",
                stage: .answer,
                mode: .shadow
            ),
            Chain.Entry(
                Waiting { _ in
                    try await clock.sleep(until: clock.now.advanced(by: .seconds(1_000)))
                    return .pass()
                },
                name: "hangs",
                stage: .answer,
                timeout: .seconds(2),
                mode: .shadow
            ),
        ])
        let result = await self.result(chain)
        async let asked = chain.askShadows(about: result)
        // Its own sleep, its limit, and nothing else is left in the end.
        await clock.sleepers(atLeast: 2)
        clock.advance(by: .seconds(2))
        let steps = await asked
        #expect(steps.map(\.responder) == ["throws", "streams", "hangs"])
        #expect(steps.map(\.reason) == [.error, nil, .timeout])
        #expect(steps.map { $0.shadow?.isSame } == [false, true, false])
    }

    @Test("a canary answers its share of the conversations, and each keeps its side")
    func canary() async throws {
        let share = try #require(Share(written: "30%"))
        let chain = self.chain([self.entry("new", .reply("New."), .canary(share)), self.entry("old", .reply("Old."))])
        var count = 0
        for number in 0..<400 {
            let session = "s_\(number)"
            let first = await self.result(chain, session: session)
            #expect(first.responder == (share.includes(session, for: "new") ? "new" : "old"))
            #expect(await self.result(chain, session: session).responder == first.responder)
            if first.responder == "new" { count += 1 } else { #expect(first.steps.first?.reason == .notInCanary) }
        }
        #expect(abs(count - 120) < 40, "\(count)")
    }

    @Test("a mistake hides no other one: a wrong type beside a canary without a share, and a number out of its range")
    func allMistakes() throws {
        let entry = "{echo: {repeat_count: 2}, mode: canary, timeout: soon, priority: 5000}"
        let found = #expect(throws: Rejection.self) { try ChainDesk("answer: [\(entry)]", plugins: Self.registry()) }
        let errors = found?.diagnostics.filter { $0.severity == .error } ?? []
        #expect(Set(errors.map(\.code)) == ["missing-key", "bad-duration", "out-of-range"])
        // What "mode" was meant to be nobody knows, so that nothing is said of its share.
        let other = "{echo: {repeat_count: 2}, mode: canry, share: 10%}"
        let one = #expect(throws: Rejection.self) { try ChainDesk("answer: [\(other)]", plugins: Self.registry()) }
        #expect(one?.diagnostics.filter { $0.severity == .error }.map(\.code) == ["wrong-value"])
    }

    @Test("an entry says its mode and its share, and mistakes are told")
    func written() throws {
        let chain = try ChainDesk(
            "answer: [{echo: {repeat_count: 2}, mode: shadow, as: a}, {echo: {repeat_count: 3}, mode: canary, share: 2.5%}]",
            plugins: Self.registry()
        ).chain
        #expect(chain.entries.map(\.mode) == [.shadow, .canary(try #require(Share(written: "2.5%")))])
        #expect(chain.shadows.map(\.name) == ["a"])
        let mistakes = [
            "{echo: {repeat_count: 2}, share: 10%}": "a share of what?; write mode: canary beside it [wrong-value]",
            "{echo: {repeat_count: 2}, mode: canary}":
                "a canary needs its share of the conversations; write share: 10% beside it [missing-key]",
            "{echo: {repeat_count: 2}, mode: canary, share: 200%}":
                "\"200%\" is no share; write a number from 0 to 100 and %: 10% [wrong-value]",
            "{echo: {repeat_count: 2}, mode: shade}":
                "\"shade\" is not a known word; did you mean \"shadow\"? [wrong-value]",
        ]
        for (entry, wanted) in mistakes {
            let found = #expect(throws: Rejection.self) {
                try ChainDesk("answer: [\(entry)]", plugins: Self.registry())
            }
            #expect(found?.description.contains(wanted) == true, "\(entry): \(found?.description ?? "")")
        }
    }

    private static func registry() throws -> PluginRegistry {
        var registry = PluginRegistry()
        try registry.register(Echo.self)
        return registry
    }
}
