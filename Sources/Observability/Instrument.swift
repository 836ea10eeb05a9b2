/// What a metric is, as its `# TYPE` line says.
enum MetricType: String, Sendable {
    case counter
    case gauge
    case histogram

    /// The name of the metric for a name that somebody wrote: only legal characters, and `_total` after a counter.
    func name(_ written: String) -> String {
        let name = MetricName.sanitized(written)
        return self == .counter && !name.hasSuffix("_total") ? name + "_total" : name
    }

    /// The names in the lines of a metric `name`; no two metrics may share one.
    func lineNames(of name: String) -> [String] {
        self == .histogram ? [name, name + "_bucket", name + "_sum", name + "_count"] : [name]
    }
}

/// A value at the moment of a scrape.
enum Reading: Sendable, Equatable {
    case count(UInt64)
    case integer(Int)
    case number(Double)
    /// `counts` has one entry more than `bounds` and isn't added up.
    case distribution(bounds: [Double], counts: [UInt64], sum: Double)
}

/// What a registry hands out and reads at a scrape.
protocol Instrument: AnyObject, Sendable {
    static var type: MetricType { get }
    var reading: Reading { get }
}
