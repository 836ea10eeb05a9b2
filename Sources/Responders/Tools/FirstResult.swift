internal import Synchronization

/// The result of something that may take too long, or nothing.
///
/// The first of result, time limit and cancellation wins, as in ``LimitedCall``: whoever ignores its cancellation is not
/// waited for. Both tasks belong to this, which cancels them when it ends.
final class FirstResult<Value: Sendable>: Sendable {
    private struct State {
        var isOver = false
        var value: Value?
        var waiter: CheckedContinuation<Value?, Never>?
        var tasks: [Task<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// Waits for `work`, at most for `limit`.
    static func of(limit: Duration, on clock: TurnClock, _ work: @escaping @Sendable () async -> Value) async -> Value?
    {
        let first = FirstResult()
        return await withTaskCancellationHandler {
            first.own(Task { first.end(with: await work()) })
            first.own(
                Task {
                    // A cancelled wait means that there is a result already.
                    guard (try? await clock.sleep(for: limit)) != nil else { return }
                    first.end(with: nil)
                }
            )
            return await withCheckedContinuation { first.wait($0) }
        } onCancel: {
            first.end(with: nil)
        }
    }

    private func end(with value: Value?) {
        let (waiter, tasks) = self.state.withLock {
            state -> (CheckedContinuation<Value?, Never>?, [Task<Void, Never>]) in
            guard !state.isOver else { return (nil, []) }
            state.isOver = true
            state.value = value
            defer { (state.waiter, state.tasks) = (nil, []) }
            return (state.waiter, state.tasks)
        }
        for task in tasks { task.cancel() }
        waiter?.resume(returning: value)
    }

    private func own(_ task: Task<Void, Never>) {
        let isOver = self.state.withLock { state in
            if !state.isOver { state.tasks.append(task) }
            return state.isOver
        }
        if isOver { task.cancel() }
    }

    private func wait(_ waiter: CheckedContinuation<Value?, Never>) {
        let (isOver, value) = self.state.withLock { state in
            if !state.isOver { state.waiter = waiter }
            return (state.isOver, state.value)
        }
        if isOver { waiter.resume(returning: value) }
    }
}
