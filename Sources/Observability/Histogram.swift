public import CoreMetrics

/// How long things took, counted in buckets with fixed upper bounds.
///
/// Bounds are seconds, an upper bound is part of its bucket, and above the last there is one without end. An
/// observation is a short search and two relaxed atomic additions, from any thread: no lock, no allocation. A reader
/// may meet an observation that stands in its bucket and not yet in the sum.
public final class Histogram: Sendable {
    /// Bounds from 100 µs to 60 s: a scripted answer, a request, a reply that a model writes.
    public static let latencyBounds: [Double] = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
    ]

    /// The upper bounds in seconds, rising, without the infinite one.
    public var bounds: [Double] { self.buckets.bounds }

    private let buckets: Buckets

    /// A histogram of no registry.
    init(bounds: [Double]) { self.buckets = Buckets(bounds: bounds, unitsPerBound: 1e9) }

    /// Takes a duration in nanoseconds; a negative one counts as zero.
    public func observe(nanoseconds: Int64) {
        let value = Swift.max(nanoseconds, 0)
        self.buckets.count(value)
        self.buckets.addToSum(UInt64(truncatingIfNeeded: value))
    }

    /// Takes a duration; a negative one counts as zero, one of more than 292 years as so many.
    public func observe(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let (whole, isTooLong) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !isTooLong else { return self.observe(nanoseconds: seconds < 0 ? 0 : .max) }
        let (sum, overflows) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
        self.observe(nanoseconds: overflows ? (seconds < 0 ? 0 : .max) : sum)
    }
}

extension Histogram: TimerHandler {
    /// Takes a duration, as ``observe(nanoseconds:)`` does.
    public func recordNanoseconds(_ duration: Int64) { self.observe(nanoseconds: duration) }
}

extension Histogram: Instrument {
    static var type: MetricType { .histogram }

    var reading: Reading {
        let sum = self.buckets.sum
        return .distribution(bounds: self.bounds, counts: self.buckets.counts, sum: Double(sum) / 1e9)
    }
}
