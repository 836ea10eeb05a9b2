/// A failure that takes the conversation to a person.
extension ChainRun {
    /// A person goes on, since the responder failed.
    mutating func handOver(by entry: Chain.Entry) {
        guard self.ending == nil else { return }
        self.end(.handedOver, by: entry)
        let failed = self.failures.map { "\($0.responder): \($0.failure.code)" }
        self.effects.handoff = Handoff(note: "nobody answered; \(failed.joined(separator: ", "))")
    }

    /// Counts an entry of `answer` that was asked.
    ///
    /// - Parameters:
    ///   - verdict: What it returned.
    ///   - failure: What the chain made of it, where that is a failure.
    mutating func noteAnswerer(_ verdict: Verdict?, _ failure: Failure?) {
        self.answerers.all += 1
        // One whose breaker is open has failed, only earlier.
        if failure != nil { self.answerers.failed += 1 }
        if case .pass(reason: .breakerOpen?) = verdict { self.answerers.failed += 1 }
    }

    /// A person goes on where nobody of `answer` could do their work, though no entry asks for that.
    mutating func handOverWhereAllFailed() {
        guard self.turn.isStaffed, self.ending == nil, self.replies.isEmpty, self.answerers.all > 0,
            self.answerers.failed == self.answerers.all,
            let entry = self.chain.entries.last(where: { $0.stage == .answer && $0.isEnabled })
        else { return }
        self.handOver(by: entry)
    }
}
