internal import Hub
internal import Logging
internal import Messages
internal import ServiceLifecycle
internal import Store

/// Looks after the turns that the last run of the server left open: each is answered now, or its visitor is told.
struct UnfinishedTurns: Service {
    let log: StoreLog
    let hub: Hub
    let runner: TurnRunner
    let clocks: any Clocks
    let logger: Logger

    /// A visitor who asked longer ago is told instead, in milliseconds: an hour.
    static let longestMilliseconds: Int64 = 3_600_000
    /// How often a turn is tried before its visitor is told: it may be what stopped the server.
    static let attempts = 3

    func run() async throws {
        do {
            for turn in try await self.log.store.unfinishedTurns() { await self.finish(turn) }
        } catch {
            // They are tried again at the next start.
            self.logger.error("Open turns can't be read", metadata: ["store.error": "\(error)"])
        }
        try? await gracefulShutdown()
    }

    private func finish(_ turn: UnfinishedTurn) async {
        let stored = turn.message
        let key = RoomKey(site: stored.site, session: stored.session)
        guard (try? await self.hub.open(key)) != nil, let room = try? self.hub.pin(key.session, of: key.site) else {
            return
        }
        defer { room.cancelReservation() }
        let age = self.clocks.timestamp().milliseconds - stored.time.milliseconds
        let message = Message(
            .user,
            stored.text,
            id: stored.id,
            at: stored.time,
            context: MessageContext(ofFrame: stored.frame)
        )
        guard turn.attempt < Self.attempts, age < Self.longestMilliseconds else {
            let inbound = room.abandoned(
                message,
                seq: stored.seq,
                page: stored.page,
                turnID: turn.turn,
                attempt: turn.attempt + 1
            )
            return self.runner.abandon(inbound, in: room)
        }
        let opening = TurnOpening(turn: turn.turn, attempt: turn.attempt + 1)
        self.log.store.append(.turnOpened(opening, site: key.site, session: key.session, seq: stored.seq))
        // It may have been answered, and the server stopped before that was noted.
        let attempt = opening.attempt
        if !room.deliverAgain(message, seq: stored.seq, page: stored.page, turnID: turn.turn, attempt: attempt) {
            self.log.turnEnded(turn.turn, "answered")
        }
    }
}
