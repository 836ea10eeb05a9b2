internal import NIOPosix
internal import Responders
internal import Synchronization

/// An index in a file that may go while it is open.
protocol FiledIndex: Sendable {
    /// Whether its file is still the one at its path.
    var isInPlace: Bool { get }
    func close()
}

/// An index that a plugin makes and keeps up with its files while the server runs, and those who wait for it.
///
/// Safe on any thread.
final class LiveIndex<Index: FiledIndex>: Sendable {
    private struct State {
        var index: Index?
        var isRunning = false
        var isStopping = false
        /// Whether the index has what its files had once.
        var isReady = false
        /// Those who wait for the index.
        var waiters = StartWaiters()
        /// Whether the files are to be looked at now, who waits for that, and who is told afterwards.
        var isAsked = false
        var sleepers = StartWaiters()
        var whenDone: (@Sendable () -> Void)?
    }

    private let clock: TurnClock
    private let state = Mutex(State())

    /// Files on file systems that tell nothing of changes are looked at so often.
    private static var rescanTime: Duration { .seconds(30) }
    /// So long a turn waits for an index that is just being opened.
    private static var readyTime: Duration { .seconds(1) }

    /// So long an update waits for that of another process, and is tried again then.
    private static var lockTime: Duration { .seconds(10) }

    init(clock: TurnClock) { self.clock = clock }

    var isRunning: Bool { self.state.withLock { $0.isRunning } }

    /// Whether an update may go on: not where the server stops.
    var goesOn: Bool { self.state.withLock { $0.isRunning && !$0.isStopping } }

    /// Whether an update that began then goes on waiting for that of another process.
    func waits(since start: Duration) -> Bool { self.goesOn && self.clock.now - start < Self.lockTime }

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
        await withTaskCancellationHandler {
            while !Task.isCancelled {
                _ = try? await thread.runIfActive {
                    let whenDone = self.state.withLock { state in
                        state.isAsked = false
                        return state.whenDone.take()
                    }
                    update()
                    if self.goesOn { whenDone?() }
                }
                await followUp()
                await self.wait(Self.rescanTime, for: \.sleepers) { $0.isAsked || $0.isStopping }
            }
        } onCancel: {
            self.state.withLock { $0.isStopping = true }
        }
        try? await thread.shutdownGracefully()
        // Others may still read it: the last of them closes it.
        let waiters = self.state.withLock { state in
            let waiters = state.waiters.removeAll() + state.sleepers.removeAll()
            state = State()
            return waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Has the thread that keeps the index look at the files now: to read them all may take minutes.
    ///
    /// - Parameter whenDone: Called then, in place of whom was to be told before; not where the server stops.
    func ask(whenDone: @escaping @Sendable () -> Void) {
        let sleepers = self.state.withLock { state -> [CheckedContinuation<Void, Never>] in
            guard state.isRunning else { return [] }
            state.isAsked = true
            state.whenDone = whenDone
            return state.sleepers.removeAll()
        }
        for sleeper in sleepers { sleeper.resume() }
    }

    /// The index, once it has something; nothing where that takes too long.
    func ready() async -> Index? {
        if let index = self.state.withLock({ $0.isReady ? $0.index : nil }) { return index }
        await self.wait(Self.readyTime, for: \.waiters) { $0.isReady || !$0.isRunning }
        return self.state.withLock { $0.isReady ? $0.index : nil }
    }

    /// Waits until something is so, at most for some time.
    private func wait(
        _ limit: Duration,
        for waiters: any WritableKeyPath<State, StartWaiters> & Sendable,
        until isOver: @escaping @Sendable (State) -> Bool
    ) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.wait(for: waiters, until: isOver) }
            group.addTask { [clock = self.clock] in try? await clock.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
    }

    private func wait(
        for waiters: any WritableKeyPath<State, StartWaiters> & Sendable,
        until isOver: @escaping @Sendable (State) -> Bool
    ) async {
        let number = self.state.withLock { $0[keyPath: waiters].takeNumber() }
        await withTaskCancellationHandler {
            await withCheckedContinuation { (waiter: CheckedContinuation<Void, Never>) in
                let isOver = self.state.withLock { state in
                    if isOver(state) || Task.isCancelled { return true }
                    state[keyPath: waiters].add(waiter, as: number)
                    return false
                }
                if isOver { waiter.resume() }
            }
        } onCancel: {
            self.state.withLock { $0[keyPath: waiters].remove(number) }?.resume()
        }
    }

    /// The index, opened where it isn't yet, or its file is another one by now.
    func opened<E: Error>(_ open: () throws(E) -> Index) throws(E) -> Index {
        if let index = self.state.withLock({ $0.index }) {
            if index.isInPlace { return index }
            self.forget()
        }
        // Not with the lock held, which turns take, too: another process may be writing.
        let index = try open()
        return self.state.withLock { state in
            let first = state.index ?? index
            state.index = first
            return first
        }
    }

    /// Lets an index go whose file is gone or broken, so that the next look makes another one.
    func forget() {
        let index = self.state.withLock { state in
            state.isReady = false
            return state.index.take()
        }
        index?.close()
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
