import Responders
import RespondersTesting
import Synchronization
import Testing

/// Keeps the turns that it sees.
private final class Watcher: Responder {
    private let turns = Mutex<[Turn]>([])
    private let seen = AsyncStream<Int>.makeStream()
    private let verdict: @Sendable () throws -> Verdict

    init(_ verdict: @escaping @Sendable () throws -> Verdict = { .pass() }) { self.verdict = verdict }

    var all: [Turn] { self.turns.withLock { $0 } }

    func respond(to turn: Turn) async throws -> Verdict {
        let count = self.turns.withLock { turns in
            turns.append(turn)
            return turns.count
        }
        self.seen.continuation.yield(count)
        return try self.verdict()
    }

    func saw(_ count: Int) async { for await number in self.seen.stream where number >= count { return } }
}

@Suite("the stage after", .timeLimit(.minutes(1)))
struct ObserverTests {
    private func desk(_ responder: any Responder, timeout: Duration = .seconds(10), clock: TurnClock = .continuous)
        -> ChainDesk
    {
        let entries = [
            Chain.Entry(Immediate(.reply("first", then: .continue)), name: "a", stage: .answer),
            Chain.Entry(Immediate(.reply("second")), name: "b", stage: .answer),
            Chain.Entry(responder, name: "stats", stage: .after, timeout: timeout),
        ]
        return ChainDesk(Chain(name: "test", entries: entries, clock: clock))
    }

    @Test(
        "sees each turn with its outcome and its replies, and changes nothing, whatever it returns",
        arguments: [.pass(), .reply("too late"), .handoff(Handoff()), .suppress(reason: "s")] as [Verdict]
    )
    func sees(verdict: Verdict) async throws {
        let watcher = Watcher { verdict }
        let chain = self.desk(watcher).chain
        try await running(chain.runningParts) {
            var desk = ChainDesk(chain)
            let result = try await desk.say("hello")
            try result.expectReply("second", from: "b").expectOutcome(.answered)
            #expect(result.steps.map(\.responder) == ["a", "b"])
            await watcher.saw(1)
        }
        let turn = try #require(watcher.all.first)
        #expect(turn.message.text == "hello")
        #expect(turn.outcome == .answered)
        #expect(turn.drafts == ["first", "second"])
        #expect(turn.place == TurnPlace(chain: "test", stage: .after, position: 0))
    }

    @Test("a turn does not wait for it, and what finds no place among a thousand is dropped and counted")
    func dropped() async throws {
        let (end, opener) = AsyncStream<Never>.makeStream()
        let (began, beginner) = AsyncStream<Void>.makeStream()
        let slow = Waiting { _ in
            beginner.finish()
            for await _ in end {}
            return .pass()
        }
        let chain = self.desk(slow, timeout: .seconds(1_000)).chain
        try await running(chain.runningParts) {
            var desk = ChainDesk(chain)
            try await desk.say("hello")
            for await _ in began {}
            for _ in 0..<1_003 { try await desk.say("hello") }
            #expect(chain.droppedObservations.map(\.count) == [3])
            opener.finish()
        }
    }

    @Test("one that fails or takes longer than its limit is told of, and the next turn is looked at")
    func fails() async throws {
        let clock = ManualClock()
        let calls = Mutex(0)
        let broken = Waiting { _ in
            let number = calls.withLock { calls in
                calls += 1
                return calls
            }
            if number == 1 { throw Broken() }
            try await TurnClock(clock).sleep(for: .seconds(60))
            return .pass()
        }
        let chain = self.desk(broken, clock: TurnClock(clock)).chain
        let turn = Turn(
            id: TurnID("t_1"),
            message: Incoming(id: "m1", text: "hello"),
            conversation: Conversation(sessionID: "s"),
            localTime: TimeOfDay(minutes: 0)
        )
        guard case .finished(let result) = chain.begin(turn) else {
            Issue.record("the chain waited")
            return
        }
        let (failures, told) = AsyncStream<ResponderFailure>.makeStream()
        await running(chain.runningParts) {
            for _ in 0..<2 { chain.delivered(result) { told.yield($0) } }
            var found: [TraceReason] = []
            for await failure in failures {
                #expect(failure.responder == "stats")
                found.append(failure.failure.code)
                if found.count == 2 { break }
                // The call and its limit.
                await clock.sleepers(atLeast: 2)
                clock.advance(by: .seconds(10))
            }
            #expect(found == [.error, .timeout])
        }
    }

    @Test("nothing is kept for it while nobody runs it")
    func notRunning() async throws {
        let watcher = Watcher()
        var desk = self.desk(watcher)
        for _ in 0..<2_000 { try await desk.say("hello") }
        #expect(desk.chain.droppedObservations.map(\.count) == [0])
        #expect(watcher.all.isEmpty)
    }
}
