import Diagnostics
import Responders
import RespondersTesting
import Synchronization
import Testing

/// Holds its calls until a test lets them go.
private final class Held: Responder {
    private let state = Mutex<(held: [Int: AsyncStream<Never>.Continuation], count: Int)>(([:], 0))
    private let began = AsyncStream<Int>.makeStream()
    /// Whether a call goes on after its cancellation.
    let isStubborn: Bool

    init(isStubborn: Bool = false) { self.isStubborn = isStubborn }

    var count: Int { self.state.withLock { $0.count } }

    func respond(to turn: Turn) async throws -> Verdict {
        let (end, continuation) = AsyncStream<Never>.makeStream()
        let number = self.state.withLock { state in
            state.count += 1
            state.held[state.count] = continuation
            return state.count
        }
        self.began.continuation.yield(number)
        if self.isStubborn {
            // A task of its own does not learn of the cancellation.
            await Task { for await _ in end {} }.value
        } else {
            for await _ in end {}
        }
        return .reply(Reply("answer \(number)"))
    }

    /// Waits until the call of that number has begun.
    func begun(_ number: Int) async {
        for await begun in self.began.stream where begun >= number { return }
    }

    func letGo(_ number: Int) { self.state.withLock { $0.held.removeValue(forKey: number) }?.finish() }
}

@Suite("a responder that is slow", .timeLimit(.minutes(1)))
struct BulkheadTests {
    private let clock = ManualClock()

    private func gate(concurrency: Int, queue: Int) -> CallGate {
        let limits = CallLimits(concurrency: concurrency, queue: queue)
        return CallGate(name: "held", limits: limits, clock: TurnClock(self.clock))
    }

    private func chain(_ responder: any Responder, _ gate: CallGate) -> Chain {
        let entries = [
            Chain.Entry(responder, name: "held", stage: .answer, gate: gate),
            Chain.Entry(Immediate(.reply("from the fallback")), name: "fallback", stage: .fallback),
        ]
        return Chain(name: "test", entries: entries, clock: TurnClock(self.clock))
    }

    private func say(_ chain: Chain) -> Task<ChainResult, any Error> {
        Task {
            var desk = ChainDesk(chain)
            return try await desk.say("hello")
        }
    }

    @Test(
        "is asked by as many as may at once; the next ones wait for a place, and who finds none left is not kept waiting"
    )
    func full() async throws {
        let held = Held()
        let gate = self.gate(concurrency: 1, queue: 1)
        let chain = self.chain(held, gate)
        let first = self.say(chain)
        await held.begun(1)
        let second = self.say(chain)
        // The first call and the time limits of both.
        await self.clock.sleepers(atLeast: 2)
        #expect(gate.current.running == 1 && gate.current.waiting == 1)
        let third = try await self.say(chain).value
        try third.expectReply("from the fallback").expectOutcome(.fellBack)
        #expect(third.steps[0].verdict == "pass" && third.steps[0].reason == .busy)
        #expect(gate.current.counts.busy == 1)
        held.letGo(1)
        try await first.value.expectReply("answer 1")
        await held.begun(2)
        held.letGo(2)
        try await second.value.expectReply("answer 2")
        #expect(gate.current.running == 0 && gate.current.waiting == 0)
    }

    @Test("the time in which a call waits for its place counts against its limit, but not against the responder")
    func waitCounts() async throws {
        let held = Held(isStubborn: true)
        let gate = self.gate(concurrency: 1, queue: 8)
        let chain = self.chain(held, gate)
        let first = self.say(chain)
        await held.begun(1)
        let second = self.say(chain)
        await self.clock.sleepers(atLeast: 2)
        self.clock.advance(by: .seconds(2))
        #expect(try await second.value.steps[0].reason == .timeout)
        #expect(try await first.value.steps[0].reason == .timeout)
        #expect(held.count == 1)
        #expect(gate.current.waiting == 0)
        held.letGo(1)
    }

    @Test("a call that waited for its place is told how much of its time is left")
    func timeLeft() async throws {
        let clock = TurnClock(self.clock)
        let limits = Mutex<[Duration?]>([])
        let (began, beginner) = AsyncStream<Void>.makeStream()
        let noting = Waiting { _ in
            let count = limits.withLock { limits in
                limits.append(CallLimit.current)
                return limits.count
            }
            beginner.finish()
            if count == 1 { try await clock.sleep(for: .milliseconds(500)) }
            return .pass()
        }
        let gate = self.gate(concurrency: 1, queue: 1)
        let chain = self.chain(noting, gate)
        let first = self.say(chain)
        for await _ in began {}
        let second = self.say(chain)
        // The first call and the limits of both.
        await self.clock.sleepers(atLeast: 3)
        self.clock.advance(by: .milliseconds(500))
        _ = try await (first.value, second.value)
        #expect(limits.withLock { $0 } == [.seconds(2), .milliseconds(1_500)])
    }

    @Test("a call that ignores its cancellation keeps its place until it returns, and is stuck after a second")
    func stuck() async throws {
        let held = Held(isStubborn: true)
        let gate = self.gate(concurrency: 1, queue: 0)
        let chain = self.chain(held, gate)
        let first = self.say(chain)
        await held.begun(1)
        await self.clock.sleepers(atLeast: 1)
        self.clock.advance(by: .seconds(2))
        #expect(try await first.value.steps[0].reason == .timeout)
        #expect(gate.current.running == 1 && gate.current.stuck == 0)
        self.clock.advance(by: .seconds(1))
        #expect(gate.current.stuck == 1)
        #expect(try await self.say(chain).value.steps[0].reason == .busy)
        held.letGo(1)
        // It has returned when its late answer is counted.
        while gate.current.counts.late == 0 { await Task.yield() }
        #expect(gate.current.running == 0 && gate.current.stuck == 0)
        let third = self.say(chain)
        await held.begun(2)
        held.letGo(2)
        try await third.value.expectReply("answer 2")
    }

    @Test("a reply in pieces keeps its place until its end")
    func stream() async throws {
        let (end, opener) = AsyncStream<Never>.makeStream()
        let gate = self.gate(concurrency: 1, queue: 0)
        let streaming = Waiting { _ in
            .stream(
                StreamedReply { output in
                    try output.write("first")
                    for await _ in end {}
                    return "first"
                }
            )
        }
        let chain = self.chain(streaming, gate)
        var desk = ChainDesk(chain)
        let screen = desk.screen
        async let first = desk.say("hello")
        await screen.events(atLeast: 2)
        #expect(try await self.say(chain).value.steps[0].reason == .busy)
        opener.finish()
        try await first.expectReply("first")
        #expect(gate.current.running == 0)
    }

    @Test("those that wait are not asked where the breaker opens meanwhile")
    func opensMeanwhile() async throws {
        let clock = TurnClock(self.clock)
        let (began, beginner) = AsyncStream<Void>.makeStream()
        let (gone, opener) = AsyncStream<Void>.makeStream()
        let calls = Mutex(0)
        let broken = Waiting { _ in
            calls.withLock { $0 += 1 }
            beginner.finish()
            for await _ in gone {}
            throw Broken()
        }
        let limits = CallLimits(concurrency: 1, queue: 8, breaker: .init(failures: 1))
        let gate = CallGate(name: "a", limits: limits, clock: clock)
        let chain = self.chain(broken, gate)
        let first = self.say(chain)
        for await _ in began {}
        let second = self.say(chain)
        while gate.current.waiting == 0 { await Task.yield() }
        opener.finish()
        #expect(try await first.value.steps[0].reason == .error)
        let waited = try await second.value.steps[0]
        // The place may be free a moment before the failure counts.
        #expect(waited.reason == .breakerOpen || waited.reason == .error)
        #expect(gate.current.running == 0 && gate.current.waiting == 0)
    }
}

@Suite("limits of calls from a file")
struct CallLimitFileTests {
    private func registry() throws -> PluginRegistry {
        var registry = PluginRegistry()
        try registry.register(Echo.self)
        try registry.register(Unhurried.self)
        return registry
    }

    @Test("are eight at once, 32 that wait and five failures where nothing else is written")
    func defaults() throws {
        let desk = try ChainDesk("answer: [unhurried: {size: 1}]", plugins: self.registry())
        let limits = try #require(desk.chain.entries.first?.gate?.limits)
        #expect(limits == CallLimits(concurrency: 8, queue: 32, breaker: .init(failures: 5, wait: .seconds(15))))
    }

    @Test("are read, and shared by all entries with the same plugin, settings and limits, in all chains")
    func shared() throws {
        var loader = ChainLoader(registry: try self.registry(), services: PluginServices())
        let text = """
            answer:
              - unhurried: {size: 1}
                concurrency: 2
                queue: 0
                breaker: {failures: 3, wait: 30s}
              - unhurried: {size: 1}
                as: other
            """
        let node = try YAMLNode(yaml: text, file: "test.yaml", keyPath: "chains.a")
        let first = loader.chain(named: "a", node, at: node.place)
        let second = loader.chain(named: "b", node, at: node.place)
        #expect(loader.diagnostics.allSatisfy { $0.severity == .warning })
        #expect(first.entries[0].gate?.limits.concurrency == 2)
        #expect(first.entries[0].gate?.limits.queue == 0)
        #expect(first.entries[0].gate?.limits.breaker == .init(failures: 3, wait: .seconds(30)))
        #expect(first.entries[0].gate === second.entries[0].gate)
        #expect(first.entries[0].gate !== first.entries[1].gate)
        #expect(first.entries[1].gate === second.entries[1].gate)
    }

    @Test("a breaker can be left out")
    func disabled() async throws {
        let yaml = "answer: [{unhurried: {size: 0}, breaker: {enabled: false}}]"
        var desk = try ChainDesk(yaml, plugins: self.registry())
        for _ in 0..<30 { #expect(try await desk.say("hello").failures.count == 1) }
    }

    @Test("are refused where they can't be meant")
    func refused() throws {
        let yaml = """
            answer:
              - unhurried: {size: 1}
                concurrency: 0
                queue: -1
                breaker: {failures: 0, wait: 1h, enabld: true}
            fallback: [{unhurried: {size: 2}, as: last}]
            """
        let found = #expect(throws: Rejection.self) { try ChainDesk(yaml, plugins: self.registry()) }
        #expect(
            found?.description == """
                test.yaml:3:5: chains.test.answer[0].concurrency: 0 is out of range; write a number from 1 to 1000 [out-of-range]
                test.yaml:4:5: chains.test.answer[0].queue: -1 is out of range; write a number from 0 to 10000 [out-of-range]
                test.yaml:5:15: chains.test.answer[0].breaker.failures: 0 is out of range; write a number from 1 to 1000 [out-of-range]
                test.yaml:5:28: chains.test.answer[0].breaker.wait: the wait is out of range; write 1s to 5m [out-of-range]
                test.yaml:5:38: chains.test.answer[0].breaker.enabld: unknown key "enabld"; did you mean "enabled"? [unknown-key]
                """
        )
    }

    @Test("mean nothing for a responder that answers at once, which has no breaker")
    func immediate() throws {
        let yaml = """
            answer:
              - echo: {repeat_count: 1}
                concurrency: 1
                breaker: {failures: 1}
            fallback: [unhurried: {size: 2}]
            """
        let desk = try ChainDesk(yaml, plugins: self.registry())
        #expect(desk.chain.entries[0].gate == nil)
        #expect(
            desk.warnings.map(\.description) == [
                """
                test.yaml:3:5: chains.test.answer[0].concurrency: echo answers at once, so nobody waits for it; leave it out \
                [needless-limit]
                """,
                """
                test.yaml:4:5: chains.test.answer[0].breaker: echo answers at once, so it is always asked; leave it out \
                [needless-limit]
                """,
            ]
        )
    }

    /// A plugin that may wait; it fails where its size is 0.
    private final class Unhurried: ResponderPlugin {
        static let manifest = PluginManifest(
            name: "unhurried",
            summary: "",
            stages: [.answer, .fallback],
            sample: "size: 1",
            examples: []
        )
        struct Configuration: Decodable { var size: Int }
        let size: Int
        init(configuration: Configuration, services: PluginServices) { self.size = configuration.size }
        func respond(to turn: Turn) async throws -> Verdict {
            if self.size == 0 { throw Broken() }
            return .reply(Reply("size \(self.size)"))
        }
    }
}
