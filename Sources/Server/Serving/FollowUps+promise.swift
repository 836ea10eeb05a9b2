internal import Crypto
internal import FoundationEssentials
internal import Hub
internal import Messages
internal import Responders
internal import Store

extension FollowUps {
    /// One promise, until it is kept or its time is over.
    final class Promise: Sendable {
        /// Where the reply is to be shown.
        private enum Place: Sendable {
            /// Of a turn of this run of the server.
            case room(Room, InboundMessage)
            /// Of one of an earlier run, whose room may be in the store alone.
            case stored(Hub, StoreLog)
        }

        /// As it is kept.
        let entry: FollowUpEntry
        /// From now on.
        let timeToLive: Duration
        private let place: Place
        private let kept = Interruption()

        var turn: String { self.entry.turn }

        init(_ followUp: FollowUp, _ number: Int, _ message: InboundMessage, in room: Room, at now: Timestamp) {
            let milliseconds = Int64(followUp.timeToLive / .milliseconds(1))
            self.entry = FollowUpEntry(
                turn: message.turnID,
                site: room.key.site,
                session: room.key.session,
                seq: message.seq,
                number: number,
                digest: Array(SHA256.hash(data: Data(followUp.token.utf8))),
                promised: now,
                expires: Timestamp(milliseconds: now.milliseconds + milliseconds)
            )
            self.timeToLive = followUp.timeToLive
            self.place = .room(room, message)
        }

        init(_ entry: FollowUpEntry, in hub: Hub, _ log: StoreLog, at now: Timestamp) {
            self.entry = entry
            // A clock that was set back makes it no longer than it was.
            let left = Duration.milliseconds(entry.expires.milliseconds - now.milliseconds)
            self.timeToLive = min(max(left, .zero), FollowUp.longestTime)
            self.place = .stored(hub, log)
        }

        /// Keeps the room in memory until ``end()``.
        func hold() { if case .room(let room, _) = self.place { room.hold() } }

        /// Nobody waits any more.
        func end() {
            if case .room(let room, _) = self.place { room.letGo() }
            self.kept.cancel()
        }

        /// Waits for ``end()``, or until the task is cancelled.
        func untilEnded() async { await self.kept.wait() }

        /// Shows a reply as the one that was promised, unless somebody else has the conversation.
        ///
        /// - Parameter make: Makes it for its room.
        /// - Returns: Whether the message is still there that it answers.
        /// - Throws: `unavailable` where the room can't be read now.
        func show(_ make: (Room) -> Room.Answer) async throws(ClientError) -> Bool {
            switch self.place {
            case .room(let room, let message):
                room.reply(make(room), to: message, number: self.entry.number)
                return true
            case .stored(let hub, let log):
                let key = RoomKey(site: self.entry.site, session: self.entry.session)
                guard let stored = try await log.message(self.entry.seq, in: key) else { return false }
                try await hub.open(key)
                let room = try hub.pin(key.session, of: key.site)
                defer { room.cancelReservation() }
                let message = Message(
                    .user,
                    stored.text,
                    id: stored.id,
                    at: stored.time,
                    context: MessageContext(ofFrame: stored.frame)
                )
                guard let earlier = room.earlier(message, seq: stored.seq, page: stored.page, turnID: self.turn) else {
                    return true
                }
                room.texts = ServerTexts.of(message.context.text("locale"))
                room.reply(make(room), to: earlier, number: self.entry.number)
                return true
            }
        }

        /// Tells the visitor that nothing comes, of a turn of this run of the server.
        func tell() {
            guard case .room(let room, let message) = self.place else { return }
            room.reply(Room.Answer(room.texts.promiseMissed), to: message, number: self.entry.number)
            self.end()
        }
    }
}
