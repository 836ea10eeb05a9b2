import Access
import Hub
import Messages
import NIOCore
import Synchronization

/// What the connections of one event loop share: the mailbox that orders their frames, storage that is used by one of
/// them at a time, and the wheel of their deadlines.
///
/// `@unchecked Sendable`: everything but ``mailbox`` is touched on `loop` only, which `assertInEventLoop` checks in
/// debug builds; the mailbox is guarded by its mutex.
final class EventLoopContext: @unchecked Sendable {
    let loop: any EventLoop
    /// Which of the loops it is, from 0.
    let number: Int
    let metrics: ServerMetrics
    let clocks: any Clocks
    /// How many loops share the connections of the server.
    private let loopCount: Int
    /// How many frames a connection may send.
    let frameRate: RateLimit?
    /// How long a server that stops waits for the answer to a message.
    let answerSeconds: UInt8
    let addresses: AddressLimits
    /// Who gives tokens.
    let desk: SessionDesk
    private let mailbox = Mutex(Mailbox())
    /// Whether the loop is about to end: nothing may be given to it any more.
    ///
    /// Whoever gives tokens outlives the server, and revokes them also when nobody is connected.
    private let isFinished = Atomic<Bool>(false)
    /// Guarded by `loop`.
    var frameReader = ClientFrameReader()
    /// Guarded by `loop`.
    var scratch: [UInt8] = []
    /// Guarded by `loop`.
    var wheel = TimingWheel()
    /// When tokens run out: a quarter of an hour is how long most of them live.
    ///
    /// Guarded by `loop`.
    var expiries = TimingWheel(span: 1_023)
    /// Storage of letters that were handed out.
    ///
    /// Guarded by `loop`.
    private var emptied: [Letter] = []
    /// The ``Batch/number`` of the newest one.
    ///
    /// Guarded by `loop`.
    private var lastBatch: UInt32 = 0
    /// Connections of the first form that have got messages of which they haven't been asked yet.
    ///
    /// Guarded by `loop`.
    var unconfirmed: [WebSocketHandler] = []
    /// Connections with something to flush.
    ///
    /// Guarded by `loop`.
    private var dirty: [WebSocketHandler] = []
    /// Guarded by `loop`.
    private var ticking: RepeatedTask?
    /// WebSockets of this loop, each at its ``WebSocketHandler/place``.
    ///
    /// Guarded by `loop`.
    private(set) var connections: [WebSocketHandler] = []
    /// Names the next one.
    ///
    /// Guarded by `loop`.
    private var nextSerial: UInt32 = 0
    /// Set once the server is about to stop: over how many milliseconds its clients come back.
    ///
    /// Guarded by `loop`.
    private var drainSpread: UInt16?
    /// Kept once somebody waits for the last connection to end.
    ///
    /// Guarded by `loop`.
    private var lastOneLeft: EventLoopPromise<Void>?

    private struct Mailbox {
        var letters: [Letter] = []
        var isDeliveryScheduled = false
    }

    /// Something for one connection.
    private enum Letter {
        case frame(WebSocketHandler, Frame)
        case replay(WebSocketHandler, [Frame])
        case close(WebSocketHandler, CloseCode, reason: String)
    }

    init(
        loop: any EventLoop,
        number: Int,
        of loopCount: Int,
        clocks: any Clocks,
        frameRate: RateLimit?,
        answerSeconds: UInt8,
        addresses: AddressLimits,
        desk: SessionDesk,
        metrics: ServerMetrics
    ) {
        self.number = number
        self.metrics = metrics
        self.desk = desk
        self.addresses = addresses
        self.loopCount = loopCount
        self.frameRate = frameRate
        self.answerSeconds = answerSeconds
        self.loop = loop
        self.clocks = clocks
    }

    /// Queues a frame for a connection of this loop.
    ///
    /// Any thread.
    func post(_ frame: Frame, to connection: WebSocketHandler) { self.post(.frame(connection, frame)) }

    /// Queues messages from history for a connection of this loop.
    ///
    /// Any thread.
    func postReplay(_ frames: [Frame], to connection: WebSocketHandler) { self.post(.replay(connection, frames)) }

    /// Queues the end of a connection of this loop, after the frames that were queued before.
    ///
    /// Any thread.
    func postClose(_ code: CloseCode, reason: String, to connection: WebSocketHandler) {
        self.post(.close(connection, code, reason: reason))
    }

    /// All letters take this one way, also those from the loop itself: a shortcut would let a frame overtake another
    /// one that is still on its way from a different loop.
    private func post(_ letter: Letter) {
        guard !self.isFinished.load(ordering: .acquiring) else { return }
        let isFirst = self.mailbox.withLock { mailbox in
            mailbox.letters.append(letter)
            defer { mailbox.isDeliveryScheduled = true }
            return !mailbox.isDeliveryScheduled
        }
        if isFirst { self.loop.execute { self.deliver() } }
    }

    /// Hands out what has come since the last tick, then writes once to each connection that got something.
    private func deliver() {
        self.loop.assertInEventLoop()
        var letters = exchange(&self.emptied, with: [])
        self.mailbox.withLock { mailbox in
            mailbox.isDeliveryScheduled = false
            swap(&mailbox.letters, &letters)
        }
        var batch: Batch?
        for (index, letter) in letters.enumerated() {
            switch letter {
            case .close(let connection, let code, let reason): connection.closeFromHub(code, reason: reason)
            case .replay(let connection, let frames): connection.deliver(replay: frames)
            case .frame(let connection, let frame) where !connection.takesAtOnce(frame): break
            case .frame(let connection, let frame):
                if frame.isDurable { connection.noteSent(frame) }
                let queued = connection.queuedFrames
                // The letters of a broadcast stand side by side.
                if batch?.fits(frame, behind: queued) != true, isFrame(frame, at: index + 1, of: letters) {
                    batch = self.batch(frame, behind: queued)
                }
                if let batch, batch.fits(frame, behind: queued) {
                    connection.queue(batch)
                } else {
                    connection.queue(.text, frame.json)
                }
            }
        }
        self.flush()
        // The storage is used again, unless a burst has made it large.
        if letters.count <= Self.keptLetters {
            letters.removeAll(keepingCapacity: true)
            self.emptied = letters
        }
    }

    private static let keptLetters = 4_096

    /// Puts a frame behind those that a connection has queued, for all that have queued the same.
    private func batch(_ frame: Frame, behind queued: QueuedFrames) -> Batch? {
        let before: UInt32
        var buffer: ByteBuffer
        switch queued {
        case .none: (before, buffer) = (0, ByteBufferAllocator().buffer(capacity: 0))
        case .batch(let number, let frames): (before, buffer) = (number, frames)
        case .own: return nil
        }
        frame.json.withUnsafeBytes { buffer.writeFrame(.text, $0) }
        self.lastBatch = self.lastBatch == .max ? 1 : self.lastBatch + 1
        return Batch(number: self.lastBatch, before: before, frame: frame, buffer: buffer)
    }

    private func isFrame(_ frame: Frame, at index: Int, of letters: [Letter]) -> Bool {
        guard index < letters.count, case .frame(_, let next) = letters[index] else { return false }
        return next === frame
    }

    /// Notes that a connection has something to flush at the end of the tick.
    func markDirty(_ connection: WebSocketHandler) { self.dirty.append(connection) }

    /// Writes what is queued on the connections of this loop, once for each of them.
    func flush() {
        for connection in exchange(&self.dirty, with: []) { connection.flushQueued() }
    }

    /// Starts the ticks of the wheel, once a second.
    ///
    /// - Parameter onTick: Called with each tick.
    func startTicking(_ onTick: @escaping @Sendable () -> Void) {
        self.ticking = self.loop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
            for object in self.wheel.tick() { object.deadlineReached() }
            onTick()
            for object in self.expiries.tick() { object.deadlineReached() }
            for connection in exchange(&self.unconfirmed, with: []) { connection.askForLateReceipt() }
            self.flush()
        }
    }

    /// Over how long the clients of a server that stops come back, so that they don't come all at once: 10 ms for each, but
    /// half a second at least and ten at most.
    var drainSpreadMilliseconds: UInt16 {
        self.drainSpread ?? UInt16(min(max(500, 10 * self.connections.count * self.loopCount), 10_000))
    }

    /// Lists a WebSocket that has begun, and gives it its name on this loop.
    func connectionBegan(_ connection: WebSocketHandler) {
        connection.place = UInt32(self.connections.count)
        connection.serial = self.nextSerial
        self.nextSerial &+= 1
        self.connections.append(connection)
        // Its handshake was good before the drain began.
        if self.drainSpread != nil { self.loop.execute { connection.drain() } }
    }

    /// Strikes a WebSocket that has ended from the list.
    func connectionEnded(_ connection: WebSocketHandler) {
        // The last one moves into the gap, so that nothing else has to.
        let last = self.connections.removeLast()
        if last !== connection {
            self.connections[Int(connection.place)] = last
            last.place = connection.place
        }
        if self.connections.isEmpty { exchange(&self.lastOneLeft, with: nil)?.succeed() }
    }

    /// Ends the connections whose tokens are not accepted any more.
    ///
    /// Any thread.
    func end(_ revocation: Revocation) {
        guard !self.isFinished.load(ordering: .acquiring) else { return }
        self.loop.execute {
            for connection in self.connections { connection.endIfRevoked { revocation.covers($0) } }
        }
    }

    /// Tells all connections to come back later, a few at a time, so that others get their turn in between.
    ///
    /// Any thread.
    func drain() {
        self.loop.execute {
            self.drainSpread = self.drainSpreadMilliseconds
            self.drain(self.connections[...])
        }
    }

    private func drain(_ connections: ArraySlice<WebSocketHandler>) {
        for connection in connections.prefix(Self.drainBatch) { connection.drain() }
        self.flush()
        let rest = connections.dropFirst(Self.drainBatch)
        if !rest.isEmpty { self.loop.execute { self.drain(rest) } }
    }

    /// How many connections are told at once.
    private static let drainBatch = 256

    /// Waits until the last WebSocket has ended.
    ///
    /// Bounded only if all of them have been told to close: each then has a deadline on the wheel.
    func waitForLastOne() async throws {
        try await self.loop.flatSubmit {
            guard !self.connections.isEmpty else { return self.loop.makeSucceededVoidFuture() }
            let left = self.lastOneLeft ?? self.loop.makePromise()
            self.lastOneLeft = left
            return left.futureResult
        }.get()
    }

    /// Waits until the last WebSocket has ended, then ends the ticks.
    ///
    /// Afterwards the context touches its loop no more.
    func finish() async throws {
        try await self.waitForLastOne()
        try await self.loop.submit {
            self.ticking?.cancel()
            self.ticking = nil
            self.isFinished.store(true, ordering: .releasing)
        }.get()
    }
}

/// Puts `replacement` in place of a value and returns the value.
func exchange<T>(_ value: inout T, with replacement: T) -> T {
    let old = value
    value = replacement
    return old
}

/// Frames that several connections get in one tick: put together once, written by each in one piece.
struct Batch {
    /// Names them on their loop, from 1.
    let number: UInt32
    /// The batch that ``frame`` was put behind; 0 where it is the first.
    fileprivate let before: UInt32
    /// The last of the frames.
    fileprivate let frame: Frame
    /// All of them, with their headers.
    let buffer: ByteBuffer

    /// Whether it is what a connection has queued, and then that frame.
    fileprivate func fits(_ frame: Frame, behind queued: QueuedFrames) -> Bool {
        guard self.frame === frame else { return false }
        return switch queued {
        case .none: self.before == 0
        case .batch(let number, _): self.before == number
        case .own: false
        }
    }
}

/// What a connection has queued for the end of the tick.
enum QueuedFrames {
    case none
    /// The same as others.
    case batch(UInt32, ByteBuffer)
    /// Frames that it has alone.
    case own
}

extension ByteBuffer {
    /// Appends a server's frame.
    mutating func writeFrame(_ opcode: Opcode, _ payload: UnsafeRawBufferPointer) {
        self.reserveCapacity(minimumWritableBytes: FrameHeader.maximumServerBytes + payload.count)
        self.writeWithUnsafeMutableBytes(minimumWritableBytes: FrameHeader.maximumServerBytes) { header in
            FrameHeader.write(opcode, length: payload.count, to: header)
        }
        self.writeBytes(payload)
    }
}
