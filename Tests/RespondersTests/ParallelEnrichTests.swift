import Responders
import RespondersTesting
import Testing

@Suite("enrich at once", .timeLimit(.minutes(1)))
struct ParallelEnrichTests {
    private let clock = ManualClock()

    private func finder(_ name: String, after duration: Duration, _ verdict: Verdict? = nil) -> Chain.Entry {
        let clock = TurnClock(self.clock)
        return Chain.Entry(
            Waiting { turn in
                try await clock.sleep(for: duration)
                return verdict ?? .augment(Augmentation(note: .text("saw \(turn.notes.names)"), tags: [name]))
            },
            name: name,
            stage: .enrich
        )
    }

    private let answer = Chain.Entry(
        Immediate { turn in
            .reply(Reply(turn.notes.names.map { "\($0) \(turn.notes[$0]?.text ?? "")" }.joined(separator: ", ")))
        },
        name: "answer",
        stage: .answer
    )

    private func chain(_ entries: [Chain.Entry], together: Bool) -> Chain {
        Chain(name: "test", entries: entries, asksEnrichTogether: together, clock: TurnClock(self.clock))
    }

    @Test("takes as long as the slowest, and keeps what was found in the order of the file, whoever was faster")
    func together() async throws {
        let first = Chain.Entry(
            Immediate { _ in .augment(Augmentation(note: .text("at once"), tags: ["first"])) },
            name: "first",
            stage: .enrich
        )
        let entries = [
            first, self.finder("slow", after: .seconds(1)), self.finder("fast", after: .milliseconds(1)), self.answer,
        ]
        var desk = ChainDesk(self.chain(entries, together: true))
        async let result = desk.say("hello")
        // Two responders and their limits.
        await self.clock.sleepers(atLeast: 4)
        self.clock.advance(by: .seconds(1))
        let ended = try await result
        try ended.expectReply("fast saw [], first at once, slow saw []")
        #expect(ended.effects.tags == ["first", "slow", "fast"])
        #expect(ended.steps.map(\.responder) == ["first", "slow", "fast", "answer"])
    }

    @Test("one that fails is skipped, and the others' notes are kept")
    func failure() async throws {
        let broken = Chain.Entry(Waiting { _ in throw Broken() }, name: "broken", stage: .enrich)
        let disabled = Chain.Entry(Waiting { _ in .pass() }, name: "off", stage: .enrich, isEnabled: false)
        let entries = [broken, disabled, self.finder("docs", after: .milliseconds(1)), self.answer]
        var desk = ChainDesk(self.chain(entries, together: true))
        async let result = desk.say("hello")
        await self.clock.sleepers(atLeast: 2)
        self.clock.advance(by: .milliseconds(1))
        let ended = try await result
        try ended.expectReply("docs saw []")
        #expect(ended.steps.map(\.reason) == [.error, .disabled, nil, nil])
        #expect(ended.failures.map(\.responder) == ["broken"])
    }

    @Test("takes a second and a half of the deadline, at once or one after the other", arguments: [true, false])
    func budget(together: Bool) async throws {
        let entries = [
            self.finder("a", after: .seconds(60)), self.finder("b", after: .seconds(60)), self.answer,
        ]
        var desk = ChainDesk(self.chain(entries, together: together))
        async let result = desk.say("hello")
        await self.clock.sleepers(atLeast: together ? 4 : 2)
        self.clock.advance(by: .milliseconds(1_500))
        let ended = try await result
        #expect(ended.steps.map(\.reason) == [.timeout, .timeout, .emptyReply])
        #expect(ended.steps[1].duration == (together ? .milliseconds(1_500) : .zero))
    }
}
