import Hub
import Messages
import NIOCore
import Observability

// MARK: Writing

extension WebSocketHandler {
    /// Queues a frame for the end of the tick.
    func queue(_ opcode: Opcode, _ payload: [UInt8]) { payload.withUnsafeBytes { self.queue(opcode, $0) } }

    /// Queues a frame for the end of the tick.
    func queue(_ opcode: Opcode, _ payload: UnsafeRawBufferPointer) {
        guard self.state == .open else { return }
        self.writeLargeOutgoing()
        if self.outgoing == nil {
            self.outgoing = self.context?.channel.allocator.buffer(
                capacity: payload.count + FrameHeader.maximumServerBytes
            )
            self.loop.markDirty(self)
        }
        self.outgoing?.writeFrame(opcode, payload)
        self.outgoingBatch = 0
    }

    /// What is queued, to which a batch may be put.
    var queuedFrames: QueuedFrames {
        self.writeLargeOutgoing()
        guard let outgoing else { return .none }
        return self.outgoingBatch == 0 ? .own : .batch(self.outgoingBatch, outgoing)
    }

    /// Queues frames that are ready to be written, and that other connections write too, in place of what is queued.
    ///
    /// - Parameter batch: Made for ``queuedFrames``.
    func queue(_ batch: Batch) {
        guard self.state == .open else { return }
        if self.outgoing == nil { self.loop.markDirty(self) }
        self.outgoing = batch.buffer
        self.outgoingBatch = batch.number
    }

    /// Hands a large frame to the channel before something is queued behind it.
    ///
    /// Appending would copy it, and many connections may share it. It is flushed with the rest.
    private func writeLargeOutgoing() {
        guard let size = self.outgoing?.readableBytes, size > Self.copiedBytes, let context = self.context,
            let outgoing = exchange(&self.outgoing, with: nil)
        else { return }
        self.loop.metrics.bytesSent.increment(by: size)
        context.write(self.wrapOutboundOut(outgoing), promise: nil)
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

// MARK: Clients of the first form

extension WebSocketHandler {
    /// What was sent to a client that can't say where it stands.
    final class Cursor {
        /// The number of the last message that was queued.
        var sent = 0
        /// The last one for which a receipt was asked.
        var asked = 0
        /// When that was, in nanoseconds.
        var askedAt: UInt64 = 0
        /// Whether it is asked at the next tick of the wheel.
        var isDue = false
    }

    /// Notes that a numbered message is on its way.
    func noteSent(_ frame: Frame) { self.cursor?.sent = frame.seq }

    /// Sends a ping behind the messages of a tick: its pong tells that they have arrived.
    ///
    /// A client that gets many is asked now and then: each receipt costs as much as a message.
    private func askForReceipt() {
        guard let cursor = self.cursor, cursor.sent > cursor.asked, !cursor.isDue, self.state == .open else { return }
        let now = self.loop.clocks.nanoseconds()
        guard cursor.asked == 0 || now >= cursor.askedAt + Self.receiptNanoseconds else {
            cursor.isDue = true
            self.loop.unconfirmed.append(self)
            return
        }
        self.ask(cursor, at: now)
    }

    /// Asks for the receipt that was put off.
    func askForLateReceipt() {
        guard let cursor = self.cursor else { return }
        cursor.isDue = false
        if cursor.sent > cursor.asked, self.state == .open { self.ask(cursor, at: self.loop.clocks.nanoseconds()) }
    }

    private func ask(_ cursor: Cursor, at now: UInt64) {
        guard case .chat(let room, _, _) = self.endpoint else { return }
        cursor.askedAt = now
        cursor.asked = cursor.sent
        self.queue(.ping, Array("\(room.epoch):\(cursor.sent)".utf8))
    }

    /// From one receipt to the next, at least, in nanoseconds: nobody types faster.
    private static let receiptNanoseconds: UInt64 = 250_000_000

    /// Takes the receipt.
    func confirm(_ pong: UnsafeRawBufferPointer) {
        guard let cursor = self.cursor, case .chat(let room, _, _) = self.endpoint else { return }
        let epoch = room.epoch.utf8
        guard pong.count > epoch.count, pong.prefix(epoch.count).elementsEqual(epoch),
            pong[epoch.count] == UInt8(ascii: ":"),
            let seq = Int(String(decoding: pong[(epoch.count + 1)...], as: UTF8.self)), seq > 0, seq <= cursor.asked
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
        var frames: ArraySlice<(frame: Frame, isReplay: Bool)> = []
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
        var queued = self.outgoing?.readableBytes ?? 0
        while queued < Self.replayBytes, let (frame, isReplay) = backlog.frames.popFirst() {
            queued += frame.json.count
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
