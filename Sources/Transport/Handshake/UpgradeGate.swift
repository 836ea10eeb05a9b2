import Access
import Hub
import HummingbirdCore
import Messages
import NIOCore
import NIOHTTP1
import Synchronization

/// Stands behind the HTTP decoder of every connection and decides with the first request what the connection is.
///
/// A request for a WebSocket is judged here, before it costs anything: it becomes a ``WebSocketHandler`` and nothing
/// else stays in the pipeline, or it is answered and the connection ends. Everything else goes to the router.
///
/// The stock upgrader isn't used: when it declines, the request head is lost and the client gets an empty answer, and
/// its frame encoder can't be taken out of the pipeline afterwards.
final class UpgradeGate: ChannelDuplexHandler, RemovableChannelHandler, Timed {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        case waitingForHead
        /// The handshake is fine; its room is on its way from the log.
        case opening(Handshake, isComplete: Bool)
        /// The handshake is fine; the end of the request is awaited.
        case upgrading(Handshake, Room?)
        /// Decoder and encoder are being removed; bytes that came with the handshake pass through.
        case upgraded
        /// Everything goes on to the router, but for a handshake that finds all earlier requests answered: proxies send
        /// it on a connection that they have kept.
        case http(unanswered: Int)
        /// An answer was written and the connection ends; whatever arrives is dropped.
        case refused
    }

    private let server: ChatChannel.Shared
    private let loop: EventLoopContext
    private let decided: EventLoopPromise<ChatChannel.Kind>
    private let decoder: ByteToMessageHandler<HTTPRequestDecoder>
    private let encoder: HTTPResponseEncoder
    private var state = State.waitingForHead
    private var channel: (any Channel)?
    /// Where the WebSocket is counted that is being opened.
    private var address: AddressLimits.Record?
    /// Ends connections of HTTP that are quiet for long.
    private var idleTimer: HTTPConnectionStateHandler?
    var wheelPlace = TimingWheel.Place()
    /// Bytes of answers that waited for the client when that was looked at last.
    private var waitingBytes = 0

    /// How long a client may take until its request head is complete, in seconds.
    static let handshakeSeconds = 10

    init(
        server: ChatChannel.Shared,
        loop: EventLoopContext,
        decided: EventLoopPromise<ChatChannel.Kind>,
        decoder: ByteToMessageHandler<HTTPRequestDecoder>,
        encoder: HTTPResponseEncoder
    ) {
        self.server = server
        self.loop = loop
        self.decided = decided
        self.decoder = decoder
        self.encoder = encoder
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.channel = context.channel
        self.loop.wheel.set(self, in: Self.handshakeSeconds)
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.forget() }

    func channelInactive(context: ChannelHandlerContext) {
        switch self.state {
        case .upgrading(_, let room): self.cancel(room)
        case .opening: self.cancel(nil)
        default: break
        }
        self.state = .refused
        self.server.requests.end(of: context.channel)
        self.forget()
        context.fireChannelInactive()
    }

    private func forget() {
        self.loop.wheel.cancel(self)
        self.channel = nil
        self.decided.fail(ChannelError.ioOnClosedChannel)
    }

    func deadlineReached() {
        guard case .http = self.state, let channel else {
            self.channel?.close(promise: nil)
            return
        }
        let bytes = Self.waitingBytes(of: channel)
        guard bytes + Self.leastBytes <= self.waitingBytes else {
            channel.close(promise: nil)
            return
        }
        self.waitingBytes = bytes
        self.loop.wheel.set(self, in: Self.readingSeconds)
    }

    /// How often it is looked whether a client reads its answer, in seconds, and how much it must have read since then.
    ///
    /// Nobody else would end a request whose client never reads.
    private static let readingSeconds = 30
    private static let leastBytes = 16 * 1_024

    private static func waitingBytes(of channel: any Channel) -> Int {
        (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if case .http = self.state {
            if context.channel.isWritable {
                self.loop.wheel.cancel(self)
            } else {
                self.waitingBytes = Self.waitingBytes(of: context.channel)
                self.loop.wheel.set(self, in: Self.readingSeconds)
            }
        }
        context.fireChannelWritabilityChanged()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.state {
        case .http(let unanswered):
            guard case .head(let head) = self.unwrapInboundIn(data) else {
                context.fireChannelRead(data)
                return
            }
            if unanswered == 0, self.isForWebSockets(head), head.headers.contains(name: "Upgrade") {
                self.decide(head, context, data)
            } else {
                self.state = .http(unanswered: unanswered + 1)
                context.fireChannelRead(self.withoutUpgrade(head))
            }
        case .upgraded: context.fireChannelRead(data)
        case .refused: break
        case .waitingForHead:
            guard case .head(let head) = self.unwrapInboundIn(data) else { return }
            self.decide(head, context, data)
        case .opening(let handshake, _):
            if case .end = self.unwrapInboundIn(data) { self.state = .opening(handshake, isComplete: true) }
        case .upgrading(let handshake, let room):
            if case .end = self.unwrapInboundIn(data) { self.upgrade(handshake, room, context) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard case .waitingForHead = self.state else {
            if error is ByteToMessageDecoderError.PayloadTooLargeError { context.close(promise: nil) }
            context.fireErrorCaught(error)
            return
        }
        // The decoder has given up: what has arrived is no request.
        let status: HTTPResponseStatus =
            (error as? HTTPParserError) == .headerOverflow ? .requestHeaderFieldsTooLarge : .badRequest
        self.refuse(.init(status, ClientError(.badRequest, "not a request that can be read")), context)
    }

    private func decide(_ head: HTTPRequestHead, _ context: ChannelHandlerContext, _ data: NIOAny) {
        guard head.uri.utf8.count <= 8_192 else {
            self.refuse(.init(.uriTooLong, ClientError(.badRequest, "the request line is too long")), context)
            return
        }
        guard self.isForWebSockets(head) else {
            self.becomeHTTP(head, context)
            return
        }
        do throws(Handshake.Refusal) {
            let accept = try Handshake.checkUpgrade(head)
            try self.checkCapacity()
            let address = self.server.addressRecord(of: context.channel, forwarded: head.headers["X-Forwarded-For"])
            let handshake = try self.handshake(head, accept: accept, from: address)
            try self.countHandshake(of: address)
            try self.enter(handshake, context)
        } catch {
            self.refuse(error, context)
        }
    }

    private func isForWebSockets(_ head: HTTPRequestHead) -> Bool {
        let path = head.uri.prefix { $0 != "?" }
        return path == Handshake.chatPath || (path == Handshake.echoPath && self.server.offersEcho)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .http(let unanswered) = self.state, case .end = self.unwrapOutboundIn(data) {
            self.state = .http(unanswered: unanswered - 1)
        }
        context.write(data, promise: promise)
    }

    /// Refuses everybody while the server stops, or while more connect than it can greet.
    private func checkCapacity() throws(Handshake.Refusal) {
        guard !self.server.isDraining.load(ordering: .relaxed) else {
            let error = ClientError(.unavailable, "the server is about to stop", retryAfterMilliseconds: 2_000)
            throw Handshake.Refusal(.serviceUnavailable, retryable: error)
        }
        if let wait = self.server.addresses.refuseAccept(at: self.loop.clocks.nanoseconds()) {
            let error = ClientError(.overloaded, "too many connect at once", waitingNanoseconds: wait)
            throw Handshake.Refusal(.serviceUnavailable, retryable: error)
        }
    }

    /// Checks what is asked for; who tries tokens that are no good has to wait after a while.
    private func handshake(
        _ head: HTTPRequestHead,
        accept: String,
        from address: AddressLimits.Record
    ) throws(Handshake.Refusal) -> Handshake {
        do throws(Handshake.Refusal) {
            return try Handshake(head, accept: accept, admission: self.server.admission)
        } catch {
            guard error.isFailedAuthentication else { throw error }
            let wait = self.server.addresses.refuse(.failure, of: address, at: self.loop.clocks.nanoseconds())
            guard let wait else { throw error }
            throw Handshake.Refusal(.tooManyRequests, retryable: .tooManyFailures(waitingNanoseconds: wait))
        }
    }

    /// Counts the handshake for the client's address, and the connection that it will be.
    private func countHandshake(of address: AddressLimits.Record) throws(Handshake.Refusal) {
        let limits = self.server.addresses
        if let wait = limits.refuse(.handshake, of: address, at: self.loop.clocks.nanoseconds()) {
            let error = ClientError(.rateLimited, "too many handshakes of this address", waitingNanoseconds: wait)
            throw Handshake.Refusal(.tooManyRequests, retryable: error)
        }
        do throws(ClientError) { try limits.take(connectionOf: address) } catch {
            throw Handshake.Refusal(HTTPResponseStatus(error), retryable: error)
        }
        self.address = address
    }

    /// Gives back what a handshake has taken that ends in no connection.
    private func cancel(_ room: Room?) {
        room?.cancelReservation()
        if let address { self.server.addresses.close(address) }
        self.address = nil
    }

    /// Takes a place in the room, as soon as the room is in memory.
    private func enter(_ handshake: Handshake, _ context: ChannelHandlerContext) throws(Handshake.Refusal) {
        guard case .chat(let request) = handshake.endpoint, !self.server.hub.isOpen(request.room) else {
            self.state = .upgrading(handshake, try self.reserve(handshake))
            return
        }
        self.state = .opening(handshake, isComplete: false)
        let gate = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        self.server.hub.whenOpen(request.room) { error in
            gate.eventLoop.execute { gate.value.0.opened(error, gate.value.1) }
        }
    }

    private func opened(_ error: ClientError?, _ context: ChannelHandlerContext) {
        // The client may have gone meanwhile.
        guard case .opening(let handshake, let isComplete) = self.state else { return }
        do throws(Handshake.Refusal) {
            if let error {
                self.cancel(nil)
                throw Handshake.Refusal(.serviceUnavailable, retryable: error)
            }
            let room = try self.reserve(handshake)
            self.state = .upgrading(handshake, room)
            if isComplete { self.upgrade(handshake, room, context) }
        } catch {
            self.refuse(error, context)
        }
    }

    /// Asks the hub for a place, as the last check: a refused handshake leaves nothing behind.
    private func reserve(_ handshake: Handshake) throws(Handshake.Refusal) -> Room? {
        guard case .chat(let request) = handshake.endpoint else { return nil }
        do throws(ClientError) {
            let kind: Author.Kind = request.grant?.role == .agent ? .agent : .visitor
            return try self.server.hub.reserve(request.room.session, of: request.room.site, for: kind)
        } catch {
            self.cancel(nil)
            let status: HTTPResponseStatus = error.code == .rateLimited ? .tooManyRequests : .serviceUnavailable
            throw Handshake.Refusal(status, retryable: error)
        }
    }
}

// MARK: The three ways on

extension UpgradeGate {
    private func refuse(_ refusal: Handshake.Refusal, _ context: ChannelHandlerContext) {
        self.state = .refused
        self.server.metrics.refused(refusal.error.code)
        let body = ServerFrame.error(refusal.error)
        var headers = HTTPHeaders(refusal.headers.sorted { $0.key < $1.key })
        headers.add(name: "Content-Type", value: "application/json")
        headers.add(name: "Content-Length", value: "\(body.count)")
        headers.add(name: "Connection", value: "close")
        let head = HTTPResponseHead(version: .http1_1, status: refusal.status, headers: headers)
        context.write(self.wrapOutboundOut(.head(head)), promise: nil)
        context.write(self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
        context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
        // The rest of the request is read and dropped until the client ends its side or the deadline is over.
        context.close(mode: .output, promise: nil)
        self.loop.wheel.set(self, in: WebSocketHandler.closingSeconds)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch (event, self.state) {
        case (ChannelEvent.inputClosed, .refused), (ChannelEvent.inputClosed, .waitingForHead),
            (is ChannelShouldQuiesceEvent, .waitingForHead), (is ChannelShouldQuiesceEvent, .refused),
            (is ChannelShouldQuiesceEvent, .upgrading), (is ChannelShouldQuiesceEvent, .opening):
            context.close(promise: nil)
        case (ChannelEvent.inputClosed, .http):
            self.server.requests.end(of: context.channel)
            context.fireUserInboundEventTriggered(event)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    private func becomeHTTP(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        self.loop.wheel.cancel(self)
        self.state = .http(unanswered: 1)
        do {
            let idleTimer = self.server.makeIdleTimer()
            self.idleTimer = idleTimer
            self.decided.succeed(.http(try self.server.makeHTTPPipeline(on: context.channel, idleTimer)))
            // The stages behind have missed that the channel is active.
            context.fireChannelActive()
            context.fireChannelRead(self.withoutUpgrade(head))
        } catch {
            context.close(promise: nil)
        }
    }

    /// A request of plain HTTP; one that asks for another protocol, which nobody here speaks, is the last of its
    /// connection, since the decoder reads nothing behind it.
    private func withoutUpgrade(_ head: HTTPRequestHead) -> NIOAny {
        guard head.headers.contains(name: "Upgrade") || head.method == .CONNECT else {
            return self.wrapInboundOut(.head(head))
        }
        var head = head
        head.headers.remove(name: "Upgrade")
        head.headers.replaceOrAdd(name: "Connection", value: "close")
        return self.wrapInboundOut(.head(head))
    }

    private func upgrade(_ handshake: Handshake, _ room: Room?, _ context: ChannelHandlerContext) {
        // It was counted when the handshake was found good.
        guard let address = self.address else {
            context.close(promise: nil)
            return
        }
        self.loop.wheel.cancel(self)
        self.state = .upgraded
        self.answer(handshake, context)
        let handler = WebSocketHandler(self.endpoint(of: handshake, room), from: address, loop: self.loop)
        let pipeline = context.pipeline.syncOperations
        do {
            _ = pipeline.removeHandler(self.encoder)
            // On a kept connection the stages of HTTP stay behind it and hear of nothing but the end.
            if let idleTimer { _ = pipeline.removeHandler(idleTimer) }
            try pipeline.addHandler(handler, position: .after(self))
            // From here on the handler ends what was counted.
            self.address = nil
            if case .chat(let request) = handshake.endpoint { handler.join(request) }
            // Removing the decoder hands on the bytes that came after the request, through this handler.
            let isRemoved = pipeline.removeHandler(self.decoder)
            self.decided.succeed(.upgraded)
            isRemoved.assumeIsolated().whenComplete { _ in _ = pipeline.removeHandler(self) }
        } catch {
            self.cancel(room)
            context.close(promise: nil)
        }
    }

    private func answer(_ handshake: Handshake, _ context: ChannelHandlerContext) {
        var headers = HTTPHeaders([
            ("Upgrade", "websocket"), ("Connection", "upgrade"), ("Sec-WebSocket-Accept", handshake.accept),
        ])
        if let subprotocol = handshake.subprotocol { headers.add(name: "Sec-WebSocket-Protocol", value: subprotocol) }
        let head = HTTPResponseHead(version: .http1_1, status: .switchingProtocols, headers: headers)
        context.write(self.wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
    }

    private func endpoint(of handshake: Handshake, _ room: Room?) -> WebSocketHandler.Endpoint {
        guard case .chat(let request) = handshake.endpoint, let room else { return .echo }
        return .chat(room, request.mode, page: request.page)
    }
}

@available(*, unavailable)
extension UpgradeGate: Sendable {}
