import Access
import Hub
import Messages
import NIOCore
import Synchronization

/// A stream of server-sent events (WHATWG HTML section 9.2) as the hub sees it: frames wait here until the request's task
/// writes them.
final class EventStreamLink: RequestLink {
    fileprivate struct State {
        var frames: ArraySlice<(frame: Frame, isReplay: Bool)> = []
        /// Bytes of frames that are no replay: those are the room's own messages and cost nothing here.
        var liveBytes = 0
        var isBeatDue = false
        var end: RequestEnd?
        /// The task that writes, while it waits.
        var waiting: CheckedContinuation<Void, Never>?
    }

    let connection: ObjectIdentifier
    let grant: Grant?
    let room: Room
    private let channel: any Channel
    private let metrics: ServerMetrics
    private let state = Mutex(State())

    /// Bytes that may wait for a client that doesn't read.
    static let maximumBytes = 256 * 1_024
    /// Bytes from which on what may be lost is left out.
    private static let crowdedBytes = 64 * 1_024
    /// Bytes that are written at a time.
    fileprivate static let chunkBytes = 64 * 1_024

    /// - Parameters:
    ///   - channel: The request's connection.
    ///   - room: Its room.
    ///   - grant: What its token gives.
    ///   - metrics: Where it is counted what is left out.
    init(on channel: any Channel, in room: Room, grant: Grant?, metrics: ServerMetrics) {
        self.connection = ObjectIdentifier(channel)
        self.channel = channel
        self.grant = grant
        self.room = room
        self.metrics = metrics
    }

    func send(_ frame: Frame) {
        var isTooSlow = false
        self.change { state in
            // Nobody would write them any more.
            guard state.end == nil else { return }
            if state.liveBytes >= Self.crowdedBytes, self.metrics.drops(frame) { return }
            state.frames.append((frame, false))
            state.liveBytes += frame.json.count
            isTooSlow = state.liveBytes > Self.maximumBytes
            if isTooSlow { (state.end, state.frames) = (.slow, []) }
        }
        guard isTooSlow else { return }
        // The task that writes waits until the client reads, which it may never do.
        self.channel.eventLoop.execute { [channel = self.channel] in channel.close(promise: nil) }
    }

    func replay(_ frames: [Frame]) { self.change { $0.frames += frames.map { ($0, true) } } }

    func close(_ code: CloseCode, reason: String) { self.end(.gone) }

    func end(_ reason: RequestEnd) { self.change { $0.end = $0.end ?? reason } }

    /// Has a comment written, so that nobody on the way takes the silence for an end.
    func beat() { self.change { $0.isBeatDue = true } }

    private func change(_ body: (inout State) -> Void) {
        let waiting = self.state.withLock { state in
            body(&state)
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume()
    }

    /// What is to be written next, as soon as there is something.
    ///
    /// - Returns: Whole events; nothing at the end, whose reason is ``reason``.
    func next() async -> ByteBuffer? {
        while true {
            let step = self.state.withLock { $0.next(self.room.epoch) }
            switch step {
            case .write(let buffer): return buffer
            case .end: return nil
            case .wait: await self.wait()
            }
        }
    }

    /// Why it ended.
    var reason: RequestEnd? { self.state.withLock { $0.end } }

    private func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isIdle = self.state.withLock { state in
                    guard state.isIdle else { return false }
                    state.waiting = continuation
                    return true
                }
                if !isIdle { continuation.resume() }
            }
        } onCancel: {
            self.end(.gone)
        }
    }

    fileprivate enum Step { case write(ByteBuffer), end, wait }
}

extension EventStreamLink.State {
    fileprivate var isIdle: Bool { self.frames.isEmpty && !self.isBeatDue && self.end == nil }

    fileprivate mutating func next(_ epoch: String) -> EventStreamLink.Step {
        // A client that doesn't read gets nothing more; anybody else gets what was sent before the end.
        switch self.end {
        case .slow?, .gone?, .replaced?, .revoked?: return .end
        case .expired?, .draining?: if self.frames.isEmpty { return .end }
        case nil: break
        }
        guard !self.isIdle else { return .wait }
        var buffer = ByteBuffer()
        if exchange(&self.isBeatDue, with: false) { buffer.writeStaticString(": \n\n") }
        while buffer.readableBytes < EventStreamLink.chunkBytes, let (frame, isReplay) = self.frames.popFirst() {
            if !isReplay { self.liveBytes -= frame.json.count }
            buffer.writeEvent(isReplay ? ServerFrame.replayed(frame.json) : frame.json, seq: frame.seq, of: epoch)
        }
        return .write(buffer)
    }
}

extension ByteBuffer {
    /// Appends one event; a numbered message says where a client stands that has it.
    mutating func writeEvent(_ json: [UInt8], seq: Int = 0, of epoch: String = "") {
        if seq > 0 { self.writeString("id: \(epoch):\(seq)\n") }
        self.writeStaticString("data: ")
        self.writeBytes(json)
        self.writeStaticString("\n\n")
    }
}
