internal import NIOPosix
internal import Responders
internal import Synchronization

/// An index that a plugin makes and keeps up with its files while the server runs, and those who wait for it.
///
/// Safe on any thread.
final class LiveIndex<Index: Sendable>: Sendable {
    private struct State {
        var index: Index?
        var isRunning = false
        /// Whether the index has what its files had once.
        var isReady = false
        var waiters = StartWaiters()
    }

    private let clock: TurnClock
    private let state = Mutex(State())

    /// Files on file systems that tell nothing of changes are looked at so often.
    private static var rescanTime: Duration { .seconds(30) }
    /// So long a turn waits for an index that is just being opened.
    private static var readyTime: Duration { .seconds(1) }

    init(clock: TurnClock) { self.clock = clock }

    var isRunning: Bool { self.state.withLock { $0.isRunning } }

    func prepareToRun() { self.state.withLock { $0.isRunning = true } }

    /// Brings the index up to date every now and then, until the task is cancelled.
    ///
    /// - Parameters:
    ///   - update: Does it, on a thread of its own.
    ///   - followUp: What comes after each time and may wait.
    func run(
        _ update: @escaping @Sendable () -> Void,
        followUp: @Sendable () async -> Void = {}
    ) async {
        let thread = NIOThreadPool(numberOfThreads: 1)
        thread.start()
        while !Task.isCancelled {
            _ = try? await thread.runIfActive { update() }
            await followUp()
            try? await self.clock.sleep(for: Self.rescanTime)
        }
        try? await thread.shutdownGracefully()
        // Others may still read it: the last of them closes it.
        let waiters = self.state.withLock { state in
            let waiters = state.waiters.removeAll()
            state = State()
            return waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// The index, once it has something; nothing where that takes too long.
    func ready() async -> Index? {
        if let index = self.state.withLock({ $0.isReady ? $0.index : nil }) { return index }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.waitUntilReady() }
            group.addTask { [clock = self.clock] in try? await clock.sleep(for: Self.readyTime) }
            await group.next()
            group.cancelAll()
        }
        return self.state.withLock { $0.isReady ? $0.index : nil }
    }

    private func waitUntilReady() async {
        let number = self.state.withLock { $0.waiters.takeNumber() }
        await withTaskCancellationHandler {
            await withCheckedContinuation { (waiter: CheckedContinuation<Void, Never>) in
                let isOver = self.state.withLock { state in
                    if state.isReady || !state.isRunning || Task.isCancelled { return true }
                    state.waiters.add(waiter, as: number)
                    return false
                }
                if isOver { waiter.resume() }
            }
        } onCancel: {
            self.state.withLock { $0.waiters.remove(number) }?.resume()
        }
    }

    /// The index, opened where it isn't yet.
    func opened<E: Error>(_ open: () throws(E) -> Index) throws(E) -> Index {
        if let index = self.state.withLock({ $0.index }) { return index }
        // Not with the lock held, which turns take, too: another process may be writing.
        let index = try open()
        return self.state.withLock { state in
            let first = state.index ?? index
            state.index = first
            return first
        }
    }

    /// Lets those go on who wait, and those to come.
    func beReady() {
        let waiters = self.state.withLock { state in
            state.isReady = true
            return state.waiters.removeAll()
        }
        for waiter in waiters { waiter.resume() }
    }
}
