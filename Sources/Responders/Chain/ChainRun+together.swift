/// Asking all entries of a stage at once.
extension ChainRun {
    /// What one of them returned.
    struct Asked: Sendable {
        var verdict: Verdict
        var took: Duration
        var permit: CallGate.Permit?
        /// The text of a streamed reply, which is held until it is elected.
        var held: HeldStream?
        /// Whether it came after the election.
        var isLate = false

        init(_ verdict: Verdict, took: Duration, _ permit: CallGate.Permit? = nil) {
            self.verdict = verdict
            self.took = took
            self.permit = permit
        }
    }

    /// Asks the entries from the current one to the end of its stage, and takes their verdicts in the order of the file.
    mutating func askTogether(showing sink: (any ReplySink)?) async {
        self.lastReading = nil
        let stage = self.chain.entries[self.index].stage
        let range =
            self
            .index..<(self.chain.entries[self.index...].firstIndex { $0.stage != stage }
            ?? self.chain.entries.count)
        let start = range.lowerBound - self.position
        let asked = await self.answers(of: self.askable(in: range), from: start, within: self.budget(of: stage))
        if stage == .answer {
            await self.elect(among: asked, in: range, from: start, showing: sink)
        } else {
            for index in range { await self.settle(asked[index], at: index, from: start) }
        }
        self.index = range.upperBound
        self.position = range.upperBound - start
    }

    private func budget(of stage: Stage) -> Duration? { stage == .answer ? self.chain.election?.budget : nil }

    private func askable(in range: Range<Int>) -> [Int] {
        range.filter { index in
            let entry = self.chain.entries[index]
            return self.reasonToSkip(entry) == nil && entry.condition?.refusal(of: self.turn) == nil
        }
    }

    /// Makes an entry the current one.
    mutating func go(to index: Int, from start: Int) {
        self.index = index
        self.position = index - start
        self.turn.place.position = self.position
    }

    /// Takes a verdict that ends nothing, or notes why there is none.
    mutating func settle(_ asked: Asked?, at index: Int, from start: Int) async {
        self.go(to: index, from: start)
        let entry = self.chain.entries[index]
        guard let asked else {
            if let reason = self.reasonToSkip(entry) { self.record(nil, reason) } else { _ = self.skips(entry) }
            return
        }
        guard !asked.isLate else { return self.record(nil, .late, took: asked.took) }
        await self.settle(asked.verdict, after: asked.took, counting: asked.permit)
    }
}

// MARK: Asking

extension ChainRun {
    /// Asks some entries, all with the turn as it is now.
    ///
    /// - Parameters:
    ///   - indices: Their places in the chain.
    ///   - start: Where their stage begins.
    ///   - budget: How long they have together; those that are late are cancelled.
    /// - Returns: What each returned, by its place.
    private mutating func answers(
        of indices: [Int],
        from start: Int,
        within budget: Duration?
    ) async -> [Int: Asked] {
        let now = self.chain.clock.now
        let limits = indices.map { self.timeLimit(of: self.chain.entries[$0], at: now) }
        let run = self
        return await withTaskGroup(of: (index: Int, asked: Asked)?.self) { group in
            for (index, limit) in zip(indices, limits) {
                group.addTask { (index, await run.answer(of: index, from: start, within: limit)) }
            }
            if let budget {
                group.addTask {
                    try? await run.chain.clock.sleep(for: budget)
                    return nil
                }
            }
            var answers: [Int: Asked] = [:]
            var isOver = false
            while answers.count < indices.count, let next = await group.next() {
                guard let next else {
                    // Where the turn itself is given up, each call says so.
                    guard !Task.isCancelled else { continue }
                    isOver = true
                    group.cancelAll()
                    continue
                }
                answers[next.index] = next.asked
                guard isOver else { continue }
                answers[next.index]?.isLate = true
                next.asked.drop()
            }
            group.cancelAll()
            return answers
        }
    }

    private func answer(of index: Int, from start: Int, within limit: Duration) async -> Asked {
        let entry = self.chain.entries[index]
        let askedAt = self.chain.clock.now
        var turn = self.turn
        turn.place.position = index - start
        let answer: LimitedCall.Answer
        switch entry.call {
        case .immediate(let responder):
            answer = LimitedCall.Answer(verdict: responder.verdict(on: turn))
        case .waiting where limit <= .zero: answer = LimitedCall.Answer(verdict: .fail(Failure(.timeout)))
        case .waiting(let responder):
            answer = await LimitedCall.answer(
                of: responder,
                through: entry.gate,
                for: turn,
                within: limit,
                on: self.chain.clock
            )
        }
        var asked = Asked(answer.verdict, took: self.chain.clock.now - askedAt, answer.permit)
        if case .stream(let stream, _, _) = answer.verdict {
            guard entry.stage == .answer else {
                answer.permit?.release()
                return asked
            }
            asked.held = HeldStream(stream, permit: answer.permit)
        }
        return asked
    }
}

extension ImmediateResponder {
    /// The verdict; what is thrown is a failure.
    func verdict(on turn: Turn) -> Verdict {
        do {
            return try self.respond(to: turn)
        } catch {
            return .fail(Failure(thrown: error))
        }
    }
}

extension ChainRun.Asked {
    /// Nobody wants what it says any more.
    func drop() {
        self.held?.cancel()
        self.permit?.abandon()
        self.permit?.count(CircuitBreaker.Result(self.verdict, failure: self.verdict.failure))
    }
}
