internal import Messages

/// What entries with `mode: shadow` say to turns that others have answered.
///
/// Nobody sees it and nothing comes of it but steps of the turn's record.
extension Chain {
    /// Asks all shadows about a turn that has ended, each within its own time limit.
    ///
    /// Nobody is asked about a turn that ended before ``Stage/answer``, or that a person answers.
    ///
    /// - Parameter result: What came of the turn.
    /// - Returns: A step for each.
    public func askShadows(about result: ChainResult) async -> [TraceStep] {
        let shown = result.replies.map(\.text).joined(separator: "\n")
        return await withTaskGroup(of: (Int, TraceStep).self) { group in
            for (index, entry) in self.shadows.enumerated() {
                group.addTask { (index, await self.askShadow(entry, about: result, shown: shown)) }
            }
            var steps: [(Int, TraceStep)] = []
            for await step in group { steps.append(step) }
            return steps.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private func askShadow(_ entry: Entry, about result: ChainResult, shown: String) async -> TraceStep {
        guard result.reachedAnswer else {
            let reason = result.turn.conversation.state.isAttended ? TraceReason.withPerson : .stageSkipped
            return TraceStep(stage: entry.stage, responder: entry.name, reason: reason)
        }
        return await self.askShadow(entry, about: result.turn, shown: shown)
    }

    private func askShadow(_ entry: Entry, about turn: Turn, shown: String) async -> TraceStep {
        var turn = turn.placed(in: entry.stage)
        turn.drafts = []
        turn.probe = TraceProbe()
        turn.isRehearsal = true
        if entry.condition?.refusal(of: turn) != nil {
            return TraceStep(stage: entry.stage, responder: entry.name, reason: .condition)
        }
        let askedAt = self.clock.now
        var (verdict, permit) = await self.verdict(of: entry, about: turn)
        var step = TraceStep(stage: entry.stage, responder: entry.name, verdict: verdict.word)
        if case .stream(let stream, let confidence, let found) = verdict {
            let left = entry.timeout - (self.clock.now - askedAt)
            let played = await StreamedCall.play(
                stream,
                to: nil,
                number: 1,
                limits: .init(firstPiece: entry.firstPiece, nextPiece: entry.nextPiece, whole: left),
                on: self.clock
            )
            permit?.release()
            verdict =
                played.reply.map { .reply($0.reply, confidence: confidence, keep: found) } ?? .fail(played.failure)
        }
        step.duration = self.clock.now - askedAt
        var failure: Failure?
        var details = TraceStep.Values()
        details.actions = verdict.plan?.rehearsed ?? []
        details.shadow = TraceStep.Shadow(textBytes: 0, isSame: false)
        let noted = turn.probe?.take(at: turn.place)
        (details.candidates, details.contentGeneration) = (noted?.candidates, noted?.generation)
        switch verdict {
        case .pass(let reason): step.reason = reason
        case .fail(let problem):
            failure = problem
            (step.verdict, step.reason, details.problem) = (verdict.word, problem.code, problem.problem)
        case .suppress(let reason, _): step.reason = reason
        case .reply(let reply, _, _, let found):
            (details.rule, details.place) = (found.rule, found.place)
            details.shadow = TraceStep.Shadow(textBytes: reply.text.utf8.count, isSame: reply.text == shown)
        case .augment, .stream, .handoff: break
        }
        step.detail { $0 = details }
        permit?.count(CircuitBreaker.Result(verdict, failure: failure))
        return step
    }

    private func verdict(of entry: Entry, about turn: Turn) async -> (Verdict, CallGate.Permit?) {
        switch entry.call {
        case .immediate(let responder): return (responder.verdict(on: turn), nil)
        case .waiting(let responder):
            let answer = await LimitedCall.answer(
                of: responder,
                through: entry.gate,
                for: turn,
                within: entry.timeout,
                on: self.clock
            )
            return (answer.verdict, answer.permit)
        }
    }
}

/// How a whole chain answered that was run beside the one that answers.
public struct ShadowedChain: Sendable {
    let chain: String
    let outcome: Outcome
    let responder: String?
    let rule: String?
    let duration: Duration
    let textBytes: Int
    let isSame: Bool

    /// - Parameters:
    ///   - result: Of the chain beside.
    ///   - duration: How long it took.
    ///   - shown: What came of the turn for the visitor.
    public init(_ result: ChainResult, took duration: Duration, beside shown: ChainResult) {
        let text = result.replies.map(\.text).joined(separator: "\n")
        self.chain = result.turn.place.chain
        self.outcome = result.outcome
        self.responder = result.responder
        self.rule = result.effects.rule
        self.duration = duration
        self.textBytes = text.utf8.count
        self.isSame = text == shown.replies.map(\.text).joined(separator: "\n")
    }
}
