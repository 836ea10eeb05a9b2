import Responders
import RespondersTesting
import Testing

@Suite("a hand-off")
struct HandoffTests {
    private static let handoff = Handoff(queue: "billing", note: "wants a refund", text: "I am calling somebody.")

    private static func result(_ stage: Stage, _ handoff: Handoff = handoff) async throws -> ChainResult {
        var desk = ChainDesk(
            Chain(
                name: "test",
                entries: [
                    Chain.Entry(Immediate(.handoff(handoff)), name: "person", stage: stage),
                    Chain.Entry(Immediate(.reply("late")), name: "late", stage: .fallback),
                ]
            )
        )
        return try await desk.say("hello")
    }

    @Test(
        "ends the turn where it is allowed, with its text for the visitor",
        arguments: [Stage.guard, .answer, .fallback]
    )
    func ends(stage: Stage) async throws {
        let result = try await Self.result(stage)
        try result.expectReply("I am calling somebody.", from: "person").expectExactlyOne()
        try result.expectOutcome(.handedOver)
        #expect(result.effects.handoff == Self.handoff)
        #expect(result.steps.first?.verdict == "handoff")
        #expect(result.steps.last?.reason == .alreadyAnswered)
    }

    @Test("is a failure in enrich, and the next responder is asked")
    func enrich() async throws {
        let result = try await Self.result(.enrich)
        try result.expectReply("late", from: "late")
        #expect(result.effects.handoff == nil)
        #expect(result.steps.first?.reason == .verdictNotAllowed)
    }

    @Test("without a text leaves no visitor without a word", arguments: [nil, Reply(" ")])
    func noText(text: Reply?) async throws {
        let result = try await Self.result(.answer, Handoff(text: text))
        try result.expectExactlyOne().expectOutcome(.handedOver)
        #expect(result.responder == "person")
    }
}
