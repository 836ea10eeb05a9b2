internal import Synchronization

/// One call of a responder that may wait, against the clock.
///
/// The first of verdict, time limit and cancellation wins. The chain then goes on at once: Swift can't stop a task that
/// ignores its cancellation, so waiting for it, as a task group does, would hold the turn as long as the responder
/// likes. A verdict that comes later is dropped. Both tasks belong to the call, which cancels them when it ends.
final class LimitedCall: Sendable {
    /// What came of a call.
    struct Answer: Sendable {
        var verdict: Verdict
        /// To count what the verdict is worth; nothing where the responder was not asked, or has no gate.
        ///
        /// With a streamed reply it is to be released, too.
        var permit: CallGate.Permit?
    }

    private struct State {
        var verdict: Verdict?
        var waiter: CheckedContinuation<Verdict, Never>?
        var tasks: [Task<Void, Never>] = []
        /// Whether the responder was not asked.
        var isRefused = false
    }

    private let state = Mutex(State())

    /// Asks `responder` and waits for its verdict, at most for `limit`.
    ///
    /// - Returns: The verdict, or a failure `timeout`, `cancelled`, or what the responder threw; a pass where the gate lets
    ///   nobody in.
    static func answer(
        of responder: any Responder,
        through gate: CallGate?,
        for turn: Turn,
        within limit: Duration,
        on clock: TurnClock
    ) async -> Answer {
        switch gate?.admit() {
        case .refused(let reason): return Answer(verdict: .pass(reason: reason))
        case .permit(let permit): return await self.answer(of: responder, permit, for: turn, within: limit, on: clock)
        case nil: return await self.answer(of: responder, nil, for: turn, within: limit, on: clock)
        }
    }

    private static func answer(
        of responder: any Responder,
        _ permit: CallGate.Permit?,
        for turn: Turn,
        within limit: Duration,
        on clock: TurnClock
    ) async -> Answer {
        let call = LimitedCall()
        let verdict = await withTaskCancellationHandler {
            let end = clock.now + limit
            call.own(Task { await call.ask(responder, permit, about: turn, within: limit, until: end, on: clock) })
            call.own(
                Task {
                    // A cancelled wait means that the call has ended already.
                    guard (try? await clock.sleep(for: limit)) != nil else { return }
                    call.end(with: .fail(Failure(.timeout)))
                }
            )
            return await withCheckedContinuation { call.wait($0) }
        } onCancel: {
            call.end(with: .fail(Failure(.cancelled)))
        }
        return Answer(verdict: verdict, permit: call.permit(permit, after: verdict))
    }

    private func ask(
        _ responder: any Responder,
        _ permit: CallGate.Permit?,
        about turn: Turn,
        within limit: Duration,
        until end: Duration,
        on clock: TurnClock
    ) async {
        if let refusal = await permit?.wait() {
            self.state.withLock { $0.isRefused = true }
            self.end(with: .pass(reason: refusal))
            return
        }
        let verdict: Verdict
        // What it has waited for its place is gone.
        let limit = permit?.mustWait == true ? end - clock.now : limit
        do {
            verdict = try await CallLimit.$current.withValue(limit) { try await responder.respond(to: turn) }
        } catch let wait as RetryAfter {
            permit?.gate.hold(for: wait.duration)
            verdict = .pass(reason: .busy)
        } catch {
            permit?.release()
            self.end(with: .fail(Failure(thrown: error)))
            return
        }
        // The place of a streamed reply is free when its text has ended.
        if case .stream = verdict, self.end(with: verdict) { return }
        permit?.release()
        guard !self.end(with: verdict) else { return }
        permit?.gate.noteLate()
        // Who stops when it is told to is not late.
        if verdict.failure?.code != .cancelled { turn.noteLateResult() }
    }

    /// What is left of a permit.
    private func permit(_ permit: CallGate.Permit?, after verdict: Verdict) -> CallGate.Permit? {
        guard !self.state.withLock({ $0.isRefused }) else { return nil }
        guard case .fail = verdict else { return permit }
        return permit?.abandon() == true ? permit : nil
    }

    /// Takes the first verdict, cancels what still runs, and ignores every later one.
    ///
    /// - Returns: Whether this is the first one.
    @discardableResult
    private func end(with verdict: Verdict) -> Bool {
        let (isFirst, waiter, tasks) = self.state.withLock {
            state -> (Bool, CheckedContinuation<Verdict, Never>?, [Task<Void, Never>]) in
            guard state.verdict == nil else { return (false, nil, []) }
            state.verdict = verdict
            defer {
                state.waiter = nil
                state.tasks = []
            }
            return (true, state.waiter, state.tasks)
        }
        for task in tasks { task.cancel() }
        waiter?.resume(returning: verdict)
        return isFirst
    }

    /// Cancels `task` with the call, at once where the call has ended.
    private func own(_ task: Task<Void, Never>) {
        let hasEnded = self.state.withLock { state in
            guard state.verdict == nil else { return true }
            state.tasks.append(task)
            return false
        }
        if hasEnded { task.cancel() }
    }

    private func wait(_ waiter: CheckedContinuation<Verdict, Never>) {
        let verdict = self.state.withLock { state in
            if state.verdict == nil { state.waiter = waiter }
            return state.verdict
        }
        if let verdict { waiter.resume(returning: verdict) }
    }
}
