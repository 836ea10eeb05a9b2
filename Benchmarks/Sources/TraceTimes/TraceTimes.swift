import AllocationCount
import Foundation
import Responders
import Rules
import Synchronization

/// Prints what the record of a turn costs: the same turns with and without it, in turn, in one run.
///
/// `TraceTimes RULES-FOLDER`
@main
enum TraceTimes {
    private static let rounds = 15
    private static let turnCount = 20_000
    private static let texts = [
        "hello", "the checkout is broken, error 502", "This dropdown shows ids instead of names", "what now?",
        "it takes ages to load the list of orders", "can you make the button blue", "danke", "and the other page too",
    ]

    /// How turns are run.
    private enum Way: String, CaseIterable {
        case plain = "no record"
        case outcome = "how it ended (sample: 0%)"
        case steps = "step by step (sample: 100%)"
        case encoded = "the same, and its JSON"
    }

    static func main() throws {
        guard CommandLine.arguments.count == 2 else {
            print("usage: TraceTimes RULES-FOLDER")
            exit(2)
        }
        let rules = try RuleSet.load(folder: CommandLine.arguments[1])
        let chain = Chain(
            name: "demo",
            entries: [
                Chain.Entry(Matching(rules), name: "rules", stage: .answer),
                Chain.Entry(Silent(), name: "second", stage: .answer),
                Chain.Entry(Speaking(), name: "fallback", stage: .fallback),
            ]
        )
        let turns = (0..<Self.turnCount).map { Self.turn($0) }
        var best: [Way: Double] = [:]
        var allocations: [Way: Double] = [:]
        // Full from the start, as that of a server is.
        let ring = TraceRing()
        for turn in turns { Self.run(turn, chain, .steps, ring) }
        for _ in 0..<Self.rounds {
            for way in Way.allCases {
                let count = allocation_count()
                let start = Self.processorTime
                for turn in turns { Self.run(turn, chain, way, ring) }
                let took = Double(Self.processorTime - start) / 1_000 / Double(turns.count)
                allocations[way] = Double(allocation_count() - count) / Double(turns.count)
                best[way] = min(best[way] ?? .infinity, took)
            }
        }
        print("| record of a turn | us a turn | more than without | allocations |\n| --- | --- | --- | --- |")
        for way in Way.allCases {
            let (took, plain) = (best[way] ?? 0, best[.plain] ?? 0)
            let cells = [took, took - plain, allocations[way] ?? 0].map { String(format: "%.2f", $0) }
            print("| \(way.rawValue) | \(cells.joined(separator: " | ")) |")
        }
    }

    /// Of this thread, in nanoseconds: the machine may have other work.
    private static var processorTime: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    private static func turn(_ number: Int) -> Turn {
        Turn(
            id: TurnID("t_0wcgWaGQ3nVrWGpo\(number)"),
            message: Incoming(id: "m-\(number)", seq: 3, text: Self.texts[number % Self.texts.count], serverTime: 1),
            conversation: Conversation(sessionID: "s_8QmZ0wcgWaGQ3nVrWGpo4bK9yA", site: "shop", said: [:]),
            page: Page(path: "/shop/cart"),
            localTime: TimeOfDay(minutes: 600)
        )
    }

    @inline(never)
    private static func run(_ turn: Turn, _ chain: Chain, _ way: Way, _ ring: TraceRing) {
        let began = chain.clock.now
        let progress = chain.begin(turn, tracing: way == .steps || way == .encoded, explaining: false)
        guard case .finished(let result) = progress else { return }
        let elapsed = chain.clock.now - began
        guard way != .plain else { return }
        let trace = TurnTrace(result, elapsed: elapsed)
        ring.append(trace)
        if way == .encoded { _ = trace.json }
    }
}

/// Answers by rules, as the plugin does.
private final class Matching: ImmediateResponder {
    private let rules: RuleSet
    private let scanner = Mutex(Scanner())

    init(_ rules: RuleSet) { self.rules = rules }

    func respond(to turn: Turn) -> Verdict {
        self.scanner.withLock { scanner in
            if turn.isTraced { scanner.startNoting() }
            let context = RuleContext(session: turn.conversation.sessionID)
            let result = self.rules.answer(to: turn.message.text, in: context, using: &scanner)
            if let lost = scanner.takeLost() {
                turn.noteCandidates(lost.count) { lost.map { TraceCandidate($0.rule, at: $0.place, lost: $0.why) } }
            }
            guard case .reply(let reply) = result.outcome else { return .pass(reason: .noRule) }
            let found = Augmentation(tags: result.effects.tags, rule: reply.match.rule, at: reply.match.place)
            return .reply(Reply(reply.text, format: .plain), keep: found)
        }
    }
}

private struct Silent: ImmediateResponder {
    func respond(to turn: Turn) -> Verdict { .pass(reason: "not-mine") }
}

private struct Speaking: ImmediateResponder {
    func respond(to turn: Turn) -> Verdict { .reply("I have saved that.") }
}
