import Messages
import Store
import Synchronization

/// A clock that stands still until a test moves it, and a sleep that ends when a test says so.
final class TestTime: Sendable {
    private struct State {
        var now: Int64 = 1_800_000_000_000
        var sleepers: [CheckedContinuation<Void, Never>] = []
        var watchers: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    var storeTime: StoreTime {
        StoreTime(
            now: { Timestamp(milliseconds: self.state.withLock { $0.now }) },
            nanoseconds: { UInt64(self.state.withLock { $0.now }) * 1_000_000 },
            sleep: { _ in await self.sleep() }
        )
    }

    var now: Timestamp { self.storeTime.now() }

    func advance(milliseconds: Int64) { self.state.withLock { $0.now += milliseconds } }

    private func sleep() async {
        await withCheckedContinuation { continuation in
            let watchers = self.state.withLock { state in
                state.sleepers.append(continuation)
                defer { state.watchers = [] }
                return state.watchers
            }
            for watcher in watchers { watcher.resume() }
        }
    }

    /// Waits until somebody sleeps.
    func untilSomebodySleeps() async {
        await withCheckedContinuation { continuation in
            let isSleeping = self.state.withLock { state in
                if state.sleepers.isEmpty { state.watchers.append(continuation) }
                return !state.sleepers.isEmpty
            }
            if isSleeping { continuation.resume() }
        }
    }

    func wake() {
        let sleepers = self.state.withLock { state in
            defer { state.sleepers = [] }
            return state.sleepers
        }
        for sleeper in sleepers { sleeper.resume() }
    }
}
