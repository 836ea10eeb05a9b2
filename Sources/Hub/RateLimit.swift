/// A sustained rate with a burst, by the generic cell rate algorithm (ITU-T I.371, annex A).
///
/// Keeps one number: the time at which the next event would arrive if all came at the sustained rate. An event is
/// refused while that time is more than the burst ahead. No timer, one clock read an event.
public struct RateLimit: Hashable, Sendable {
    /// Nanoseconds between two events at the sustained rate.
    let interval: UInt64
    /// How far ahead the theoretical arrival may be, in nanoseconds.
    let tolerance: UInt64

    /// - Parameters:
    ///   - count: How many events, 1 through 1,000,000.
    ///   - period: In how many seconds, 1 through 86,400.
    ///   - burst: How many may come at once, 1 through 1,000,000.
    public init(_ count: Int, perSeconds period: Int = 1, burst: Int) {
        let seconds = UInt64(min(max(1, period), 86_400))
        self.interval = seconds * 1_000_000_000 / UInt64(min(max(1, count), 1_000_000))
        let ahead = self.interval.multipliedReportingOverflow(by: UInt64(min(max(1, burst), 1_000_000) - 1))
        // A century and a half is no limit any more, and leaves place for the time of day.
        self.tolerance = min(ahead.overflow ? .max : ahead.partialValue, 1 << 62)
    }

    /// How many events a second, and how many at once.
    public init(perSecond count: Int, burst: Int) { self.init(count, burst: burst) }

    /// How many events a second on average, in whole ones and 1 at least.
    var perSecond: Int { Int(max(1, 1_000_000_000 / self.interval)) }

    /// How many may come at once.
    var burst: Int { Int(self.tolerance / self.interval) + 1 }

    /// Takes one event, or says how long to wait for it.
    ///
    /// - Parameters:
    ///   - theoreticalArrival: The number that is kept for the key; 0 at first.
    ///   - now: Nanoseconds of a clock that never goes back.
    /// - Returns: Nothing if the event is within the limit, else the nanoseconds until the next one would be, rounded so
    ///   that one that comes then is.
    public func refuse(_ theoreticalArrival: inout UInt64, at now: UInt64) -> UInt64? {
        let arrival = max(theoreticalArrival, now)
        guard arrival - now <= self.tolerance else { return arrival - now - self.tolerance }
        theoreticalArrival = arrival + self.interval
        return nil
    }
}
