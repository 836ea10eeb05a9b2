/// Finding one reply among those of all responders of `answer`.
extension ChainRun {
    /// Shows the elected reply and takes what the others say: everything in the trace has the order of the file.
    ///
    /// - Parameters:
    ///   - asked: What each returned, by its place in the chain.
    ///   - range: The places of the stage's entries.
    ///   - start: Where the stage begins.
    ///   - sink: Where the pieces of a streamed reply are shown.
    mutating func elect(
        among asked: [Int: Asked],
        in range: Range<Int>,
        from start: Int,
        showing sink: (any ReplySink)?
    ) async {
        let firstStep = self.steps.count
        var candidates: [Election.Candidate] = []
        var failed: [Int] = []
        for index in range {
            guard let answer = asked[index], !answer.isLate else {
                await self.settle(asked[index], at: index, from: start)
                continue
            }
            if answer.isFailure {
                failed.append(index)
            } else if let candidate = self.candidate(answer, at: index) {
                candidates.append(candidate)
            } else {
                await self.settle(answer, at: index, from: start)
            }
        }
        await self.showElected(of: candidates, asked, from: start, to: sink)
        // After the election: their `on_error` matters only where nobody was elected.
        for index in failed { await self.settle(asked[index], at: index, from: start) }
        self.sortSteps(from: firstStep)
    }

    private func candidate(_ asked: Asked, at index: Int) -> Election.Candidate? {
        let entry = self.chain.entries[index]
        let (confidence, text): (Double, String?)
        switch asked.verdict {
        case .reply(let reply, let sure, _, _): (confidence, text) = (sure, reply.text)
        case .stream(_, let sure, _): (confidence, text) = (sure, nil)
        case .suppress, .handoff: (confidence, text) = (1, nil)
        case .pass, .augment, .fail: return nil
        }
        return Election.Candidate(
            index: index,
            priority: entry.priority,
            weight: entry.weight,
            // One that is no number would be neither above nor below any other.
            confidence: confidence.isNaN ? 0 : min(max(confidence, 0), 1),
            text: text
        )
    }

    /// Shows the elected reply; where that fails before anything is seen of it, the next one.
    private mutating func showElected(
        of candidates: [Election.Candidate],
        _ asked: [Int: Asked],
        from start: Int,
        to sink: (any ReplySink)?
    ) async {
        guard let election = self.chain.election else { return }
        let time = self.turn.message.serverTime
        var eligible: [Election.Candidate] = []
        for candidate in candidates {
            let last = self.turn.conversation.lastReply
            if let reason = election.refusal(of: candidate, after: last, at: time) {
                self.lose(candidate, reason, asked, from: start)
            } else {
                eligible.append(candidate)
            }
        }
        var winner: Election.Candidate?
        for candidate in Election.ranked(eligible) {
            if let winner {
                self.lose(candidate, Election.reason(of: candidate, behind: winner), asked, from: start)
                continue
            }
            self.go(to: candidate.index, from: start)
            guard let answer = asked[candidate.index] else { continue }
            if let held = answer.held, case .stream(_, _, let found) = answer.verdict {
                self.streaming = Streaming(
                    stream: held.elected,
                    found: found,
                    askedAt: self.chain.clock.now - answer.took,
                    permit: answer.permit,
                    isHeld: true
                )
                await self.play(to: sink)
            } else {
                await self.settle(answer.verdict.stopping, after: answer.took, counting: answer.permit)
            }
            // What was cut off and goes to the fallback was seen, too.
            if self.ending != nil || !self.replies.isEmpty { winner = candidate }
        }
    }

    private mutating func lose(
        _ candidate: Election.Candidate,
        _ reason: TraceReason,
        _ asked: [Int: Asked],
        from start: Int
    ) {
        guard let answer = asked[candidate.index] else { return }
        answer.drop()
        self.go(to: candidate.index, from: start)
        self.answerers.all += 1
        self.record(answer.verdict.word, reason, took: answer.took)
    }

    /// Puts steps into the order of the chain.
    private mutating func sortSteps(from start: Int) {
        guard self.isTracing else { return }
        var places: [String: Int] = [:]
        for (index, entry) in self.chain.entries.enumerated() { places[entry.name] = index }
        self.steps[start...].sort { places[$0.responder] ?? 0 < places[$1.responder] ?? 0 }
    }
}

extension ChainRun.Asked {
    /// Whether the responder did not do its work.
    fileprivate var isFailure: Bool {
        switch self.verdict {
        case .fail: true
        case .reply(let reply, _, _, _): reply.isEmpty
        case .pass, .augment, .stream, .suppress, .handoff: false
        }
    }
}

extension Verdict {
    /// The verdict, which ends the turn: only one is elected.
    fileprivate var stopping: Verdict {
        guard case .reply(let reply, let confidence, _, let found) = self else { return self }
        return .reply(reply, confidence: confidence, then: .stop, keep: found)
    }
}
