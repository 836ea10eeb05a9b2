public import CoreMetrics
public import Synchronization

/// A whole number that only grows: messages taken, bytes written, frames dropped.
///
/// An increment is one relaxed atomic addition, from any thread: no lock, no allocation, no lookup. Make the handle
/// once, by ``MetricsRegistry/counter(_:help:labels:)``, and keep it. After 2^64 - 1 it begins again at 0, which
/// Prometheus reads as a restart.
public final class Counter: Sendable {
    @usableFromInline
    let cell = Atomic<UInt64>(0)

    /// A counter of no registry.
    init() {}

    /// What was counted so far.
    public var value: UInt64 { self.cell.load(ordering: .relaxed) }

    /// Counts one.
    @inlinable
    public func increment() { self.cell.wrappingAdd(1, ordering: .relaxed) }

    /// Counts `amount`; less than one changes nothing, since a counter never falls.
    @inlinable
    public func increment(by amount: Int) {
        guard amount > 0 else { return }
        self.cell.wrappingAdd(UInt64(truncatingIfNeeded: amount), ordering: .relaxed)
    }
}

extension Counter: CounterHandler {
    /// Counts `amount`, as ``increment(by:)-(Int)`` does.
    public func increment(by amount: Int64) { self.increment(by: Int(clamping: amount)) }

    /// Begins again at zero, as after a restart.
    public func reset() { self.cell.store(0, ordering: .relaxed) }
}

extension Counter: Instrument {
    static var type: MetricType { .counter }
    var reading: Reading { .count(self.value) }
}
