public import CoreMetrics

/// The backend for libraries that count with swift-metrics: `MetricsSystem.bootstrap(registry)`, at start and by the
/// program itself, for a second call in one process traps.
///
/// Dimensions become labels, under the registry's bounds. Timers become histograms in seconds with
/// ``Histogram/latencyBounds``, their names ending in `_seconds`; recorders become histograms from 1 to 16,777,216,
/// or gauges if they don't aggregate. Meters become gauges. Nothing is destroyed: what was exposed once stays, and
/// the bounds hold the memory.
extension MetricsRegistry: MetricsFactory {
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        self.instrument(label, help: "", labels: Labels(dimensions)) { _ in Counter() }
    }

    public func makeFloatingPointCounter(
        label: String,
        dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        self.instrument(label, help: "", labels: Labels(dimensions)) { _ in FloatingCounter() }
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        self.instrument(label, help: "", labels: Labels(dimensions)) { _ in FloatingGauge() }
    }

    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        let labels = Labels(dimensions)
        return aggregate
            ? self.instrument(label, help: "", labels: labels) { _ in Distribution() }
            : self.instrument(label, help: "", labels: labels) { _ in FloatingGauge() }
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let name = label.hasSuffix("_seconds") || label.hasSuffix(".seconds") ? label : label + "_seconds"
        return self.instrument(name, help: "", labels: Labels(dimensions)) { first in
            Histogram(bounds: first?.bounds ?? Histogram.latencyBounds)
        }
    }

    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {}
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}
}
