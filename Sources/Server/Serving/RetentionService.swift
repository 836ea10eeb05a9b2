internal import Logging
internal import Responders
internal import ServiceLifecycle
internal import Store

/// Removes what is older, or more, than the configuration says, once an hour.
struct RetentionService: Service {
    let store: MessageStore
    /// What counts at the moment.
    let policy: @Sendable () -> RetentionPolicy
    let clock: TurnClock
    let audit: AuditWriter?
    let logger: Logger

    /// After the start, when everybody comes back, there is other work.
    static let firstPause = Duration.seconds(60)
    static let interval = Duration.seconds(3_600)

    func run() async throws {
        var pause = Self.firstPause
        while true {
            let wait = pause
            do { try await cancelWhenGracefulShutdown { try await self.clock.sleep(for: wait) } } catch { return }
            guard await self.retain(self.policy()) else { return }
            pause = Self.interval
        }
    }

    /// Removes what is to go, and notes it, also where it is ended in between.
    ///
    /// - Returns: Whether to go on; not after a stop.
    private func retain(_ policy: RetentionPolicy) async -> Bool {
        let tally = AuditedAct.Tally()
        do {
            // A stop ends it after the step that it is at.
            let result = try await cancelWhenGracefulShutdown {
                try await self.store.retain(policy) { tally.reach($0) }
            }
            if result.messages + result.rooms + result.traces > 0 {
                await self.audit?.noteAside("pruned", policy.audited + result.audited)
            }
            return true
        } catch {
            if tally.records > 0 {
                await self.audit?.noteAside("pruned", policy.audited + AuditedAct.ending(error, tally))
            }
            guard let error = error as? StoreError, error.code != .cancelled else { return false }
            self.logger.error("Old messages can't be removed", metadata: ["store.error": "\(error)"])
            return true
        }
    }
}
