internal import Synchronization

/// Stands in front of one responder that may wait: a bulkhead and a circuit breaker, so that one that is slow or broken costs
/// the others nothing but its time limit.
///
/// Shared by all chains that use the same instance. Any thread.
public final class CallGate: Sendable {
    /// The instance's name, for people.
    public let name: String
    public let limits: CallLimits
    private let clock: TurnClock
    private let report: @Sendable (Incident) -> Void
    private let state: Mutex<State>

    fileprivate typealias Waiter = CheckedContinuation<TraceReason?, Never>

    fileprivate struct State {
        var breaker: CircuitBreaker
        var nextNumber = 0
        /// The calls that run, each with the moment from which on nobody waits for it.
        var running: [Int: Duration?] = [:]
        /// In the order in which they came.
        var queue: [Int] = []
        var waiters: [Int: Waiter] = [:]
        /// Why calls need not wait any more that have not begun to.
        var refusals: [Int: TraceReason] = [:]
        var counts = Counts()
        var noticedAt: Duration?
    }

    /// What has happened since the server started.
    public struct Counts: Sendable, Hashable {
        /// Calls that were not made since too many were under way or waited.
        public var busy = 0
        /// How often the breaker opened because of failures.
        public var openings = 0
        /// Verdicts that came after their turn had gone on.
        public var late = 0
    }

    /// - Parameters:
    ///   - name: The instance's name, for people.
    ///   - limits: How many calls there may be, and when it is no longer asked.
    ///   - clock: The chain's.
    ///   - report: Told that the breaker has opened, at most once in five minutes.
    public init(
        name: String,
        limits: CallLimits = CallLimits(),
        clock: TurnClock = .continuous,
        report: @escaping @Sendable (Incident) -> Void = { _ in }
    ) {
        self.name = name
        self.limits = limits
        self.clock = clock
        self.report = report
        self.state = Mutex(State(breaker: CircuitBreaker(limits.breaker)))
    }
}

// MARK: A call

extension CallGate {
    /// One call that was let in.
    struct Permit: Sendable {
        let gate: CallGate
        fileprivate let number: Int
        fileprivate let pass: CircuitBreaker.Pass
        /// Whether it has to wait for its place first.
        let mustWait: Bool
    }

    /// What becomes of somebody who wants to ask.
    enum Admission {
        case permit(Permit)
        case refused(TraceReason)
    }

    /// Lets a call in, or says why not; doesn't wait.
    func admit() -> Admission {
        self.state.withLock { state in
            let now = self.clock.now
            guard let pass = state.breaker.admit(at: now) else { return .refused(.breakerOpen) }
            let isFree = state.running.count < self.limits.concurrency
            guard isFree || state.queue.count < self.limits.queue else {
                _ = state.breaker.count(.neutral, of: pass, at: now)
                state.counts.busy += 1
                return .refused(.busy)
            }
            state.nextNumber += 1
            if isFree { state.running[state.nextNumber] = .some(nil) } else { state.queue.append(state.nextNumber) }
            return .permit(Permit(gate: self, number: state.nextNumber, pass: pass, mustWait: !isFree))
        }
    }

    /// The responder asked to be left alone.
    func hold(for duration: Duration) {
        let duration = min(max(duration, .seconds(1)), CircuitBreaker.longestWait)
        let refused = self.state.withLock { state in
            state.breaker.hold(until: self.clock.now + duration)
            return self.limits.breaker.isEnabled ? state.refuseAllWaiting() : []
        }
        for waiter in refused { waiter.resume(returning: .breakerOpen) }
    }

    /// A verdict came after its turn had gone on.
    func noteLate() { self.state.withLock { $0.counts.late += 1 } }
}

extension CallGate.Permit {
    /// Waits for the call's place.
    ///
    /// - Returns: Why the responder must not be asked; nothing where it may.
    func wait() async -> TraceReason? {
        guard self.mustWait else { return nil }
        return await withCheckedContinuation { waiter in self.gate.wait(waiter, self) }
    }

    /// The responder has returned: the next call has its place.
    func release() { self.gate.release(self) }

    /// Nobody waits for the call any more.
    ///
    /// One that has begun keeps its place until it returns.
    ///
    /// - Returns: Whether it had begun.
    @discardableResult
    func abandon() -> Bool { self.gate.abandon(self) }

    /// Counts what came of the call.
    func count(_ result: CircuitBreaker.Result) { self.gate.count(result, of: self) }
}

extension CallGate {
    private func wait(_ waiter: Waiter, _ permit: Permit) {
        let answer = self.state.withLock { state -> TraceReason?? in
            if state.running[permit.number] != nil { return .some(nil) }
            if let refusal = state.refusals.removeValue(forKey: permit.number) { return .some(refusal) }
            guard state.queue.contains(permit.number) else { return .some(.cancelled) }
            state.waiters[permit.number] = waiter
            return nil
        }
        if let answer { waiter.resume(returning: answer) }
    }

    private func release(_ permit: Permit) {
        let next = self.state.withLock { state -> Waiter? in
            guard state.running.removeValue(forKey: permit.number) != nil, !state.queue.isEmpty else { return nil }
            let next = state.queue.removeFirst()
            state.running[next] = .some(nil)
            return state.waiters.removeValue(forKey: next)
        }
        next?.resume(returning: nil)
    }

    private func abandon(_ permit: Permit) -> Bool {
        let (hasBegun, waiter) = self.state.withLock { state in
            let now = self.clock.now
            if let index = state.queue.firstIndex(of: permit.number) {
                state.queue.remove(at: index)
                _ = state.breaker.count(.neutral, of: permit.pass, at: now)
                return (false, state.waiters.removeValue(forKey: permit.number))
            }
            if state.running[permit.number] != nil { state.running[permit.number] = .some(now) }
            return (state.refusals.removeValue(forKey: permit.number) == nil, nil)
        }
        waiter?.resume(returning: .cancelled)
        return hasBegun
    }

    private func count(_ result: CircuitBreaker.Result, of permit: Permit) {
        let (refused, isNoticed) = self.state.withLock { state -> ([Waiter], Bool) in
            let now = self.clock.now
            guard state.breaker.count(result, of: permit.pass, at: now) else { return ([], false) }
            state.counts.openings += 1
            let isNoticed = state.noticedAt.map { now - $0 >= Self.noticePause } ?? true
            if isNoticed { state.noticedAt = now }
            return (state.refuseAllWaiting(), isNoticed)
        }
        for waiter in refused { waiter.resume(returning: .breakerOpen) }
        guard isNoticed else { return }
        let message = "Responder failed again and again and is not asked for a while"
        self.report(Incident(.error, message, details: ["responder.name": self.name]))
    }

    /// How long nothing is said after a notice.
    private static let noticePause = Duration.seconds(300)
}

extension CallGate.State {
    /// Empties the queue.
    ///
    /// - Returns: Those that wait already.
    fileprivate mutating func refuseAllWaiting() -> [CallGate.Waiter] {
        var waiters: [CallGate.Waiter] = []
        for number in self.queue {
            if let waiter = self.waiters.removeValue(forKey: number) {
                waiters.append(waiter)
            } else {
                self.refusals[number] = .breakerOpen
            }
        }
        self.queue = []
        return waiters
    }
}

// MARK: For people

extension CallGate {
    /// Whether the responder is asked.
    public enum Condition: String, Sendable, CaseIterable {
        case closed, open
        /// One call finds out whether it works again.
        case halfOpen = "half-open"
    }

    /// How the calls of the responder are.
    public struct Report: Sendable, Hashable {
        public var breaker: Condition
        /// Calls that run, those included for which nobody waits any more.
        public var running: Int
        /// Calls that wait for their place.
        public var waiting: Int
        /// Calls that still run a second after they were cancelled.
        public var stuck: Int
        public var counts: Counts
    }

    /// How the calls are now.
    public var current: Report {
        self.state.withLock { state in
            let now = self.clock.now
            return Report(
                breaker: state.breaker.condition,
                running: state.running.count,
                waiting: state.queue.count,
                stuck: state.running.values.count { $0.map { now - $0 >= .seconds(1) } ?? false },
                counts: state.counts
            )
        }
    }
}
