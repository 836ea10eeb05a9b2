import AllocationCount
import Messages
import Responders
import Synchronization

/// Prints what the chain itself costs a message: responders that do nothing, so that all of the time is the chain's.
///
/// `ChainTimes`
@main
enum ChainTimes {
    /// Passes at once.
    private struct Passer: ImmediateResponder {
        func respond(to turn: Turn) -> Verdict { .pass() }
    }

    private struct Answerer: ImmediateResponder {
        let reply = Reply("Hello.", format: .plain)

        func respond(to turn: Turn) -> Verdict { .reply(self.reply) }
    }

    /// Passes without waiting for anything, in a task as those that wait.
    private struct Waiter: Responder {
        func respond(to turn: Turn) async -> Verdict { .pass() }
    }

    private static let counts = [0, 1, 10, 50]

    static func main() async {
        print(
            "| responders before the one that answers | µs a turn | ns a responder | allocations a turn | traced, µs |"
        )
        print("| --- | --- | --- | --- | --- |")
        var empty = 0.0
        for count in Self.counts {
            let chain = Self.chain(Array(repeating: Passer(), count: count))
            let turn = Self.turn
            let plain = Self.nanoseconds(turns: 1_000 / (count + 1)) { Self.begin(chain, turn) }
            let traced = Self.nanoseconds(turns: 500 / (count + 1)) { Self.begin(chain, turn, tracing: true) }
            if count == 0 { empty = plain }
            let each = count == 0 ? "" : Self.rounded((plain - empty) / Double(count))
            let allocations = Self.allocations { Self.begin(chain, turn) }
            print(
                "| \(count) | \(Self.rounded(plain / 1_000)) | \(each) | \(Self.rounded(allocations)) "
                    + "| \(Self.rounded(traced / 1_000)) |"
            )
        }
        print("\n| a responder that may wait | µs a call |")
        print("| --- | --- |")
        for (name, gate) in [("without a gate", nil), ("with bulkhead and breaker", CallGate(name: "waiter"))] {
            let entry = Chain.Entry(Waiter(), name: "waiter", stage: .answer, gate: gate)
            let chain = Chain(name: "test", entries: [entry, Self.last])
            var fastest = Double.infinity
            for _ in 0..<2_000 {
                let start = ContinuousClock.now
                for _ in 0..<20 {
                    guard case .waiting(let run) = chain.begin(Self.turn) else { continue }
                    Self.keep(await chain.finish(run))
                }
                fastest = min(fastest, (ContinuousClock.now - start) / .nanoseconds(20))
            }
            print("| \(name) | \(Self.rounded(fastest / 1_000)) |")
        }
    }

    private static var last: Chain.Entry { Chain.Entry(Answerer(), name: "last", stage: .answer) }

    private static func chain(_ responders: [any Responder]) -> Chain {
        let entries = responders.enumerated().map { Chain.Entry($1, name: "passer-\($0)", stage: .answer) }
        return Chain(name: "test", entries: entries + [Self.last])
    }

    private static var turn: Turn {
        Turn(
            id: TurnID("t_1"),
            message: Incoming(id: "m1", text: "hello"),
            conversation: Conversation(sessionID: "s", said: [:]),
            localTime: TimeOfDay(minutes: 720)
        )
    }

    @inline(never)
    private static func begin(_ chain: Chain, _ turn: Turn, tracing: Bool = false) {
        if case .finished(let result) = chain.begin(turn, tracing: tracing, explaining: false) { Self.keep(result) }
    }

    /// Keeps the compiler from leaving out what makes a value.
    @inline(never)
    private static func keep(_ result: ChainResult) {
        if result.replies.isEmpty { print("no reply") }
    }

    /// What a turn takes, in the fastest of some rounds.
    private static func nanoseconds(turns: Int, _ body: () -> Void) -> Double {
        var fastest = Double.infinity
        // Rounds of a millisecond or less: some are not disturbed by whatever else the machine does.
        for _ in 0..<2_000 {
            let start = ContinuousClock.now
            for _ in 0..<turns { body() }
            fastest = min(fastest, (ContinuousClock.now - start) / .nanoseconds(turns))
        }
        return fastest
    }

    /// How often a turn asks for memory, on average.
    private static func allocations(_ body: () -> Void) -> Double {
        for _ in 0..<100 { body() }
        let start = allocation_count()
        for _ in 0..<1_000 { body() }
        return Double(allocation_count() - start) / 1_000
    }

    private static func rounded(_ number: Double) -> String { "\((number * 100).rounded() / 100)" }
}
