import Diagnostics
import Responders
import RespondersTesting
import Synchronization
import Testing

/// Notes what it is asked, and does what the test says.
private final class Clerk: ActionPerformer {
    let operations = ["create"]
    private let work: @Sendable (Action) async throws -> ActionResult
    private let asked = Mutex<[Action]>([])

    init(_ work: @escaping @Sendable (Action) async throws -> ActionResult = { _ in ActionResult(["id": "7"]) }) {
        self.work = work
    }

    var actions: [Action] { self.asked.withLock(\.self) }

    func respond(to turn: Turn) async -> Verdict { .pass() }

    func perform(_ action: Action, in turn: Turn) async throws -> ActionResult {
        self.asked.withLock { $0.append(action) }
        return try await self.work(action)
    }
}

@Suite("actions of a verdict", .timeLimit(.minutes(1)))
struct ActionTests {
    private let clock = ManualClock()

    private static func asks(_ names: [String], operation: String = "create") -> Verdict {
        Verdict.reply("Nothing was noted.").asking(
            ActionPlan(names.map { .init(responder: $0, operation: operation, fields: ["kind": "bug"]) }) { results in
                let ids = results.map { $0?.values["id"] ?? "–" }
                return .reply(Reply("Noted as \(ids.joined(separator: ", "))."))
            }
        )
    }

    private func entry(_ clerk: Clerk, as name: String = "clerk", mode: Chain.Mode = .live) -> Chain.Entry {
        Chain.Entry(clerk, name: name, stage: .answer, mode: mode)
    }

    private func desk(_ verdict: Verdict, _ others: Chain.Entry..., election: Election? = nil) -> ChainDesk {
        let asker = Chain.Entry(Immediate(verdict), name: "asker", stage: .answer, priority: 50)
        return ChainDesk(
            Chain(name: "test", entries: [asker] + others, election: election, clock: TurnClock(self.clock))
        )
    }

    @Test("are performed before the reply, in order, each under a key of its own, and the reply has their values")
    func performed() async throws {
        let clerk = Clerk()
        var desk = self.desk(Self.asks(["clerk", "clerk"]), self.entry(clerk))
        let result = try await desk.say("it is broken")
        try result.expectReply("Noted as 7, 7.", from: "asker").expectExactlyOne().expectOutcome(.answered)
        let turn = result.turn.id.rawValue
        #expect(clerk.actions.map(\.key) == ["\(turn)/1", "\(turn)/2"])
        #expect(clerk.actions.allSatisfy { $0.operation == "create" && $0.fields == ["kind": "bug"] })
        let step = try #require(result.steps.first)
        #expect(step.actions.map(\.responder) == ["clerk", "clerk"] && step.actions.allSatisfy { $0.reason == nil })
        let json = String(decoding: TurnTrace(result).json, as: UTF8.self)
        #expect(json.contains(#""actions":[{"responder":"clerk","operation":"create","us":0},"#), "\(json)")
    }

    @Test("of a name that nobody has, or that can't do it, change nothing for the reply")
    func unknown() async throws {
        let clerk = Clerk()
        var desk = self.desk(Self.asks(["nobody", "clerk"], operation: "destroy"), self.entry(clerk))
        let result = try await desk.say("it is broken")
        try result.expectReply("Noted as –, –.", from: "asker")
        #expect(result.steps[0].actions.map(\.reason) == [.unknownResponder, .unknownOperation])
        #expect(clerk.actions.isEmpty && result.failures.isEmpty)
    }

    @Test("that fail are counted for their performer, and the visitor has a reply all the same")
    func failing() async throws {
        let clerk = Clerk { action in
            if action.key.hasSuffix("/1") { throw Broken() }
            return ActionResult(["id": "8"])
        }
        var desk = self.desk(Self.asks(["clerk", "clerk"]), self.entry(clerk))
        let result = try await desk.say("it is broken")
        try result.expectReply("Noted as –, 8.", from: "asker").expectOutcome(.answered)
        #expect(result.failures.map(\.responder) == ["clerk"])
        #expect(result.steps[0].actions.map(\.reason) == [.error, nil])
    }

    @Test("are given up at their performer's time limit")
    func late() async throws {
        let clock = TurnClock(self.clock)
        let clerk = Clerk { _ in
            try await clock.sleep(for: .seconds(60))
            return ActionResult(["id": "9"])
        }
        var desk = self.desk(Self.asks(["clerk"]), self.entry(clerk))
        async let result = desk.say("it is broken")
        await self.clock.sleepers(atLeast: 2)
        self.clock.advance(by: .seconds(2))
        let ended = try await result
        try ended.expectReply("Noted as –.", from: "asker")
        #expect(ended.steps[0].actions.map(\.reason) == [.timeout])
        #expect(ended.steps[0].actions.map(\.duration) == [.seconds(2)])
    }

    @Test("stand behind the performer's breaker")
    func breaker() async throws {
        let clerk = Clerk { _ in throw Broken() }
        let limits = CallLimits(concurrency: 1, queue: 0, breaker: .init(failures: 2))
        let gate = CallGate(name: "clerk", limits: limits, clock: TurnClock(self.clock))
        var desk = self.desk(
            Self.asks(["clerk"]),
            Chain.Entry(clerk, name: "clerk", stage: .answer, gate: gate)
        )
        for _ in 0..<2 { try await desk.say("it is broken") }
        let result = try await desk.say("it is still broken")
        #expect(result.steps[0].actions.map(\.reason) == [.breakerOpen])
        #expect(clerk.actions.count == 2 && gate.current.breaker == .open)
    }

    @Test("may add what the visitor must see, behind the reply")
    func further() async throws {
        let clerk = Clerk { _ in ActionResult(reply: Reply("This will be sent.", choices: [Reply.Choice("Send")])) }
        var desk = self.desk(Self.asks(["clerk"]), self.entry(clerk))
        let result = try await desk.say("it is broken")
        #expect(result.replies.map(\.text) == ["Noted as –.", "This will be sent."])
        #expect(result.responder == "asker")
    }

    @Test("leave room for no more replies than a turn may have, and are at most eight")
    func bounds() async throws {
        let clerk = Clerk { _ in ActionResult(["id": "1"], reply: "one more") }
        var desk = self.desk(Self.asks(Array(repeating: "clerk", count: 10)), self.entry(clerk))
        let result = try await desk.say("it is broken")
        #expect(result.replies.count == Chain.maximumReplies && clerk.actions.count == Action.maximumCount)
        #expect(result.steps[0].actions.suffix(2).map(\.reason) == [.limit, .limit])
    }

    @Test("are not performed where nothing may remain of the turn, and by no shadow")
    func rehearsal() async throws {
        let (clerk, shadow) = (Clerk(), Clerk())
        var desk = self.desk(
            Self.asks(["clerk", "shadow"]),
            self.entry(clerk),
            self.entry(shadow, as: "shadow", mode: .shadow)
        )
        desk.isRehearsing = true
        let rehearsed = try await desk.say("it is broken")
        try rehearsed.expectReply("Nothing was noted.", from: "asker")
        #expect(rehearsed.steps[0].actions.map(\.reason) == [.rehearsal, .rehearsal] && clerk.actions.isEmpty)
        desk.isRehearsing = false
        try await desk.say("it is broken").expectReply("Noted as 7, –.", from: "asker")
        #expect(shadow.actions.isEmpty)
    }

    @Test("that a shadow wants are not performed")
    func askedByShadow() async throws {
        let clerk = Clerk()
        let asker = Chain.Entry(Immediate(Self.asks(["clerk"])), name: "asker", stage: .answer, mode: .shadow)
        let chain = Chain(name: "test", entries: [asker, self.entry(clerk)], clock: TurnClock(self.clock))
        var desk = ChainDesk(chain)
        let result = try await desk.say("it is broken")
        let steps = await chain.askShadows(about: result)
        #expect(steps.first?.actions.map(\.reason) == [.rehearsal] && clerk.actions.isEmpty)
    }

    @Test("are performed for the one that is elected alone")
    func elected() async throws {
        let clerk = Clerk()
        let better = Chain.Entry(Immediate(.reply("A better one.")), name: "better", stage: .answer, priority: 100)
        var desk = self.desk(Self.asks(["clerk"]), self.entry(clerk), better, election: Election())
        try await desk.say("it is broken").expectReply("A better one.", from: "better")
        #expect(clerk.actions.isEmpty)
        var alone = self.desk(Self.asks(["clerk"]), self.entry(clerk), election: Election())
        try await alone.say("it is broken").expectReply("Noted as 7.", from: "asker")
    }
}
