/// Whether a responder is asked that fails again and again.
///
/// Closed, it is asked. After some failures in a row, or where half of the last twenty calls failed, of ten at least, the
/// breaker opens and nobody asks. After a while one call goes through as a probe: its success closes the breaker, its failure
/// doubles the wait. A call that began before the breaker opened or closed the last time says nothing about now, so its
/// result is not counted. A value that is told the time.
struct CircuitBreaker: Sendable {
    /// What came of a call.
    enum Result: Sendable, Hashable {
        case success, failure
        /// Says nothing about whether the responder works.
        case neutral
    }

    /// Lets one call through.
    struct Pass: Sendable, Hashable {
        fileprivate let era: Int
        let isProbe: Bool
    }

    private enum State: Sendable, Hashable {
        case closed
        case open(until: Duration)
        /// One call is under way to find out; the end of the wait before it stays known.
        case probing(since: Duration)
    }

    static let longestWait = Duration.seconds(300)
    /// How many of the last calls the share of failures is of, at least and at most.
    static let window = (least: 10, most: 20)

    private let limits: CallLimits.Breaker
    private var state = State.closed
    /// Counts how often the breaker has opened or closed.
    private var era = 0
    private var failuresInARow = 0
    /// The last calls, the latest in the lowest bit: 1 is a failure.
    private var recent: UInt32 = 0
    private var recentCount = 0
    /// How long the breaker was open before its last probe; nothing while no failure has opened it.
    private var lastWait: Duration?

    init(_ limits: CallLimits.Breaker = CallLimits.Breaker()) { self.limits = limits }

    /// For people: whether it is open, or a probe is under way.
    var condition: CallGate.Condition {
        switch self.state {
        case .closed: .closed
        case .open: .open
        case .probing: .halfOpen
        }
    }

    /// Lets a call through, or nobody.
    mutating func admit(at now: Duration) -> Pass? {
        switch self.state {
        case .closed: return Pass(era: self.era, isProbe: false)
        case .open(let end) where end <= now:
            self.state = .probing(since: now)
            return Pass(era: self.era, isProbe: true)
        case .open, .probing: return nil
        }
    }

    /// Takes what came of a call.
    ///
    /// - Returns: Whether that has opened the breaker.
    mutating func count(_ result: Result, of pass: Pass, at now: Duration) -> Bool {
        guard self.limits.isEnabled, pass.era == self.era else { return false }
        switch (self.state, result) {
        case (.probing(let start), .neutral):
            // Nothing was found out: the next call is the probe.
            self.state = .open(until: start)
        case (.probing, .success):
            self.close()
        case (.probing, .failure):
            self.open(at: now)
            return true
        case (.closed, .success), (.closed, .failure):
            self.note(isFailure: result == .failure)
            guard result == .failure, self.isTooMuch else { return false }
            self.open(at: now)
            return true
        case (.closed, .neutral), (.open, _): break
        }
        return false
    }

    /// Opens for so long, as the responder asked, without counting that as a failure.
    mutating func hold(until end: Duration) {
        guard self.limits.isEnabled else { return }
        if case .open(let until) = self.state {
            self.state = .open(until: max(until, end))
        } else {
            self.state = .open(until: end)
            self.era += 1
        }
    }

    private var isTooMuch: Bool {
        self.failuresInARow >= self.limits.failures
            || self.recentCount >= Self.window.least && self.recent.nonzeroBitCount * 2 >= self.recentCount
    }

    private mutating func note(isFailure: Bool) {
        self.failuresInARow = isFailure ? self.failuresInARow + 1 : 0
        self.recentCount = min(self.recentCount + 1, Self.window.most)
        self.recent = (self.recent << 1 | (isFailure ? 1 : 0)) & (1 << UInt32(Self.window.most) - 1)
    }

    private mutating func open(at now: Duration) {
        let wait = self.lastWait.map { min($0 * 2, Self.longestWait) } ?? self.limits.wait
        self.lastWait = wait
        self.state = .open(until: now + wait)
        self.era += 1
    }

    private mutating func close() {
        self.state = .closed
        self.era += 1
        self.lastWait = nil
        (self.failuresInARow, self.recent, self.recentCount) = (0, 0, 0)
    }
}

extension CircuitBreaker.Result {
    /// What a verdict says about its responder, as the chain has taken it.
    ///
    /// - Parameters:
    ///   - verdict: What the responder returned.
    ///   - failure: What the chain made of it, where that is a failure.
    init(_ verdict: Verdict, failure: Failure?) {
        switch (verdict, failure) {
        case (_, let failure?):
            // It was not asked, or others have given it up.
            self = [.cancelled, .busy, .notRunning].contains(failure.code) ? .neutral : .failure
        case (.pass(reason: .busy?), nil), (.pass(reason: .notRunning?), nil): self = .neutral
        default: self = .success
        }
    }
}
