internal import Synchronization

/// How far the loading of a folder is; any number of threads count at once.
final class LoadProgress: Sendable {
    /// Gets what is done of how much there is, from 0; any thread, one call after the other.
    typealias Observer = @Sendable (_ done: Int, _ total: Int) -> Void

    private let observer: Observer
    private let total: Int
    private let done = Mutex(0)

    init(of total: Int, _ observer: @escaping Observer) {
        self.total = total
        self.observer = observer
    }

    func advance() {
        self.done.withLock { done in
            done += 1
            self.observer(done, self.total)
        }
    }
}
