import Diagnostics
import Messages
import RespondersTesting
import Synchronization
import Testing

@testable import Responders

@Suite("an election")
struct ElectionTests {
    private func ranked(_ candidates: (priority: Int, confidence: Double, weight: Double)...) -> [Int] {
        let candidates = candidates.enumerated().map { index, candidate in
            Election.Candidate(
                index: index,
                priority: candidate.priority,
                weight: candidate.weight,
                confidence: candidate.confidence
            )
        }
        return Election.ranked(candidates.reversed()).map(\.index)
    }

    @Test("has the higher priority win, whatever the confidence is")
    func priority() { #expect(self.ranked((100, 1, 1), (200, 0.5, 1), (50, 1, 1)) == [1, 0, 2]) }

    @Test("has the higher confidence win within a priority, times the weight")
    func confidence() {
        #expect(self.ranked((100, 0.6, 1), (100, 0.9, 1)) == [1, 0])
        #expect(self.ranked((100, 0.6, 2), (100, 0.9, 1)) == [0, 1])
    }

    @Test("has the first of the file win where the confidences are as good as equal")
    func ties() {
        #expect(self.ranked((100, 0.86, 1), (100, 0.9, 1)) == [0, 1])
        #expect(self.ranked((100, 0.84, 1), (100, 0.9, 1)) == [1, 0])
        // The middle one is near both, but the highest decides.
        #expect(self.ranked((100, 0.8, 1), (100, 0.84, 1), (100, 0.88, 1)) == [1, 2, 0])
    }

    @Test("gives the same order for the same candidates, and one in which no priority comes before a higher one")
    func order() {
        var random = SplitMix64(state: 7)
        for _ in 0..<500 {
            let candidates = (0..<Int.random(in: 1...8, using: &random)).map { index in
                Election.Candidate(
                    index: index,
                    priority: [50, 100, 200].randomElement(using: &random) ?? 0,
                    weight: [0, 0.5, 1, 2].randomElement(using: &random) ?? 0,
                    confidence: Double.random(in: 0...1, using: &random)
                )
            }
            let ranked = Election.ranked(candidates)
            #expect(ranked == Election.ranked(candidates.shuffled(using: &random)))
            #expect(Set(ranked.map(\.index)) == Set(candidates.indices))
            #expect(ranked.map(\.priority) == ranked.map(\.priority).sorted(by: >))
            let best = ranked[0].confidence * ranked[0].weight
            for other in ranked where other.priority == ranked[0].priority {
                #expect(other.confidence * other.weight <= best + Election.tie)
            }
        }
    }
}

@Suite("a chain that elects its reply", .timeLimit(.minutes(1)))
struct ElectingChainTests {
    private let clock = ManualClock()

    private func chain(_ entries: [Chain.Entry], _ election: Election = Election()) -> Chain {
        let last = Chain.Entry(Immediate(.reply("from the fallback")), name: "fallback", stage: .fallback)
        return Chain(name: "test", entries: entries + [last], election: election, clock: TurnClock(self.clock))
    }

    private func entry(
        _ name: String,
        _ verdict: Verdict,
        after duration: Duration? = nil,
        priority: Int = 100,
        weight: Double = 1,
        onFailure: Chain.OnFailure? = nil,
        gate: CallGate? = nil
    ) -> Chain.Entry {
        let clock = TurnClock(self.clock)
        let responder: any Responder =
            if let duration {
                Waiting { _ in
                    try await clock.sleep(for: duration)
                    return verdict
                }
            } else { Immediate(verdict) }
        return Chain.Entry(
            responder,
            name: name,
            stage: .answer,
            onFailure: onFailure,
            timeout: .seconds(5),
            gate: gate,
            priority: priority,
            weight: weight
        )
    }

    private func trace(_ result: ChainResult) -> [String] {
        result.steps.map { step in
            [step.responder, step.verdict ?? "-", step.reason?.rawValue].compactMap(\.self).joined(separator: " ")
        }
    }

    @Test("shows the best reply alone, and says of each other one why not")
    func elects() async throws {
        var desk = ChainDesk(
            self.chain([
                self.entry("low", .reply("low", confidence: 0.6)),
                self.entry("unsure", .reply("unsure", confidence: 0.4)),
                self.entry("pass", .pass(reason: "not-mine")),
                self.entry("best", .reply("best", confidence: 0.9)),
                self.entry("minor", .reply("minor"), priority: 50),
                self.entry("note", .augment(Augmentation(tags: ["billing"]))),
            ])
        )
        let result = try await desk.say("hello")
        try result.expectReply("best", from: "best").expectExactlyOne().expectOutcome(.answered)
        #expect(
            self.trace(result) == [
                "low reply lower-confidence", "unsure reply below-confidence", "pass pass not-mine", "best reply",
                "minor reply lower-priority", "note augment", "fallback - already-answered",
            ]
        )
        #expect(result.effects.tags == ["billing"])
    }

    @Test("a confidence that is none counts as none or as the most, and takes the election from nobody")
    func noConfidence() async throws {
        for (wrong, winner) in [(Double.nan, "good"), (-.infinity, "good"), (.infinity, "wrong"), (7, "wrong")] {
            var desk = ChainDesk(
                self.chain([
                    self.entry("good", .reply("good", confidence: 0.9)),
                    self.entry("wrong", .reply("wrong", confidence: wrong)),
                ])
            )
            let result = try await desk.say("hello")
            try result.expectReply(winner, from: winner)
            #expect(result.steps.count == 3)
        }
        // Not more than the most that one can be sure of, whatever the weight of others is.
        var desk = ChainDesk(
            self.chain([
                self.entry("boasts", .reply("boasts", confidence: 7)),
                self.entry("heavy", .reply("heavy", confidence: 0.9), weight: 2),
            ])
        )
        try await desk.say("hello").expectReply("heavy", from: "heavy")
    }

    @Test("asks all at the same time, and does not care who was faster")
    func atOnce() async throws {
        var desk = ChainDesk(
            self.chain([
                self.entry("slow", .reply("slow"), after: .seconds(1)),
                self.entry("fast", .reply("fast"), after: .milliseconds(1)),
            ])
        )
        async let result = desk.say("hello")
        // Two responders, their limits and the budget.
        await self.clock.sleepers(atLeast: 5)
        self.clock.advance(by: .seconds(1))
        try await result.expectReply("slow", from: "slow")
    }

    @Test("elects when the budget is spent; whoever is late is cancelled and counts as no failure")
    func budget() async throws {
        let (written, writer) = AsyncStream<Void>.makeStream()
        let here = StreamedReply { _ in
            writer.finish()
            return "here"
        }
        let gate = CallGate(name: "late", limits: CallLimits(breaker: .init(failures: 1)), clock: TurnClock(self.clock))
        var desk = ChainDesk(
            self.chain([
                self.entry("late", .reply("late"), after: .seconds(60), priority: 200, gate: gate),
                self.entry("here", .stream(here)),
            ])
        )
        async let result = desk.say("hello")
        for await _ in written {}
        // The verdict is on its way to the election.
        for _ in 0..<1_000 { await Task.yield() }
        // The late one, its limit and the budget.
        await self.clock.sleepers(atLeast: 3)
        self.clock.advance(by: .seconds(2))
        let ended = try await result
        try ended.expectReply("here", from: "here")
        #expect(self.trace(ended) == ["late - late", "here stream", "fallback - already-answered"])
        #expect(ended.failures.isEmpty)
        #expect(gate.current.breaker == .closed && gate.current.running == 0)
    }

    @Test("goes to the fallback where nobody is sure enough")
    func nobody() async throws {
        var desk = ChainDesk(
            self.chain([self.entry("unsure", .reply("unsure", confidence: 0.1)), self.entry("b", .pass())])
        )
        let result = try await desk.say("hello")
        try result.expectReply("from the fallback").expectOutcome(.fellBack)
    }

    @Test("does not say the same again right away, and says it again later")
    func repeats() async throws {
        var desk = ChainDesk(
            self.chain([
                self.entry("best", .reply("best")), self.entry("second", .reply("second", confidence: 0.6)),
            ]),
            clock: TurnClock(self.clock)
        )
        try await desk.say("hello").expectReply("best")
        self.clock.advance(by: .seconds(19))
        let again = try await desk.say("hello")
        try again.expectReply("second")
        #expect(self.trace(again).first == "best reply repeat")
        self.clock.advance(by: .seconds(1))
        try await desk.say("hello").expectReply("best")
        self.clock.advance(by: .seconds(20))
        try await desk.say("hello").expectReply("best")
    }

    @Test("elects the next one where the best can't be shown, and on_error matters only where nobody is elected")
    func failures() async throws {
        let entries = [
            self.entry("empty", .reply(" "), priority: 300),
            self.entry("broken", .fail(Failure("broken")), onFailure: .abort),
            self.entry("cut", .stream(StreamedReply { _ in throw Broken() }), priority: 200),
            self.entry("good", .reply("good")),
        ]
        var desk = ChainDesk(self.chain(entries))
        let result = try await desk.say("hello")
        try result.expectReply("good", from: "good").expectOutcome(.answered)
        #expect(
            self.trace(result) == [
                "empty fail empty-reply", "broken fail broken", "cut fail error", "good reply",
                "fallback - already-answered",
            ]
        )
        var other = ChainDesk(self.chain(Array(entries.prefix(3))))
        try await other.say("hello").expectOutcome(.failedAndTold)
    }

    @Test("a silence and a hand-off are elected as replies are")
    func otherVerdicts() async throws {
        let entries = [
            self.entry("reply", .reply("r", confidence: 0.8)), self.entry("silent", .suppress(reason: "no")),
        ]
        var desk = ChainDesk(self.chain(entries))
        try await desk.say("hello").expectOutcome(.silent)
        let handing = [self.entry("reply", .reply("r", confidence: 0.8)), self.entry("person", .handoff(Handoff()))]
        var other = ChainDesk(self.chain(handing))
        try await other.say("hello").expectOutcome(.handedOver)
    }

    @Test("shows one reply of one that would let others follow")
    func continuing() async throws {
        var desk = ChainDesk(
            self.chain([self.entry("a", .reply("a", then: .continue)), self.entry("b", .reply("b", then: .continue))])
        )
        try await desk.say("hello").expectReply("a", from: "a").expectExactlyOne()
    }

    @Test("a reply in pieces is written meanwhile, and nothing of it is seen until it is elected")
    func streams() async throws {
        let clock = TurnClock(self.clock)
        let (written, writer) = AsyncStream<Void>.makeStream()
        let stream = StreamedReply { output in
            try output.write("first ")
            writer.finish()
            try await clock.sleep(for: .seconds(3))
            try output.write("second")
            return "first second"
        }
        var desk = ChainDesk(
            self.chain([
                self.entry("stream", .stream(stream)),
                self.entry("slow", .reply("slow", confidence: 0.6), after: .seconds(1)),
            ])
        )
        let screen = desk.screen
        async let result = desk.say("hello")
        for await _ in written {}
        #expect(screen.events.isEmpty)
        // The writer, the slow one with its limit, and the budget.
        await self.clock.sleepers(atLeast: 4)
        self.clock.advance(by: .seconds(1))
        await screen.events(atLeast: 2)
        #expect(screen.events == [.began(number: 1), .piece("first ")])
        self.clock.advance(by: .seconds(2))
        let ended = try await result
        try ended.expectReply("first second", from: "stream")
        #expect(
            screen.events == [
                .began(number: 1), .piece("first "), .piece("second"), .ended("first second", .complete),
            ]
        )
    }

    @Test("a reply in pieces that loses is told that nobody wants it, and never seen")
    func losingStream() async throws {
        let (told, teller) = AsyncStream<Void>.makeStream()
        let gate = CallGate(name: "stream", clock: TurnClock(self.clock))
        let stream = StreamedReply { output in
            while true {
                do { try output.write("x") } catch {
                    teller.finish()
                    throw error
                }
                await Task.yield()
            }
        }
        let streaming = Chain.Entry(
            Waiting { _ in .stream(stream, confidence: 0.6) },
            name: "stream",
            stage: .answer,
            gate: gate
        )
        var desk = ChainDesk(self.chain([streaming, self.entry("best", .reply("best"))]))
        let result = try await desk.say("hello")
        try result.expectReply("best")
        for await _ in told {}
        #expect(desk.screen.events.isEmpty)
        #expect(self.trace(result).first == "stream stream lower-confidence")
        while gate.current.running > 0 { await Task.yield() }
        #expect(gate.current.breaker == .closed)
    }

    @Test("is read from a file, with the keys of the entries")
    func file() async throws {
        var registry = PluginRegistry()
        try registry.register(Echo.self)
        let yaml = """
            select: best
            best: {budget: 500ms, min_confidence: 0.2, no_repeat: 1m}
            parallel: true
            answer:
              - echo: {repeat_count: 1}
                as: one
              - echo: {repeat_count: 2}
                as: two
                priority: 200
                weight: 0.5
            """
        var desk = try ChainDesk(yaml, plugins: registry)
        #expect(
            desk.chain.election == Election(budget: .milliseconds(500), minimumConfidence: 0.2, noRepeat: .seconds(60))
        )
        #expect(desk.chain.asksEnrichTogether)
        #expect(desk.chain.entries.map(\.priority) == [100, 200] && desk.chain.entries.map(\.weight) == [1, 0.5])
        try await desk.say("hi").expectReply("hi hi", from: "two")
    }

    @Test("says what is wrong in a file, and what means nothing where entries are asked in order")
    func mistakes() throws {
        var registry = PluginRegistry()
        try registry.register(Echo.self)
        let yaml = """
            select: bset
            best: {budgt: 1s}
            parallel: on
            answer:
              - echo: {repeat_count: 1}
                priority: 5000
                weight: -1
            """
        let found = #expect(throws: Rejection.self) { try ChainDesk(yaml, plugins: registry) }
        #expect(
            found?.description == """
                test.yaml:1:1: chains.test.select: expected first or best, found "bset" [wrong-value]
                test.yaml:1:1: chains.test.fallback: empty; the built-in sentence will answer; add "- fallback" [no-fallback]
                test.yaml:2:8: chains.test.best.budgt: unknown key "budgt"; did you mean "budget"? [unknown-key]
                test.yaml:3:1: chains.test.parallel: expected true or false, found "on" [wrong-type]
                test.yaml:6:5: chains.test.answer[0].priority: 5000 is out of range; write a number from -1000 to 1000 \
                [out-of-range]
                test.yaml:7:5: chains.test.answer[0].weight: -1.0 is out of range; write a number from 0 to 100 [out-of-range]
                """
        )
        let ordered = try ChainDesk(
            "best: {budget: 1s}\nanswer: [{echo: {repeat_count: 1}, weight: 2}]",
            plugins: registry
        )
        #expect(
            ordered.warnings.filter { $0.code == "needless-key" }.map(\.description) == [
                """
                test.yaml:1:1: chains.test.best: the entries are asked in order, so "best" means nothing; leave it out, or \
                write select: best [needless-key]
                """,
                """
                test.yaml:2:36: chains.test.answer[0].weight: the entries are asked in order, so "weight" means nothing; \
                leave it out, or write select: best [needless-key]
                """,
            ]
        )
    }
}
