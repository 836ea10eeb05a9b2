internal import Responders
internal import Synchronization

/// How far long work is, on one line that is written over; silent where no person looks.
///
/// Any number of threads report at once.
final class ProgressLine: Sendable {
    private let label: String
    private let total: Int
    private let terminal = Terminal.current
    /// What is done, and the time and the share of the last line.
    private let state: Mutex<(done: Int, shown: Duration)>

    /// - Parameters:
    ///   - label: What is done: `answering`.
    ///   - total: How much of it there is.
    init(_ label: String, total: Int) {
        self.label = label
        self.total = total
        self.state = Mutex((0, self.terminal.clock.now))
    }

    /// Counts what was done, and shows it ten times a second at most.
    func advance(by count: Int) {
        guard let show = self.terminal.progress else { return }
        let now = self.terminal.clock.now
        let done = self.state.withLock { state -> Int? in
            state.done += count
            guard now - state.shown >= .milliseconds(100) else { return nil }
            state.shown = now
            return state.done
        }
        if let done { show("\(self.label) \(100 * done / max(1, self.total)) %") }
    }

    /// Takes the line away.
    func end() { self.terminal.progress?("") }
}
