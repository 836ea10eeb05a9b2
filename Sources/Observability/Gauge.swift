public import Synchronization

/// A whole number that rises and falls: connections open, bytes in queues.
///
/// Every change is one relaxed atomic operation, from any thread. Who adds and takes away must do so in pairs; a
/// value that somebody else keeps anyway is better asked for at the scrape, with ``MetricsRegistry/collect(_:)``.
public final class Gauge: Sendable {
    @usableFromInline
    let cell = Atomic<Int>(0)

    /// A gauge of no registry.
    init() {}

    /// The value now.
    public var value: Int { self.cell.load(ordering: .relaxed) }

    /// Takes `value` in place of what was.
    @inlinable
    public func set(_ value: Int) { self.cell.store(value, ordering: .relaxed) }

    /// Adds `amount`, which may be negative.
    @inlinable
    public func add(_ amount: Int) { self.cell.wrappingAdd(amount, ordering: .relaxed) }

    /// Adds one.
    @inlinable
    public func increment() { self.add(1) }

    /// Takes one away.
    @inlinable
    public func decrement() { self.add(-1) }
}

extension Gauge: Instrument {
    static var type: MetricType { .gauge }
    var reading: Reading { .integer(self.value) }
}
