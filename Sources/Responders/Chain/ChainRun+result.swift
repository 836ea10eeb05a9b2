internal import Messages

// The end of a turn: what came of it.
extension ChainRun {
    /// The turn's only outcome.
    ///
    /// Nobody is asked afterwards.
    consuming func result() -> ChainResult {
        self.handOverWhereAllFailed()
        self.redactTheRest()
        let outcome = self.outcome
        let isUnanswered =
            (outcome == .fellBack || outcome == .handedOver) && self.replies.isEmpty && !self.isForPeople
        let needsSentence = outcome == .failedAndTold || isUnanswered
        if needsSentence, self.replies.count < Chain.maximumReplies {
            if outcome == .handedOver {
                self.replies.append(self.turn.sentence(\.forPerson))
            } else {
                self.replies.append(self.turn.unanswered(hasFailed: outcome == .failedAndTold))
                self.responder = nil
            }
        } else if outcome == .refused, self.replies.isEmpty, let refusal = self.turn.refusal {
            self.replies.append(refusal)
        }
        return ChainResult(
            outcome: outcome,
            replies: self.replies,
            shownCount: self.shownCount,
            responder: self.responder,
            effects: self.effects,
            turn: self.turn,
            failures: self.failures,
            steps: self.steps,
            reachedAnswer: self.hasReachedAnswer
        )
    }

    /// Whether it was not ended before, and no person has the conversation.
    private var hasReachedAnswer: Bool {
        guard !self.isForPeople else { return false }
        return self.endIndex.map { $0 > self.chain.preparingCount } ?? true
    }

    private var outcome: Outcome {
        switch self.ending {
        case .refused: return .refused
        case .aborted: return .failedAndTold
        case .suppressed: return self.replies.isEmpty ? .silent : .answered
        case .answered: return .answered
        case .handedOver: return .handedOver
        case .fellBack: return self.isCutToFallback ? .answered : .fellBack
        case nil where self.isForPeople: return .handedOver
        case nil: break
        }
        if !self.replies.isEmpty { return .answered }
        return self.failures.isEmpty ? .fellBack : .failedAndTold
    }
}

extension Turn {
    /// A sentence of the server itself, which can't fail.
    func sentence(_ text: (ServerTexts) -> String) -> Reply {
        let texts = ServerTexts.of(self.message.lang)
        return Reply(text(texts), format: .plain, lang: texts == .english ? nil : texts.language)
    }
}
