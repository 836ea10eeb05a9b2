/// How long the outbox waits after what a tracker answered.
struct OutboxPace: Hashable, Sendable {
    /// How many failures in a row say that the tracker doesn't answer, and not that one report is odd.
    private static let outage = 3
    /// While the right is missing or the place is wrong, somebody has to change something.
    static let refused = Duration.seconds(300)
    private static let longestToldPause = Duration.seconds(3_600)

    private var failures = 0

    /// Whether the tracker doesn't answer.
    var isOutage: Bool { self.failures >= Self.outage }

    mutating func succeed() { self.failures = 0 }

    /// Notes a failure.
    ///
    /// - Returns: How long nothing at all is sent to the tracker.
    mutating func fail(_ error: TrackerError) -> Duration {
        switch error.kind {
        case .invalid: return .zero
        case .busy: return Self.told(error)
        case .denied, .absent: return Self.refused
        case .broken, .unknown:
            self.failures += 1
            guard self.isOutage else { return .zero }
            return min(Self.backoff(after: self.failures - Self.outage + 1), Self.refused)
        }
    }

    /// How long one entry waits before it is tried again.
    ///
    /// - Parameters:
    ///   - error: What went wrong.
    ///   - attempts: How often it was tried.
    ///   - jitter: From 0 through 1: what was put off at one time doesn't come back at one time.
    /// - Returns: The pause.
    static func pause(after error: TrackerError, attempts: Int, jitter: Double) -> Duration {
        switch error.kind {
        case .invalid: .zero
        case .busy: self.told(error)
        case .denied, .absent: self.refused
        case .broken, .unknown: self.backoff(after: attempts) * (0.75 + 0.25 * min(max(jitter, 0), 1))
        }
    }

    static func backoff(after attempts: Int) -> Duration {
        let seconds = [1, 5, 30, 120, 600, 1_800]
        return .seconds(attempts <= seconds.count ? seconds[max(attempts, 1) - 1] : 3_600)
    }

    private static func told(_ error: TrackerError) -> Duration {
        min(max(error.retryAfter ?? .seconds(30), .seconds(1)), self.longestToldPause)
    }
}
