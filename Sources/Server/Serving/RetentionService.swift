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
            do {
                let wait = pause
                try await cancelWhenGracefulShutdown { try await self.clock.sleep(for: wait) }
                // A stop ends it after the step that it is at.
                let policy = self.policy()
                let result = try await cancelWhenGracefulShutdown { try await self.store.retain(policy) }
                if result.messages + result.rooms > 0 {
                    await self.audit?.noteAside("pruned", policy.audited + result.audited)
                }
            } catch let error as StoreError where error.code != .cancelled {
                self.logger.error("Old messages can't be removed", metadata: ["store.error": "\(error)"])
            } catch {
                return
            }
            pause = Self.interval
        }
    }
}
