internal import Synchronization

/// One call of a responder that may wait, against the clock.
///
/// The first of verdict, time limit and cancellation wins. The chain then goes on at once: Swift can't stop a task that
/// ignores its cancellation, so waiting for it, as a task group does, would hold the turn as long as the responder
/// likes. A verdict that comes later is dropped. Both tasks belong to the call, which cancels them when it ends.
final class LimitedCall: Sendable {
    private struct State {
        var verdict: Verdict?
        var waiter: CheckedContinuation<Verdict, Never>?
        var tasks: [Task<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// Asks `responder` and waits for its verdict, at most for `limit`.
    ///
    /// - Returns: The verdict, or a failure `timeout`, `cancelled`, or what the responder threw.
    static func verdict(
        of responder: any Responder,
        for turn: Turn,
        within limit: Duration,
        on clock: TurnClock
    ) async -> Verdict {
        let call = LimitedCall()
        return await withTaskCancellationHandler {
            call.own(
                Task {
                    do {
                        let verdict = try await CallLimit.$current.withValue(limit) {
                            try await responder.respond(to: turn)
                        }
                        call.end(with: verdict)
                    } catch {
                        call.end(with: .fail(Failure(thrown: error)))
                    }
                }
            )
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
    }

    /// Takes the first verdict, cancels what still runs, and ignores every later one.
    private func end(with verdict: Verdict) {
        let (waiter, tasks) = self.state.withLock {
            state -> (CheckedContinuation<Verdict, Never>?, [Task<Void, Never>]) in
            guard state.verdict == nil else { return (nil, []) }
            state.verdict = verdict
            defer {
                state.waiter = nil
                state.tasks = []
            }
            return (state.waiter, state.tasks)
        }
        for task in tasks { task.cancel() }
        waiter?.resume(returning: verdict)
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
