import Access
import Foundation
import Hub
import Logging
import Observability
import Plugins
import Responders
import RespondersTesting
import Store

@testable import Server

extension LiveConfiguration {
    /// What a server works by whose `claude-chat.yaml` stands in a folder.
    ///
    /// - Parameters:
    ///   - folder: Its folder.
    ///   - registry: The plugins that it may name; the built-in ones where it is left out.
    ///   - clock: The clock of chains and reloads.
    ///   - log: Gets whatever is logged.
    ///   - metrics: Where is counted.
    /// - Returns: What it works by, in development mode.
    /// - Throws: Every mistake of the file.
    static func load(
        in folder: ScratchFolder,
        registry: PluginRegistry? = nil,
        clock: TurnClock = .continuous,
        log: LogRecord? = nil,
        metrics: MetricsRegistry = MetricsRegistry()
    ) throws -> LiveConfiguration {
        let logger = log?.logger ?? Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let files = FileRecord()
        let source = ConfigurationReloader.Source(
            file: "\(folder.path)/claude-chat.yaml",
            registry: try registry ?? .builtin(),
            clock: clock,
            report: { logger.log($0) },
            metrics: PluginMetrics(metrics)
        )
        let configuration = try source.load(files)
        let rules = ServingRules(demandsDevelopment: true, startedInDevelopment: true)
        return LiveConfiguration(
            configuration,
            try rules.desks(of: configuration),
            files: files,
            source: source,
            rules: rules,
            sessions: SessionDesk(configuration, isDevelopment: true, clocks: SystemClocks()),
            metrics: metrics,
            logger: logger
        )
    }

    /// Runs a server by the `claude-chat.yaml` of a folder.
    static func run(
        in folder: ScratchFolder,
        registry: PluginRegistry? = nil,
        clock: TurnClock = .continuous,
        log: LogRecord? = nil,
        metrics: MetricsRegistry = MetricsRegistry(),
        store: StoreOptions? = nil,
        _ body: @escaping @Sendable (LiveConfiguration, RunningServer) async throws -> Void
    ) async throws {
        let live = try Self.load(in: folder, registry: registry, clock: clock, log: log, metrics: metrics)
        let chain = live.generations.current.desks.fallback.chain
        try await RunningServer.run(chain: chain, live: live, store: store) { server in
            try await body(live, server)
        }
    }
}
