import Access
import Hub
import Messages

// MARK: The endpoint of a room

extension WebSocketHandler: Link {
    func send(_ frame: Frame) { self.loop.post(frame, to: self) }

    func replay(_ frames: [Frame]) { self.loop.postReplay(frames, to: self) }

    func close(_ code: CloseCode, reason: String) { self.loop.postClose(code, reason: reason, to: self) }

    func receive(_ bytes: UnsafeBufferPointer<UInt8>, _ room: Room, _ mode: ProtocolMode, _ page: String) {
        do throws(ClientError) {
            let frame = try self.loop.frameReader.read(bytes, session: room.session, mode: mode)
            try self.checkDesk(frame, room)
            switch frame {
            case .user(let message) where self.drainSeconds != nil:
                throw ClientError(
                    .unavailable,
                    "the server is about to stop",
                    retryAfterMilliseconds: Int(self.drainMilliseconds),
                    id: message.id
                )
            case .user(var message):
                message.origin = MessageOrigin(
                    request: self.name,
                    trace: self.trace?.parent,
                    visitor: self.lease?.grant.verifiedVisitor
                )
                try self.loop.addresses.take(message.id, of: self.address, for: room.key.site, at: self.loop.clocks)
                let acknowledgement =
                    if let agent {
                        try room.say(message, by: agent, from: self)
                    } else {
                        try room.accept(message, page: page, from: self, mode: mode)
                    }
                self.loop.metrics.took(acknowledgement, overWebSocket: true)
            case .conversation(let state): try room.change(to: state, by: self.agent ?? .visitor)
            case .resume(let position):
                try room.resume(self, from: position, expiresInSeconds: self.secondsLeft)
            case .refresh(let token): try self.refresh(token)
            case .history(let request):
                try room.history(request) { result in
                    switch result {
                    case .success(let json): self.send(Frame(json))
                    case .failure(let error): self.send(Frame(ServerFrame.error(error)))
                    }
                }
            case .typing(let isWriting): room.typing(isWriting, by: self.agent ?? .visitor)
            case .presence: try room.presence(to: self)
            case .stop(let replyID): room.stop(replyID)
            // A sign of life was noted when it arrived.
            case .pong: break
            }
        } catch {
            self.refuse(error, mode)
        }
    }

    func refuse(_ error: ClientError, _ mode: ProtocolMode) {
        let frame = mode == .v1 ? ServerFrame.error(error) : ServerFrame.seedError(error)
        self.queue(.text, frame)
        self.loop.metrics.refused(error.code)
        self.count(error.code)
    }

    /// Ends the connection of a client that is refused again and again.
    ///
    /// A text that is too long or a position that is too old says nothing about a client.
    func count(_ code: ErrorCode) {
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
    /// The agent whose connection it is; nothing for others.
    var agent: Author? {
        guard let grant = self.lease?.grant, grant.role == .agent else { return nil }
        return Author(.agent, name: grant.name)
    }

    /// Refuses what belongs into a conversation where there is only the list of them.
    private func checkDesk(_ frame: ClientFrame, _ room: Room) throws(ClientError) {
        guard self.lease?.grant.role == .agent, self.lease?.grant.session == room.session else { return }
        switch frame {
        case .user, .typing, .stop, .conversation:
            throw ClientError(
                .badRequest,
                "this is the desk; connect with the session of a conversation",
                detail: "desk"
            )
        case .resume, .history, .refresh, .presence, .pong: return
        }
    }

    /// For how many whole seconds the token is still good; nothing without one.
    var secondsLeft: Int? { self.lease.map { self.loop.desk.secondsLeft(of: $0.grant) } }

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
