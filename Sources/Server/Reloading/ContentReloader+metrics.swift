internal import Messages
internal import Observability
internal import Responders

extension ContentReloader {
    /// Has the state of the files shown with each page of metrics.
    func collectMetrics(in registry: MetricsRegistry) {
        registry.collect { samples in
            for report in self.reports {
                let labels: Labels = ["responder": report.responder]
                samples.gauge(
                    "chat_content_generation",
                    help: "How often other files have become live, the start included.",
                    labels: labels,
                    report.content.generation
                )
                samples.gauge(
                    "chat_content_rejected",
                    help: "1 while newer files are not live since they hold mistakes.",
                    labels: labels,
                    report.rejectedAt == nil ? 0 : 1
                )
                samples.gauge(
                    "chat_content_loaded_timestamp_seconds",
                    help: "When what is live was loaded, in seconds since 1970.",
                    labels: labels,
                    Double(report.loadedAt.milliseconds) / 1_000
                )
            }
        }
    }
}
