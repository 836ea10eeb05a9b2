/// How often something may happen: a number at once, and then so many in a second.
struct RateBudget: Sendable {
    let burst: Double
    let perSecond: Double
    private var left: Double
    private var readAt = Duration.zero

    init(burst: Double, perSecond: Double) {
        self.burst = burst
        self.perSecond = perSecond
        self.left = burst
    }

    /// Takes one.
    ///
    /// - Parameter now: A moment of a clock that never goes back.
    /// - Returns: Whether there was one.
    mutating func take(at now: Duration) -> Bool {
        let seconds = (now - self.readAt) / .seconds(1)
        self.readAt = now
        self.left = min(self.burst, self.left + max(0, seconds) * self.perSecond)
        guard self.left >= 1 else { return false }
        self.left -= 1
        return true
    }
}
