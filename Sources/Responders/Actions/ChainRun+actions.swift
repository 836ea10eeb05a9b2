internal import Synchronization

/// Having others do what a verdict asks for, before it is taken.
extension ChainRun {
    /// A verdict that waits for what others do first.
    struct Asking: Sendable {
        let plan: ActionPlan
        let took: Duration
        let permit: CallGate.Permit?
    }

    /// Takes a verdict, or notes that others have to do something first.
    mutating func takeOrAsk(_ verdict: Verdict, after duration: Duration, counting permit: CallGate.Permit? = nil) {
        guard let plan = verdict.plan else { return self.take(verdict, after: duration, counting: permit) }
        guard !self.turn.isRehearsal || plan.steps.contains(where: self.isRehearsed(_:)) else {
            self.performed = plan.rehearsed
            return self.take(verdict, after: duration, counting: permit)
        }
        self.startClock(at: self.chain.clock.now)
        self.asking = Asking(plan: plan, took: duration, permit: permit)
    }

    /// Takes a verdict, after others have done what it asks for.
    mutating func settle(_ verdict: Verdict, after duration: Duration, counting permit: CallGate.Permit?) async {
        self.takeOrAsk(verdict, after: duration, counting: permit)
        await self.performActions()
    }

    /// Has done what the last verdict asks for, and takes what it says then.
    mutating func performActions() async {
        guard let asking = self.asking else { return }
        self.asking = nil
        self.lastReading = nil
        var results: [ActionResult?] = []
        var performed: [TraceStep.Action] = []
        for step in asking.plan.steps {
            let beganAt = self.chain.clock.now
            let (result, problem) = await self.perform(step)
            results.append(result)
            performed.append(TraceStep.Action(step, reason: problem, took: self.chain.clock.now - beganAt))
        }
        if self.isTracing { self.performed = performed }
        self.take(asking.plan.decide(results), after: asking.took, counting: asking.permit)
        for case var reply? in results.map({ $0?.reply }) where self.replies.count < Chain.maximumReplies {
            guard !reply.isEmpty else { continue }
            _ = reply.bound()
            self.replies.append(reply)
        }
    }

    private func isRehearsed(_ step: ActionPlan.Step) -> Bool {
        let performer = self.chain.performer(step.responder, for: self.turn.conversation.sessionID)?.1
        return (performer as? any RehearsablePerformer)?.isRehearsed ?? false
    }

    /// Has one action performed.
    ///
    /// - Returns: What came of it, or why nothing did.
    private mutating func perform(_ step: ActionPlan.Step) async -> (ActionResult?, TraceReason?) {
        self.actionCount += 1
        guard self.actionCount <= Action.maximumCount else { return (nil, .limit) }
        guard let (entry, performer) = self.chain.performer(step.responder, for: self.turn.conversation.sessionID)
        else {
            return (nil, .unknownResponder)
        }
        guard entry.responder.hasOpenOperations || entry.responder.operations.contains(step.operation) else {
            return (nil, .unknownOperation)
        }
        guard !self.turn.isRehearsal || self.isRehearsed(step) else { return (nil, .rehearsal) }
        let limit = min(
            entry.timeout,
            self.startedAt + self.chain.deadline - Self.fallbackReserve - self.chain.clock.now
        )
        guard limit > .zero else { return (nil, self.fail(entry, Failure(.timeout))) }
        let key = "\(self.turn.id.rawValue)/\(self.actionCount)"
        let call = ActionCall(performer, Action(key: key, operation: step.operation, fields: step.fields))
        let answer = await LimitedCall.answer(
            of: call,
            through: entry.gate,
            for: self.turn,
            within: limit,
            on: self.chain.clock
        )
        answer.permit?.count(CircuitBreaker.Result(answer.verdict, failure: answer.verdict.failure))
        switch answer.verdict {
        case .fail(let failure): return (nil, self.fail(entry, failure))
        case .pass(let reason): return (nil, reason)
        case .augment, .reply, .stream, .suppress, .handoff: return (call.result, nil)
        }
    }

    /// An action that did not work changes nothing for the turn, but people must know.
    private mutating func fail(_ entry: Chain.Entry, _ failure: Failure) -> TraceReason {
        self.failures.append(ResponderFailure(responder: entry.name, failure: failure))
        return failure.code
    }
}

/// An action as a call of its performer, so that the same limits hold for it.
private final class ActionCall: Responder {
    private let performer: any ActionPerformer
    private let action: Action
    private let done = Mutex<ActionResult?>(nil)

    init(_ performer: any ActionPerformer, _ action: Action) {
        self.performer = performer
        self.action = action
    }

    /// What came of it, once it was performed.
    var result: ActionResult? { self.done.withLock(\.self) }

    func respond(to turn: Turn) async throws -> Verdict {
        let result = try await self.performer.perform(self.action, in: turn)
        self.done.withLock { $0 = result }
        return .augment(Augmentation())
    }
}

extension ActionPlan {
    /// The actions of a turn of which nothing may remain.
    var rehearsed: [TraceStep.Action] {
        self.steps.map { TraceStep.Action($0, reason: .rehearsal, took: .zero) }
    }
}

extension TraceStep {
    /// What another responder was asked to do.
    public struct Action: Sendable, Hashable {
        /// The performer's name in the chain.
        public var responder: String
        public var operation: String
        /// Why nothing came of it; nothing where it worked.
        public var reason: TraceReason?
        public var duration: Duration

        init(_ step: ActionPlan.Step, reason: TraceReason?, took duration: Duration) {
            self.responder = step.responder
            self.operation = step.operation
            self.reason = reason
            self.duration = duration
        }
    }
}

extension TraceReason {
    /// The chain has nobody of that name who performs actions for this conversation.
    public static let unknownResponder: TraceReason = "unknown-responder"
    /// It can't be asked to do that.
    public static let unknownOperation: TraceReason = "unknown-operation"
    /// Not done: nothing may remain of the turn.
    public static let rehearsal: TraceReason = "rehearsal"
}
