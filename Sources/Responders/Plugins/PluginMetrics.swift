/// Where a plugin counts what it does, for the people who run the server.
///
/// Any thread; doesn't wait. Labels have a few values that are known beforehand, and never what a visitor wrote or is known
/// by.
public struct PluginMetrics: Sendable {
    /// A metric's name and labels.
    public struct Name: Sendable, Hashable {
        /// As Prometheus has it: `claude_requests_total`.
        public var name: String
        /// One sentence for people.
        public var help: String
        public var labels: [String: String]

        public init(_ name: String, help: String, labels: [String: String] = [:]) {
            self.name = name
            self.help = help
            self.labels = labels
        }
    }

    /// Adds to a counter.
    public var count: @Sendable (Name, Int) -> Void
    /// Adds a duration to a histogram.
    public var observe: @Sendable (Name, Duration) -> Void
    /// Sets a gauge.
    public var set: @Sendable (Name, Double) -> Void

    public init(
        count: @escaping @Sendable (Name, Int) -> Void = { _, _ in },
        observe: @escaping @Sendable (Name, Duration) -> Void = { _, _ in },
        set: @escaping @Sendable (Name, Double) -> Void = { _, _ in }
    ) {
        self.count = count
        self.observe = observe
        self.set = set
    }
}
