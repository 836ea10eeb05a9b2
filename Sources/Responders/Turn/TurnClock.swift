/// The only clock of the chain and its responders, so that a test can move it.
public struct TurnClock: Sendable {
    private let read: @Sendable () -> Duration
    private let wait: @Sendable (Duration) async throws -> Void

    /// Time as `clock` has it.
    public init<C: Clock>(_ clock: C) where C.Duration == Duration {
        let start = clock.now
        self.read = { start.duration(to: clock.now) }
        self.wait = { try await clock.sleep(until: clock.now.advanced(by: $0), tolerance: nil) }
    }

    /// Time that goes on while the machine sleeps.
    public static let continuous = TurnClock(ContinuousClock())

    /// The time since some moment in the past.
    ///
    /// Never goes back.
    public var now: Duration { self.read() }

    /// Waits.
    ///
    /// - Throws: `CancellationError` as soon as the task is cancelled.
    public func sleep(for duration: Duration) async throws { try await self.wait(duration) }
}
