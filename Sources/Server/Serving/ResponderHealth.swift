internal import Messages
internal import Observability
internal import Responders
internal import Rules

/// How the calls of the chains' responders are: for metrics and for `/healthz`.
struct ResponderHealth: Sendable {
    /// Those that answer now.
    private let chains: @Sendable () -> [Chain]

    /// - Parameter chains: Those that answer now; an instance that several use has the name that it has in the first.
    init(_ chains: @escaping @Sendable () -> [Chain]) { self.chains = chains }

    /// Each with its name, behind the chain's where there are several.
    private var gates: [(name: String, gate: CallGate, ailment: Ailment?)] {
        let chains = self.chains()
        var seen: Set<ObjectIdentifier> = []
        return chains.flatMap { chain in
            chain.entries.filter(\.isEnabled).compactMap { entry in
                guard let gate = entry.gate, seen.insert(ObjectIdentifier(gate)).inserted else { return nil }
                let name = chains.count == 1 ? entry.name : "\(chain.name)/\(entry.name)"
                return (name, gate, (entry.responder as? any RunningResponder)?.ailment)
            }
        }
    }

    /// Those that are not asked, have calls that don't end, or need something that doesn't work: one object each.
    var ailing: [JSONValue] {
        self.gates.compactMap { name, gate, ailment in
            let report = gate.current
            guard report.breaker != .closed || report.stuck > 0 || ailment != nil else { return nil }
            return .object(
                [
                    ("responder", .text(name)), ("breaker", .text(report.breaker.rawValue)),
                    ("stuck", .integer(report.stuck)),
                ] + (ailment.map { [("problem", .text($0.rawValue))] } ?? [])
            )
        }
    }

    /// How much is on its way to trackers on other machines: one object for each of them.
    var outboxes: [(report: OutboxReport, json: JSONValue)] {
        var seen: Set<ObjectIdentifier> = []
        let sources = self.chains().flatMap(\.runningResponders).compactMap { $0 as? any OutboxSource }
        return sources.filter { seen.insert(ObjectIdentifier($0)).inserted }.compactMap(\.outbox).map { report in
            let oldest = report.oldest.map { JSONValue.text(Timestamp(milliseconds: $0).description) } ?? .null
            let json = JSONValue.object([
                ("tracker", .text(report.tracker)), ("waiting", .integer(report.waiting)),
                ("stuck", .integer(report.stuck)), ("oldest", oldest),
            ])
            return (report, json)
        }
    }

    /// Has the calls shown with each page of metrics.
    func collectMetrics(in registry: MetricsRegistry) {
        registry.collect { samples in
            for (name, gate, _) in self.gates { samples.add(gate.current, of: name) }
            for chain in self.chains() {
                for (name, count) in chain.droppedObservations {
                    samples.counter(
                        "chat_observations_dropped_total",
                        help: "Turns that a responder of the stage after did not see since too many waited.",
                        labels: ["chain": chain.name, "responder": name],
                        count
                    )
                }
            }
        }
    }
}

extension Samples {
    fileprivate mutating func add(_ report: CallGate.Report, of responder: String) {
        for state in CallGate.Condition.allCases {
            self.gauge(
                "chat_responder_breaker",
                help: "1 for the state that the breaker of a responder is in.",
                labels: ["responder": responder, "state": state.rawValue],
                report.breaker == state ? 1 : 0
            )
        }
        let labels: Labels = ["responder": responder]
        self.gauge("chat_responder_calls", help: "Calls that run.", labels: labels, report.running)
        let waiting = "Calls that wait until another one has ended."
        self.gauge("chat_responder_calls_waiting", help: waiting, labels: labels, report.waiting)
        let stuck = "Calls that still run a second after they were cancelled."
        self.gauge("chat_responder_calls_stuck", help: stuck, labels: labels, report.stuck)
        let openings = "How often failures opened the breaker of a responder."
        self.counter("chat_responder_breaker_openings_total", help: openings, labels: labels, report.counts.openings)
        let busy = "Calls that were not made since too many waited."
        self.counter("chat_responder_busy_total", help: busy, labels: labels, report.counts.busy)
        let late = "Verdicts that came after their turn had gone on."
        self.counter("chat_responder_late_total", help: late, labels: labels, report.counts.late)
    }
}
