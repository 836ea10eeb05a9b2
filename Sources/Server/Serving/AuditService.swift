internal import Logging
internal import NIOPosix
internal import Observability
internal import Responders
internal import ServiceLifecycle
internal import Store

/// What is done about the audit log once a minute.
///
/// Where it ends is written into the log of the process, so that whoever takes the files away is found out; and a burst
/// of tokens that were no good is noted as one entry.
struct AuditService: Service {
    let audit: AuditWriter
    /// Counts tokens that were no good.
    let failures: Counter
    let clock: TurnClock
    let logger: Logger

    /// Between two looks.
    static let interval = Duration.seconds(60)
    /// So many within an interval are no mistake of one visitor any more.
    static let burst: UInt64 = 20

    init(_ audit: AuditWriter, metrics: MetricsRegistry, clock: TurnClock, logger: Logger) {
        self.audit = audit
        self.failures = metrics.counter(
            "chat_refusals_total",
            help: "Frames and requests that were refused.",
            labels: ["code": "unauthorized"]
        )
        self.clock = clock
        self.logger = logger
    }

    func run() async throws {
        var last: AuditHead?
        var seen = self.failures.value
        while true {
            let count = self.failures.value &- seen
            seen &+= count
            if count >= Self.burst { await self.audit.noteAside("failed-authentication", [("count", "\(count)")]) }
            let log = self.audit.trail.log
            if let head = try? await NIOThreadPool.singleton.runIfActive({ try log.head() }), head != last {
                last = head
                let metadata: Logger.Metadata = ["audit.head": "\(head.count):\(head.code)"]
                self.logger.notice("Audit log ends here", metadata: metadata)
            }
            do {
                try await cancelWhenGracefulShutdown { try await self.clock.sleep(for: Self.interval) }
            } catch {
                return
            }
        }
    }
}
