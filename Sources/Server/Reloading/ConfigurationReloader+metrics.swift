internal import Diagnostics
internal import Messages
internal import Observability

extension ConfigurationReloader {
    /// Has the state of the configuration shown with each page of metrics.
    func collectMetrics(in registry: MetricsRegistry) {
        registry.collect { samples in
            let report = self.report
            samples.gauge(
                "chat_configuration_generation",
                help: "How often another configuration has come to count, the start included.",
                report.generation
            )
            samples.gauge(
                "chat_configuration_rejected",
                help: "1 while a newer configuration doesn't count since it has mistakes.",
                report.rejection == nil ? 0 : 1
            )
            samples.gauge(
                "chat_configuration_loaded_timestamp_seconds",
                help: "When the configuration that counts was loaded, in seconds since 1970.",
                Double(report.loadedAt.milliseconds) / 1_000
            )
            samples.gauge(
                "chat_configuration_needs_restart",
                help: "How many settings were changed that a restart only takes over.",
                report.warnings.count { $0.code == "needs-restart" }
            )
        }
    }
}
