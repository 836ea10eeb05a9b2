internal import Access
internal import ArgumentParser
internal import Hub
internal import Logging
internal import Observability
internal import ServiceLifecycle
internal import Store

/// What the server does with its store.
extension ServeCommand {
    /// Opens the store, which is one of the things that can keep a server from starting.
    func openStore(
        _ configuration: Configuration,
        _ metrics: MetricsRegistry,
        _ terminal: Terminal,
        _ logger: Logger
    ) async throws -> (StoreLog?, [AccessRecord]) {
        guard !self.ephemeral else { return (nil, []) }
        do {
            let store = try MessageStore.open(configuration.storage, metrics: metrics, logger: logger)
            let log = StoreLog(store, clocks: SystemClocks(), logger: logger)
            return (log, try await log.accessRecords())
        } catch let error as StoreError {
            terminal.complain("\(error)\nNothing was started; --ephemeral runs without a store.")
            throw ExitCode(ExitStatus.badConfiguration)
        }
    }

    /// What keeps messages, in the order in which it begins.
    ///
    /// - Parameters:
    ///   - log: Where messages are kept, if anywhere.
    ///   - hub: Has the rooms.
    ///   - runner: Answers, or says that nobody will.
    ///   - logger: Where it is noted that something can't be read.
    ///   - prepared: Has a service wait for what the chains need.
    /// - Returns: The services.
    static func services(
        of log: StoreLog?,
        _ hub: Hub,
        _ runner: TurnRunner,
        _ logger: Logger,
        when prepared: (any Service) -> any Service = { $0 }
    ) -> [any Service] {
        guard let log else { return [] }
        let turns = UnfinishedTurns(log: log, hub: hub, runner: runner, clocks: SystemClocks(), logger: logger)
        return [StoreService(store: log.store), log, prepared(turns)]
    }

    /// What looks after the store while the server runs.
    static func keepers(
        of log: StoreLog?,
        _ generations: Generations,
        _ audit: AuditWriter?,
        _ metrics: MetricsRegistry,
        _ logger: Logger
    ) -> [any Service] {
        guard let log, let audit else { return [] }
        let clock = Terminal.current.clock
        let minutely = AuditService(audit, metrics: metrics, clock: clock, logger: logger)
        let retention = RetentionService(
            store: log.store,
            policy: { generations.current.retention },
            clock: clock,
            audit: audit,
            logger: logger
        )
        return [minutely, retention]
    }
}
