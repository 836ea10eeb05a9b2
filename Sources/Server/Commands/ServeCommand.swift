internal import Access
internal import ArgumentParser
internal import CoreMetrics
internal import Diagnostics
internal import Hub
internal import Logging
internal import Messages
internal import NIOCore
internal import Observability
internal import Responders
internal import ServiceLifecycle
internal import Store
internal import Transport
internal import UnixSignals

/// The command `claude-chat serve`.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the chat server.",
        discussion: """
            Listens where claude-chat.yaml says, serves the widget and a page to try it, \
            and answers visitors with the chain of the configuration, or with --chain's. \
            SIGTERM and Ctrl+C stop it gracefully: clients are told to come back.

              claude-chat serve --insecure-dev
              claude-chat serve --insecure-dev --listen 127.0.0.1:9000 --chain rules-only

            Exit status: 0 stopped, 1 the address can't be used, 2 wrong usage, 78 the \
            configuration can't be started; then nothing was.
            """
    )

    @OptionGroup var options: ConfigurationOptions

    @Option(help: ArgumentHelp("The address, in place of the configuration's.", valueName: "host:port"))
    var listen: String?

    @Option(help: ArgumentHelp("The chain that answers, in place of the configuration's.", valueName: "name"))
    var chain: String?

    @Option(help: ArgumentHelp("A chain that is run beside and that nobody sees.", valueName: "name"))
    var shadowChain: String?

    @Option(help: ArgumentHelp("Threads that handle connections; one for each processor if not given.", valueName: "n"))
    var threads: Int?

    @Flag(help: "Let every page of this machine in, without a token. On loopback addresses only.")
    var insecureDev = false

    @Flag(help: "Serve /_echo, which sends back what it gets, for conformance tests. Needs --insecure-dev.")
    var echo = false

    @Flag(help: "Keep messages in memory alone, in place of the configuration's store.")
    var ephemeral = false

    @Flag(help: "Leave out rate limits and connection caps, for measurements. Needs --insecure-dev.")
    var noLimits = false

    func validate() throws {
        if let listen, ListenAddress(listen) == nil {
            throw ValidationError("\"\(listen)\" is no address; write HOST:PORT, such as 127.0.0.1:8080")
        }
        if let threads, !(1...1_024).contains(threads) {
            throw ValidationError("--threads takes 1 to 1024")
        }
        if (self.echo || self.noLimits) && !self.insecureDev {
            throw ValidationError("--echo and --no-limits are for this machine only; add --insecure-dev")
        }
    }

    func run() async throws {
        let terminal = Terminal.current
        ReloadService.ignoreEarlySignals()
        var logger = Logger(label: "claude-chat", factory: StreamLogHandler.standardError(label:))
        logger.logLevel = .notice
        let metrics = MetricsRegistry()
        let files = FileRecord()
        let states = PluginStates { [logger] in logger.log($0) }
        defer { states.close() }
        let source = ConfigurationReloader.Source(
            file: self.options.file,
            beside: self.shadowChain,
            registry: terminal.registry,
            clock: terminal.clock,
            report: { [logger] in logger.log($0) },
            metrics: PluginMetrics(metrics),
            states: { states.state(of: $0) }
        )
        var rules = ServingRules(
            address: self.listen.flatMap { ListenAddress($0) },
            choice: ChainChoice(chain: self.chain, shadow: self.shadowChain),
            demandsDevelopment: self.insecureDev
        )
        let (configuration, desks) = try await self.prepare(source, files, rules, terminal)
        let isDevelopment = rules.isDevelopment(configuration)
        rules.startedInDevelopment = isDevelopment
        metrics.collectProcess()
        // Libraries count here, too.
        MetricsSystem.bootstrap(metrics)
        let (log, records) = try await self.openStore(configuration, metrics, terminal, logger)
        if log != nil { states.keep(in: configuration.storage.statePath) }
        let audit = log.map { _ in
            AuditWriter(
                AuditTrail(configuration.storage, by: "server"),
                isDevelopment: isDevelopment && configuration.adminToken == nil,
                metrics: metrics,
                logger: logger
            )
        }
        let sessions = SessionDesk(
            configuration,
            isDevelopment: isDevelopment,
            clocks: SystemClocks(),
            log: log,
            restoring: records
        )
        let live = LiveConfiguration(
            configuration,
            desks,
            files: files,
            source: source,
            rules: rules,
            sessions: sessions,
            metrics: metrics,
            audit: audit,
            logger: logger
        )
        let generations = live.generations
        let followUps = FollowUps(log: log, metrics: metrics)
        let traces = TurnTraces(log: log, followUps: followUps)
        let agentAudit = audit.map(AgentAudit.init)
        let runner = TurnRunner(
            generations,
            traces: traces,
            agentAudit: agentAudit,
            followUps: followUps,
            sessions: sessions,
            stopsFloods: !self.noLimits,
            logger: logger
        )
        var limits = self.noLimits ? .none : configuration.limits
        limits.hub.follow(generations)
        let hub = Hub(
            options: limits.hub,
            clocks: SystemClocks(),
            subscriber: runner,
            log: log,
            filter: ChainRedaction(generations: generations)
        )
        if let log { hub.restore(try await log.attendedConversations()) }
        for promise in try await followUps.restore(in: hub) { runner.lookAfter(promise, by: terminal.clock) }
        let eraser = log.map { SessionEraser(store: $0.store, hub: hub, desk: sessions, traces: traces, audit: audit) }
        let address = rules.address ?? configuration.listen
        let server = ChatServer(
            options: ChatServer.Options(
                host: address.host,
                port: address.port,
                tls: configuration.tls.map { ($0.certificate, $0.key) },
                offersEcho: self.echo,
                frameRate: limits.frames,
                addressLimits: limits.addresses,
                trustedProxies: configuration.trustedProxies,
                eventLoops: self.threads ?? ProcessorCount.available
            ),
            hub: hub,
            admission: { generations.current.admission },
            clocks: SystemClocks(),
            metrics: metrics,
            logger: logger,
            health: { live.state.health(of: log?.store.health) },
            readiness: { log?.readiness ?? .ready },
            admin: self.admin(
                configuration,
                isDevelopment,
                live.state,
                eraser,
                audit,
                traces,
                IssueDesk { generations.current.desks.chains }
            ),
            followUp: { try await followUps.keep($0, $1, $2) },
            hook: IssueDesk.hook { generations.current.desks.chains },
            onListening: { port in
                var address = address
                address.port = port
                terminal.write(
                    Self.greeting(
                        address,
                        desks.fallback.chain,
                        isSecure: configuration.tls != nil,
                        isDevelopment: isDevelopment
                    )
                )
            }
        )
        let notices = NoticeService(
            { generations.current.desks.chains },
            hub: hub,
            clock: terminal.clock,
            logger: logger
        )
        // The server stops first, so that no new turn comes while the last ones are finished.
        var services = ServiceGroupConfiguration(
            services: (Self.services(of: log, hub, runner, logger, when: live.afterStart)
                + Self.keepers(of: log, generations, audit, metrics, logger)
                + (agentAudit.map { [$0] } ?? []) + live.keepers + [
                    runner, live.watcher, notices, live.afterStart(server),
                    LastWords(followUps: followUps),
                ])
                .map { .init(service: $0) },
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        // Whoever still talks then is cut off.
        services.maximumGracefulShutdownDuration = .seconds(30)
        let group = ServiceGroup(configuration: services)
        audit?.noteStart(
            configuration,
            in: isDevelopment ? .development : .production,
            live.state.contents.reports,
            newKey: log?.store.keys.newKey
        )
        defer { audit?.noteStop() }
        do {
            try await group.run()
        } catch let error as IOError {
            terminal.complain(
                "\(address): \(error.description); stop what listens there or choose another address with --listen "
                    + "[cannot-listen]"
            )
            throw ExitCode(ExitStatus.findings)
        }
    }

    /// What `/api/admin` offers; nothing where nobody could show that they may ask.
    private func admin(
        _ configuration: Configuration,
        _ isDevelopment: Bool,
        _ state: LiveState,
        _ eraser: SessionEraser?,
        _ audit: AuditWriter?,
        _ traces: TurnTraces,
        _ issues: IssueDesk
    ) -> AdminActions? {
        guard configuration.adminToken != nil || isDevelopment else { return nil }
        let token = configuration.adminToken
        return AdminActions(state, token: token, eraser: eraser, audit: audit, traces: traces, issues: issues)
    }

    /// Reads and checks everything before anything is started, and says all that is wrong.
    private func prepare(
        _ source: ConfigurationReloader.Source,
        _ files: FileRecord,
        _ rules: ServingRules,
        _ terminal: Terminal
    ) async throws -> (Configuration, Desks) {
        let configuration: Configuration
        do throws(Rejection) {
            configuration = try source.load(files)
            // What a reload would refuse must not be started either.
            _ = try await configuration.runTranscripts(with: source.registry, files)
        } catch {
            terminal.complain(DiagnosticReport(error.diagnostics).text)
            terminal.complain("\(DiagnosticReport(error.diagnostics).count); nothing was started")
            throw ExitCode(ExitStatus.badConfiguration)
        }
        if !configuration.warnings.isEmpty { terminal.complain(DiagnosticReport(configuration.warnings).text) }
        do throws(Rejection) {
            return (configuration, try rules.desks(of: configuration))
        } catch {
            terminal.complain(DiagnosticReport(error.diagnostics).text)
            if !rules.isDevelopment(configuration), !rules.problems(of: configuration).isEmpty {
                terminal.complain("To try the chat on this machine alone, add --insecure-dev.")
            }
            throw ExitCode(ExitStatus.badConfiguration)
        }
    }

    /// What is printed once the server listens.
    static func greeting(
        _ address: ListenAddress,
        _ chain: Chain,
        isSecure: Bool,
        isDevelopment: Bool = true
    ) -> String {
        let warning = "INSECURE DEVELOPMENT MODE: every page of this machine may chat, and nobody needs a token.\n"
        let entries = chain.entries.filter(\.isEnabled).map(\.name).joined(separator: ", ")
        return """
            \(isDevelopment ? warning : "")Chain \(chain.name): \(entries)
            Open \(isSecure ? "https" : "http")://\(address)  (Ctrl+C stops)
            """
    }
}
