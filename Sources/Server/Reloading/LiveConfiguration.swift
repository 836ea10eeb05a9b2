internal import Access
internal import Diagnostics
internal import Hub
internal import Logging
internal import Observability
internal import Responders
internal import ServiceLifecycle
internal import Synchronization
internal import Transport

/// What a server works by, and all that keeps it up to date.
struct LiveConfiguration: Sendable {
    let generations: Generations
    let state: LiveState
    /// Gives sessions and tokens of all generations.
    let sessions: SessionDesk
    /// Run what is beside the turns, from before the first turn to after the last one, in this order.
    let keepers: [any Service]
    /// Looks for changes; stops first.
    let watcher: any Service
    private let start: Start

    /// - Parameters:
    ///   - configuration: The one that the server starts with.
    ///   - desks: Who answers by it.
    ///   - files: What was read for it.
    ///   - source: What a reload reads with.
    ///   - rules: What a configuration must be like in this process.
    ///   - sessions: Gives sessions and tokens.
    ///   - metrics: Where it counts.
    ///   - audit: Learns of each configuration.
    ///   - logger: Where it is noted that files are live or were rejected.
    init(
        _ configuration: Configuration,
        _ desks: Desks,
        files: FileRecord,
        source: ConfigurationReloader.Source,
        rules: ServingRules,
        sessions: SessionDesk,
        metrics: MetricsRegistry,
        audit: AuditWriter? = nil,
        logger: Logger
    ) {
        let admission = Admission(configuration, isDevelopment: rules.isDevelopment, desk: sessions)
        let first = Generation(by: configuration, desks, admission: admission, metrics: metrics)
        let generations = Generations(first)
        let parts = PartService(first.parts)
        let serving = ConfigurationService(
            generations,
            parts,
            rules,
            desk: sessions,
            clock: source.clock,
            metrics: metrics
        )
        let contents = ContentReloader(desks.chains, clocks: SystemClocks(), logger: logger) {
            audit?.note($0, before: $1)
        }
        let reloader = ConfigurationReloader(
            configuration,
            files: files,
            source: source,
            serving: serving,
            contents: contents,
            clocks: SystemClocks(),
            logger: logger
        ) {
            audit?.note($0, before: $1)
        }
        let responders = ResponderHealth { generations.current.desks.chains }
        contents.collectMetrics(in: metrics)
        reloader.collectMetrics(in: metrics)
        responders.collectMetrics(in: metrics)
        self.generations = generations
        self.sessions = sessions
        self.state = LiveState(contents: contents, responders: responders, configuration: reloader)
        self.keepers = [parts, serving]
        self.start = Start(serving: serving, configuration: configuration, logger: logger)
        self.watcher = ReloadService(reloader: reloader, logger: logger)
    }

    /// A service that begins once everything runs that the chains need, or has had its time: neither the first visitors nor
    /// those of the last run must find programs that still start.
    func afterStart(_ service: any Service) -> any Service {
        LateService(service: service) { await self.start.wait() }
    }
}

/// The start of what the first configuration runs.
private final class Start: Sendable {
    private let serving: ConfigurationService
    private let configuration: Configuration
    private let logger: Logger
    private let isTold = Atomic<Bool>(false)

    init(serving: ConfigurationService, configuration: Configuration, logger: Logger) {
        self.serving = serving
        self.configuration = configuration
        self.logger = logger
    }

    /// Waits for it, and says once what is wrong with programs that have started.
    func wait() async {
        let problems = await self.serving.waitUntilStarted(self.configuration)
        guard !problems.isEmpty, !self.isTold.exchange(true, ordering: .relaxed) else { return }
        for problem in problems {
            self.logger.error("Responder can't be asked", metadata: ["problem": "\(DiagnosticReport([problem]).text)"])
        }
    }
}

private struct LateService: Service {
    let service: any Service
    let wait: @Sendable () async -> Void

    func run() async throws {
        await cancelWhenGracefulShutdown { await self.wait() }
        guard !Task.isShuttingDownGracefully else { return }
        try await self.service.run()
    }
}
