internal import Responders
internal import Synchronization

/// The calls of one plugin process, and the process that is answering them at the moment.
///
/// Any thread. ``PluginSessionState`` decides; here it is done.
final class PluginSession: Sendable {
    private typealias Waiter = CheckedContinuation<PluginAnswer, Never>
    private typealias Effect = PluginSessionState.Effect

    private struct State {
        var decisions: PluginSessionState
        var child: ChildProcess?
        var nextNumber = 1
        var waiters: [Int: Waiter] = [:]
        /// Where the pieces of replies go that have begun.
        var streams: [Int: PluginStream.Input] = [:]
        /// Calls that have not begun to wait.
        var beginning: Set<Int> = []
        var startWaiters = StartWaiters()
        /// What the operator was told last of why the process doesn't work.
        var problem: String?
    }

    private let state: Mutex<State>
    private let clock: TurnClock
    private let report: @Sendable (Incident) -> Void

    init(_ decisions: PluginSessionState, services: PluginServices) {
        self.state = Mutex(State(decisions: decisions))
        self.clock = services.clock
        self.report = services.report
    }

    /// Decides, does what was decided, and tells the operator afterwards, since that may take a while.
    private func perform(_ decide: (inout State) -> [Effect]) {
        let (incidents, waiters) = self.state.withLock { state in
            let effects = decide(&state)
            let incidents = effects.compactMap { self.perform($0, &state) }
            if let problem = incidents.last(where: { $0.level == .error }) {
                state.problem = problem.details["frame.problem"] ?? problem.message
            }
            return (incidents, state.decisions.phase == .starting ? [] : state.startWaiters.removeAll())
        }
        for waiter in waiters { waiter.resume() }
        for incident in incidents { self.report(incident) }
    }

    /// Sending happens under the lock: the lines of a call keep their order.
    private func perform(_ effect: Effect, _ state: inout State) -> Incident? {
        switch effect {
        case .send(let line, let call):
            guard state.child?.send(line) != true, let call else { return nil }
            // A child that doesn't read; its pings will find that out.
            state.decisions.couldNotSend(call)
            state.waiters.removeValue(forKey: call)?.resume(returning: .verdict(.pass(reason: .busy)))
        case .piece(let call, let text):
            if let waiter = state.waiters.removeValue(forKey: call) {
                let (stream, input) = PluginStream.make { [weak self] in self?.cancel(call, for: $0) }
                state.streams[call] = input
                waiter.resume(returning: .verdict(.stream(stream.reply)))
            }
            state.streams[call]?.yield(.text(text))
        case .finish(let call, let answer):
            state.waiters.removeValue(forKey: call)?.resume(returning: answer)
            state.streams.removeValue(forKey: call)?.end(with: answer)
        case .report(let incident): return incident
        case .kill: state.child?.kill()
        }
        return nil
    }
}

// MARK: Calls

extension PluginSession {
    /// Asks the plugin and waits for its answer, until the task is cancelled.
    ///
    /// - Parameters:
    ///   - turn: What it is asked about.
    ///   - action: What it is to do; without it a verdict is wanted.
    ///   - limit: How long the answer is worth anything.
    /// - Returns: The answer; a failure or a pass where there is none.
    func answer(to turn: Turn, for action: Action? = nil, within limit: Duration) async -> PluginAnswer {
        let number = self.state.withLock { state in
            defer { state.nextNumber += 1 }
            state.beginning.insert(state.nextNumber)
            return state.nextNumber
        }
        let cause = CancelCause.current
        return await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in self.ask(number, turn, action, limit, waiter) }
        } onCancel: {
            self.cancel(number, for: HostFrame.CancelReason(cause))
        }
    }

    private func ask(_ number: Int, _ turn: Turn, _ action: Action?, _ limit: Duration, _ waiter: Waiter) {
        let now = self.clock.now
        self.perform { state in
            guard state.beginning.remove(number) != nil else {
                waiter.resume(returning: .verdict(.fail(Failure(.cancelled))))
                return []
            }
            state.waiters[number] = waiter
            return state.decisions.ask(number, turn, for: action, limit: limit, at: now)
        }
    }

    private func cancel(_ number: Int, for reason: HostFrame.CancelReason) {
        let now = self.clock.now
        self.perform { state in
            // A call without a waiter has its verdict, or has not begun and won't.
            state.beginning.remove(number)
            if let stream = state.streams.removeValue(forKey: number) {
                stream.finish()
            } else if let waiter = state.waiters.removeValue(forKey: number) {
                waiter.resume(returning: .verdict(.fail(Failure(.cancelled))))
            } else {
                return []
            }
            return state.decisions.cancel(number, for: reason, at: now)
        }
    }
}

// MARK: The process

extension PluginSession {
    /// A process is about to be started.
    func prepare() { self.perform { $0.decisions.prepare() } }

    /// Runs one process from its start to its end.
    ///
    /// Cancelling the task closes the process's input, so that it ends by itself or is ended.
    func run(_ command: ChildProcess.Command) async -> ChildProcess.End {
        let child = ChildProcess(command) { self.take($0) }
        self.perform { state in
            state.child = child
            return state.decisions.begin()
        }
        return await withTaskCancellationHandler {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.keepTime() }
                defer { group.cancelAll() }
                return await child.run()
            }
        } onCancel: {
            child.stop()
        }
    }

    /// Nobody answers any more.
    func end(as phase: PluginSessionState.Phase) {
        self.perform { state in
            state.child = nil
            return state.decisions.end(as: phase)
        }
    }

    /// Waits while the process has not said what it is.
    ///
    /// - Returns: Nothing where it is ready, and else what was wrong with it.
    func problemAtStart() async -> WireProblem? {
        let number = self.state.withLock { $0.startWaiters.takeNumber() }
        await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                let mustWait = self.state.withLock { state in
                    guard state.decisions.phase == .starting, !Task.isCancelled else { return false }
                    state.startWaiters.add(waiter, as: number)
                    return true
                }
                if !mustWait { waiter.resume() }
            }
        } onCancel: {
            self.state.withLock { $0.startWaiters.remove(number) }?.resume()
        }
        return self.state.withLock { state in
            if case .ready = state.decisions.phase { return nil }
            return state.decisions.startFault
                ?? WireProblem("not-started", state.problem ?? "it ended before it said what it is")
        }
    }

    /// What it says of itself; nothing while it isn't ready.
    var ready: PluginReady? {
        self.state.withLock { if case .ready(let ready) = $0.decisions.phase { ready } else { nil } }
    }

    /// What it can be asked to do; nothing while it isn't ready.
    var actions: [String] { self.ready?.actions ?? [] }

    var ailment: Ailment? {
        switch self.state.withLock(\.decisions.phase) {
        case .disabled: .outOfService
        case .restarting: .restarting
        case .stopped, .starting, .ready: nil
        }
    }

    var isDisabled: Bool { self.state.withLock { $0.decisions.phase == .disabled } }

    private func keepTime() async {
        guard (try? await self.clock.sleep(for: .seconds(5))) != nil else { return }
        self.perform { $0.decisions.helloIsDue() }
        while (try? await self.clock.sleep(for: .seconds(10))) != nil { self.perform { $0.decisions.pingIsDue() } }
    }

    private func take(_ event: ChildProcess.Event) {
        let now = self.clock.now
        self.perform { state in
            switch event {
            case .line(let line): state.decisions.take(line, at: now)
            case .lineTooLong: state.decisions.takeLongLine()
            case .complaint(let line): state.decisions.takeComplaint(line, at: now)
            }
        }
    }
}
