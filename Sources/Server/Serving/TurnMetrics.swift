internal import Observability
internal import Responders

/// What is counted of the turns of one chain.
///
/// Any thread.
final class TurnMetrics: Sendable {
    private let registry: MetricsRegistry
    private let chain: String
    private let seconds: Histogram
    private let overdue: Counter
    private let outcomes: [(outcome: Outcome, counter: Counter)]
    /// By the name of the responder.
    private let replies: [String: Counter]

    init(_ chain: Chain, in registry: MetricsRegistry) {
        self.registry = registry
        self.chain = chain.name
        self.seconds = registry.histogram(
            "chat_answer_seconds",
            help: "From a message to its answer.",
            labels: ["chain": chain.name]
        )
        self.overdue = registry.counter(
            "chat_turns_overdue_total",
            help: "Turns that their watchdog had to end: each shows a mistake in the chain.",
            labels: ["chain": chain.name]
        )
        self.outcomes = Outcome.allCases.map { outcome in
            let labels: Labels = ["chain": chain.name, "outcome": outcome.rawValue]
            return (
                outcome, registry.counter("chat_turns_total", help: "Messages that were dealt with.", labels: labels)
            )
        }
        let names = Set(chain.entries.filter { $0.isEnabled && $0.stage != .after }.map(\.name))
        self.replies = Dictionary(
            uniqueKeysWithValues: names.map { name in
                let labels: Labels = ["chain": chain.name, "responder": name]
                return (
                    name, registry.counter("chat_replies_total", help: "Turns that a responder ended.", labels: labels)
                )
            }
        )
    }

    /// Counts a turn.
    ///
    /// - Parameters:
    ///   - result: What became of it.
    ///   - duration: From the message to the answer.
    func count(_ result: ChainResult, after duration: Duration) {
        self.seconds.observe(duration)
        self.outcomes.first { $0.outcome == result.outcome }?.counter.increment()
        if result.isOverdue { self.overdue.increment() }
        if let responder = result.responder { self.replies[responder]?.increment() }
        for failure in result.failures { self.count(failure) }
    }

    /// Counts a responder that failed.
    func count(_ failure: ResponderFailure) {
        let labels: Labels = [
            "chain": self.chain, "responder": failure.responder, "code": "\(failure.failure.code)",
        ]
        let help = "Turns in which a responder failed."
        self.registry.counter("chat_responder_failures_total", help: help, labels: labels).increment()
    }
}
