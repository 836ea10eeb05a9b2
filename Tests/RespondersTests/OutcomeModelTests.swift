import Messages
import Responders
import RespondersTesting
import Synchronization
import Testing

/// What a responder of the model does.
private enum Behaviour: CaseIterable {
    case passes, augments, replies, repliesWithNonsense, repliesAndContinues, handsOver, suppresses, repliesNothing
    case fails, throwsError, isBusy
    /// Never answers, but ends when it is cancelled.
    case hangs
    /// Answers after its time, whatever it is told.
    case answersLate
    case streams, streamsNothing
    /// Fails after a part of its text.
    case cutsItsStream
    /// Stops in the middle of its text.
    case hangsInItsStream
    /// Writes more after the end of its text.
    case writesAfterItsEnd
    /// Writes until nobody wants more, and then more.
    case floods
    /// Replies once others have done something, whoever they are.
    case asks
}

/// A responder of the model.
private struct Player: ActionPerformer {
    let behaviour: Behaviour
    let delay: Duration
    let clock: TurnClock
    /// What still runs although nobody waits for it.
    let leftovers: Leftovers
    let ledger: Ledger
    let operations = ["work"]

    func perform(_ action: Action, in turn: Turn) async throws -> ActionResult {
        self.ledger.note(action, turn)
        switch try await self.respond(to: turn) {
        case .fail(let failure): throw failure
        case .reply: return ActionResult(["id": "1"], reply: "one more reply")
        case .pass, .augment, .stream, .suppress, .handoff: return ActionResult()
        }
    }

    func respond(to turn: Turn) async throws -> Verdict {
        self.ledger.noteAsked(in: turn)
        if self.delay > .zero, self.behaviour != .answersLate { try await self.clock.sleep(for: self.delay) }
        switch self.behaviour {
        case .hangs:
            try await self.clock.sleep(for: .seconds(1_000_000_000))
            return .reply("never")
        case .answersLate:
            await self.leftovers.stubbornly { try? await self.clock.sleep(for: .seconds(90)) }
            return .reply("late")
        case .streams, .streamsNothing, .cutsItsStream, .hangsInItsStream, .writesAfterItsEnd, .floods:
            return .stream(self.stream, confidence: 0.7)
        default: return try self.behaviour.verdict(on: turn)
        }
    }

    private var stream: StreamedReply {
        StreamedReply { output in
            if self.behaviour == .streamsNothing { throw Broken() }
            try output.write("first ")
            switch self.behaviour {
            case .cutsItsStream: throw Broken()
            case .hangsInItsStream: try await self.clock.sleep(for: .seconds(1_000_000_000))
            case .writesAfterItsEnd:
                await self.leftovers.keep { try? output.write("late") }
                return "first "
            case .floods:
                let piece = String(repeating: "x", count: 1_000)
                for _ in 0..<40 { try? output.write(piece) }
                return "late"
            default: try await self.clock.sleep(for: .milliseconds(300))
            }
            try output.write("second")
            return "first second"
        }
    }
}

extension Behaviour {
    /// What it decides at once.
    func verdict(on turn: Turn) throws -> Verdict {
        switch self {
        case .passes: .pass(reason: "not-mine")
        case .augments: .augment(Augmentation(note: "found", tags: ["t"]))
        case .replies: .reply("a reply", confidence: 0.8)
        case .repliesWithNonsense: .reply("a reply", confidence: .nan)
        case .repliesAndContinues: .reply("one of several", then: .continue)
        case .handsOver: .handoff(Handoff(text: "a person reads it"))
        case .suppresses: .suppress(reason: "quiet")
        case .repliesNothing: .reply("  ")
        case .fails: .fail(Failure("broken", "secret inner workings"))
        case .isBusy: throw RetryAfter(.seconds(3))
        case .asks:
            Verdict.reply("nobody has done it").asking(
                ActionPlan(
                    (0..<4).map { ActionPlan.Step(responder: "\(turn.place.generation).\($0)", operation: "work") }
                ) { results in
                    .reply(Reply("\(results.compactMap(\.self).count) have done it"))
                }
            )
        default: throw Broken()
        }
    }
}

/// What was done, each time.
private final class Ledger: Sendable {
    private let done = Mutex<[(turn: TurnID, key: String, isRehearsal: Bool)]>([])
    /// By which configurations the responders were asked in each turn.
    private let asked = Mutex<[TurnID: Set<Int>]>([:])

    func note(_ action: Action, _ turn: Turn) {
        self.done.withLock { $0.append((turn.id, action.key, turn.isRehearsal)) }
    }

    func noteAsked(in turn: Turn) {
        self.asked.withLock { _ = $0[turn.id, default: []].insert(turn.place.generation) }
    }

    /// The configurations that a turn met; none where nobody was asked who waits.
    func generations(of turn: TurnID) -> Set<Int> { self.asked.withLock { $0[turn] ?? [] } }

    func check(_ place: String) {
        let done = self.done.withLock(\.self)
        #expect(Set(done.map(\.key)).count == done.count, "\(place): done twice under one key")
        #expect(done.allSatisfy { $0.key.hasPrefix("\($0.turn.rawValue)/") && !$0.isRehearsal }, "\(place)")
    }
}

/// Work that goes on after its turn.
private final class Leftovers: Sendable {
    private let state = Mutex<(running: Int, late: [@Sendable () -> Void])>((0, []))

    var running: Int { self.state.withLock { $0.running } }

    /// Does something whatever happens to the task that wants it.
    func stubbornly(_ work: @escaping @Sendable () async -> Void) async {
        self.state.withLock { $0.running += 1 }
        await Task { await work() }.value
        self.state.withLock { $0.running -= 1 }
    }

    func keep(_ work: @escaping @Sendable () -> Void) async { self.state.withLock { $0.late.append(work) } }

    /// Does what came too late.
    func doAll() {
        let work = self.state.withLock { state in
            defer { state.late = [] }
            return state.late
        }
        for each in work { each() }
    }
}

/// One run of the model: some messages, with a chain of its own for each.
private struct Story {
    let clock = ManualClock()
    let leftovers = Leftovers()
    let ledger = Ledger()
    var random: SplitMix64
    /// What the responders of this story may do: everything, or little and that often.
    private let behaviours: [Behaviour]
    /// Instances that move over from one chain to the next, with their gates.
    var instances: [(responder: any Responder, gate: CallGate?)] = []

    init(seed: Int) {
        self.random = SplitMix64(state: UInt64(seed))
        let count = [1, 2, Behaviour.allCases.count, Behaviour.allCases.count].randomElement(using: &self.random) ?? 1
        self.behaviours = Array(Behaviour.allCases.shuffled(using: &self.random).prefix(count))
        for _ in 0..<Int.random(in: 1...6, using: &self.random) { self.instances.append(self.instance()) }
    }

    private mutating func instance() -> (responder: any Responder, gate: CallGate?) {
        let behaviour = self.behaviours.randomElement(using: &self.random) ?? .passes
        if Int.random(in: 0..<4, using: &self.random) == 0 {
            return (Immediate { try behaviour.verdict(on: $0) }, nil)
        }
        let delay = [0, 0, 50, 700, 2_500].randomElement(using: &self.random) ?? 0
        let player = Player(
            behaviour: behaviour,
            delay: .milliseconds(delay),
            clock: TurnClock(self.clock),
            leftovers: self.leftovers,
            ledger: self.ledger
        )
        let limits = CallLimits(
            concurrency: Int.random(in: 1...2, using: &self.random),
            queue: Int.random(in: 0...1, using: &self.random),
            breaker: .init(failures: Int.random(in: 1...5, using: &self.random))
        )
        return (player, CallGate(name: "\(behaviour)", limits: limits, clock: TurnClock(self.clock)))
    }

    /// How many configurations there were.
    private var generation = 0

    /// Now and then an entry is tried on some conversations, or beside the others.
    private mutating func mode(in stage: Stage) -> Chain.Mode {
        switch Int.random(in: 0..<10, using: &self.random) {
        case 0: Share(written: "50%").map { .canary($0) } ?? .live
        case 1 where stage == .answer: .shadow
        default: .live
        }
    }

    /// The chain after a reload: the same instances, and often one more, in other places, under other names.
    mutating func reload() -> Chain {
        self.generation += 1
        if Bool.random(using: &self.random) { self.instances.append(self.instance()) }
        let isAnswerAlone = Int.random(in: 0..<3, using: &self.random) == 0
        let stages: [Stage] =
            isAnswerAlone ? [.answer] : [.guard, .enrich, .answer, .answer, .answer, .fallback, .after]
        let entries = (0..<Int.random(in: 1...6, using: &self.random)).map { number in
            // An instance may stand in several places, and then has several calls at once.
            let instance = self.instances[Int.random(in: self.instances.indices, using: &self.random)]
            let stage = stages.randomElement(using: &self.random) ?? .answer
            return Chain.Entry(
                instance.responder,
                name: "\(self.generation).\(number)",
                stage: stage,
                isEnabled: Int.random(in: 0..<10, using: &self.random) > 0,
                onFailure: Chain.OnFailure.allCases.randomElement(using: &self.random),
                timeout: .seconds([1, 2, 30].randomElement(using: &self.random) ?? 2),
                gate: instance.gate,
                priority: [50, 100].randomElement(using: &self.random) ?? 100,
                mode: self.mode(in: stage)
            )
        }
        return Chain(
            name: "story",
            entries: entries,
            deadline: .seconds(8),
            streamDeadline: .seconds([8, 20].randomElement(using: &self.random) ?? 8),
            election: Int.random(in: 0..<3, using: &self.random) == 0 ? Election() : nil,
            asksEnrichTogether: Bool.random(using: &self.random),
            generation: self.generation,
            clock: TurnClock(self.clock)
        )
    }
}

@Suite("every message has one outcome", .timeLimit(.minutes(5)))
struct OutcomeModelTests {
    /// Whether a turn has ended.
    private final class Ending: Sendable {
        private let ended = Mutex(false)
        var hasCome: Bool { self.ended.withLock { $0 } }
        func come() { self.ended.withLock { $0 = true } }
    }

    @Test(
        "by its deadline, with at most three replies and no inner word of an error, whatever the responders do",
        arguments: 0..<1_000
    )
    func outcomes(seed: Int) async throws {
        var story = Story(seed: seed)
        var conversation = Conversation(sessionID: "s", said: [:])
        var gates: [CallGate] = []
        var chain = story.reload()
        gates += chain.entries.compactMap(\.gate)
        for number in 1...3 {
            var running = [self.begin("t_\(number)", number, in: conversation, by: chain, &story)]
            // The configuration is replaced while the turn is under way, and others begin on the new one meanwhile.
            if Bool.random(using: &story.random) {
                chain = story.reload()
                gates += chain.entries.compactMap(\.gate)
                let other = Conversation(sessionID: "o\(number)", said: [:])
                running.append(self.begin("t_o\(number)", number, in: other, by: chain, &story))
            }
            for turn in running {
                let place = "seed \(seed), \(turn.id)"
                guard await self.drive(&story, turn) else {
                    Issue.record("\(place): no outcome at the deadline")
                    story.clock.advance(by: .seconds(1_000))
                    for turn in running { _ = await turn.result.value }
                    return
                }
                let result = await turn.result.value
                self.check(result, turn.screen, of: turn.chain, place)
                #expect(result.turn.place.generation == turn.chain.generation, "\(place)")
                let met = story.ledger.generations(of: turn.id)
                #expect(met.isSubset(of: [turn.chain.generation]), "\(place): asked by the configurations \(met)")
                if turn.id == running[0].id { conversation.remember(result) }
            }
            let before = running.map(\.screen.events)
            // Whatever comes now is too late.
            story.leftovers.doAll()
            if Bool.random(using: &story.random) { story.clock.advance(by: .seconds(100)) }
            await self.settle()
            #expect(running.map(\.screen.events) == before, "seed \(seed), message \(number)")
            if Bool.random(using: &story.random) {
                chain = story.reload()
                gates += chain.entries.compactMap(\.gate)
            }
        }
        try await self.expectRest(story, gates, seed)
        story.ledger.check("seed \(seed)")
    }

    /// A turn that has begun.
    private struct Running {
        let id: TurnID
        let chain: Chain
        let screen = Screen()
        let ending = Ending()
        let start: ManualClock.Instant
        let result: Task<ChainResult, Never>

        init(
            _ progress: ChainProgress,
            _ id: TurnID,
            of chain: Chain,
            isWatched: Bool,
            at start: ManualClock.Instant
        ) {
            (self.id, self.chain, self.start) = (id, chain, start)
            let (screen, ending) = (self.screen, self.ending)
            self.result = Task {
                defer { ending.come() }
                switch progress {
                case .finished(let result): return result
                case .waiting(let run):
                    // The watchdog stands between the run and the screen, and must not be needed.
                    return isWatched
                        ? await chain.conclude(run, showing: screen) : await chain.finish(run, showing: screen)
                }
            }
        }
    }

    private func begin(
        _ id: String,
        _ number: Int,
        in conversation: Conversation,
        by chain: Chain,
        _ story: inout Story
    ) -> Running {
        var conversation = conversation
        // A person may have it, or be waited for.
        conversation.state = [.bot, .bot, .bot, .waiting, .human].randomElement(using: &story.random) ?? .bot
        let turn = Turn(
            id: TurnID(id),
            message: Incoming(id: "m\(number)", seq: number, text: "hello", serverTime: Int64(number)),
            conversation: conversation,
            localTime: TimeOfDay(minutes: 0),
            isStaffed: Bool.random(using: &story.random)
        )
        let isRehearsal = Int.random(in: 0..<4, using: &story.random) == 0
        return Running(
            chain.begin(turn, tracing: true, rehearsing: isRehearsal),
            turn.id,
            of: chain,
            isWatched: Bool.random(using: &story.random),
            at: story.clock.now
        )
    }

    /// Lets time pass up to the last moment that the turn has.
    ///
    /// - Returns: Whether it has ended by then.
    private func drive(_ story: inout Story, _ turn: Running) async -> Bool {
        let (chain, screen, ending, start) = (turn.chain, turn.screen, turn.ending, turn.start)
        var end = start.advanced(by: chain.deadline)
        while !ending.hasCome {
            await self.settle()
            // The visitor wants no more of a reply.
            if screen.isStreaming, Int.random(in: 0..<6, using: &story.random) == 0 { screen.stop() }
            if story.clock.now >= end {
                guard end < start.advanced(by: chain.streamDeadline), screen.isStreaming else { break }
                end = start.advanced(by: chain.streamDeadline)
            }
            let step = Duration.milliseconds(Int.random(in: 1...1_500, using: &story.random))
            story.clock.advance(by: max(.zero, min(step, story.clock.now.duration(to: end))))
        }
        // The clock stands still, so whatever has to happen happens without it. A slow machine has its time.
        let patience = ContinuousClock.now.advanced(by: .seconds(20))
        while !ending.hasCome, ContinuousClock.now < patience { await Task.yield() }
        return ending.hasCome
    }

    /// Gives other tasks a chance, no more: what is tested holds in whichever order they run.
    private func settle() async { for _ in 0..<20 { await Task.yield() } }

    private func check(_ result: ChainResult, _ screen: Screen, of chain: Chain, _ place: String) {
        #expect(!result.isOverdue, "\(place)")
        #expect(result.replies.count <= Chain.maximumReplies, "\(place)")
        #expect(!result.replies.contains { $0.text.isEmpty || $0.text.contains("secret") }, "\(place)")
        #expect(!result.replies.contains { $0.text.contains("late") || $0.text.contains("never") }, "\(place)")
        let isAttended = result.turn.conversation.state.isAttended
        if isAttended {
            #expect([.handedOver, .refused, .failedAndTold].contains(result.outcome), "\(place): \(result.outcome)")
            let spoke = result.steps.filter { $0.verdict == "reply" || $0.verdict == "stream" }
            #expect(spoke.allSatisfy { $0.stage == .guard }, "\(place): spoke in a conversation with a person")
        } else if result.outcome != .silent && result.outcome != .refused {
            #expect(!result.replies.isEmpty, "\(place)")
        }
        let shadows = Set(chain.entries.filter { $0.mode == .shadow }.map(\.name))
        #expect(
            !result.steps.contains { shadows.contains($0.responder) && $0.verdict != nil },
            "\(place): a shadow spoke"
        )
        if result.replies.contains("a reply") {
            #expect([.answered, .fellBack, .refused].contains(result.outcome), "\(place): \(result.outcome)")
        }
        #expect(screen.shownReplies == result.replies.prefix(result.shownCount).map(\.text), "\(place)")
        #expect(!screen.isStreaming, "\(place)")
        let asked = chain.entries.filter { $0.stage != .after }.map(\.name)
        #expect(result.steps.map(\.responder) == asked, "\(place)")
        let allowed: Set<TraceReason> = [
            .error, .timeout, .cancelled, .emptyReply, .verdictNotAllowed, "broken", .limit,
        ]
        for failure in result.failures { #expect(allowed.contains(failure.failure.code), "\(place): \(failure)") }
    }

    /// Nothing holds a place once everybody has returned.
    private func expectRest(_ story: Story, _ gates: [CallGate], _ seed: Int) async throws {
        let patience = ContinuousClock.now.advanced(by: .seconds(20))
        func isAtRest() -> Bool {
            story.leftovers.running == 0 && gates.allSatisfy { $0.current.running == 0 && $0.current.waiting == 0 }
        }
        while !isAtRest(), ContinuousClock.now < patience {
            story.clock.advance(by: .seconds(100))
            await self.settle()
        }
        #expect(isAtRest(), "seed \(seed): \(gates.map(\.current))")
    }
}

extension Screen {
    /// Whether a reply is being shown piece by piece.
    fileprivate var isStreaming: Bool {
        self.events.reduce(false) { isOpen, event in
            switch event {
            case .began: true
            case .ended: false
            case .shown, .piece: isOpen
            }
        }
    }

    /// The whole replies that were shown.
    fileprivate var shownReplies: [String] {
        self.events.compactMap { event in
            switch event {
            case .shown(let text), .ended(let text, _): text
            case .began, .piece: nil
            }
        }
    }
}
