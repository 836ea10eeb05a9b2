internal import Synchronization

/// The metrics of one process: hands out counters, gauges and histograms, and exposes them as text for Prometheus.
///
/// Ask once for a handle, keep it, and count with it; asking takes a lock and a lookup, counting doesn't. The same
/// name and labels give the same handle. Usable from any thread.
///
/// Nothing here throws or traps over a name: what can't be exposed (the name is taken by another type, there are too
/// many names) gets a handle that works and that nobody sees, and is counted in `metrics_refused_total{reason}`.
/// Label sets beyond the bound of their metric share one handle with the value `other`, counted in
/// `metrics_folded_total{metric}`.
///
/// Names get `_` for what they can't have, and counters end in `_total`. Units are seconds and bytes. Labels never
/// carry what a visitor wrote or is known by: no text, no token, no session.
public final class MetricsRegistry: Sendable {
    /// Gives values at a scrape; it may wait, and should do so briefly.
    public typealias Source = @Sendable (_ samples: inout Samples) async -> Void

    /// The content type of ``exposition()``.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private let state: Mutex<RegistryState>

    /// - Parameters:
    ///   - maximumLabelSets: Label sets that one name may have before more of them fold into one; at least 1.
    ///   - maximumNames: Names that the registry takes; at least 1.
    public init(maximumLabelSets: Int = 1_000, maximumNames: Int = 1_000) {
        let bounds = MetricBounds(labelSets: max(maximumLabelSets, 1), names: max(maximumNames, 1))
        self.state = Mutex(RegistryState(bounds: bounds))
    }

    /// The counter of this name and these labels.
    ///
    /// - Parameters:
    ///   - name: `_total` is added where it is missing.
    ///   - help: One sentence for people; the first that is given for a name counts.
    ///   - labels: A few values that are known beforehand.
    /// - Returns: A handle to keep.
    public func counter(_ name: String, help: String, labels: Labels = [:]) -> Counter {
        self.instrument(name, help: help, labels: labels) { _ in Counter() }
    }

    /// The gauge of this name and these labels.
    public func gauge(_ name: String, help: String, labels: Labels = [:]) -> Gauge {
        self.instrument(name, help: help, labels: labels) { _ in Gauge() }
    }

    /// The histogram of this name and these labels.
    ///
    /// - Parameters:
    ///   - name: Ends in `_seconds`, by custom.
    ///   - help: One sentence for people.
    ///   - labels: A few values that are known beforehand; each set has as many lines as there are bounds, and three.
    ///   - bounds: Upper bounds in seconds, at most 64. All histograms of a name have the bounds of the first.
    /// - Returns: A handle to keep.
    public func histogram(
        _ name: String,
        help: String,
        labels: Labels = [:],
        bounds: [Double] = Histogram.latencyBounds
    ) -> Histogram {
        let wanted = Histogram(bounds: bounds)
        let histogram = self.instrument(name, help: help, labels: labels) { first in
            first.map { Histogram(bounds: $0.bounds) } ?? wanted
        }
        if histogram.bounds != wanted.bounds { self.state.withLock { $0.refuse(.otherBounds) } }
        return histogram
    }

    /// Asks `source` at each scrape, for values that others keep anyway: connections open, bytes in queues, counts of
    /// rules.
    ///
    /// Sources are asked one after the other in the task of the scrape, and stay for the registry's life. Two scrapes
    /// at the same time ask at the same time.
    public func collect(_ source: @escaping Source) { self.state.withLock { $0.add(source) } }

    /// All metrics as text, in format version 0.0.4, ordered, ending in a line feed.
    ///
    /// Waits as long as the sources do; who calls sets a limit.
    public func exposition() async -> String {
        // A copy, so that nobody who asks for a handle waits until everything is read.
        let state = self.state.withLock { $0 }
        var samples = Samples(state.scrape())
        for source in state.sources { await source(&samples) }
        var result = samples.scrape
        let news = result.complaints
        let complaints = self.state.withLock { state in
            state.merge(news)
            return state.complaints
        }
        result.add(complaints)
        return Exposition(result.families).text
    }

    /// The instrument of this name and these labels, made on the first call.
    func instrument<Wanted: Instrument>(
        _ name: String,
        help: String,
        labels: Labels,
        make: (Wanted?) -> Wanted
    ) -> Wanted {
        self.state.withLock { $0.instrument(name, help: help, labels: labels, make: make) }
    }
}
