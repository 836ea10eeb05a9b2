internal import Responders

/// What came of a turn, for a terminal: who answered, each step, why the rest did not, and the reply.
struct TraceReport {
    private let result: ChainResult
    private let showsAll: Bool

    /// - Parameters:
    ///   - result: Of a turn that was traced.
    ///   - showsAll: Whether things that were ruled out at the first look are listed, too.
    init(_ result: ChainResult, showsAll: Bool = false) {
        self.result = result
        self.showsAll = showsAll
    }

    /// No line break at the end.
    var text: String {
        let steps = self.result.steps
        let details = steps.flatMap { self.details(of: $0) }
        return ([self.headline, ""] + self.table + details + self.ending).joined(separator: "\n")
    }

    /// Who answered: `answered by rules: greetings/greeting  rules/greetings.yaml:6`.
    private var headline: String {
        let who = self.result.responder ?? "the built-in sentence"
        let decisive = self.decisiveStep?.explanation?.decisive.map { ": \($0.name)  \($0.place)" } ?? ""
        return switch self.result.outcome {
        case .answered: "answered by \(who)\(decisive)"
        case .fellBack: "nobody answered; \(who) spoke\(decisive)"
        case .handedOver: "handed over by \(who)\(decisive)"
        case .silent: "kept silent by \(who)\(decisive)"
        case .refused: "refused by \(who)\(decisive)"
        case .failedAndTold: "failed; \(who) spoke"
        }
    }

    /// The step that gave the last reply or ended the turn.
    private var decisiveStep: TraceStep? {
        self.result.steps.last { step in
            step.responder == self.result.responder
                && ["reply", "stream", "suppress", "handoff"].contains(step.verdict)
        }
    }

    // MARK: The steps

    private var table: [String] {
        let rows = self.result.steps.map { step in
            [step.stage.rawValue, step.responder, step.verdict ?? "–", self.reason(of: step)]
        }
        let widths = (0..<4).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return zip(self.result.steps, rows).map { step, row in
            let cells = zip(row, widths).map { $0.padded(to: $1) }.joined(separator: "  ")
            guard step.verdict != nil else { return cells.trimmingEnd }
            let time = step.duration.short
            let arrow = step == self.decisiveStep ? "  <- wins" : ""
            return "\(cells)  \(String(repeating: " ", count: max(0, 8 - time.count)))\(time)\(arrow)"
        }
    }

    private func reason(of step: TraceStep) -> String {
        if ["reply", "stream", "handoff"].contains(step.verdict), let decisive = step.explanation?.decisive {
            return decisive.name
        }
        return [step.reason?.rawValue, step.problem].compactMap(\.self).joined(separator: ": ")
    }

    // MARK: Why

    private func details(of step: TraceStep) -> [String] {
        guard let explanation = step.explanation else { return [] }
        let minor = self.showsAll ? explanation.minorLines : []
        let lines = minor + explanation.lines
        return lines.isEmpty ? [] : ["", step.responder] + lines.map { "  \(printable($0, limit: 1_000))" }
    }

    private var ending: [String] {
        let outcome = self.result.outcome.rawValue
        guard !self.result.replies.isEmpty else { return ["", "outcome \(outcome), no reply"] }
        let replies = self.result.replies.map { reply in
            let choices = reply.choices.map { " [\($0.label)]" }.joined()
            return "outcome \(outcome): \(printable(reply.text, limit: 4_000))\(choices)"
        }
        return [""] + replies
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: Swift.max(0, width - self.count))
    }

    fileprivate var trimmingEnd: String { String(self.reversed().drop { $0 == " " }.reversed()) }
}

extension Duration {
    /// `4 µs`, `12 ms`, `3 s`: whole, in the unit that suits.
    fileprivate var short: String {
        let (seconds, attoseconds) = self.components
        let microseconds = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
        return switch microseconds {
        case ..<1_000: "\(microseconds) µs"
        case ..<1_000_000: "\(microseconds / 1_000) ms"
        default: "\(microseconds / 1_000_000) s"
        }
    }
}
