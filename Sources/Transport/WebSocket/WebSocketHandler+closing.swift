import Hub
import Messages
import NIOCore

// MARK: Time

extension WebSocketHandler {
    /// Sets a deadline when a message stays incomplete, and takes it away when it is whole.
    func watchMessage() {
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
    func fail(_ violation: FrameParser.Violation) {
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
    func answerClose(_ code: CloseCode?) {
        guard self.state == .open, let context = self.context else { return }
        if let code { self.queueClose(code, reason: "") } else { self.queue(.close, []) }
        self.state = .closing
        self.flushQueued()
        self.leave(isPageLeft: code == .goingAway)
        context.close(promise: nil)
    }

    func closeFromHub(_ code: CloseCode, reason: String) { self.startClosing(code, reason: reason) }

    /// Tells the client to come back later, and lets it go once its turn is answered.
    func drain() {
        guard case .chat(_, let mode, _) = self.endpoint else {
            self.startClosing(.goingAway, reason: "going away")
            return
        }
        guard self.drainSeconds == nil, self.state == .open else { return }
        self.drainSeconds = self.loop.answerSeconds
        self.drainMilliseconds = UInt16.random(in: 100...self.loop.drainSpreadMilliseconds)
        if mode == .v1 {
            let milliseconds = Int(self.drainMilliseconds)
            self.queue(.text, ServerFrame.reconnect(afterMilliseconds: milliseconds, reason: "drain"))
        }
        self.finishDrain()
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

    private func queueClose(_ code: CloseCode, reason: String) {
        self.loop.metrics.closed(code)
        var payload = [UInt8(code.rawValue >> 8), UInt8(code.rawValue & 0xFF)]
        payload.append(contentsOf: reason.utf8.prefix(123))
        self.queue(.close, payload)
    }

    private func leave(isPageLeft: Bool = false) {
        if case .chat(let room, _, _) = self.endpoint { room.leave(self, isPageLeft: isPageLeft) }
    }

    func end() {
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
