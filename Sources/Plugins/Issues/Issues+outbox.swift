internal import Messages
public import Responders
internal import Synchronization
internal import Tracker

extension Issues: OutboxSource {
    public var outbox: OutboxReport? { self.state.withLock { $0.outbox } }

    /// Between two counts of what is in the outbox.
    private static let countInterval = Duration.seconds(10)

    /// Delivers what is in the outbox until the task is cancelled.
    func deliver(_ remote: RemoteTracker) async {
        let clock = self.services.clock
        let worker = OutboxWorker(
            of: remote.name,
            to: remote.tracker,
            from: { () throws(TrackerError) in try self.file() },
            sleep: { try await clock.sleep(for: $0) },
            tell: { self.note($0, of: remote.name) }
        )
        await withDiscardingTaskGroup { group in
            group.addTask { await worker.run() }
            group.addTask { await self.look(at: remote) }
            group.addTask {
                repeat { await self.count(remote.name) } while (try? await clock.sleep(for: Self.countInterval)) != nil
            }
        }
    }

    /// Looks how much is in the outbox.
    func count(_ name: String) async {
        guard let counts = try? await self.file().outboxCounts() else { return }
        let own = counts.filter { $0.tracker == name }
        func entries(_ state: OutboxEntry.State) -> Int { own.first { $0.state == state }?.entries ?? 0 }
        let waiting = entries(.waiting) + entries(.sending)
        let oldest = own.filter { $0.state == .waiting || $0.state == .sending }.map(\.oldest.milliseconds).min()
        self.state.withLock { state in
            state.outbox = OutboxReport(
                tracker: name,
                waiting: waiting,
                stuck: entries(.stuck),
                oldest: oldest,
                isOverfull: waiting >= OutboxEntry.manyEntries
            )
        }
        for state in [OutboxEntry.State.waiting, .sending, .stuck] {
            let help = "Reports and comments in the outbox of a tracker, by how far they are."
            let labels = ["tracker": name, "state": state.rawValue]
            let metric = PluginMetrics.Name("issues_outbox_entries", help: help, labels: labels)
            self.services.metrics.set(metric, Double(entries(state)))
        }
        let help = "For how long the oldest report in the outbox of a tracker has been waiting, in seconds."
        let metric = PluginMetrics.Name("issues_outbox_oldest_seconds", help: help, labels: ["tracker": name])
        let age = oldest.map { max(0, self.services.wallClock() - $0) } ?? 0
        self.services.metrics.set(metric, Double(age) / 1_000)
    }

    private func note(_ event: OutboxWorker.Event, of name: String) {
        switch event {
        case .delivered: self.countOutcome("delivered", of: name)
        case .failed(_, let error): self.countOutcome(error.kind.rawValue, of: name)
        case .stuck(let entry, let error):
            self.countOutcome("stuck", of: name)
            var details = ["tracker.name": name, "outbox.entry": "\(entry.number)", "tracker.error": "\(error)"]
            details["issue.reference"] = entry.reference
            self.services.report(Incident(.error, "Report is stuck in the outbox", details: details))
        case .outage(let error):
            let details = ["tracker.name": name, "tracker.error": "\(error)"]
            self.services.report(Incident(.error, "Tracker takes no reports, which wait", details: details))
        case .recovered:
            self.services.report(Incident(.notice, "Tracker takes reports again", details: ["tracker.name": name]))
        case .fileFailed(let error): self.reportOnce(error)
        }
    }

    private func countOutcome(_ outcome: String, of name: String) {
        let help = "Attempts to bring something from the outbox to a tracker, by what came of them."
        let labels = ["tracker": name, "outcome": outcome]
        self.services.metrics.count(PluginMetrics.Name("issues_outbox_attempts_total", help: help, labels: labels), 1)
    }

    /// Tells of a file that can't be used where that is new.
    private func reportOnce(_ error: TrackerError) {
        let isNew = self.state.withLock { state in
            defer { state.fileError = error.code }
            return state.fileError != error.code
        }
        if isNew { self.report(error) }
    }
}
