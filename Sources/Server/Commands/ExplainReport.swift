internal import Responders

/// Why a message would be answered as it would: the trace of the turn, what each responder says about itself, and the reply.
struct ExplainReport {
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
    ///
    /// - Throws: Nothing that a record can cause.
    func text() throws -> String {
        var record = try TraceRecord(json: TurnTrace(self.result, keepsContent: true).json)
        record.steps = record.steps?.map { step in
            guard step.reason == TraceReason.notRunning.rawValue else { return step }
            var step = step
            (step.verdict, step.reason) = (nil, "not asked (offline)")
            return step
        }
        let report = TraceReport(record)
        let details = self.result.steps.flatMap { self.details(of: $0) }
        return ([report.headline, ""] + report.table + report.actions + details + self.ending).joined(separator: "\n")
    }

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
