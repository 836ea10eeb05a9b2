internal import CoreMetrics
internal import Synchronization

/// A counter with a fraction, for swift-metrics.
final class FloatingCounter: FloatingPointCounterHandler, Instrument {
    private let bits = Atomic<UInt64>(0)

    /// Counts `amount`; what is negative, infinite or no number changes nothing, or it would spoil the total for good.
    func increment(by amount: Double) {
        guard amount > 0, amount.isFinite else { return }
        self.bits.addFloating(amount)
    }

    func reset() { self.bits.store(0, ordering: .relaxed) }

    static var type: MetricType { .counter }
    var reading: Reading { .number(Double(bitPattern: self.bits.load(ordering: .relaxed))) }
}

/// A gauge with a fraction, for the meters of swift-metrics and for its recorders that keep the last value.
final class FloatingGauge: MeterHandler, RecorderHandler, Instrument {
    private let bits = Atomic<UInt64>(0)

    func set(_ value: Double) { self.bits.store(value.bitPattern, ordering: .relaxed) }
    func set(_ value: Int64) { self.set(Double(value)) }
    func record(_ value: Double) { self.set(value) }
    func record(_ value: Int64) { self.set(Double(value)) }
    func increment(by amount: Double) { self.bits.addFloating(amount) }
    func decrement(by amount: Double) { self.bits.addFloating(-amount) }

    static var type: MetricType { .gauge }
    var reading: Reading { .number(Double(bitPattern: self.bits.load(ordering: .relaxed))) }
}

/// Values of any unit in buckets, for the recorders of swift-metrics.
final class Distribution: RecorderHandler, Instrument {
    /// From 1 to 16,777,216 by fours: bytes and numbers of things alike.
    static let defaultBounds = (0...12).map { Double(1 << (2 * $0)) }

    private let buckets = Buckets(bounds: Distribution.defaultBounds, unitsPerBound: 1)

    /// Takes a value; what is infinite or no number is left out, or it would spoil the sum for good.
    func record(_ value: Double) {
        guard value.isFinite else { return }
        self.buckets.count(value)
        self.buckets.addToSum(value)
    }

    func record(_ value: Int64) { self.record(Double(value)) }

    static var type: MetricType { .histogram }

    var reading: Reading {
        let sum = Double(bitPattern: self.buckets.sum)
        return .distribution(bounds: self.buckets.bounds, counts: self.buckets.counts, sum: sum)
    }
}
