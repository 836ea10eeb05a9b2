internal import Responders
internal import Synchronization

/// How far long work is, on one line that is written over; silent where no person looks.
///
/// Any number of threads report at once.
final class ProgressLine: Sendable {
    private let label: String
    /// Nothing where it isn't known how much there is to do.
    private let total: Int?
    private let terminal = Terminal.current
    /// What is done, and the time and the share of the last line.
    private let state: Mutex<(done: Int, shown: Duration)>

    /// - Parameters:
    ///   - label: What is done: `answering`.
    ///   - total: How much of it there is; nothing where that isn't known before.
    init(_ label: String, total: Int? = nil) {
        self.label = label
        self.total = total
        self.state = Mutex((0, self.terminal.clock.now))
    }

    /// Counts what was done, and shows it ten times a second at most.
    func advance(by count: Int) { self.show(of: self.total) { $0 += count } }

    /// Shows what is done of what there is, ten times a second at most.
    ///
    /// - Parameters:
    ///   - done: Everything that is done by now.
    ///   - total: How much there is; nothing, or as much as is done, where that isn't known.
    func reach(_ done: Int, of total: Int?) { self.show(of: total == done ? nil : total) { $0 = done } }

    private func show(of total: Int?, _ change: (inout Int) -> Void) {
        guard let show = self.terminal.progress else { return }
        let now = self.terminal.clock.now
        let done = self.state.withLock { state -> Int? in
            change(&state.done)
            guard now - state.shown >= .milliseconds(100) else { return nil }
            state.shown = now
            return state.done
        }
        guard let done else { return }
        show("\(self.label) \(total.map { "\(100 * done / max(1, $0)) %" } ?? grouped(done))")
    }

    /// Takes the line away.
    func end() { self.terminal.progress?("") }
}
