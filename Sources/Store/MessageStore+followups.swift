internal import FoundationEssentials
internal import GRDB
internal import Messages

extension MessageStore {
    /// The promised replies that may still come, and those that nobody was told of yet, the oldest promise first.
    ///
    /// To be asked at the start, by the server.
    ///
    /// - Parameter limit: How many at most.
    /// - Returns: Those without an ending.
    /// - Throws: A ``StoreError``.
    public func openFollowUps(limit: Int = 10_000) async throws -> [FollowUpEntry] {
        try await self.read { db in
            let sql = "\(FollowUpEntry.columns) WHERE follow_up.result IS NULL ORDER BY follow_up.promised LIMIT ?"
            return try Row.fetchAll(db, sql: sql, arguments: [limit]).compactMap(FollowUpEntry.init)
        }
    }

    /// The promised reply of a turn; nothing where none was promised.
    ///
    /// - Parameter turn: The turn's id.
    /// - Returns: The promise, with its ending where it has one.
    /// - Throws: A ``StoreError``.
    public func followUp(of turn: String) async throws -> FollowUpEntry? {
        try await self.read { db in
            try Row.fetchOne(db, sql: "\(FollowUpEntry.columns) WHERE follow_up.turn = ?", arguments: [turn])
                .flatMap(FollowUpEntry.init)
        }
    }
}

extension FollowUpEntry {
    fileprivate static let columns = """
        SELECT turn, room.site, room.session, seq, number, digest, promised, expires, result, ended
        FROM follow_up JOIN room ON room.id = follow_up.room
        """

    fileprivate init?(_ row: Row) {
        guard let site = SiteID(row[1] as String), let session = SessionID(row[2] as String) else { return nil }
        self.init(
            turn: row[0],
            site: site,
            session: session,
            seq: row[3],
            number: row[4],
            digest: [UInt8](row[5] as Data),
            promised: Timestamp(milliseconds: row[6]),
            expires: Timestamp(milliseconds: row[7]),
            ending: (row[8] as String?).flatMap(FollowUpEnding.Result.init).map {
                FollowUpEnding($0, at: Timestamp(milliseconds: row[9]))
            }
        )
    }
}

extension EntryWriter {
    func write(_ followUp: FollowUpEntry, to db: Database) throws -> AppendOutcome {
        // Of a message that was erased meanwhile nothing may be left.
        try db.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO follow_up
                (turn, number, digest, promised, expires, result, ended, room, seq)
                SELECT ?, ?, ?, ?, ?, ?, ?, message.room, message.seq
                FROM message JOIN room ON room.id = message.room
                WHERE room.site = ? AND room.session = ? AND message.seq = ?
                """
        )
        .execute(
            arguments: [
                followUp.turn, followUp.number, Data(followUp.digest), followUp.promised.milliseconds,
                followUp.expires.milliseconds, followUp.ending?.result.rawValue, followUp.ending?.time.milliseconds,
                followUp.site.rawValue, followUp.session.rawValue, followUp.seq,
            ]
        )
        return .committed
    }

    /// Notes what became of a promise; the first ending counts.
    func end(_ turn: String, _ ending: FollowUpEnding, _ db: Database) throws -> AppendOutcome {
        try db.cachedStatement(sql: "UPDATE follow_up SET result = ?, ended = ? WHERE turn = ? AND result IS NULL")
            .execute(arguments: [ending.result.rawValue, ending.time.milliseconds, turn])
        return db.changesCount == 1 ? .committed : .duplicate(seq: nil)
    }
}
