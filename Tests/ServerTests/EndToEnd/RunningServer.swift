import Access
import Hub
import Logging
import Messages
import NIOCore
import NIOPosix
import Observability
import Responders
import RespondersTesting
import ServiceLifecycle
import Store
import Synchronization

@testable import Server
@testable import Transport

/// A whole server on a port of its own: hub, chain and transport as `serve` composes them.
struct RunningServer: Sendable {
    let port: Int
    /// Gives the tokens of this server.
    let desk: SessionDesk
    /// Where its rooms are.
    let hub: Hub
    /// Has the server stop, as a signal does; the test goes on meanwhile.
    let stop: @Sendable () async -> Void

    /// Runs a server while `body` does, and stops it gracefully afterwards.
    ///
    /// - Parameters:
    ///   - responders: Those of the stage `answer`, in order.
    ///   - options: The bounds of the hub.
    ///   - tls: Certificate and key.
    ///   - offersEcho: Whether `/_echo` is there.
    ///   - limits: What the clients of one address may do; nothing leaves out the limit of frames, too.
    ///   - body: The test.
    /// - Throws: What the test or the server throws.
    static func run(
        _ responders: [any Responder] = [Greeter()],
        options: HubOptions = HubOptions(messageRate: nil, connectionsPerRoom: 10),
        tls: (certificate: String, key: String)? = nil,
        offersEcho: Bool = false,
        limits: AddressLimitOptions? = nil,
        _ body: @escaping @Sendable (RunningServer) async throws -> Void
    ) async throws {
        // No responder of these tests is late, however slow the machine is.
        let limit = Duration.seconds(100)
        let entries = responders.enumerated().map {
            Chain.Entry(
                $1,
                name: "responder-\($0)",
                stage: .answer,
                timeout: limit,
                firstPiece: limit,
                nextPiece: limit
            )
        }
        let chain = Chain(name: "test", entries: entries, deadline: limit)
        try await self.run(chain: chain, options: options, tls: tls, offersEcho: offersEcho, limits: limits, body)
    }

    /// Runs a server with a whole chain.
    ///
    /// - Parameters:
    ///   - chain: Who answers.
    ///   - desk: Who answers, with all that a site may say about it.
    ///   - sites: Who answers the visitors of each site.
    ///   - live: What the server works by, in place of `chain`, `desk`, `sites` and `admission`.
    ///   - reloader: Whose state `/healthz` and `/api/admin` show.
    ///   - services: What runs beside the server.
    ///   - options: The bounds of the hub.
    ///   - tls: Certificate and key.
    ///   - offersEcho: Whether `/_echo` is there.
    ///   - limits: What the clients of one address may do; nothing leaves out the limit of frames, too.
    ///   - admission: Who may join which room; everybody of this machine where it is left out.
    ///   - clocks: The time.
    ///   - adminToken: Opens `/api/admin`.
    ///   - proxies: Whose word it takes for where clients are.
    ///   - log: Gets whatever the server logs, of every level.
    ///   - store: Where messages are kept; in memory where it is left out.
    ///   - tracing: How much is kept of turns.
    ///   - redacts: Whether the chain redacts messages before the hub takes them.
    ///   - issues: What visitors have reported, for `/api/admin`.
    ///   - body: The test.
    /// - Throws: What the test or the server throws.
    static func run(
        chain: Chain,
        desk: SiteDesk? = nil,
        sites: [(id: SiteID, chain: Chain)] = [],
        live: LiveConfiguration? = nil,
        reloader: ContentReloader? = nil,
        with services: [any Service] = [],
        options: HubOptions = HubOptions(messageRate: nil, connectionsPerRoom: 10),
        tls: (certificate: String, key: String)? = nil,
        offersEcho: Bool = false,
        limits: AddressLimitOptions? = nil,
        admission: Admission? = nil,
        clocks: any Clocks = SystemClocks(),
        adminToken: AdminToken? = nil,
        proxies: TrustedProxies = TrustedProxies(),
        log: LogRecord? = nil,
        store: StoreOptions? = nil,
        tracing: TraceSettings = TraceSettings(),
        redacts: Bool = false,
        issues: IssueDesk? = nil,
        _ body: @escaping @Sendable (RunningServer) async throws -> Void
    ) async throws {
        var logger = log?.logger ?? Logger(label: "test")
        if log == nil { logger.logLevel = .critical }
        let desks = sites.map { ($0.id, SiteDesk(site: Site(name: $0.id.rawValue), chain: $0.chain)) }
        let storeLog = try store.map { options in
            let store = try MessageStore.open(
                StoreSettings(options: options),
                metrics: MetricsRegistry(),
                logger: logger
            )
            return StoreLog(store, clocks: clocks, logger: logger)
        }
        let followUps = FollowUps(clocks: clocks, log: storeLog)
        let traces = TurnTraces(log: storeLog, followUps: followUps)
        let desk = desk ?? SiteDesk(site: Site(name: "default"), chain: chain)
        let admission = admission ?? .open(sites.map(\.id), clocks: clocks)
        let generation = Generation(
            Desks(desk, Dictionary(desks) { first, _ in first }),
            redacts: redacts,
            tracing: tracing,
            admission: admission,
            metrics: MetricsRegistry()
        )
        let generations = live?.generations ?? Generations(generation)
        let runner = TurnRunner(
            generations,
            traces: traces,
            followUps: followUps,
            sessions: generations.current.admission.desk,
            stopsFloods: options.messageRate != nil,
            logger: logger
        )
        let filter = redacts ? ChainRedaction(generations: generations) : nil
        var options = options
        options.follow(generations)
        let hub = Hub(options: options, clocks: clocks, subscriber: runner, log: storeLog, filter: filter)
        let keepers = ServeCommand.services(of: storeLog, hub, runner, logger)
        let state = live?.state ?? reloader.map { LiveState(contents: $0, responders: ResponderHealth { [chain] }) }
        let services = (live?.keepers ?? []) + [runner] + services + (live.map { [$0.watcher] } ?? [])
        let (ports, listening) = AsyncStream<Int>.makeStream()
        let server = ChatServer(
            options: .init(
                host: "127.0.0.1",
                port: 0,
                tls: tls,
                offersEcho: offersEcho,
                frameRate: limits == nil ? nil : ChatServer.Options.defaultFrameRate,
                addressLimits: limits ?? .none,
                trustedProxies: proxies,
                eventLoops: 2,
                // Machines may be slow; no test waits for it to be over.
                answerSeconds: 100
            ),
            hub: hub,
            admission: { generations.current.admission },
            clocks: clocks,
            logger: logger,
            health: { state?.health(of: storeLog?.store.health) ?? "{}" },
            readiness: { storeLog?.readiness ?? .ready },
            admin: state.map { AdminActions($0, token: adminToken, traces: traces, issues: issues) },
            followUp: { try await followUps.keep($0, $1, $2) },
            onListening: { listening.yield($0) }
        )
        let group = ServiceGroup(
            configuration: .init(
                services: (keepers + services + [server, LastWords(followUps: followUps)]).map { .init(service: $0) },
                logger: logger
            )
        )
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            for await port in ports {
                if let storeLog { hub.restore(try await storeLog.attendedConversations()) }
                for promise in try await followUps.restore(in: hub) { runner.lookAfter(promise, by: .continuous) }
                let stop: @Sendable () async -> Void = { await group.triggerGracefulShutdown() }
                do {
                    try await body(
                        RunningServer(port: port, desk: generations.current.admission.desk, hub: hub, stop: stop)
                    )
                } catch {
                    await group.triggerGracefulShutdown()
                    throw error
                }
                break
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }
}

extension Admission {
    /// Everybody of this machine.
    static func open(_ sites: [SiteID] = [], clocks: any Clocks = SystemClocks()) -> Admission {
        let sites = sites.isEmpty ? [.default] : sites
        return .development(
            sites: sites.map { Site($0, acceptsSeed: true) },
            desk: SessionDesk(
                sites: sites.map { .init($0, acceptsUnprovenSessions: true) },
                keys: .temporary(),
                issuer: "test",
                clocks: clocks
            )
        )
    }
}

/// Answers "hello", and nothing else.
struct Greeter: ImmediateResponder {
    func respond(to turn: Turn) -> Verdict {
        turn.message.text == "hello" ? .reply(Reply("Hi! You are on \(turn.page.path).", format: .plain)) : .pass()
    }
}

/// Answers with its name and the site that the turn is of.
struct Named: ImmediateResponder {
    let name: String

    func respond(to turn: Turn) -> Verdict {
        .reply(Reply("\(self.name) in \(turn.conversation.site)", format: .plain))
    }
}

/// Answers after it was let go, so that a turn is under way for as long as a test wants.
final class Patient: Responder {
    private let gate = Mutex<[CheckedContinuation<Void, Never>]>([])

    func respond(to turn: Turn) async -> Verdict {
        await withCheckedContinuation { continuation in self.gate.withLock { $0.append(continuation) } }
        return .reply(Reply("Late answer to \(turn.message.text).", format: .plain))
    }

    /// Lets the turns that wait go on.
    ///
    /// - Returns: How many there were.
    func letGo() -> Int {
        let waiting = self.gate.withLock { gate in
            defer { gate = [] }
            return gate
        }
        for continuation in waiting { continuation.resume() }
        return waiting.count
    }
}
