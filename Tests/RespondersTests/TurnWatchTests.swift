import Responders
import RespondersTesting
import Synchronization
import Testing

@Suite("a turn that the chain forgets", .timeLimit(.minutes(1)))
struct TurnWatchTests {
    private let clock = ManualClock()

    private func turn() -> Turn {
        Turn(
            id: TurnID("t_1"),
            message: Incoming(id: "m1", text: "hello"),
            conversation: Conversation(sessionID: "s"),
            localTime: TimeOfDay(minutes: 0)
        )
    }

    private func run(_ chain: Chain) throws -> ChainRun {
        guard case .waiting(let run) = chain.begin(self.turn()) else { throw Mismatch("the chain did not wait") }
        return run
    }

    /// Computes until it is let go, as nobody may.
    private final class Blocker: ImmediateResponder {
        let isGone = Mutex(false)
        let began = AsyncStream<Void>.makeStream()

        func respond(to turn: Turn) -> Verdict {
            self.began.continuation.finish()
            while !self.isGone.withLock({ $0 }) {}
            return .reply("from the blocker")
        }
    }

    @Test(
        "ends a second after the deadline though a responder blocks its thread, once, and whatever comes later is dropped"
    )
    func ends() async throws {
        let blocker = Blocker()
        let chain = Chain(
            name: "test",
            entries: [
                Chain.Entry(Waiting { _ in .reply(Reply("first"), then: .continue) }, name: "a", stage: .answer),
                Chain.Entry(blocker, name: "blocker", stage: .answer),
            ],
            clock: TurnClock(self.clock)
        )
        let screen = Screen()
        let run = try self.run(chain)
        async let result = chain.conclude(run, showing: screen)
        for await _ in blocker.began.stream {}
        await self.clock.sleepers(atLeast: 1)
        self.clock.advance(by: .seconds(9))
        let ended = await result
        try ended.expectOutcome(.failedAndTold)
        #expect(ended.isOverdue)
        #expect(ended.replies.count == 2 && ended.replies[0] == "first" && ended.shownCount == 0)
        #expect(ended.failures.map(\.responder) == ["blocker"])
        #expect(ended.failures.map(\.failure.code) == [.overdue])
        blocker.isGone.withLock { $0 = true }
        #expect(screen.events.isEmpty)
    }

    @Test(
        "a reply that is being shown in pieces has until a second after its own deadline, and is kept as far as it came"
    )
    func streaming() async throws {
        let (written, writer) = AsyncStream<Void>.makeStream()
        let chain = Chain(
            name: "test",
            entries: [
                Chain.Entry(
                    Waiting { _ in
                        .stream(
                            StreamedReply { output in
                                try output.write("half")
                                writer.finish()
                                try await TurnClock(ManualClock()).sleep(for: .seconds(1))
                                return "half"
                            }
                        )
                    },
                    name: "a",
                    stage: .answer,
                    timeout: .seconds(1_000),
                    nextPiece: .seconds(1_000)
                )
            ],
            streamDeadline: .seconds(45),
            // A clock that never tells the chain that time is over: the mistake that the watchdog is for.
            clock: TurnClock(Deaf(self.clock))
        )
        let screen = Screen()
        let run = try self.run(chain)
        async let result = chain.conclude(run, showing: screen)
        for await _ in written {}
        await screen.events(atLeast: 2)
        await self.clock.sleepers(atLeast: 1)
        self.clock.advance(by: .seconds(9))
        await self.clock.sleepers(atLeast: 1)
        #expect(screen.events.count == 2)
        self.clock.advance(by: .seconds(37))
        let ended = await result
        #expect(ended.isOverdue && ended.outcome == .failedAndTold)
        #expect(screen.events == [.began(number: 1), .piece("half"), .ended("half", .timeout)])
        #expect(ended.shownCount == 1 && ended.replies.first == "half" && ended.replies.count == 2)
    }

    /// A clock on which only waits of exactly nine and 37 seconds end: those of the watchdog.
    private struct Deaf: Clock {
        let clock: ManualClock

        init(_ clock: ManualClock) { self.clock = clock }
        var now: ManualClock.Instant { self.clock.now }
        var minimumResolution: Duration { .nanoseconds(1) }

        func sleep(until deadline: ManualClock.Instant, tolerance: Duration?) async throws {
            let wait = self.clock.now.duration(to: deadline)
            guard [.seconds(9), .seconds(37)].contains(wait) else {
                let stopped = ManualClock()
                return try await stopped.sleep(until: stopped.now.advanced(by: .seconds(1)))
            }
            try await self.clock.sleep(until: deadline)
        }
    }

    @Test("is as any other turn where the chain keeps its time limits")
    func ordinary() async throws {
        let clock = TurnClock(self.clock)
        let chain = Chain(
            name: "test",
            entries: [
                Chain.Entry(
                    Waiting { _ in
                        try await clock.sleep(for: .seconds(60))
                        return .pass()
                    },
                    name: "a",
                    stage: .answer
                )
            ],
            clock: clock
        )
        let run = try self.run(chain)
        async let result = chain.conclude(run)
        // The responder, its limit and the watchdog.
        await self.clock.sleepers(atLeast: 3)
        self.clock.advance(by: .seconds(2))
        let ended = await result
        #expect(!ended.isOverdue && ended.failures.map(\.failure.code) == [.timeout])
    }

    @Test("ends at once where whoever ran it gives it up")
    func cancelled() async throws {
        let clock = TurnClock(self.clock)
        let sleeper = Waiting { _ in
            try await clock.sleep(for: .seconds(60))
            return .pass()
        }
        let chain = Chain(name: "test", entries: [Chain.Entry(sleeper, name: "a", stage: .answer)], clock: clock)
        let run = try self.run(chain)
        let task = Task { await chain.conclude(run) }
        await self.clock.sleepers(atLeast: 3)
        task.cancel()
        let ended = await task.value
        #expect(!ended.isOverdue && ended.failures.map(\.failure.code) == [.cancelled])
    }
}
