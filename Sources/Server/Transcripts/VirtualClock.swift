internal import Responders
internal import Synchronization

/// A clock that goes on by itself as soon as nobody has anything to do before its next moment.
///
/// Whoever answers says so with ``answering(_:)``: while one of them computes, the clock stands. So what takes 30 seconds for
/// a visitor takes none here, and comes out the same each time.
final class VirtualClock: Clock, Sendable {
    /// A moment, as the time since the clock was made.
    struct Instant: InstantProtocol {
        var offset: Duration

        func advanced(by duration: Duration) -> Instant { Instant(offset: self.offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - self.offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    private struct Sleeper {
        var wakesAt: Instant
        /// Whether it belongs to somebody who answers, and not to somebody who waits for that.
        var isAnswering: Bool
        var continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now = Instant(offset: .zero)
        var nextID = 0
        var sleepers: [Int: Sleeper] = [:]
        var cancelled: Set<Int> = []
        /// How many answer at the moment.
        var answering = 0
        /// Counts what happens, so that it is seen where nothing does.
        var changes = 0
        var idleWaiter: CheckedContinuation<Void, Never>?

        /// Whether everybody who answers sleeps, and whoever waits for them does, too.
        var isIdle: Bool {
            let asleep = self.sleepers.values.count(where: \.isAnswering)
            return self.answering > 0 && asleep == self.answering && self.sleepers.count - asleep >= self.answering
        }
    }

    private let state = Mutex(State())

    /// Whether the running task answers.
    @TaskLocal private static var isAnswering = false

    /// A machine that is busy may take this long between two steps before the clock goes on without waiting for one that
    /// doesn't sleep.
    private static let patience = Duration.seconds(10)

    var now: Instant { self.state.withLock { $0.now } }
    var minimumResolution: Duration { .nanoseconds(1) }

    /// Does something for which the clock waits.
    func answering<T>(_ body: () async throws -> T) async rethrows -> T {
        self.change { $0.answering += 1 }
        defer { self.change { $0.answering -= 1 } }
        return try await Self.$isAnswering.withValue(true) { try await body() }
    }

    /// Goes on while `body` runs, from one moment to the next.
    func running<T: Sendable>(_ body: @escaping @Sendable () async -> T) async -> T {
        await withTaskGroup(of: T?.self) { group in
            group.addTask { await body() }
            group.addTask {
                while await self.becomesIdle() { self.wakeNext() }
                return nil
            }
            group.addTask {
                var seen = self.state.withLock(\.changes)
                while (try? await TurnClock.continuous.sleep(for: Self.patience)) != nil {
                    let changes = self.state.withLock(\.changes)
                    if changes == seen { self.wakeNext() }
                    seen = changes
                }
                return nil
            }
            defer { group.cancelAll() }
            for await result in group { if let result { return result } }
            return await body()
        }
    }

    /// Moves the clock, and wakes whoever waits for a moment until then.
    func pass(_ duration: Duration) {
        let end = self.now.advanced(by: duration)
        while let next = self.state.withLock({ $0.sleepers.values.map(\.wakesAt).min() }), next <= end {
            self.wakeNext()
        }
        self.change { $0.now = max($0.now, end) }
    }

    func sleep(until deadline: Instant, tolerance: Duration? = nil) async throws {
        let id = self.state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let isAnswering = Self.isAnswering
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                self.add(Sleeper(wakesAt: deadline, isAnswering: isAnswering, continuation: continuation), id)
            }
        } onCancel: {
            self.cancel(id)
        }
    }
}

extension VirtualClock {
    /// Changes the state and tells whoever waits for the clock to be idle.
    @discardableResult
    private func change<T: Sendable>(_ body: (inout State) -> T) -> T {
        let (result, waiter) = self.state.withLock { state -> (T, CheckedContinuation<Void, Never>?) in
            let result = body(&state)
            state.changes += 1
            return (result, state.isIdle ? state.idleWaiter.take() : nil)
        }
        waiter?.resume()
        return result
    }

    /// Waits until nobody has anything to do before the next moment.
    ///
    /// - Returns: Whether that is so; not where the task was cancelled.
    private func becomesIdle() async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isNow = self.state.withLock { state in
                    if state.isIdle || Task.isCancelled { return true }
                    state.idleWaiter = continuation
                    return false
                }
                if isNow { continuation.resume() }
            }
        } onCancel: {
            self.state.withLock { $0.idleWaiter.take() }?.resume()
        }
        return !Task.isCancelled
    }

    /// Moves the clock to its next moment and wakes the one who waits for it: of two those who keep time first.
    private func wakeNext() {
        let woken = self.change { state -> Sleeper? in
            let next = state.sleepers.min { left, right in
                (left.value.wakesAt.offset, left.value.isAnswering ? 1 : 0, left.key)
                    < (right.value.wakesAt.offset, right.value.isAnswering ? 1 : 0, right.key)
            }
            guard let next else { return nil }
            state.now = max(state.now, next.value.wakesAt)
            return state.sleepers.removeValue(forKey: next.key)
        }
        woken?.continuation.resume()
    }

    private func add(_ sleeper: Sleeper, _ id: Int) {
        let rest = self.change { state -> Result<Void, any Error>? in
            if state.cancelled.remove(id) != nil { return .failure(CancellationError()) }
            if sleeper.wakesAt <= state.now { return .success(()) }
            state.sleepers[id] = sleeper
            return nil
        }
        if let rest { sleeper.continuation.resume(with: rest) }
    }

    private func cancel(_ id: Int) {
        let sleeper = self.change { state -> Sleeper? in
            let sleeper = state.sleepers.removeValue(forKey: id)
            // The task may be cancelled before it sleeps.
            if sleeper == nil { state.cancelled.insert(id) }
            return sleeper
        }
        sleeper?.continuation.resume(throwing: CancellationError())
    }
}
