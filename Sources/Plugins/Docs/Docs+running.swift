internal import Diagnostics
internal import Documents
internal import NIOPosix
public import Responders
internal import Synchronization

/// The index is made and kept up with its documents while the server runs.
extension Docs {
    /// Documents on file systems that tell nothing of changes are looked at so often.
    private static let rescanTime = Duration.seconds(30)
    /// So long a turn waits for an index that is just being opened.
    private static let readyTime = Duration.seconds(1)
    /// So long an update waits for that of another process, and is tried again then.
    private static let lockTime = Duration.seconds(10)

    public func prepareToRun() { self.state.withLock { $0.isRunning = true } }

    public func run() async {
        let thread = NIOThreadPool(numberOfThreads: 1)
        thread.start()
        await withTaskCancellationHandler {
            while !Task.isCancelled {
                _ = try? await thread.runIfActive {
                    let whenDone = self.state.withLock { state in
                        state.isAsked = false
                        return state.whenDone.take()
                    }
                    self.reload()
                    if !self.isStopping { whenDone?() }
                }
                await self.wait(at: Self.rescanTime, for: \.sleepers) { $0.isAsked || $0.isStopping }
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

    /// The index, once it has something; nothing where that takes too long.
    func ready() async -> DocumentIndex? {
        if let index = self.state.withLock({ $0.isReady ? $0.index : nil }) { return index }
        await self.wait(at: Self.readyTime, for: \.waiters) { $0.isReady || !$0.isRunning }
        return self.state.withLock { $0.isReady ? $0.index : nil }
    }

    private var isStopping: Bool { self.state.withLock { $0.isStopping || !$0.isRunning } }

    /// Waits until something is so, at most for some time.
    private func wait(
        at most: Duration,
        for waiters: any WritableKeyPath<State, StartWaiters> & Sendable,
        until isOver: @escaping @Sendable (State) -> Bool
    ) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.wait(for: waiters, until: isOver) }
            group.addTask { [clock = self.services.clock] in try? await clock.sleep(for: most) }
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

    // MARK: Content

    public var contentFolders: [String] {
        let found = self.state.withLock { $0.update?.folders ?? [] }
        // More can't be watched on most systems; the others are looked at every now and then.
        return Array(Set(found + self.sources.map(\.folder)).sorted().prefix(4_096))
    }

    public var contentID: ObjectIdentifier { ObjectIdentifier(self) }

    public var content: ContentState {
        self.state.withLock { state in
            let (files, sections) = (state.update?.files ?? 0, state.update?.sections ?? 0)
            return ContentState(
                generation: state.generation,
                digest: "\(state.generation)",
                summary: "\(files) documents, \(sections) sections",
                loadTime: state.loadTime,
                rejected: state.rejected
            )
        }
    }

    /// Has the thread that keeps the index look at the documents now: to read them all may take minutes.
    public func reload(whenDone: @escaping @Sendable () -> Void) {
        let sleepers = self.state.withLock { state -> [CheckedContinuation<Void, Never>] in
            guard state.isRunning else { return [] }
            state.isAsked = true
            state.whenDone = whenDone
            return state.sleepers.removeAll()
        }
        for sleeper in sleepers { sleeper.resume() }
    }

    public func reload() {
        guard !self.isStopping else { return }
        let start = self.services.clock.now
        do throws(DocumentError) {
            let index = try self.opened()
            // What is there from an earlier run answers while it is brought up to date.
            if try index.size().files > 0 { self.beReady() }
            let update = try index.update(
                self.sources.filter(\.isThere),
                progress: { _, _ in !self.isStopping },
                waiting: { !self.isStopping && self.services.clock.now - start < Self.lockTime }
            )
            self.state.withLock { state in
                if state.update == nil || update.changed + update.removed > 0 { state.generation += 1 }
                state.update = update
                state.loadTime = self.services.clock.now - start
                state.rejected = update.problems.prefix(20).map { problem in
                    let parts = problem.split(separator: ": ", maxSplits: 1).map(String.init)
                    let place = Place(file: parts[0].replacing("\n", with: " "))
                    return Diagnostic("left-out", at: place, parts.last ?? "", severity: .warning)
                }
            }
            self.beReady()
        } catch {
            guard !self.isStopping else { return }
            if error.code == "broken-index" { self.forget() }
            self.report(error)
            self.state.withLock {
                $0.rejected = [Diagnostic(error.code, at: Place(file: error.place), error.explanation)]
            }
        }
    }

    private func opened() throws(DocumentError) -> DocumentIndex {
        if let index = self.state.withLock({ $0.index }) {
            if index.isInPlace { return index }
            self.forget()
        }
        // Not with the lock held, which turns take, too: another process may be writing.
        let index = try DocumentIndex.open(self.path, synonyms: self.synonyms, now: self.services.wallClock)
        return self.state.withLock { state in
            let first = state.index ?? index
            state.index = first
            return first
        }
    }

    /// Lets an index go whose file is gone or broken, so that the next look makes another one.
    private func forget() {
        let index = self.state.withLock { state in
            state.isReady = false
            state.update = nil
            return state.index.take()
        }
        index?.close()
    }

    private func beReady() {
        let waiters = self.state.withLock { state in
            state.isReady = true
            return state.waiters.removeAll()
        }
        for waiter in waiters { waiter.resume() }
    }
}
