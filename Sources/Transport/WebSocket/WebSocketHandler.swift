import Access
import Hub
import Messages
import NIOCore
import Observability

/// One WebSocket connection: reads frames, hands messages to its endpoint, and writes what is queued once a tick.
///
/// `@unchecked Sendable`: guarded by the event loop of the channel. From other threads only ``send(_:)`` and
/// ``close(_:reason:)`` are called, which touch nothing but the loop's mailbox.
final class WebSocketHandler: ChannelInboundHandler, Timed, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What the connection is for.
    enum Endpoint {
        /// A connection to a room; `page` is where the visitor is.
        case chat(Room, ProtocolMode, page: String)
        /// Sends back what it gets, for conformance tests.
        case echo
    }

    /// Kept apart, since few connections have one.
    final class Trace: Sendable {
        let parent: TraceParent

        init(_ parent: TraceParent) { self.parent = parent }
    }

    enum State {
        case open
        /// A close frame was sent; whatever arrives is dropped until the client ends its side or the time is over.
        case closing
        case closed
    }

    // The members stand in an order that leaves no gaps between them: an idle connection is little else.

    let loop: EventLoopContext
    var context: ChannelHandlerContext?
    let endpoint: Endpoint
    /// What the client's address may do; counts this connection.
    let address: AddressLimits.Record
    /// What its token gives; nothing where none was shown.
    var lease: Lease?
    /// How far a client of the first form has got; nothing for others.
    var cursor: Cursor?
    /// The trace that the handshake is of; nothing for most.
    var trace: Trace?
    /// What waits until the client has read what is before it.
    var backlog: Backlog?
    /// Frames for the next flush, one after the other.
    var outgoing: ByteBuffer?
    /// The ``Batch/number`` of ``outgoing``; 0 where no other connection has the same.
    var outgoingBatch: UInt32 = 0
    /// Where ``EventLoopContext/connections`` lists it, which alone writes this.
    var place: UInt32 = 0
    /// Its name on its loop, which alone writes this.
    var serial: UInt32 = 0
    var wheelPlace = TimingWheel.Place()
    /// What ``EventLoopContext/frameRate`` keeps for the connection.
    private var nextFrame: UInt64 = 0
    /// Since when refusals are counted, in seconds of the clock.
    var firstRefusal: UInt32 = 0
    /// How many frames were refused for what they are.
    var violations: UInt8 = 0
    /// How many came at the wrong time.
    var limitHits: UInt8 = 0
    var parser: FrameParser
    var state = State.open
    /// Whether anything has arrived since the last sign of life was asked for.
    var wasHeard = true
    /// Whether the deadline on the wheel is that of an answer to a sign of life.
    var isWaitingForAnswer = false
    /// Whether the deadline on the wheel is that of a message that has begun.
    var isWaitingForMessage = false
    /// How many more seconds a connection of a server that stops waits for its turn to end; nothing while it runs.
    var drainSeconds: UInt8?
    /// When the client shall come back then.
    var drainMilliseconds: UInt16 = 0
    /// Whether a message has ended since the deadline was looked at.
    var hasMessageEnded = false

    /// The longest a message may take from its first byte to its last, in seconds.
    ///
    /// That of the echo endpoint may be a thousand times as long.
    var messageSeconds: Int { if case .echo = self.endpoint { 60 } else { 10 } }
    /// How long a client may take to answer a close frame, in seconds.
    static let closingSeconds = 2
    /// Bytes that may wait for a client that doesn't read.
    ///
    /// One message of the echo endpoint is longer than what may wait for a visitor.
    var maximumQueuedBytes: Int {
        if case .echo = self.endpoint { 2 * Self.maximumEchoBytes } else { Self.maximumVisitorBytes }
    }
    static let maximumVisitorBytes = 256 * 1_024
    /// Bytes from which on it is left out who writes and who is there.
    ///
    /// Pieces of replies are left out earlier, when the channel is no more writable: at NIO's 64 KiB.
    static let crowdedBytes = 128 * 1_024
    /// Bytes from which on a frame is no more copied to be written in one piece with the next one.
    static let copiedBytes = 4 * 1_024
    /// Bytes of history that are handed to the channel at a time.
    static let replayBytes = 64 * 1_024
    /// Frames within a minute that were refused for what they are, after which a client is told not to come back.
    static let maximumViolations = 5
    /// Frames within a minute that came at the wrong time, after which a client is told to come back later.
    static let maximumLimitHits = 10
    /// How long after a sign of life was asked for a connection counts as dead, in seconds.
    static let answerSeconds = 10
    /// Limits of the echo endpoint.
    static let maximumEchoBytes = 16 * 1_024 * 1_024

    /// - Parameters:
    ///   - endpoint: What the connection is for.
    ///   - address: Where it is counted as open; it is closed there at its end.
    ///   - loop: The context of its loop.
    init(_ endpoint: Endpoint, from address: AddressLimits.Record, loop: EventLoopContext) {
        self.endpoint = endpoint
        self.address = address
        self.loop = loop
        switch endpoint {
        case .chat:
            self.parser = FrameParser(options: .init(maximumMessageBytes: Limits.frameBytes, acceptsBinary: false))
        case .echo:
            self.parser = FrameParser(options: .init(maximumMessageBytes: Self.maximumEchoBytes, acceptsBinary: true))
        }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        self.loop.connectionBegan(self)
        self.loop.metrics.opened(.websocket)
        if case .chat(let room, _, _) = self.endpoint { self.loop.wheel.set(self, in: room.heartbeatSeconds) }
    }

    /// Lets the connection into its room, once it is ready for frames.
    ///
    /// - Parameter request: What the handshake asked for.
    func join(_ request: Handshake.ChatRequest) {
        guard case .chat(let room, let mode, _) = self.endpoint else { return }
        guard self.state == .open else {
            room.cancelReservation()
            return
        }
        if let grant = request.grant { self.lease = Lease(grant, of: self) }
        if mode == .seed { self.cursor = Cursor() }
        self.trace = request.trace.map(Trace.init)
        room.join(
            self,
            mode: mode,
            from: request.position,
            as: self.agent ?? .visitor,
            isAtDesk: request.isDesk,
            expiresInSeconds: self.secondsLeft
        )
        // The token may have been revoked between the handshake and now, when the connection was on no list yet.
        self.endIfRevoked { (try? self.loop.desk.revocations.check($0)) == nil }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard self.state == .open else { return }
        self.wasHeard = true
        let buffer = self.unwrapInboundIn(data)
        do throws(FrameParser.Violation) {
            try self.parse(buffer)
            self.countFrames()
            self.watchMessage()
        } catch {
            self.fail(error)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.loop.flush()
        context.fireChannelReadComplete()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.end()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.end() }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent:
            self.drain()
            self.loop.flush()
        case ChannelEvent.inputClosed:
            // The client has ended its side: without it there is no conversation, and after a close frame no more wait.
            context.close(promise: nil)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    /// Ends a connection that sends more frames than a person and a widget ever would.
    private func countFrames() {
        let count = self.parser.takeCount()
        self.loop.metrics.framesReceived.increment(by: Int(count))
        guard let rate = self.loop.frameRate, case .chat = self.endpoint, count > 0 else { return }
        let now = self.loop.clocks.nanoseconds()
        for _ in 0..<count where rate.refuse(&self.nextFrame, at: now) != nil {
            self.startClosing(.rateLimited, reason: "rate limited; afterMs=\(Self.rateLimitedMilliseconds)")
            return
        }
    }

    /// When a client that ignored limits may come back.
    static let rateLimitedMilliseconds = 10_000

    private func parse(_ buffer: ByteBuffer) throws(FrameParser.Violation) {
        let result = buffer.withUnsafeReadableBytes { bytes -> Result<Void, FrameParser.Violation> in
            do throws(FrameParser.Violation) {
                // The scratch space is handed over while it is used: an endpoint must not find it in use.
                var scratch = exchange(&self.loop.scratch, with: [])
                defer { self.loop.scratch = scratch }
                try self.parser.consume(bytes, scratch: &scratch) { self.handle($0) }
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    private func handle(_ event: FrameParser.Event) -> Bool {
        switch event {
        case .text(let bytes):
            self.hasMessageEnded = true
            switch self.endpoint {
            case .chat(let room, let mode, let page):
                self.receive(bytes.assumingMemoryBound(to: UInt8.self), room, mode, page)
            case .echo: self.queue(.text, bytes)
            }
        case .binary(let bytes): self.queue(.binary, bytes)
        case .ping(let bytes): self.queue(.pong, bytes)
        case .pong(let bytes): self.confirm(bytes)
        case .close(let code): self.answerClose(code)
        }
        return self.state == .open
    }
}
