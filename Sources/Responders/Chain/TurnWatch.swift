internal import Messages
internal import Synchronization

extension Chain {
    /// As ``finish(_:showing:)``, and there is an outcome a second after the deadline in any case.
    ///
    /// The time limits of the calls see to it that this is never needed: a turn that it ends,
    /// ``ChainResult/isOverdue``, shows a mistake in the chain, or a responder that computes where it must not.
    ///
    /// - Parameters:
    ///   - run: What `begin` returned. Each is finished once.
    ///   - sink: Where the pieces of a streamed reply are shown, and the replies before it.
    /// - Returns: The turn's only outcome.
    public func conclude(_ run: ChainRun, showing sink: (any ReplySink)? = nil) async -> ChainResult {
        await TurnWatch.result(of: run, in: self, showing: sink)
    }
}

/// Two ways to an outcome, of which the first counts: the run of a turn, and its watchdog.
///
/// Stands between the run and the sink, so that nothing is shown after the outcome.
final class TurnWatch: ReplySink {
    private struct State {
        /// How far the turn was when it last went on.
        var run: ChainRun
        var shown: [Reply] = []
        /// The streamed reply that is being shown.
        var text: String?
        var result: ChainResult?
        var waiter: CheckedContinuation<ChainResult, Never>?
        var tasks: [Task<Void, Never>] = []
    }

    /// How much later than the deadline it is.
    static let grace = Duration.seconds(1)

    private let chain: Chain
    private let sink: (any ReplySink)?
    private let startedAt: Duration
    private let state: Mutex<State>

    private init(_ run: ChainRun, in chain: Chain, showing sink: (any ReplySink)?) {
        self.chain = chain
        self.sink = sink
        self.startedAt = run.startedAt
        self.state = Mutex(State(run: run))
    }

    static func result(of run: ChainRun, in chain: Chain, showing sink: (any ReplySink)?) async -> ChainResult {
        let watch = TurnWatch(run, in: chain, showing: sink)
        let runner = Task {
            watch.end(with: await chain.finish(run, showing: sink == nil ? nil : watch) { watch.note($0) })
        }
        return await withTaskCancellationHandler {
            watch.own(runner)
            watch.own(Task { await watch.bark() })
            return await withCheckedContinuation { watch.wait($0) }
        } onCancel: {
            // Every responder that waits fails at once, and the turn ends by itself.
            runner.cancel()
        }
    }

    private func note(_ run: ChainRun) { self.state.withLock { $0.run = run } }

    /// Waits for the last moment, and ends the turn if nobody else has.
    private func bark() async {
        guard await self.sleep(until: self.startedAt + self.chain.deadline + Self.grace) else { return }
        let isStreaming = self.state.withLock { $0.text != nil }
        if isStreaming {
            guard await self.sleep(until: self.startedAt + self.chain.streamDeadline + Self.grace) else { return }
        }
        self.endOverdue()
    }

    /// - Returns: Whether the moment has come; a cancelled wait means that the turn has ended.
    private func sleep(until end: Duration) async -> Bool {
        let left = end - self.chain.clock.now
        guard left > .zero else { return true }
        return (try? await self.chain.clock.sleep(for: left)) != nil
    }

    private func endOverdue() {
        var cut: Reply?
        let announce = self.decide { state in
            if let text = state.text {
                let reply = Reply(text)
                state.shown.append(reply)
                state.text = nil
                cut = reply
            }
            return state.run.overdue(showing: state.shown)
        }
        guard let announce else { return }
        if let cut { self.sink?.end(cut, .timeout) }
        announce()
    }

    private func end(with result: ChainResult) { self.decide { _ in result }?() }

    /// Takes the first result, and ignores every later one.
    ///
    /// - Returns: Tells whoever waits, and cancels what still runs; nothing where there is a result already.
    private func decide(_ make: (inout State) -> ChainResult) -> (() -> Void)? {
        self.state.withLock { state in
            guard state.result == nil else { return nil }
            let result = make(&state)
            state.result = result
            let (waiter, tasks) = (state.waiter, state.tasks)
            (state.waiter, state.tasks) = (nil, [])
            return {
                for task in tasks { task.cancel() }
                waiter?.resume(returning: result)
            }
        }
    }

    private func own(_ task: Task<Void, Never>) {
        let isOver = self.state.withLock { state in
            if state.result == nil { state.tasks.append(task) }
            return state.result != nil
        }
        if isOver { task.cancel() }
    }

    private func wait(_ waiter: CheckedContinuation<ChainResult, Never>) {
        let result = self.state.withLock { state in
            if state.result == nil { state.waiter = waiter }
            return state.result
        }
        if let result { waiter.resume(returning: result) }
    }
}

// MARK: Showing

extension TurnWatch {
    // With the lock held, so that nothing follows the outcome.

    func show(_ reply: Reply, number: Int) {
        self.state.withLock { state in
            guard state.result == nil else { return }
            state.shown.append(reply)
            self.sink?.show(reply, number: number)
        }
    }

    func begin(number: Int, stop: @escaping @Sendable () -> Void) -> Bool {
        self.state.withLock { state in
            guard state.result == nil, self.sink?.begin(number: number, stop: stop) == true else { return false }
            state.text = ""
            return true
        }
    }

    func append(_ piece: String) {
        self.state.withLock { state in
            guard state.result == nil else { return }
            state.text?.append(piece)
            self.sink?.append(piece)
        }
    }

    func end(_ reply: Reply, _ finish: StreamFinish) {
        self.state.withLock { state in
            guard state.result == nil else { return }
            state.text = nil
            state.shown.append(reply)
            self.sink?.end(reply, finish)
        }
    }
}

extension ChainRun {
    /// The turn as its watchdog ends it.
    ///
    /// - Parameter shown: The replies that the visitor has seen already.
    /// - Returns: An outcome with the built-in sentence, where there is room for it.
    fileprivate func overdue(showing shown: [Reply]) -> ChainResult {
        var run = self
        run.endIndex = self.index
        run.redactTheRest()
        var replies = shown + self.replies.dropFirst(shown.count)
        if replies.count < Chain.maximumReplies { replies.append(self.turn.unanswered(hasFailed: true)) }
        let asked = self.index < self.chain.decidingCount ? self.chain.entries[self.index].name : self.chain.name
        return ChainResult(
            outcome: .failedAndTold,
            replies: replies,
            shownCount: shown.count,
            responder: nil,
            effects: self.effects,
            turn: run.turn,
            failures: self.failures + [ResponderFailure(responder: asked, failure: Failure(.overdue))],
            steps: self.steps,
            isOverdue: true
        )
    }
}

extension TraceReason {
    /// The turn had no outcome a second after its deadline, which is a mistake in the chain or in a responder that computes
    /// where it must not.
    public static let overdue: TraceReason = "overdue"
}
