internal import FoundationEssentials
internal import GRDB
public import Messages
internal import Synchronization

extension MessageStore {
    /// Restores a room: what it must know to go on as if it had never left memory.
    ///
    /// What was appended for it before is waited for, and nothing that was appended for others.
    ///
    /// - Parameters:
    ///   - session: The session.
    ///   - site: Its site.
    /// - Returns: The room, with a new epoch if there was none.
    /// - Throws: A ``StoreError``, also if something of the room waits and can't be written.
    public func room(_ session: SessionID, of site: SiteID) async throws -> StoredRoom {
        guard await self.queue.barrier(for: RoomName(site: site, session: session)) else { throw self.failure }
        let run = self.status.withLock { $0.isLossy ? StoreRun.new() : $0.run }
        let (rows, now) = (self.rows, self.time.now())
        return try await self.read { db in
            var reader = RoomReader(rows: rows, now: now, run: run)
            return try reader.read(db, site: site, session: session)
        }
    }

    /// Why nothing can be written at the moment.
    private var failure: StoreError {
        switch self.health.state {
        case .failing(let error), .memoryOnly(let error): error
        case .healthy, .stopped: StoreError(.stopped, self.options.path, "nothing is written any more")
        }
    }

    /// Older messages of a room.
    ///
    /// - Parameters:
    ///   - session: The session.
    ///   - site: Its site.
    ///   - seq: Messages with a lower number are wanted; without it the newest.
    ///   - limit: How many at most, 1 through ``StoreOptions/historyMessages``.
    ///   - epoch: The run of numbers to show them in; nothing for the one in which each was stored.
    /// - Returns: The newest of them.
    /// - Throws: A ``StoreError``.
    public func history(
        _ session: SessionID,
        of site: SiteID,
        before seq: Int? = nil,
        limit: Int,
        in epoch: String? = nil
    ) async throws -> HistoryPage {
        let limit = min(max(1, limit), StoreOptions.historyMessages)
        let rows = self.rows
        return try await self.read { db in
            var find = try DirectStatement(
                """
                SELECT \(MessageRows.columns) FROM message JOIN room ON room.id = message.room
                WHERE room.site = ? AND room.session = ? AND message.seq < ? ORDER BY message.seq DESC LIMIT ?
                """,
                db
            )
            find.bind(site.rawValue)
            find.bind(session.rawValue)
            find.bind(seq ?? .max)
            find.bind(limit + 1)
            var messages: [StoredMessage] = []
            var damaged: [Int] = []
            var count = 0
            try find.each { row in
                count += 1
                guard count <= limit else { return false }
                switch try rows.message(row) {
                case .whole(let message): messages.append(epoch.map(message.moved) ?? message)
                case .damaged(let seq): damaged.append(seq)
                }
                return true
            }
            return HistoryPage(messages: messages.reversed(), isComplete: count <= limit, damaged: damaged)
        }
    }

    /// A message by its id: the newest one, where an id was used again.
    ///
    /// - Returns: The message, or nothing.
    /// - Throws: A ``StoreError``, `store-corrupt` if it is damaged.
    public func message(_ id: String, session: SessionID, of site: SiteID) async throws -> StoredMessage? {
        let (rows, path) = (self.rows, self.options.path)
        return try await self.read { db in
            let row = try Row.fetchOne(
                db,
                sql: """
                    SELECT \(MessageRows.columns) FROM room JOIN message ON message.room = room.id
                    WHERE room.site = ? AND room.session = ? AND message.name = ? ORDER BY +message.seq DESC LIMIT 1
                    """,
                arguments: [site.rawValue, session.rawValue, id]
            )
            guard let row else { return nil }
            guard case .whole(let message) = try rows.message(row) else {
                throw StoreError(.corrupt, path, "a message is damaged; restore a backup to have it again")
            }
            return message
        }
    }

    /// The turns that were opened and never ended, oldest first.
    ///
    /// To be asked at the start, before anything is appended. One whose message is damaged is left out.
    ///
    /// - Parameter limit: How many at most.
    /// - Returns: The turns with the messages that they are about.
    /// - Throws: A ``StoreError``.
    public func unfinishedTurns(limit: Int = 10_000) async throws -> [UnfinishedTurn] {
        let rows = self.rows
        return try await self.read { db in
            let found = try Row.fetchAll(
                db,
                sql: """
                    SELECT \(MessageRows.columns), turn.name AS turn, turn.attempt, turn.opened
                    FROM turn JOIN room ON room.id = turn.room
                    JOIN message ON message.room = turn.room AND message.seq = turn.seq
                    WHERE turn.outcome IS NULL ORDER BY turn.opened, turn.id LIMIT ?
                    """,
                arguments: [limit]
            )
            return try found.compactMap { row in
                guard case .whole(let message) = try rows.message(row) else { return nil }
                return UnfinishedTurn(
                    turn: row["turn"],
                    attempt: row["attempt"],
                    opened: Timestamp(milliseconds: row["opened"]),
                    message: message
                )
            }
        }
    }

    /// A turn with its trace.
    ///
    /// - Parameter turn: Its id.
    /// - Returns: Nothing if no such turn was opened.
    /// - Throws: A ``StoreError``, `store-corrupt` if the trace is damaged.
    public func trace(of turn: String) async throws -> StoredTurn? {
        let (codec, path) = (self.codec, self.options.path)
        return try await self.read { db in
            let row = try Row.fetchOne(
                db,
                sql: """
                    SELECT room.site, room.session, turn.seq, turn.attempt, turn.opened,
                    turn.outcome, turn.ended, turn.rule, turn.trace
                    FROM turn JOIN room ON room.id = turn.room WHERE turn.name = ?
                    """,
                arguments: [turn]
            )
            guard let row else { return nil }
            do {
                return try StoredTurn(row, turn: turn, codec)
            } catch is RecordCodec.Damaged {
                throw StoreError(.corrupt, path, "the trace of a turn is damaged; restore a backup to have it again")
            }
        }
    }
}

extension StoredTurn {
    fileprivate init(_ row: Row, turn: String, _ codec: RecordCodec) throws {
        guard let site = SiteID(row[0] as String), let session = SessionID(row[1] as String) else {
            throw RecordCodec.Damaged()
        }
        let seq: Int = row[2]
        var outcome: TurnOutcome?
        if let name = row[5] as String? {
            let place = RecordPlace.trace(site: site.rawValue, session: session.rawValue, seq: seq, turn: turn)
            outcome = TurnOutcome(
                turn: turn,
                outcome: name,
                time: Timestamp(milliseconds: row[6]),
                rule: row[7],
                trace: try (row[8] as Data?).map { try codec.open([UInt8]($0), at: place) } ?? TurnOutcome.noTrace
            )
        }
        self.init(
            turn: turn,
            site: site,
            session: session,
            seq: seq,
            attempt: row[3],
            opened: Timestamp(milliseconds: row[4]),
            outcome: outcome
        )
    }
}
