internal import Messages
internal import Observability
internal import Plugins
internal import Responders
internal import Rules

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
            for (name, responder) in self.responders {
                if let rules = responder as? Plugins.Rules { samples.add(rules.activity, of: name) }
            }
        }
    }
}

extension Samples {
    /// What became of the rules of a responder; limits are shown of the rules that have hit one.
    fileprivate mutating func add(_ activity: [RuleActivity], of responder: String) {
        for rule in activity {
            let labels: Labels = ["responder": responder, "rule": rule.rule]
            let hits = "Messages that a rule decided or, with continue, took part in."
            self.counter("chat_rule_hits_total", help: hits, labels: labels, rule.hitCount)
            guard rule.limitCount > 0 || rule.slowCount > 0 || rule.isQuarantined else { continue }
            let limits = "How often a limit ended the search of a rule."
            self.counter("chat_rule_limits_total", help: limits, labels: labels, rule.limitCount)
            let slow = "How often a rule took longer than a millisecond."
            self.counter("chat_rule_slow_total", help: slow, labels: labels, rule.slowCount)
            let out = "1 while a rule is out since it was slow again and again."
            self.gauge("chat_rule_quarantined", help: out, labels: labels, rule.isQuarantined ? 1 : 0)
        }
    }
}
