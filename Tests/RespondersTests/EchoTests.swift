import Messages
import Responders
import RespondersTesting
import Testing

@Suite("a visitor that only repeats what it is told")
struct EchoTests {
    private let clock = ManualClock()

    private func desk() -> ChainDesk {
        let echo = Immediate { .reply(Reply("You said: \($0.message.text.suffix(5))")) }
        let entries = [
            Chain.Entry(echo, name: "echo", stage: .answer),
            Chain.Entry(Immediate(.reply("f")), name: "fallback", stage: .fallback),
        ]
        let clock = TurnClock(self.clock)
        return ChainDesk(Chain(name: "test", entries: entries, clock: clock), clock: clock)
    }

    /// Says what it was told last, some times.
    private func echo(_ desk: inout ChainDesk, _ count: Int, first: String = "hello") async throws -> [ChainResult] {
        var results = [try await desk.say(first)]
        for _ in 0..<count {
            guard let last = results.last(where: { !$0.replies.isEmpty })?.replies.last else { break }
            results.append(try await desk.say(last.text))
        }
        return results
    }

    @Test("is told once, after three in a row, and gets no answer for a minute")
    func quiet() async throws {
        var desk = self.desk()
        let results = try await self.echo(&desk, 6)
        #expect(results.map(\.outcome) == [.answered, .answered, .answered, .refused, .silent, .silent, .silent])
        #expect(results[3].replies.count == 1)
        #expect(results[3].steps.map(\.reason) == [.loop, .loop])
        #expect(results[4].replies.isEmpty && results[4].steps.map(\.reason) == [.loop, .loop])
        try await desk.say("something else").expectOutcome(.silent)
        self.clock.advance(by: .milliseconds(59_999))
        try await desk.say("something else").expectOutcome(.silent)
        self.clock.advance(by: .milliseconds(1))
        try await desk.say("something else").expectOutcome(.answered)
    }

    @Test("is answered where it says something else in between")
    func between() async throws {
        var desk = self.desk()
        for _ in 0..<5 {
            let results = try await self.echo(&desk, 2)
            #expect(results.allSatisfy { $0.outcome == .answered })
        }
    }

    @Test("is answered again after the minute as if nothing had been")
    func again() async throws {
        var desk = self.desk()
        _ = try await self.echo(&desk, 3)
        self.clock.advance(by: .seconds(60))
        let results = try await self.echo(&desk, 3, first: "new")
        #expect(results.map(\.outcome) == [.answered, .answered, .answered, .refused])
    }

    @Test("saying the same again and again is no loop: only the replies count")
    func sameQuestion() async throws {
        var desk = self.desk()
        for _ in 0..<10 { try await desk.say("hello").expectOutcome(.answered) }
    }

    /// How the turns of messages end that come so long after each other, in milliseconds.
    private func flood(_ pauses: [Int64], watching: Bool = true, in state: ConversationState = .bot) -> [Outcome] {
        let chain = Chain(
            name: "test",
            entries: [Chain.Entry(Immediate(.reply("Yes.")), name: "yes", stage: .answer)],
            clock: TurnClock(self.clock)
        )
        let echoes = EchoWatch(watchesFloods: watching)
        var conversation = Conversation(sessionID: "s1", state: state, echoes: echoes)
        var time: Int64 = 1_000_000
        return pauses.enumerated().map { number, pause in
            time += pause
            let message = Incoming(id: "m\(number)", text: "text \(number)", serverTime: time)
            let turn = Turn(
                id: TurnID("t\(number)"),
                message: message,
                conversation: conversation,
                localTime: TimeOfDay(minutes: 0)
            )
            guard case .finished(let result) = chain.begin(turn) else { return .failedAndTold }
            conversation.remember(result)
            return result.outcome
        }
    }

    @Test("more than twenty messages in ten seconds are told once, and get no answer for a minute")
    func flood() {
        let twenty = Array(repeating: Int64(100), count: 20)
        let answered = Array(repeating: Outcome.answered, count: 20)
        #expect(self.flood(twenty + [100, 100, 59_800, 100]) == answered + [.refused, .silent, .silent, .answered])
        // The first of them is ten seconds old when the twenty-first comes.
        #expect(self.flood(twenty + [8_100]) == answered + [.answered])
        #expect(self.flood(twenty + [8_099]) == answered + [.refused])
        #expect(self.flood(Array(repeating: 500, count: 200)).allSatisfy { $0 == .answered })
        // Whoever talks to a person may paste as many lines as they like.
        #expect(self.flood(twenty + twenty, in: .human).allSatisfy { $0 == .handedOver })
        #expect(self.flood(Array(repeating: 0, count: 200), watching: false).allSatisfy { $0 == .answered })
    }
}
