import Diagnostics
import Responders
import RespondersTesting
import Synchronization
import Testing

/// Answers, fails or throws as it is told, and counts how often it is asked.
final class Moody: Responder {
    private let state: Mutex<(mood: @Sendable () throws -> Verdict, calls: Int)>

    init(_ mood: @escaping @Sendable () throws -> Verdict = Moody.fails) { self.state = Mutex((mood, 0)) }

    static let fails: @Sendable () throws -> Verdict = { throw Broken() }
    static let answers: @Sendable () throws -> Verdict = { .reply("from moody") }

    var calls: Int { self.state.withLock { $0.calls } }
    func become(_ mood: @escaping @Sendable () throws -> Verdict) { self.state.withLock { $0.mood = mood } }

    func respond(to turn: Turn) async throws -> Verdict {
        try self.state.withLock { state in
            state.calls += 1
            return state.mood
        }()
    }
}

@Suite("a responder that fails again and again", .timeLimit(.minutes(1)))
struct BreakerTests {
    private let clock = ManualClock()
    private let moody = Moody()

    private func gate(_ limits: CallLimits = CallLimits()) -> CallGate {
        CallGate(name: "moody", limits: limits, clock: TurnClock(self.clock))
    }

    private func desk(_ gate: CallGate, onFailure: Chain.OnFailure? = nil) -> ChainDesk {
        let entries = [
            Chain.Entry(self.moody, name: "moody", stage: .answer, onFailure: onFailure, gate: gate),
            Chain.Entry(Immediate(.reply("from the fallback")), name: "fallback", stage: .fallback),
        ]
        return ChainDesk(Chain(name: "test", entries: entries, clock: TurnClock(self.clock)))
    }

    /// Fails often enough.
    private func open(_ desk: inout ChainDesk) async throws {
        self.moody.become(Moody.fails)
        for _ in 0..<5 { try await desk.say("hello") }
    }

    @Test("is not asked after five failures in a row, which costs nothing, and the next one is")
    func opens() async throws {
        let gate = self.gate()
        var desk = self.desk(gate)
        try await self.open(&desk)
        #expect(gate.current.breaker == .open)
        let result = try await desk.say("hello")
        try result.expectReply("from the fallback", from: "fallback").expectOutcome(.fellBack)
        #expect(result.steps[0].verdict == "pass" && result.steps[0].reason == .breakerOpen)
        #expect(result.failures.isEmpty)
        #expect(self.moody.calls == 5)
    }

    @Test("is not asked where half of the last ten calls failed, though no five in a row")
    func half() async throws {
        var desk = self.desk(self.gate())
        for number in 1...10 {
            self.moody.become(number.isMultiple(of: 2) ? Moody.fails : Moody.answers)
            try await desk.say("hello")
        }
        #expect(try await desk.say("hello").steps[0].reason == .breakerOpen)
    }

    @Test("is asked where nine of the last twenty calls failed")
    func lessThanHalf() async throws {
        var desk = self.desk(self.gate())
        for number in 0..<40 {
            let isFailure = [1, 3, 5, 8, 10, 12, 14, 16, 18].contains(number % 20)
            self.moody.become(isFailure ? Moody.fails : Moody.answers)
            try await desk.say("hello")
        }
        #expect(self.moody.calls == 40)
    }

    @Test("is asked again after 15 seconds, and from then on where it answers")
    func closes() async throws {
        let gate = self.gate()
        var desk = self.desk(gate)
        try await self.open(&desk)
        self.moody.become(Moody.answers)
        self.clock.advance(by: .milliseconds(14_999))
        #expect(try await desk.say("hello").steps[0].reason == .breakerOpen)
        self.clock.advance(by: .milliseconds(1))
        try await desk.say("hello").expectReply("from moody", from: "moody")
        #expect(gate.current.breaker == .closed)
        // It begins anew: four failures are not enough.
        self.moody.become(Moody.fails)
        for _ in 0..<4 { try await desk.say("hello") }
        #expect(gate.current.breaker == .closed)
    }

    @Test("waits twice as long after each probe that fails, up to five minutes")
    func doubles() async throws {
        var desk = self.desk(self.gate())
        try await self.open(&desk)
        for (asked, seconds) in [15, 30, 60, 120, 240, 300, 300].enumerated() {
            self.clock.advance(by: .seconds(seconds) - .milliseconds(1))
            #expect(try await desk.say("hello").steps[0].reason == .breakerOpen)
            self.clock.advance(by: .milliseconds(1))
            #expect(try await desk.say("hello").steps[0].reason == .error)
            #expect(self.moody.calls == 6 + asked)
        }
    }

    @Test("is asked by one call at a time to find out whether it works again")
    func probe() async throws {
        let gate = self.gate()
        var desk = self.desk(gate)
        try await self.open(&desk)
        self.clock.advance(by: .seconds(15))
        let (began, beginner) = AsyncStream<Void>.makeStream()
        let (gone, opener) = AsyncStream<Void>.makeStream()
        let slow = Waiting { _ in
            beginner.finish()
            for await _ in gone {}
            return .reply("slowly")
        }
        let chain = Chain(
            name: "other",
            entries: [Chain.Entry(slow, name: "moody", stage: .answer, gate: gate)],
            clock: TurnClock(self.clock)
        )
        async let probing = {
            var desk = ChainDesk(chain)
            return try await desk.say("hello")
        }()
        for await _ in began {}
        #expect(gate.current.breaker == .halfOpen)
        #expect(try await desk.say("hello").steps[0].reason == .breakerOpen)
        opener.finish()
        try await probing.expectReply("slowly")
        #expect(gate.current.breaker == .closed)
    }

    @Test(
        "is asked as before where it passes, is busy, or was cancelled",
        arguments: [.pass(), .pass(reason: .busy), .fail(Failure(.cancelled))] as [Verdict]
    )
    func uncounted(verdict: Verdict) async throws {
        let gate = self.gate()
        var desk = self.desk(gate)
        self.moody.become { verdict }
        for _ in 0..<30 { try await desk.say("hello") }
        #expect(gate.current.breaker == .closed)
    }

    @Test("counts an empty reply, a verdict that the stage does not allow, and a timeout")
    func counted() async throws {
        for verdict in [Verdict.reply(" "), .suppress(reason: "no")] {
            let gate = self.gate()
            let entry = Chain.Entry(
                Waiting { _ in verdict },
                name: "a",
                stage: verdict == .reply(" ") ? .answer : .enrich,
                gate: gate
            )
            var desk = ChainDesk(Chain(name: "test", entries: [entry], clock: TurnClock(self.clock)))
            for _ in 0..<5 { try await desk.say("hello") }
            #expect(gate.current.breaker == .open, "\(verdict)")
        }
        let gate = self.gate(CallLimits(breaker: .init(failures: 1)))
        let clock = TurnClock(self.clock)
        let sleeper = Waiting { _ in
            try await clock.sleep(for: .seconds(60))
            return .pass()
        }
        let entry = Chain.Entry(sleeper, name: "a", stage: .answer, gate: gate)
        var desk = ChainDesk(Chain(name: "test", entries: [entry], clock: clock))
        async let result = desk.say("hello")
        await self.clock.sleepers(atLeast: 2)
        self.clock.advance(by: .seconds(2))
        #expect(try await result.steps[0].reason == .timeout)
        #expect(gate.current.breaker == .open)
    }

    @Test("is left alone for as long as it asks for, which counts as no failure")
    func retryAfter() async throws {
        let gate = self.gate(CallLimits(breaker: .init(failures: 1)))
        var desk = self.desk(gate)
        self.moody.become { throw RetryAfter(.seconds(40)) }
        let first = try await desk.say("hello")
        #expect(first.steps[0].verdict == "pass" && first.steps[0].reason == .busy && first.failures.isEmpty)
        self.moody.become(Moody.answers)
        self.clock.advance(by: .milliseconds(39_999))
        #expect(try await desk.say("hello").steps[0].reason == .breakerOpen)
        self.clock.advance(by: .milliseconds(1))
        try await desk.say("hello").expectReply("from moody")
        #expect(gate.current.counts.openings == 0)
    }

    @Test("is left alone for five minutes at most, whatever it asks for")
    func longRetryAfter() async throws {
        var desk = self.desk(self.gate())
        self.moody.become { throw RetryAfter(.seconds(86_400)) }
        try await desk.say("hello")
        self.moody.become(Moody.answers)
        self.clock.advance(by: .seconds(300))
        try await desk.say("hello").expectReply("from moody")
    }

    @Test("a reply in pieces that is cut off counts as a failure, one that the visitor stops does not")
    func streams() async throws {
        let gate = self.gate(CallLimits(breaker: .init(failures: 1)))
        let cut = Waiting { _ in
            .stream(
                StreamedReply { output in
                    try output.write("half")
                    throw Broken()
                }
            )
        }
        let chain = Chain(
            name: "test",
            entries: [Chain.Entry(cut, name: "a", stage: .answer, gate: gate)],
            clock: TurnClock(self.clock)
        )
        var desk = ChainDesk(chain)
        try await desk.say("hello").expectReply("half")
        #expect(gate.current.breaker == .open)

        let other = self.gate(CallLimits(breaker: .init(failures: 1)))
        let clock = TurnClock(self.clock)
        let long = Waiting { _ in
            .stream(
                StreamedReply { output in
                    try output.write("half")
                    try await clock.sleep(for: .seconds(5))
                    return "half"
                }
            )
        }
        let entry = Chain.Entry(long, name: "a", stage: .answer, gate: other)
        var second = ChainDesk(Chain(name: "test", entries: [entry], clock: clock))
        let screen = second.screen
        async let result = second.say("hello")
        await screen.events(atLeast: 2)
        screen.stop()
        #expect(try await result.steps[0].reason == .stopped)
        #expect(other.current.breaker == .closed)
    }

    @Test("tells the people who run the server once in five minutes")
    func notices() async throws {
        let told = IncidentList()
        let gate = CallGate(name: "moody", clock: TurnClock(self.clock)) { told.append($0) }
        var desk = self.desk(gate)
        try await self.open(&desk)
        for _ in 0..<3 {
            self.clock.advance(by: .seconds(60))
            try await desk.say("hello")
        }
        #expect(gate.current.counts.openings > 1)
        #expect(told.all.map(\.details) == [["responder.name": "moody"]])
        self.clock.advance(by: .seconds(300))
        try await desk.say("hello")
        #expect(told.all.count == 2)
    }

    @Test("on_error: abort ends the turns in which it fails, and not those in which it is not asked")
    func abort() async throws {
        var desk = self.desk(self.gate(), onFailure: .abort)
        for _ in 0..<5 { try await desk.say("hello").expectOutcome(.failedAndTold) }
        try await desk.say("hello").expectOutcome(.fellBack)
    }
}

/// What a plugin or a gate has told.
final class IncidentList: Sendable {
    private let incidents = Mutex<[Incident]>([])

    var all: [Incident] { self.incidents.withLock { $0 } }
    func append(_ incident: Incident) { self.incidents.withLock { $0.append(incident) } }
}
