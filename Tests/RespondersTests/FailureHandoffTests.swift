import Responders
import RespondersTesting
import Testing

@Suite("a failure where somebody is there")
struct FailureHandoffTests {
    private struct Never: EntryCondition {
        func refusal(of turn: Turn) -> String? { "never" }
    }

    private static let fails = Immediate { _ in throw Broken() }

    private func result(
        _ responders: [(any Responder, Chain.OnFailure)],
        isStaffed: Bool,
        fallback: Verdict = .reply("from the fallback")
    ) async throws -> ChainResult {
        let answers = responders.enumerated().map { number, entry in
            Chain.Entry(entry.0, name: "answer-\(number)", stage: .answer, onFailure: entry.1)
        }
        let last = Chain.Entry(Immediate(fallback), name: "fallback", stage: .fallback)
        var desk = ChainDesk(Chain(name: "test", entries: answers + [last]))
        desk.isStaffed = isStaffed
        return try await desk.say("hello")
    }

    @Test("on_error: handoff gives the conversation to a person, with a sentence for the visitor")
    func handsOver() async throws {
        let result = try await self.result(
            [(Self.fails, .handoff), (Immediate(.reply("never")), .skip)],
            isStaffed: true
        )
        try result.expectOutcome(.handedOver).expectExactlyOne()
        #expect(result.responder == "answer-0")
        #expect(result.effects.handoff?.note == "nobody answered; answer-0: error")
        #expect(!result.replies[0].text.contains("secret"))
        #expect(result.steps.map(\.reason) == [.error, .alreadyAnswered, .alreadyAnswered])
    }

    @Test("on_error: handoff asks the fallback where nobody is there")
    func nobodyThere() async throws {
        let result = try await self.result(
            [(Self.fails, .handoff), (Immediate(.reply("never")), .skip)],
            isStaffed: false
        )
        try result.expectReply("from the fallback").expectOutcome(.fellBack)
        #expect(result.steps[1].reason == .stageSkipped)
    }

    @Test("gives the conversation to a person where everybody of answer failed, whatever on_error says")
    func allFailed() async throws {
        let failing: [(any Responder, Chain.OnFailure)] = [(Self.fails, .skip), (Self.fails, .fallback)]
        try await self.result(failing, isStaffed: true).expectOutcome(.handedOver)
        try await self.result(failing, isStaffed: false).expectOutcome(.fellBack)
    }

    @Test("asks the fallback where one of answer has passed, or was not asked")
    func notAllFailed() async throws {
        let passed: [(any Responder, Chain.OnFailure)] = [(Self.fails, .skip), (Immediate(.pass()), .skip)]
        try await self.result(passed, isStaffed: true).expectOutcome(.fellBack)
        let skipped: [(any Responder, Chain.OnFailure)] = [(Self.fails, .fallback), (Immediate(.pass()), .skip)]
        try await self.result(skipped, isStaffed: true).expectOutcome(.fellBack)
    }

    @Test("an entry that is beside, or not for this conversation, takes the hand-over from nobody")
    func beside() async throws {
        let never = Immediate(.reply("never"))
        let others = [
            Chain.Entry(never, name: "shadow", stage: .answer, mode: .shadow),
            Chain.Entry(never, name: "canary", stage: .answer, mode: .canary(try #require(Share(written: "0%")))),
            Chain.Entry(never, name: "elsewhere", stage: .answer, condition: Never()),
        ]
        for other in others {
            let failing = Chain.Entry(Self.fails, name: "failing", stage: .answer)
            var desk = ChainDesk(Chain(name: "test", entries: [failing, other]))
            desk.isStaffed = true
            let result = try await desk.say("hello")
            #expect(result.outcome == .handedOver, "\(other.name)")
            #expect(result.responder == "failing", "\(other.name)")
        }
    }

    @Test("counts one whose breaker is open among those that failed")
    func breakerOpen() async throws {
        let gate = CallGate(name: "a", limits: CallLimits(breaker: .init(failures: 1)))
        let entry = Chain.Entry(Moody(), name: "a", stage: .answer, gate: gate)
        var desk = ChainDesk(Chain(name: "test", entries: [entry]))
        try await desk.say("hello").expectOutcome(.failedAndTold)
        desk.isStaffed = true
        let result = try await desk.say("hello")
        #expect(result.steps[0].reason == .breakerOpen)
        try result.expectOutcome(.handedOver)
    }

    @Test("leaves a refusal, an abort and a shown reply as they are")
    func otherEndings() async throws {
        try await self.result([(Self.fails, .abort)], isStaffed: true).expectOutcome(.failedAndTold)
        let shown: [(any Responder, Chain.OnFailure)] = [
            (Immediate(.reply("first", then: .continue)), .skip), (Self.fails, .skip),
        ]
        try await self.result(shown, isStaffed: true).expectOutcome(.answered)
    }
}
