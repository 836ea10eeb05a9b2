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
        var logger = Logger(label: "claude-chat", factory: StreamLogHandler.standardError(label:))
        logger.logLevel = .notice
        let metrics = MetricsRegistry()
        let (configuration, chain, address) = try self.prepare(terminal, logger, metrics)
        let desks = self.desks(configuration, chain)
        metrics.collectProcess()
        // Libraries count here, too.
        MetricsSystem.bootstrap(metrics)
        let shadow = self.shadowChain.flatMap { configuration.chain(named: $0) }
        let desk = SiteDesk(site: Site(name: "default"), chain: chain, shadow: shadow)
        let (log, records) = try await self.openStore(configuration, metrics, terminal, logger)
        let isDevelopment = self.isDevelopment(configuration)
        let audit = log.map { _ in
            AuditWriter(
                AuditTrail(configuration.storage, by: "server"),
                isDevelopment: isDevelopment && configuration.adminToken == nil,
                metrics: metrics,
                logger: logger
            )
        }
        let traces = TurnTraces(configuration.tracing, log: log)
        let agentAudit = audit.map(AgentAudit.init)
        let runner = TurnRunner(desk, desks, metrics: metrics, traces: traces, agentAudit: agentAudit, logger: logger)
        var limits = self.noLimits ? .none : configuration.limits
        limits.hub.take(desk, desks)
        let hub = Hub(
            options: limits.hub,
            clocks: SystemClocks(),
            subscriber: runner,
            log: log,
            filter: configuration.storage.redacts ? ChainRedaction(desk, desks) : nil
        )
        if let log { hub.restore(try await log.attendedConversations()) }
        let reloader = ContentReloader(Self.chains(of: desks, desk), clocks: SystemClocks(), logger: logger) {
            audit?.note($0, before: $1)
        }
        reloader.collectMetrics(in: metrics)
        let responders = ResponderHealth(Self.chains(of: desks, desk))
        responders.collectMetrics(in: metrics)
        let admission = Admission(
            configuration,
            isDevelopment: isDevelopment,
            clocks: SystemClocks(),
            log: log,
            restoring: records
        )
        let eraser = log.map { SessionEraser(store: $0.store, hub: hub, desk: admission.desk, audit: audit) }
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
            admission: admission,
            clocks: SystemClocks(),
            metrics: metrics,
            logger: logger,
            health: { reloader.health(responders, log?.store.health) },
            readiness: { log?.readiness ?? .ready },
            admin: self.admin(configuration, reloader, eraser, audit, traces, IssueDesk(Self.chains(of: desks, desk))),
            onListening: { port in
                var address = address
                address.port = port
                terminal.write(
                    Self.greeting(
                        address,
                        chain,
                        isSecure: configuration.tls != nil,
                        isDevelopment: isDevelopment
                    )
                )
            }
        )
        // The server stops first, so that no new turn comes while the last ones are finished.
        var services = ServiceGroupConfiguration(
            services: (Self.services(of: log, hub) + Self.keepers(of: log, configuration, audit, metrics, logger)
                + (agentAudit.map { [$0] } ?? [])).map { .init(service: $0) } + [
                    .init(service: ResponderService(Self.chains(of: desks, desk))), .init(service: runner),
                    .init(service: ReloadService(reloader: reloader, logger: logger)),
                    .init(
                        service: NoticeService(
                            Self.chains(of: desks, desk),
                            hub: hub,
                            clock: terminal.clock,
                            logger: logger
                        )
                    ),
                    .init(service: server),
                ],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        // Whoever still talks then is cut off.
        services.maximumGracefulShutdownDuration = .seconds(30)
        let group = ServiceGroup(configuration: services)
        audit?.noteStart(
            configuration,
            in: isDevelopment ? .development : .production,
            reloader.reports,
            newKey: log?.store.newKey
        )
        defer { audit?.note("server-stopped") }
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

    /// Who answers the visitors of each site.
    private func desks(_ configuration: Configuration, _ chain: Chain) -> [SiteID: SiteDesk] {
        var desks: [SiteID: SiteDesk] = [:]
        for site in configuration.sites {
            guard let id = SiteID(site.name) else { continue }
            // "--chain" is for all of them.
            let own = self.chain == nil ? site.chain.flatMap { configuration.chain(named: $0) } : nil
            let pages = site.pages.compactMap { page in
                configuration.chain(named: page.chain).map { (page.pattern, $0) }
            }
            desks[id] = SiteDesk(
                site: site,
                chain: own ?? chain,
                pages: self.chain == nil ? pages : [],
                shadow: self.shadowChain.flatMap { configuration.chain(named: $0) }
            )
        }
        return desks
    }

    /// The chains that are run, each once, in the order of their names.
    private static func chains(of desks: [SiteID: SiteDesk], _ desk: SiteDesk) -> [Chain] {
        let answering = desks.isEmpty ? desk.chains : desks.values.flatMap(\.chains)
        var seen: Set<String> = []
        return answering.sorted { $0.name < $1.name }.filter { seen.insert($0.name).inserted }
    }

    /// What `/api/admin` offers; nothing where nobody could show that they may ask.
    private func admin(
        _ configuration: Configuration,
        _ reloader: ContentReloader,
        _ eraser: SessionEraser?,
        _ audit: AuditWriter?,
        _ traces: TurnTraces,
        _ issues: IssueDesk?
    ) -> AdminActions? {
        guard configuration.adminToken != nil || self.isDevelopment(configuration) else { return nil }
        let token = configuration.adminToken
        return AdminActions(reloader, token: token, eraser: eraser, audit: audit, traces: traces, issues: issues)
    }

    /// Reads and checks everything before anything is started, and says all that is wrong.
    private func prepare(
        _ terminal: Terminal,
        _ logger: Logger,
        _ metrics: MetricsRegistry
    ) throws -> (Configuration, Chain, ListenAddress) {
        let configuration: Configuration
        do throws(Rejection) {
            configuration = try self.options.load(report: { logger.log($0) }, metrics: PluginMetrics(metrics))
        } catch {
            terminal.complain(DiagnosticReport(error.diagnostics).text)
            terminal.complain("\(DiagnosticReport(error.diagnostics).count); nothing was started")
            throw ExitCode(ExitStatus.badConfiguration)
        }
        if !configuration.warnings.isEmpty { terminal.complain(DiagnosticReport(configuration.warnings).text) }
        let address = self.listen.flatMap { ListenAddress($0) } ?? configuration.listen
        var problems: [String] = []
        let chain = configuration.chain(named: self.chain)
        if chain == nil, let name = self.chain {
            let hint = suggestion(for: name, among: configuration.chainNames)
            problems.append("\(configuration.file): there is no chain \"\(name)\"; \(hint) [unknown-chain]")
        }
        if let chain, configuration.storage.redacts, chain.redactors.isEmpty {
            problems.append("the chain \"\(chain.name)\" has nothing that redacts, and store.redact is on [no-redact]")
        }
        if let name = self.shadowChain, configuration.chain(named: name) == nil {
            let hint = suggestion(for: name, among: configuration.chainNames)
            problems.append("\(configuration.file): there is no chain \"\(name)\"; \(hint) [unknown-chain]")
        }
        problems += self.problems(of: address, configuration)
        guard problems.isEmpty, let chain else {
            terminal.complain(problems.joined(separator: "\n"))
            throw ExitCode(ExitStatus.badConfiguration)
        }
        return (configuration, chain, address)
    }

    private func isDevelopment(_ configuration: Configuration) -> Bool {
        self.insecureDev || configuration.mode == .development
    }

    /// Why the server can't run in its mode.
    private func problems(of address: ListenAddress, _ configuration: Configuration) -> [String] {
        guard self.isDevelopment(configuration) else {
            let missing = configuration.missingForProduction
            var problems = missing.isEmpty ? [] : [DiagnosticReport(missing).text]
            if !address.isLoopback, configuration.tls == nil, !configuration.isBehindProxy {
                problems.append(
                    "\(address): other machines would reach the server without TLS; set server.tls, or write "
                        + "127.0.0.1:\(address.port) [plain-not-loopback]"
                )
            }
            if !problems.isEmpty { problems.append("To try the chat on this machine alone, add --insecure-dev.") }
            return problems
        }
        guard !address.isLoopback else { return [] }
        return [
            "\(address): development mode listens on this machine only; write 127.0.0.1:\(address.port) [not-loopback]"
        ]
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
