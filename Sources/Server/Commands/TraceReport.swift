internal import Responders
internal import Store

/// What came of a turn, for a terminal: who answered, each step, and why the rest did not.
struct TraceReport {
    private let record: TraceRecord

    init(_ record: TraceRecord) { self.record = record }

    /// Who answered: `answered by rules: greetings/greeting  rules/greetings.yaml:6`.
    var headline: String {
        let who = self.record.responder ?? "the built-in sentence"
        let elected = self.record.steps?.first { $0.elected == true }
        let decisive = elected.flatMap { step in step.rule.map { ": \($0)  \(step.at ?? "")" } } ?? ""
        return switch Outcome(rawValue: self.record.outcome ?? "") {
        case .answered: "answered by \(who)\(decisive)"
        case .fellBack: "nobody answered; \(who) spoke\(decisive)"
        case .handedOver: "handed over by \(who)\(decisive)"
        case .silent: "kept silent by \(who)\(decisive)"
        case .refused: "refused by \(who)\(decisive)"
        case .failedAndTold: "failed; \(who) spoke"
        case nil: self.record.outcome.map { "ended as \(printable($0))" } ?? "not ended"
        }
    }

    /// A line for each step: `answer  rules  reply  greetings/greeting  4 µs  <- wins`.
    var table: [String] {
        let steps = self.record.steps ?? []
        let rows = steps.map { [$0.stage, $0.responder, $0.verdict ?? "–", Self.reason(of: $0)] }
        let widths = (0..<4).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return zip(steps, rows).map { step, row in
            let cells = zip(row, widths).map { $0.padded(to: $1) }.joined(separator: "  ")
            guard step.verdict != nil else { return cells.trimmingEnd }
            let time = Self.short(microseconds: step.us ?? 0)
            let arrow = step.elected == true ? "  <- wins" : ""
            return "\(cells)  \(String(repeating: " ", count: max(0, 8 - time.count)))\(time)\(arrow)"
        }
    }

    private static func reason(of step: TraceRecord.Step) -> String {
        if step.mode == "shadow" {
            let same = step.same.map { $0 ? ", the same text" : step.textBytes == 0 ? "" : ", another text" } ?? ""
            return "shadow" + ([step.code ?? step.reason].compactMap(\.self).map { ": \($0)" }.first ?? same)
        }
        if ["reply", "stream", "handoff"].contains(step.verdict), let rule = step.rule { return rule }
        let breaker = step.breaker.flatMap { $0 == "closed" ? nil : "breaker \($0)" }
        let effect = step.onError.flatMap { $0 == "skip" ? nil : "on_error \($0)" }
        return [step.reason ?? step.code, step.problem, breaker, effect].compactMap(\.self)
            .map { printable($0, limit: 200) }.joined(separator: ": ")
    }

    /// What else the record holds of a turn of a running server, a line for each.
    var facts: [String] {
        var table = TextTable()
        func add(_ name: String, _ value: String?) {
            if let value, !value.isEmpty { table.append([name, printable(value, limit: 400)]) }
        }
        add("turn", self.record.turn)
        let attempt = self.record.attempt.map { $0 > 1 ? ", attempt \($0)" : "" } ?? ""
        add("started", self.record.started.map { $0 + attempt })
        add("took", self.record.elapsedMs.map { Self.short(microseconds: Int($0 * 1_000)) })
        add("waited", self.record.waitedMs.map { Self.short(microseconds: Int($0 * 1_000)) })
        add("message", self.record.message.map { "\($0) of \(self.record.session ?? "") at \(self.record.site ?? "")" })
        add("chain", self.record.chain.map { "\($0), generation \(self.record.generation ?? 1)" })
        add(
            "beside",
            self.record.shadow.map {
                "\($0.chain): \($0.outcome) by \($0.responder ?? "the built-in sentence"), \($0.same ? "the same text" : "another text")"
            }
        )
        add("replies", self.record.replies?.joined(separator: ", "))
        add("follow-up", self.record.followUp.map(Self.fate))
        add("late", self.record.late.map { $0 > 0 ? "\(counted($0, "result")) after the time limit, dropped" : "" })
        add("topic", self.record.effects?.topic)
        add("tags", self.record.effects?.tags?.joined(separator: ", "))
        add("severity", self.record.effects?.severity)
        add(
            "notes",
            self.record.notes?.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        )
        return table.lines
    }

    /// What became of a promised reply.
    private static func fate(of promise: TraceRecord.FollowUp) -> String {
        let end = promise.ended ?? ""
        return switch FollowUpEnding.Result(rawValue: promise.result ?? "") {
        case .kept: "came \(end), promised \(promise.promised)"
        case .expired: "did not come until \(promise.expires); the visitor was told \(end)"
        case .dropped: "promised \(promise.promised), and not again when the turn was run again"
        case nil: promise.result.map { "ended as \($0)" } ?? "may come until \(promise.expires)"
        }
    }

    /// What others were asked to do: `issues create: done, 2 ms`.
    var actions: [String] {
        var table = TextTable()
        for action in (self.record.steps ?? []).flatMap({ $0.actions ?? [] }) {
            let fate = action.code.map { $0 == TraceReason.rehearsal.rawValue ? "not done" : $0 } ?? "done"
            table.append(["\(action.responder) \(action.operation)", fate, Self.short(microseconds: action.us)])
        }
        return table.lines.isEmpty ? [] : ["", "actions"] + table.lines.map { "  \(printable($0, limit: 400))" }
    }

    /// The things that might have decided and did not, under the names of their responders.
    var candidates: [String] {
        (self.record.steps ?? []).flatMap { step -> [String] in
            guard let candidates = step.detail?.candidates, !candidates.isEmpty else { return [] }
            var table = TextTable()
            for candidate in candidates { table.append([candidate.rule, candidate.at, candidate.lost ?? ""]) }
            return ["", step.responder] + table.lines.map { "  \(printable($0, limit: 400))" }
        }
    }

    /// All of it.
    var text: String {
        let steps = self.table.isEmpty ? ["", "no steps: the turn is not in trace: sample"] : [""] + self.table
        return ([self.headline, ""] + self.facts + steps + self.actions + self.candidates).joined(separator: "\n")
    }

    /// `4 µs`, `12 ms`, `3 s`: whole, in the unit that suits.
    static func short(microseconds: Int) -> String {
        switch microseconds {
        case ..<1_000: "\(microseconds) µs"
        case ..<1_000_000: "\(microseconds / 1_000) ms"
        default: "\(microseconds / 1_000_000) s"
        }
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: Swift.max(0, width - self.count))
    }

    fileprivate var trimmingEnd: String { String(self.reversed().drop { $0 == " " }.reversed()) }
}
