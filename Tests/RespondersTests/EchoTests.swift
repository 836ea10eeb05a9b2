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
}
