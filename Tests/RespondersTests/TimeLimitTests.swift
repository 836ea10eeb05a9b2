import Responders
import RespondersTesting
import Testing

@Suite("time limits of a chain", .timeLimit(.minutes(1)))
struct TimeLimitTests {
    private let clock = ManualClock()

    private func chain(deadline: Duration = .seconds(8), _ entries: Chain.Entry...) -> Chain {
        Chain(name: "test", entries: entries, deadline: deadline, clock: TurnClock(self.clock))
    }

    private func sleeper(
        _ name: String,
        for duration: Duration,
        timeout: Duration = .seconds(2),
        in stage: Stage = .answer
    ) -> Chain.Entry {
        let clock = TurnClock(self.clock)
        return Chain.Entry(
            Waiting { _ in
                try await clock.sleep(for: duration)
                return .reply(Reply("from \(name)"))
            },
            name: name,
            stage: stage,
            timeout: timeout
        )
    }

    private let fallback = Chain.Entry(Immediate(.reply("from the fallback")), name: "fallback", stage: .fallback)

    @Test("waits for a responder within its limit")
    func inTime() async throws {
        var desk = ChainDesk(self.chain(self.sleeper("a", for: .milliseconds(1_999)), self.fallback))
        async let result = desk.say("hello")
        // The responder and its time limit.
        await self.clock.sleepers(atLeast: 2)
        self.clock.advance(by: .milliseconds(1_999))
        try await result.expectReply("from a", from: "a").expectOutcome(.answered)
    }

    @Test("gives up on a responder at its limit and asks the next one")
    func timeout() async throws {
        var desk = ChainDesk(
            self.chain(self.sleeper("slow", for: .seconds(3)), self.sleeper("b", for: .seconds(1)), self.fallback)
        )
        async let result = desk.say("hello")
        await self.clock.sleepers(atLeast: 2)
        self.clock.advance(by: .seconds(2))
        // Those of the second responder; the first one's wait was cancelled.
        await self.clock.sleepers(atLeast: 2)
        self.clock.advance(by: .seconds(1))
        let ended = try await result
        try ended.expectReply("from b", from: "b").expectExactlyOne()
        #expect(ended.steps[0].reason == .timeout)
        #expect(ended.steps[0].duration == .seconds(2))
    }

    @Test("goes on at once although a responder ignores its cancellation, and drops its late answer")
    func ignoresCancellation() async throws {
        let (gate, opener) = AsyncStream<Void>.makeStream()
        let (done, finisher) = AsyncStream<Void>.makeStream()
        let stubborn = Waiting { _ in
            // A task of its own does not learn of the cancellation.
            await Task { for await _ in gate {} }.value
            finisher.finish()
            return .reply("late")
        }
        var desk = ChainDesk(self.chain(Chain.Entry(stubborn, name: "stubborn", stage: .answer), self.fallback))
        async let result = desk.say("hello")
        await self.clock.sleepers(atLeast: 1)
        self.clock.advance(by: .seconds(2))
        let ended = try await result
        try ended.expectReply("from the fallback", from: "fallback").expectExactlyOne().expectOutcome(.fellBack)
        opener.finish()
        for await _ in done {}
        #expect(ended.replies == ["from the fallback"])
    }

    @Test("keeps a quarter of a second of the deadline for the fallback, whatever the entries' limits are")
    func deadline() async throws {
        var desk = ChainDesk(
            self.chain(
                deadline: .seconds(3),
                self.sleeper("a", for: .seconds(60), timeout: .seconds(2)),
                self.sleeper("b", for: .seconds(60), timeout: .seconds(30)),
                self.sleeper("c", for: .seconds(1)),
                self.fallback
            )
        )
        async let result = desk.say("hello")
        await self.clock.sleepers(atLeast: 2)
        self.clock.advance(by: .seconds(2))
        await self.clock.sleepers(atLeast: 2)
        self.clock.advance(by: .milliseconds(750))
        let ended = try await result
        try ended.expectReply("from the fallback", from: "fallback").expectOutcome(.fellBack)
        #expect(ended.steps.map(\.reason) == [.timeout, .timeout, .timeout, nil])
        #expect(ended.steps.map(\.duration) == [.seconds(2), .milliseconds(750), .zero, .zero])
    }

    @Test("gives all of the fallback a quarter of a second together")
    func fallbackTogether() async throws {
        var desk = ChainDesk(
            self.chain(
                self.sleeper("a", for: .seconds(60), timeout: .milliseconds(100), in: .fallback),
                self.sleeper("b", for: .seconds(60), in: .fallback),
                self.sleeper("c", for: .seconds(60), in: .fallback),
                self.fallback
            )
        )
        async let result = desk.say("hello")
        await self.clock.sleepers(atLeast: 2)
        self.clock.advance(by: .milliseconds(100))
        await self.clock.sleepers(atLeast: 2)
        self.clock.advance(by: .milliseconds(150))
        let ended = try await result
        try ended.expectReply("from the fallback", from: "fallback").expectOutcome(.fellBack)
        #expect(ended.steps.map(\.duration) == [.milliseconds(100), .milliseconds(150), .zero, .zero])
    }

    @Test("ends in an outcome when whoever ran the turn gives it up")
    func cancellation() async throws {
        let chain = self.chain(self.sleeper("a", for: .seconds(60), timeout: .seconds(60)), self.fallback)
        let task = Task {
            var desk = ChainDesk(chain)
            return try await desk.say("hello")
        }
        await self.clock.sleepers(atLeast: 2)
        task.cancel()
        let ended = try await task.value
        try ended.expectReply("from the fallback", from: "fallback").expectOutcome(.fellBack)
        #expect(ended.steps[0].reason == .cancelled)
    }

    @Test("stops in front of a responder that waits, with what was decided before")
    func waiting() async throws {
        let chain = self.chain(
            Chain.Entry(Immediate(.reply("first", then: .continue)), name: "a", stage: .answer),
            Chain.Entry(Waiting { .reply(Reply("second after \($0.drafts.count)")) }, name: "b", stage: .answer)
        )
        let turn = Turn(
            id: TurnID("t_1"),
            message: Incoming(id: "m1", text: "hello"),
            conversation: Conversation(sessionID: "s"),
            localTime: TimeOfDay(minutes: 0)
        )
        guard case .waiting(let run) = chain.begin(turn) else {
            Issue.record("the chain did not wait")
            return
        }
        #expect(await chain.finish(run).replies == ["first", "second after 1"])
    }
}
