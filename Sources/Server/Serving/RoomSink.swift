internal import Hub
internal import Messages
internal import Responders
internal import Synchronization

/// Shows replies in a room while their turn still runs.
final class RoomSink: ReplySink {
    private struct State {
        var stream: ReplyStream?
        /// Tells the responder that the visitor wants no more.
        var stop: (@Sendable () -> Void)?
    }

    private let room: Room
    private let message: InboundMessage
    private let state = Mutex(State())

    init(_ room: Room, _ message: InboundMessage) {
        self.room = room
        self.message = message
    }

    func show(_ reply: Reply, number: Int) {
        self.room.reply(Room.Answer(reply), to: self.message, number: number)
    }

    func begin(number: Int, stop: @escaping @Sendable () -> Void) -> Bool {
        guard let stream = self.room.beginStream(to: self.message, turnID: self.message.turnID, number: number) else {
            return false
        }
        self.state.withLock { $0 = State(stream: stream, stop: stop) }
        return true
    }

    func append(_ piece: String) { self.state.withLock { $0.stream }?.append(piece) }

    func end(_ reply: Reply, _ finish: StreamFinish) {
        let stream = self.state.withLock { state in
            defer { state = State() }
            return state.stream
        }
        stream?.end(Room.Answer(reply), finish: Message.Finish(finish))
    }

    /// Ends the reply that is under way, if there is one.
    func stop() { self.state.withLock { $0.stop }?() }

    /// Ends a reply of which the visitor wants no more; nothing happens where it isn't under way.
    func stop(_ replyID: String) {
        let stop = self.state.withLock { state in state.stream?.replyID == replyID ? state.stop : nil }
        stop?()
    }
}

extension Message.Finish {
    fileprivate init(_ finish: StreamFinish) {
        self =
            switch finish {
            case .complete: .complete
            case .stopped: .stopped
            case .error: .error
            case .timeout: .timeout
            }
    }
}
