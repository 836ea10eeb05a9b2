import Access
import Hub
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import Observability
import Synchronization

/// Sets up the connections of the server: HTTP first, then whatever the ``UpgradeGate`` decides.
struct ChatChannel: HTTPChannelHandler {
    /// A connection that has been accepted.
    struct Value: ServerChildChannelValue {
        let channel: any Channel
        /// What the first request makes of it.
        ///
        /// Fails if the connection ends before.
        let decided: EventLoopFuture<Kind>
    }

    /// What a connection has become.
    enum Kind: Sendable {
        case http(NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>)
        /// A WebSocket: it lives in its handler, and no task is kept for it.
        case upgraded
    }

    /// What all connections share.
    final class Shared: Sendable {
        let hub: Hub
        private let currentAdmission: @Sendable () -> Admission
        let offersEcho: Bool
        let requests = OpenRequests()
        let metrics: ServerMetrics
        let addresses: AddressLimits
        let proxies: TrustedProxies
        let clocks: any Clocks
        let isDraining = Atomic<Bool>(false)
        /// How long a server that stops waits for the answers to messages.
        let answerSeconds: UInt8
        private let contexts: [ObjectIdentifier: EventLoopContext]
        let logger: Logger

        init(
            hub: Hub,
            admission: @escaping @Sendable () -> Admission,
            offersEcho: Bool,
            frameRate: RateLimit? = nil,
            addresses: AddressLimits = AddressLimits(),
            proxies: TrustedProxies = TrustedProxies(),
            loops: [any EventLoop],
            answerSeconds: UInt8 = 8,
            clocks: any Clocks,
            metrics: MetricsRegistry = MetricsRegistry(),
            logger: Logger
        ) {
            let counters = ServerMetrics(metrics)
            self.metrics = counters
            self.hub = hub
            self.currentAdmission = admission
            let desk = admission().desk
            self.offersEcho = offersEcho
            self.addresses = addresses
            self.proxies = proxies
            self.clocks = clocks
            self.logger = logger
            self.answerSeconds = answerSeconds
            self.contexts = Dictionary(
                uniqueKeysWithValues: loops.enumerated().map { index, loop in
                    (
                        ObjectIdentifier(loop),
                        EventLoopContext(
                            loop: loop,
                            number: index,
                            of: loops.count,
                            clocks: clocks,
                            frameRate: frameRate,
                            answerSeconds: answerSeconds,
                            addresses: addresses,
                            desk: desk,
                            metrics: counters
                        )
                    )
                }
            )
            self.collectMetrics()
            desk.revocations.subscribe { [contexts = self.contexts, requests = self.requests] revocation in
                for context in contexts.values { context.end(revocation) }
                requests.end(revocation)
            }
        }

        /// Who may join which room, now.
        var admission: Admission { self.currentAdmission() }

        /// The limits of the client of a request.
        func addressRecord(of channel: any Channel, forwarded: [String]) -> AddressLimits.Record {
            let client = self.proxies.client(of: channel.remoteAddress, forwarded: forwarded)
            return self.addresses.record(of: client, at: self.clocks.nanoseconds())
        }

        /// Those of all loops, in their order.
        var loopContexts: [EventLoopContext] { self.contexts.values.sorted { $0.number < $1.number } }

        /// The context of a loop of the group that the server runs on.
        func context(of loop: any EventLoop) -> EventLoopContext? { self.contexts[ObjectIdentifier(loop)] }

        func startTicking() {
            // One of the loops looks after the hub, too.
            let first = self.contexts.values.first
            for context in self.contexts.values {
                let hub = context === first ? self.hub : nil
                context.loop.execute { context.startTicking { hub?.tick() } }
            }
        }

        /// Waits until all WebSockets have ended, and all that their end causes on the loops.
        func finish() async throws {
            for context in self.contexts.values { try await context.finish() }
            // The acceptor counts connections on a loop of its own: in one round it is told, in the next it acts.
            for _ in 0..<2 { for context in self.contexts.values { try await context.loop.submit {}.get() } }
        }

        /// Ends a connection of HTTP a minute after its last answer.
        func makeIdleTimer() -> HTTPConnectionStateHandler {
            HTTPConnectionStateHandler(idleTimeout: .seconds(60), logger: self.logger)
        }

        /// Adds the handlers of ordinary HTTP behind the gate.
        func makeHTTPPipeline(
            on channel: any Channel,
            _ idleTimer: HTTPConnectionStateHandler
        ) throws -> NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart> {
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
            try pipeline.addHandler(idleTimer)
            return try NIOAsyncChannel(
                wrappingChannelSynchronously: channel,
                configuration: .init(isOutboundHalfClosureEnabled: true)
            )
        }
    }

    let shared: Shared
    let responder: HTTPChannelHandler.Responder

    /// Bytes that are read at once.
    ///
    /// The buffer stays with the connection, so it is much of what an idle one costs. A message that is longer takes one
    /// more read; nobody types so fast that it matters.
    static let readBytes = 256

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        Self.accept(channel, of: self.shared)
    }

    /// Puts the gate in front of a connection.
    static func accept(_ channel: any Channel, of server: Shared) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            guard let loop = server.context(of: channel.eventLoop) else { throw UnknownEventLoop() }
            // Must be set before the first read: later it changes nothing.
            let allocator = FixedSizeRecvByteBufferAllocator(capacity: self.readBytes)
            try channel.syncOptions?.setOption(.recvAllocator, value: allocator)
            var limits = NIOHTTPDecoderLimitConfiguration()
            limits.maxHeaderFieldSize = 16 * 1_024
            limits.maxHeaderListSize = 16 * 1_024
            limits.maxHeaderFieldCount = 100
            let decoder = ByteToMessageHandler(
                HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits),
                // A decoder that has seen "Upgrade" reads no further, and would keep whatever comes.
                maximumBufferSize: 64 * 1_024
            )
            let encoder = HTTPResponseEncoder()
            let decided = channel.eventLoop.makePromise(of: Kind.self)
            let gate = UpgradeGate(
                server: server,
                loop: loop,
                decided: decided,
                decoder: decoder,
                encoder: encoder
            )
            try channel.pipeline.syncOperations.addHandlers(encoder, decoder, gate)
            return Value(channel: channel, decided: decided.futureResult)
        }
    }

    func handle(value: Value, logger: Logger) async {
        // A connection that ends before its first request is nobody's failure.
        guard case .http(let asyncChannel)? = try? await value.decided.get() else { return }
        await self.handleHTTP(asyncChannel: asyncChannel, logger: logger)
    }

    private struct UnknownEventLoop: Error {}
}
