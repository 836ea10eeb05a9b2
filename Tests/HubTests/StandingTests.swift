import Messages
import Testing

@testable import Hub

@Suite("who answers in a conversation")
struct StandingTests {
    private static let events: [Standing.Event] = [
        .handedOver(queue: "q", note: "n", reference: "R"), .taken(by: "Ada"), .returned(by: "Ada"), .closed(by: nil),
        .closed(by: "Ada"), .nobodyCame, .fellSilent, .spoken,
    ]
    /// The table of the design, row by row; what isn't in it can't happen.
    private static let table: [ConversationState: [ConversationState?]] = [
        .bot: [.waiting, .human, nil, .closed, .closed, nil, .closed, nil],
        .waiting: [nil, .human, nil, .closed, .closed, .bot, .closed, nil],
        .human: [nil, nil, .bot, .closed, .closed, .bot, .closed, nil],
        .closed: [nil, nil, nil, nil, nil, nil, nil, .bot],
    ]

    @Test(
        "goes from one state to another as the table says, and in no other way",
        arguments: ConversationState.allCases
    )
    func transitions(state: ConversationState) throws {
        let row = try #require(Self.table[state])
        for (event, expected) in zip(Self.events, row) {
            let next = Standing(state, since: Timestamp(milliseconds: 1)).after(event, at: Timestamp(milliseconds: 7))
            #expect(next?.state == expected, "\(event) in \(state)")
            #expect(next == nil || next?.since.milliseconds == 7)
        }
    }

    @Test("whoever takes it finds for whom it is and why, and nothing of that outlives the person")
    func details() throws {
        let time = Timestamp(milliseconds: 5)
        let waiting = try #require(Standing().after(Self.events[0], at: time))
        let human = try #require(waiting.after(.taken(by: "Ada"), at: time))
        #expect(human == Standing(.human, since: time, agent: "Ada", queue: "q", note: "n", reference: "R"))
        #expect(human.after(.returned(by: "Ada"), at: time) == Standing(.bot, since: time))
        #expect(human.after(.closed(by: "Ada"), at: time) == Standing(.closed, since: time))
    }
}
