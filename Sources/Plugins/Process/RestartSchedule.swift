/// When a process that ended is started again: after 1, 2, 4, 8 and 16 seconds, and not a sixth time within ten minutes.
struct RestartSchedule: Sendable {
    static let window = Duration.seconds(600)
    static let maximumRestarts = 5

    private var restarts: [Duration] = []

    /// Counts an end of the process.
    ///
    /// - Parameter now: When it ended.
    /// - Returns: How long to wait; nothing where it isn't started again.
    mutating func pause(at now: Duration) -> Duration? {
        self.restarts.removeAll { now - $0 >= Self.window }
        guard self.restarts.count < Self.maximumRestarts else { return nil }
        let pause = Duration.seconds(1 << self.restarts.count)
        self.restarts.append(now)
        return pause
    }
}
