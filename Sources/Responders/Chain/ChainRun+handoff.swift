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
        let isBroken = if case .pass(reason: .breakerOpen?) = verdict { true } else { false }
        guard failure != nil || isBroken else { return }
        self.answerers.failed += 1
        self.answerers.lastFailed = self.index
    }

    /// A person goes on where nobody of `answer` could do their work, though no entry asks for that.
    mutating func handOverWhereAllFailed() {
        guard self.turn.isStaffed, self.ending == nil, self.replies.isEmpty, self.answerers.all > 0,
            self.answerers.failed == self.answerers.all
        else { return }
        self.handOver(by: self.chain.entries[self.answerers.lastFailed])
    }
}

extension TraceReason {
    /// Whether an entry that isn't asked for this reason is one of those that answer.
    ///
    /// One that is only beside them, or doesn't take this conversation, is none.
    var isOfEntryThatAnswers: Bool { self != .shadow && self != .notInCanary && self != .disabled }
}
