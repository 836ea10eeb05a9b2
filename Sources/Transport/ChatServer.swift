public import Hub
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
public import Logging
import NIOCore
import NIOPosix
import NIOSSL
public import Observability
public import ServiceLifecycle
import Synchronization

/// The server as the outside sees it: HTTP, WebSocket, the widget's files.
///
/// Runs until a graceful shutdown: then `/readyz` says so and nobody new is let in, clients are told to come back, and
/// once the last answers are out it stops listening and returns.
public struct ChatServer: Service {
    /// Where and how the server listens.
    public struct Options: Sendable {
        /// A name or an address.
        public var host: String
        /// 0 lets the system choose.
        public var port: Int
        /// PEM files of the certificate chain and of the private key; nothing for plain HTTP.
        public var tls: (certificate: String, key: String)?
        /// Whether `/_echo` sends back what it gets.
        public var offersEcho: Bool
        /// How many frames of any kind a connection may send; nothing for no limit.
        public var frameRate: RateLimit?
        /// What the clients of one address may do.
        public var addressLimits: AddressLimitOptions
        /// The proxies that say where clients are.
        public var trustedProxies: TrustedProxies
        /// How many threads handle connections.
        public var eventLoops: Int
        /// How long a server that stops waits for the answers to messages, in seconds.
        public var answerSeconds: UInt8

        public init(
            host: String,
            port: Int,
            tls: (certificate: String, key: String)? = nil,
            offersEcho: Bool = false,
            frameRate: RateLimit? = Options.defaultFrameRate,
            addressLimits: AddressLimitOptions = AddressLimitOptions(),
            trustedProxies: TrustedProxies = TrustedProxies(),
            eventLoops: Int = ProcessorCount.available,
            answerSeconds: UInt8 = 8
        ) {
            self.host = host
            self.port = port
            self.tls = tls
            self.offersEcho = offersEcho
            self.frameRate = frameRate
            self.addressLimits = addressLimits
            self.trustedProxies = trustedProxies
            self.eventLoops = eventLoops
            self.answerSeconds = answerSeconds
        }

        /// 50 a second, 200 at once, control frames and fragments included.
        public static let defaultFrameRate = RateLimit(50, burst: 200)
    }

    private let options: Options
    private let hub: Hub
    private let admission: @Sendable () -> Admission
    private let clocks: any Clocks
    private let metrics: MetricsRegistry
    private let logger: Logger
    private let health: @Sendable () -> String
    private let readiness: @Sendable () -> Readiness
    private let admin: AdminActions?
    private let followUp: FollowUpDoor?
    private let hook: HookDoor?
    private let onListening: @Sendable (_ port: Int) async -> Void

    /// - Parameters:
    ///   - options: Where and how it listens.
    ///   - hub: Where messages go.
    ///   - admission: Who may join which room, now; the desk that gives tokens is always the same one.
    ///   - clocks: Where it takes the time from.
    ///   - metrics: Where it counts.
    ///   - logger: Where it logs. Texts of visitors never go there.
    ///   - health: A JSON object that `/healthz` answers with.
    ///   - readiness: Whether it can do its work, as far as that depends on more than itself.
    ///   - admin: What `/api/admin` offers; nothing for no such paths.
    ///   - followUp: Takes replies that plugins have promised; nothing for no such path.
    ///   - hook: Takes what trackers tell of their own accord; nothing for no such path.
    ///   - onListening: Called once with the port.
    public init(
        options: Options,
        hub: Hub,
        admission: @escaping @Sendable () -> Admission,
        clocks: any Clocks,
        metrics: MetricsRegistry = MetricsRegistry(),
        logger: Logger,
        health: @escaping @Sendable () -> String = { #"{"status":"ok"}"# },
        readiness: @escaping @Sendable () -> Readiness = { .ready },
        admin: AdminActions? = nil,
        followUp: FollowUpDoor? = nil,
        hook: HookDoor? = nil,
        onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) {
        self.options = options
        self.hub = hub
        self.admission = admission
        self.clocks = clocks
        self.metrics = metrics
        self.logger = logger
        self.health = health
        self.readiness = readiness
        self.admin = admin
        self.followUp = followUp
        self.hook = hook
        self.onListening = onListening
    }

    /// - Throws: What the system says about the address, or what the TLS library says about the files.
    public func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, self.options.eventLoops))
        let shared = ChatChannel.Shared(
            hub: self.hub,
            admission: self.admission,
            offersEcho: self.options.offersEcho,
            frameRate: self.options.frameRate,
            addresses: AddressLimits(self.options.addressLimits),
            proxies: self.options.trustedProxies,
            loops: group.makeIterator().map { $0 },
            answerSeconds: self.options.answerSeconds,
            clocks: self.clocks,
            metrics: self.metrics,
            logger: self.logger
        )
        let application = Application(
            router: self.router(shared),
            server: try self.builder(shared),
            configuration: ApplicationConfiguration(
                address: .hostname(self.options.host, port: self.options.port),
                serverName: nil,
                backlog: 4_096
            ),
            onServerRunning: { channel in
                shared.startTicking()
                await self.onListening(channel.localAddress?.port ?? self.options.port)
            },
            eventLoopGroupProvider: .shared(group),
            logger: self.logger
        )
        // The one that was added last stops first: it lets the clients go while the server still listens.
        let services = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: application), .init(service: Drain(shared: shared, loop: group.next()))],
                logger: self.logger
            )
        )
        do {
            try await services.run()
        } catch {
            try await group.shutdownGracefully()
            throw error
        }
        // A cancelled server has told nobody to go, so it would wait in vain.
        if !Task.isCancelled { try await shared.finish() }
        try await group.shutdownGracefully()
    }

    private func router(_ shared: ChatChannel.Shared) -> Router<ChatRequestContext> {
        let router = Router(context: ChatRequestContext.self)
        ChatRoutes(shared, health: self.health, readiness: self.readiness).add(to: router)
        self.admin?.add(to: router, of: shared)
        if let followUp { FollowUpRoute(shared, followUp).add(to: router) }
        if let hook { HookRoute(shared, hook).add(to: router) }
        return router
    }

    private func builder(_ shared: ChatChannel.Shared) throws -> HTTPServerBuilder {
        let plain = HTTPServerBuilder { responder in ChatChannel(shared: shared, responder: responder) }
        guard let tls = self.options.tls else { return plain }
        let configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(tls.certificate).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: tls.key, format: .pem))
        )
        return try .tls(plain, tlsConfiguration: configuration)
    }
}

/// What `/readyz` answers.
public enum Readiness: Hashable, Sendable {
    case ready
    /// It works, with less than is promised; `reason` is a code in kebab-case.
    case degraded(reason: String)
    /// Nobody should be sent to it; says why in two words, and as a code in kebab-case where there is one.
    case notReady(String, reason: String? = nil)
}

/// How many processors the process may use.
public enum ProcessorCount {
    public static var available: Int { System.coreCount }
}
