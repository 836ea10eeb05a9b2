import Messages
import Responders
import RespondersTesting
import Testing

@Suite("a chain while a person has the conversation")
struct AttendedTests {
    private static func result(_ state: ConversationState, _ guardian: Verdict = .pass()) async throws -> ChainResult {
        let chain = Chain(
            name: "test",
            entries: [
                Chain.Entry(Immediate(guardian), name: "guardian", stage: .guard),
                Chain.Entry(Immediate(.augment(Augmentation(note: "found"))), name: "finder", stage: .enrich),
                Chain.Entry(Immediate(.reply("hello")), name: "answerer", stage: .answer),
                Chain.Entry(Immediate(.reply("sorry")), name: "last", stage: .fallback),
            ]
        )
        let turn = Turn(
            id: TurnID("t"),
            message: Incoming(id: "m", text: "hello"),
            conversation: Conversation(sessionID: "s", state: state),
            localTime: try #require(TimeOfDay("12:00"))
        )
        guard case .finished(let result) = chain.begin(turn, tracing: true) else {
            Issue.record("it waits")
            throw Mismatch("it waits")
        }
        return result
    }

    @Test("looks and finds things out, and says nothing", arguments: [ConversationState.waiting, .human])
    func silent(state: ConversationState) async throws {
        let result = try await Self.result(state)
        try result.expectOutcome(.handedOver)
        #expect(result.replies.isEmpty && result.turn.notes["finder"] == "found")
        #expect(result.steps.map(\.reason) == [nil, nil, .withPerson, .withPerson])
    }

    @Test(
        "still stops what must be stopped, and tells nobody of a failure",
        arguments: [ConversationState.waiting, .human]
    )
    func guards(state: ConversationState) async throws {
        try await Self.result(state, .reply("no")).expectOutcome(.refused).expectReply("no", from: "guardian")
        let failed = try await Self.result(state, .fail(Failure(.limit)))
        #expect(failed.outcome == .failedAndTold)
    }

    @Test("answers as ever in other states", arguments: [ConversationState.bot, .closed])
    func others(state: ConversationState) async throws {
        try await Self.result(state).expectReply("hello", from: "answerer").expectOutcome(.answered)
    }
}
