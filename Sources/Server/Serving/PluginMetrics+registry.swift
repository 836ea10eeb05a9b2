internal import CoreMetrics
internal import Observability
internal import Responders

extension PluginMetrics {
    /// Counts in the registry of the server.
    init(_ registry: MetricsRegistry) {
        self.init(
            count: { registry.counter($0.name, help: $0.help, labels: $0.pairs).increment(by: $1) },
            observe: { registry.histogram($0.name, help: $0.help, labels: $0.pairs).observe($1) },
            set: { name, value in
                registry.makeMeter(label: name.name, dimensions: name.labels.map { ($0.key, $0.value) }).set(value)
            }
        )
    }
}

extension PluginMetrics.Name {
    fileprivate var pairs: Labels { Labels(self.labels.map { ($0.key, $0.value) }) }
}
