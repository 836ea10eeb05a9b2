internal import Responders
internal import ServiceLifecycle
internal import Synchronization

/// Runs the parts of chains that have something running beside their turns, for as long as a generation needs them.
///
/// Any thread.
final class PartService: Service {
    private let runs: AsyncStream<PartRun>
    private let input: AsyncStream<PartRun>.Continuation
    private let state = Mutex<[ObjectIdentifier: (run: PartRun, count: Int)]>([:])

    /// - Parameter parts: Those that are needed from the start.
    init(_ parts: [any RunningPart] = []) {
        // Reloads are few, and so are parts.
        (self.runs, self.input) = AsyncStream.makeStream()
        self.start(parts)
    }

    /// Runs each part once, for as long as somebody needs it.
    ///
    /// - Returns: Those that did not run yet.
    @discardableResult
    func start(_ parts: [any RunningPart]) -> [any RunningPart] {
        parts.filter { part in
            let run = self.state.withLock { state -> PartRun? in
                let id = ObjectIdentifier(part)
                if let known = state[id] {
                    state[id] = (known.run, known.count + 1)
                    return nil
                }
                let run = PartRun(part)
                state[id] = (run, 1)
                return run
            }
            guard let run else { return false }
            part.prepareToRun()
            self.input.yield(run)
            return true
        }
    }

    /// Ends those that nobody else needs, and waits until they have ended.
    func release(_ parts: [any RunningPart]) async {
        let runs = self.state.withLock { state in
            parts.compactMap { part -> PartRun? in
                let id = ObjectIdentifier(part)
                guard let known = state[id] else { return nil }
                state[id] = known.count > 1 ? (known.run, known.count - 1) : nil
                return known.count > 1 ? nil : known.run
            }
        }
        for run in runs { run.stop() }
        for run in runs { await run.untilEnded() }
    }

    /// Runs everything until a graceful shutdown, when everybody who asks has stopped.
    func run() async {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for await run in self.runs { group.addTask { await run.run() } }
                group.cancelAll()
            }
        }
    }
}

/// A part from its start to its end.
private final class PartRun: Sendable {
    private let part: any RunningPart
    private let stopped = Interruption()
    private let ended: AsyncStream<Void>
    private let endSource: AsyncStream<Void>.Continuation

    init(_ part: any RunningPart) {
        self.part = part
        (self.ended, self.endSource) = AsyncStream.makeStream()
    }

    func stop() { self.stopped.cancel() }

    /// For one caller.
    func untilEnded() async { for await _ in self.ended {} }

    func run() async {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                await self.part.run()
                return true
            }
            group.addTask {
                await self.stopped.wait()
                // What it was given is still done; otherwise nobody waits for it any more.
                return !self.part.finish()
            }
            for await isOver in group where isOver { group.cancelAll() }
        }
        self.endSource.finish()
    }
}
