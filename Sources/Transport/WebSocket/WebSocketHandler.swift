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

    private enum State {
        case open
        /// A close frame was sent; whatever arrives is dropped until the client ends its side or the time is over.
        case closing
        case closed
    }

    // The members stand in an order that leaves no gaps between them: an idle connection is little else.

    let loop: EventLoopContext
    private var context: ChannelHandlerContext?
    let endpoint: Endpoint
    /// What the client's address may do; counts this connection.
    private let address: AddressLimits.Record
    /// What its token gives; nothing where none was shown.
    private(set) var lease: Lease?
    /// How far a client of the first form has got; nothing for others.
    private var cursor: Cursor?
    /// What waits until the client has read what is before it.
    private var backlog: Backlog?
    /// Frames for the next flush, one after the other.
    private var outgoing: ByteBuffer?
    /// Where ``EventLoopContext/connections`` lists it, which alone writes this.
    var place: UInt32 = 0
    /// Its name on its loop, which alone writes this.
    var serial: UInt32 = 0
    var wheelPlace = TimingWheel.Place()
    /// What ``EventLoopContext/frameRate`` keeps for the connection.
    private var nextFrame: UInt64 = 0
    /// Since when refusals are counted, in seconds of the clock.
    private var firstRefusal: UInt32 = 0
    /// How many frames were refused for what they are.
    private var violations: UInt8 = 0
    /// How many came at the wrong time.
    private var limitHits: UInt8 = 0
    private var parser: FrameParser
    private var state = State.open
    /// Whether anything has arrived since the last sign of life was asked for.
    private var wasHeard = true
    /// Whether the deadline on the wheel is that of an answer to a sign of life.
    private var isWaitingForAnswer = false
    /// Whether the deadline on the wheel is that of a message that has begun.
    private var isWaitingForMessage = false
    /// How many more seconds a connection of a server that stops waits for its turn to end; nothing while it runs.
    private var drainSeconds: UInt8?
    /// When the client shall come back then.
    private var drainMilliseconds: UInt16 = 0
    /// Whether a message has ended since the deadline was looked at.
    private var hasMessageEnded = false

    /// The longest a message may take from its first byte to its last, in seconds.
    ///
    /// That of the echo endpoint may be a thousand times as long.
    private var messageSeconds: Int { if case .echo = self.endpoint { 60 } else { 10 } }
    /// How long a client may take to answer a close frame, in seconds.
    static let closingSeconds = 2
    /// Bytes that may wait for a client that doesn't read.
    ///
    /// One message of the echo endpoint is longer than what may wait for a visitor.
    private var maximumQueuedBytes: Int {
        if case .echo = self.endpoint { 2 * Self.maximumEchoBytes } else { Self.maximumVisitorBytes }
    }
    private static let maximumVisitorBytes = 256 * 1_024
    /// Bytes from which on it is left out who writes and who is there.
    ///
    /// Pieces of replies are left out earlier, when the channel is no more writable: at NIO's 64 KiB.
    private static let crowdedBytes = 128 * 1_024
    /// Bytes of history that are handed to the channel at a time.
    private static let replayBytes = 64 * 1_024
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
        room.join(self, mode: mode, from: request.position, expiresInSeconds: self.secondsLeft)
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
        case is ChannelShouldQuiesceEvent: self.drain()
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
    private static let rateLimitedMilliseconds = 10_000

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

// MARK: The endpoint of a room

extension WebSocketHandler: Link {
    func send(_ frame: Frame) { self.loop.post(frame, to: self) }

    func replay(_ frames: [Frame]) { self.loop.postReplay(frames, to: self) }

    func close(_ code: CloseCode, reason: String) { self.loop.postClose(code, reason: reason, to: self) }

    private func receive(_ bytes: UnsafeBufferPointer<UInt8>, _ room: Room, _ mode: ProtocolMode, _ page: String) {
        do throws(ClientError) {
            switch try self.loop.frameReader.read(bytes, session: room.session, mode: mode) {
            case .user(let message) where self.drainSeconds != nil:
                throw ClientError(
                    .unavailable,
                    "the server is about to stop",
                    retryAfterMilliseconds: Int(self.drainMilliseconds),
                    id: message.id
                )
            case .user(let message):
                try self.loop.addresses.take(message, of: self.address, for: room.key.site, at: self.loop.clocks)
                let acknowledgement = try room.accept(message, page: page, from: self, mode: mode)
                self.loop.metrics.took(acknowledgement, overWebSocket: true)
            case .resume(let position):
                try room.resume(self, from: position, expiresInSeconds: self.secondsLeft)
            case .refresh(let token): try self.refresh(token)
            case .history(let request): self.queue(.text, try room.history(request))
            case .typing(let isWriting): room.typing(isWriting, by: .visitor)
            case .presence: try room.presence(to: self)
            case .stop(let replyID): room.stop(replyID)
            // A sign of life was noted when it arrived.
            case .pong: break
            }
        } catch {
            self.refuse(error, mode)
        }
    }

    private func refuse(_ error: ClientError, _ mode: ProtocolMode) {
        let frame = mode == .v1 ? ServerFrame.error(error) : ServerFrame.seedError(error)
        self.queue(.text, frame)
        self.loop.metrics.refused(error.code)
        self.count(error.code)
    }

    /// Ends the connection of a client that is refused again and again.
    ///
    /// A text that is too long or a position that is too old says nothing about a client.
    private func count(_ code: ErrorCode) {
        guard code.isViolation || code == .rateLimited else { return }
        let now = UInt32(truncatingIfNeeded: self.loop.clocks.nanoseconds() / 1_000_000_000)
        if now &- self.firstRefusal > 60 { (self.violations, self.limitHits, self.firstRefusal) = (0, 0, now) }
        if code.isViolation { self.violations += 1 } else { self.limitHits += 1 }
        if self.violations >= Self.maximumViolations {
            self.startClosing(.repeatedErrors, reason: "repeated errors")
        } else if self.limitHits >= Self.maximumLimitHits {
            self.startClosing(.rateLimited, reason: "rate limited; afterMs=\(Self.rateLimitedMilliseconds)")
        }
    }
}

// MARK: What the token gives

extension WebSocketHandler {
    /// For how many whole seconds the token is still good; nothing without one.
    fileprivate var secondsLeft: Int? { self.lease.map { self.loop.desk.secondsLeft(of: $0.grant) } }

    /// Takes the next token; a bad one leaves the old one in force.
    private func refresh(_ token: String) throws(ClientError) {
        guard let lease = self.lease else {
            throw ClientError(.badRequest, "this connection has no token to refresh", detail: "token")
        }
        do throws(AccessDenied) {
            lease.renew(try self.loop.desk.refresh(token, current: lease.grant))
        } catch {
            let refused = Refused(error)
            guard refused.isFailedAuthentication,
                let wait = self.loop.addresses.refuse(.failure, of: self.address, at: self.loop.clocks.nanoseconds())
            else { throw refused.error }
            throw .tooManyFailures(waitingNanoseconds: wait)
        }
        self.queue(.text, ServerFrame.refreshed(expiresIn: self.secondsLeft ?? 0))
    }

    /// The token has run out and no other came.
    func tokenExpired() { self.startClosing(.tokenExpired, reason: "token expired") }

    /// Ends the connection if what it came in with isn't accepted any more.
    ///
    /// - Parameter isRevoked: Whether it isn't.
    func endIfRevoked(_ isRevoked: (Grant) -> Bool) {
        guard let grant = self.lease?.grant, isRevoked(grant) else { return }
        self.startClosing(.revoked, reason: "revoked")
    }
}

// MARK: Writing

extension WebSocketHandler {
    /// Queues a frame for the end of the tick.
    func queue(_ opcode: Opcode, _ payload: [UInt8]) { payload.withUnsafeBytes { self.queue(opcode, $0) } }

    /// Queues a frame for the end of the tick.
    func queue(_ opcode: Opcode, _ payload: UnsafeRawBufferPointer) {
        guard self.state == .open else { return }
        if self.outgoing == nil {
            self.outgoing = self.context?.channel.allocator.buffer(
                capacity: payload.count + FrameHeader.maximumServerBytes
            )
            self.loop.markDirty(self)
        }
        self.outgoing?.writeFrame(opcode, payload)
    }

    /// Queues a frame that is ready to be written, and that other connections write too.
    func queue(_ frame: ByteBuffer) {
        guard self.state == .open else { return }
        guard self.outgoing == nil else {
            self.outgoing?.writeImmutableBuffer(frame)
            return
        }
        self.outgoing = frame
        self.loop.markDirty(self)
    }

    /// Writes what is queued, in one piece, and then what waits behind it for as long as the client takes it.
    func flushQueued() {
        while self.outgoing != nil, let context = self.context {
            self.askForReceipt()
            guard let outgoing = exchange(&self.outgoing, with: nil) else { return }
            self.loop.metrics.bytesSent.increment(by: outgoing.readableBytes)
            context.writeAndFlush(self.wrapOutboundOut(outgoing), promise: nil)
            guard self.state == .open else { return }
            guard context.channel.isWritable else {
                if self.queuedBytes > self.maximumQueuedBytes { self.endSlowConsumer() }
                return
            }
            self.queueBacklog()
        }
    }

    /// Bytes that wait for the client.
    var queuedBytes: Int {
        let written = try? self.context?.channel.syncOptions?.getOption(.bufferedWritableBytes)
        return (written ?? 0) + (self.outgoing?.readableBytes ?? 0) + (self.backlog?.liveBytes ?? 0)
    }

    private func endSlowConsumer() { self.startClosing(.slowConsumer, reason: "slow consumer") }
}

// MARK: What those see who run the server

extension WebSocketHandler {
    /// Its name.
    var name: String { "w-\(self.loop.number)-\(self.serial)" }

    /// What is known of it; nothing of the echo endpoint.
    var report: ConnectionReport? {
        guard case .chat(let room, let mode, let page) = self.endpoint else { return nil }
        return ConnectionReport(
            id: self.name,
            transport: mode == .v1 ? "websocket" : "websocket (seed)",
            site: room.key.site.rawValue,
            session: room.session.rawValue,
            role: self.lease?.grant.role.rawValue,
            page: page,
            queuedBytes: self.queuedBytes,
            expiresIn: self.secondsLeft
        )
    }
}

// MARK: Clients of the first form

extension WebSocketHandler {
    /// What was sent to a client that can't say where it stands.
    final class Cursor {
        /// The number of the last message that was queued.
        fileprivate var sent = 0
        /// The last one for which a receipt was asked.
        fileprivate var asked = 0
    }

    /// Notes that a numbered message is on its way.
    func noteSent(_ frame: Frame) { self.cursor?.sent = frame.seq }

    /// Sends a ping behind the messages of a tick: its pong tells that they have arrived.
    private func askForReceipt() {
        guard let cursor = self.cursor, cursor.sent > cursor.asked, self.state == .open,
            case .chat(let room, _, _) = self.endpoint
        else { return }
        cursor.asked = cursor.sent
        self.queue(.ping, Array("\(room.epoch):\(cursor.sent)".utf8))
    }

    /// Takes the receipt.
    private func confirm(_ pong: UnsafeRawBufferPointer) {
        guard let cursor = self.cursor, case .chat(let room, _, _) = self.endpoint else { return }
        let parts = String(decoding: pong, as: UTF8.self).split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == room.epoch, let seq = Int(parts[1]), seq > 0, seq <= cursor.asked
        else { return }
        room.confirm(seq, by: self)
    }
}

// MARK: Clients that read slowly

extension WebSocketHandler {
    /// Messages from history that the client has not been sent, and what came after them.
    ///
    /// They are those that the room keeps: only what came since costs memory.
    final class Backlog {
        fileprivate var frames: ArraySlice<(frame: Frame, isReplay: Bool)> = []
        /// Bytes of what came since.
        fileprivate var liveBytes = 0
    }

    /// Queues messages from history, no more of them at once than the client reads.
    func deliver(replay frames: [Frame]) {
        guard self.state == .open else { return }
        let backlog = self.backlog ?? Backlog()
        backlog.frames += frames.map { ($0, true) }
        self.backlog = backlog
        self.queueBacklog()
    }

    /// Whether a frame is to be queued now; otherwise it waits behind the history, or it is left out.
    func takesAtOnce(_ frame: Frame) -> Bool {
        switch frame.kind {
        case .piece where self.context?.channel.isWritable == false: return !self.loop.metrics.drops(frame)
        case .passing where self.context?.channel.isWritable == false && self.queuedBytes > Self.crowdedBytes:
            return !self.loop.metrics.drops(frame)
        default: break
        }
        guard let backlog = self.backlog, self.state == .open else { return true }
        backlog.frames.append((frame, false))
        backlog.liveBytes += frame.json.count
        if backlog.liveBytes > Self.maximumVisitorBytes { self.endSlowConsumer() }
        return false
    }

    /// Queues as much of what waits as is written at a time.
    private func queueBacklog() {
        guard let backlog = self.backlog else { return }
        while (self.outgoing?.readableBytes ?? 0) < Self.replayBytes, let (frame, isReplay) = backlog.frames.popFirst()
        {
            if !isReplay { backlog.liveBytes -= frame.json.count }
            if frame.isDurable { self.noteSent(frame) }
            self.queue(.text, isReplay ? ServerFrame.replayed(frame.json) : frame.json)
        }
        if backlog.frames.isEmpty { self.backlog = nil }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, self.state == .open, self.backlog != nil {
            self.queueBacklog()
            self.flushQueued()
        }
        context.fireChannelWritabilityChanged()
    }
}

// MARK: Time

extension WebSocketHandler {
    /// Sets a deadline when a message stays incomplete, and takes it away when it is whole.
    private func watchMessage() {
        let isInside = self.parser.isInsideMessage
        // A read may end one message and begin the next: that one has its own time.
        let isNext = exchange(&self.hasMessageEnded, with: false) && isInside
        guard isInside != self.isWaitingForMessage || isNext, self.state == .open else { return }
        self.isWaitingForMessage = isInside
        if self.isWaitingForMessage {
            self.loop.wheel.set(self, in: self.messageSeconds)
        } else {
            self.isWaitingForAnswer = false
            self.loop.wheel.cancel(self)
            if case .chat(let room, _, _) = self.endpoint { self.loop.wheel.set(self, in: room.heartbeatSeconds) }
        }
    }

    func deadlineReached() {
        switch self.state {
        case .closed: return
        case .closing:
            self.context?.close(promise: nil)
            return
        case .open: break
        }
        guard self.drainSeconds == nil else {
            self.finishDrain()
            return
        }
        guard !self.isWaitingForMessage else {
            self.startClosing(.policyViolation, reason: "message not completed in time")
            return
        }
        if case .chat(let room, let mode, _) = self.endpoint { self.heartbeat(room, mode) }
    }

    /// Asks for a sign of life, and ends the connection if the last one wasn't answered by anything at all.
    private func heartbeat(_ room: Room, _ mode: ProtocolMode) {
        guard !self.isWaitingForAnswer else {
            guard self.wasHeard else {
                self.context?.close(promise: nil)
                return
            }
            self.isWaitingForAnswer = false
            self.loop.wheel.set(self, in: room.heartbeatSeconds - Self.answerSeconds)
            return
        }
        self.wasHeard = false
        self.isWaitingForAnswer = true
        switch mode {
        case .v1: room.ping(self)
        case .seed: self.queue(.ping, [])
        }
        self.loop.wheel.set(self, in: Self.answerSeconds)
    }
}

// MARK: Closing

extension WebSocketHandler {
    private func fail(_ violation: FrameParser.Violation) {
        self.startClosing(violation.code, reason: violation.reason.description)
    }

    /// Sends a close frame and ends the writing side.
    ///
    /// What the client still sends is read and dropped for a while: closing a socket with unread bytes would reset it,
    /// and the client would never see the code.
    func startClosing(_ code: CloseCode, reason: String) {
        guard self.state == .open, let context = self.context else { return }
        self.queueClose(code, reason: reason)
        self.state = .closing
        self.flushQueued()
        self.leave()
        context.close(mode: .output, promise: nil)
        self.loop.wheel.set(self, in: Self.closingSeconds)
    }

    /// Answers the close frame of a client; the server then ends the connection (RFC 6455 section 7.1.1).
    private func answerClose(_ code: CloseCode?) {
        guard self.state == .open, let context = self.context else { return }
        if let code { self.queueClose(code, reason: "") } else { self.queue(.close, []) }
        self.state = .closing
        self.flushQueued()
        self.leave(isPageLeft: code == .goingAway)
        context.close(promise: nil)
    }

    func closeFromHub(_ code: CloseCode, reason: String) { self.startClosing(code, reason: reason) }

    /// Tells the client to come back later, and lets it go once its turn is answered.
    private func drain() {
        guard case .chat(_, let mode, _) = self.endpoint else {
            self.startClosing(.goingAway, reason: "going away")
            return
        }
        guard self.drainSeconds == nil, self.state == .open else { return }
        self.drainSeconds = Self.turnSeconds
        self.drainMilliseconds = UInt16.random(in: 100...self.loop.drainSpreadMilliseconds)
        if mode == .v1 {
            let milliseconds = Int(self.drainMilliseconds)
            self.queue(.text, ServerFrame.reconnect(afterMilliseconds: milliseconds, reason: "drain"))
        }
        self.finishDrain()
        self.loop.flush()
    }

    /// Closes the connection, unless the answer to a message of its room is still on its way.
    private func finishDrain() {
        guard case .chat(let room, let mode, _) = self.endpoint, let seconds = self.drainSeconds else { return }
        guard seconds == 0 || !room.isAnswering else {
            self.drainSeconds = seconds - 1
            self.loop.wheel.set(self, in: 1)
            return
        }
        let reason = "drain; afterMs=\(self.drainMilliseconds)"
        self.startClosing(mode == .v1 ? .draining : .goingAway, reason: reason)
    }

    /// How long a server that stops waits for the answer to a message, in seconds.
    private static let turnSeconds: UInt8 = 8

    private func queueClose(_ code: CloseCode, reason: String) {
        self.loop.metrics.closed(code)
        var payload = [UInt8(code.rawValue >> 8), UInt8(code.rawValue & 0xFF)]
        payload.append(contentsOf: reason.utf8.prefix(123))
        self.queue(.close, payload)
    }

    private func leave(isPageLeft: Bool = false) {
        if case .chat(let room, _, _) = self.endpoint { room.leave(self, isPageLeft: isPageLeft) }
    }

    private func end() {
        guard self.state != .closed else { return }
        if self.state == .open { self.leave() }
        self.state = .closed
        self.loop.addresses.close(self.address)
        self.loop.connectionEnded(self)
        self.loop.wheel.cancel(self)
        self.lease?.end()
        self.lease = nil
        self.context = nil
        self.backlog = nil
        self.outgoing = nil
    }
}
