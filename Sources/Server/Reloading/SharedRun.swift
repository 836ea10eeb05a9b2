internal import Synchronization

/// Work of which one run follows the other: whoever asks for it while it is done shares the next run.
///
/// So any number of requests cost two runs, and each request has a run that began after it.
final class SharedRun: Sendable {
    private enum Part { case worker, guest }

    private struct State {
        var isRunning = false
        var waiting: [CheckedContinuation<Part, Never>] = []
    }

    private let state = Mutex(State())

    /// Waits for a run of `body` that begins after this call.
    func callAsFunction(_ body: () async -> Void) async {
        let part = await withCheckedContinuation { continuation in
            let isFree = self.state.withLock { state in
                guard state.isRunning else {
                    state.isRunning = true
                    return true
                }
                state.waiting.append(continuation)
                return false
            }
            if isFree { continuation.resume(returning: .worker) }
        }
        guard part == .worker else { return }
        let guests = self.state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        await body()
        let next = self.state.withLock { state -> CheckedContinuation<Part, Never>? in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.isRunning = false
            return nil
        }
        for guest in guests { guest.resume(returning: .guest) }
        next?.resume(returning: .worker)
    }
}
