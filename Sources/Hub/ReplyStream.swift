public import Messages
import Synchronization

/// A reply that comes piece by piece.
///
/// Safe on any thread. Whoever has it ends it: by ``end(_:finish:)`` or by ``cancel()``. Clients of the first form see the
/// whole text alone.
public struct ReplyStream: Sendable {
    /// The id that the whole message will have.
    public let replyID: String
    private let room: Room

    init(_ replyID: String, in room: Room) {
        self.replyID = replyID
        self.room = room
    }

    /// Shows the next piece, together with what came since the last one, and at most 20 times a second.
    ///
    /// - Parameter text: Follows what came before; what goes beyond the longest message is left out.
    public func append(_ text: String) { self.room.append(text, to: self.replyID) }

    /// Shows what was held back to show it together with the next piece.
    public func flush() { self.room.flushStream(self.replyID) }

    /// Stores and shows the whole reply.
    ///
    /// - Parameters:
    ///   - answer: What it says; its text is right where it differs from the pieces.
    ///   - finish: Why it ends.
    public func end(_ answer: Room.Answer, finish: Message.Finish = .complete) {
        self.room.end(self.replyID, answer, finish)
    }

    /// Gives the reply up: what was shown of it is stored as cut off, and nothing is where nothing was shown.
    ///
    /// - Returns: Whether something was shown.
    @discardableResult
    public func cancel() -> Bool { self.room.cancelStream(self.replyID) }
}

extension RoomState {
    /// A reply of which pieces are shown.
    struct OpenStream: Sendable {
        let replyID: String
        let turnID: String
        let inbound: InboundMessage
        let number: Int
        /// All that came.
        var text = ""
        /// Whether something was left out, so that nothing may follow.
        var isFull = false
        /// What of it has not been shown.
        var pending = ""
        /// The number of the next piece.
        var index = 0
        /// When the last one was shown.
        var shownAt: UInt64 = 0
        /// Members with this ``RoomState/Member/arrival`` or a later one came after the first piece.
        var firstLate: UInt32 = 0
        /// The number and the text of the reply, where it was posted whole before the stream has ended.
        var posted: (seq: Int, text: String)?
    }
}

extension Room {
    /// Begins a reply that comes piece by piece.
    ///
    /// - Parameters:
    ///   - inbound: The message that it answers.
    ///   - turnID: The turn that it belongs to.
    ///   - number: 1 for the first reply to that message, up to 3.
    /// - Returns: Nothing if the message has got that many replies already, or if another reply is under way.
    public func beginStream(to inbound: InboundMessage, turnID: String, number: Int = 1) -> ReplyStream? {
        self.state.withLock { state in
            guard state.hasFloor(inbound), state.streams.isEmpty, let id = state.replyID(to: inbound, number: number)
            else { return nil }
            state.streams.append(.init(replyID: id, turnID: turnID, inbound: inbound, number: number))
            return ReplyStream(id, in: self)
        }
    }

    /// Tells whoever answers that the visitor wants no more of a reply.
    ///
    /// Nothing happens where the reply isn't under way in this room.
    public func stop(_ replyID: String) {
        let isOpen = self.state.withLock { state in state.streams.contains { $0.replyID == replyID } }
        if isOpen { self.hub.subscriber.stop(replyID, in: self) }
    }

    fileprivate func append(_ text: String, to replyID: String) {
        let now = self.hub.clocks.nanoseconds()
        self.state.withLock { state in
            guard let index = state.streams.firstIndex(where: { $0.replyID == replyID }), !text.isEmpty,
                !state.streams[index].isFull
            else { return }
            let room = Limits.messageBytes - state.streams[index].text.utf8.count
            state.streams[index].isFull = text.utf8.count > room
            let piece = text.utf8.count <= room ? text : prefix(of: text, bytes: room)
            state.streams[index].text += piece
            state.streams[index].pending += piece
            self.flushStream(at: now, &state)
            self.scheduleTick(&state)
        }
    }

    fileprivate func flushStream(_ replyID: String) {
        let now = self.hub.clocks.nanoseconds()
        self.state.withLock { self.flushStream(at: now, &$0) }
    }

    /// Shows what is pending, unless the last piece was shown a moment ago.
    ///
    /// Called with the lock held.
    func flushStream(at now: UInt64, _ state: inout RoomState) {
        guard let stream = state.streams.first, !stream.pending.isEmpty,
            stream.index == 0 || now >= stream.shownAt + HubOptions.pieceNanoseconds
        else { return }
        if stream.index == 0 {
            state.streams[0].firstLate = state.nextMember
            let start = ServerFrame.replyStart(
                replyID: stream.replyID,
                turnID: stream.turnID,
                inReplyTo: stream.inbound.message.id
            )
            self.show(Frame(start), state)
        }
        let piece = ServerFrame.replyDelta(replyID: stream.replyID, index: stream.index, text: stream.pending)
        self.show(Frame(piece, .piece), state)
        state.streams[0].pending = ""
        state.streams[0].index += 1
        state.streams[0].shownAt = now
    }

    fileprivate func end(_ replyID: String, _ answer: Answer, _ finish: Message.Finish) {
        let timestamp = self.hub.clocks.timestamp()
        self.state.withLock { state in
            guard let stream = state.streams.first, stream.replyID == replyID else { return }
            self.finish(stream, answer, finish, at: timestamp, &state)
        }
    }

    fileprivate func cancelStream(_ replyID: String) -> Bool {
        let timestamp = self.hub.clocks.timestamp()
        return self.state.withLock { state in
            guard let stream = state.streams.first, stream.replyID == replyID else { return false }
            guard stream.index > 0 else {
                state.streams = []
                return false
            }
            self.finish(stream, Answer(stream.text), .error, at: timestamp, &state)
            return true
        }
    }

    /// Stores and shows the message, then the end of the stream.
    ///
    /// Called with the lock held.
    private func finish(
        _ stream: RoomState.OpenStream,
        _ answer: Answer,
        _ finish: Message.Finish,
        at timestamp: Timestamp,
        _ state: inout RoomState
    ) {
        let frame = state.reply(to: stream.inbound, number: stream.number) { id in
            var message = Message(answer, id: id, at: timestamp, inReplyTo: stream.inbound.message.id)
            message.finish = finish
            return message
        }
        if let frame { for member in state.members { member.link.send(frame) } }
        self.keep(&state)
        if stream.index > 0 {
            // Whoever posted the reply whole decided what it says.
            let posted = stream.posted ?? (state.recent.top, answer.text)
            let end = ServerFrame.replyEnd(
                replyID: stream.replyID,
                text: posted.text,
                finish: finish,
                seq: posted.seq,
                epoch: state.epoch
            )
            self.show(Frame(end), state)
        }
        state.streams = []
    }

    /// Sends a frame to those who have seen the stream begin.
    private func show(_ frame: Frame, _ state: RoomState) {
        guard let firstLate = state.streams.first?.firstLate else { return }
        for member in state.members where member.mode == .v1 && member.arrival < firstLate { member.link.send(frame) }
    }
}

/// The longest prefix that fits and ends with a whole character.
private func prefix(of text: String, bytes: Int) -> String {
    var count = 0
    return String(
        text.prefix { character in
            count += character.utf8.count
            return count <= bytes
        }
    )
}
