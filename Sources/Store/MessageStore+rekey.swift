internal import FoundationEssentials
internal import GRDB

extension MessageStore {
    /// Encrypts with the active key whatever is plain or was encrypted with another one.
    ///
    /// Goes on beside everything else, in small transactions, and ends with writing the file anew, for which commits
    /// wait. Every process that has the store open must know the active
    /// key by then. When it is done the other keys aren't needed any more; when it is ended before, it can be
    /// called again.
    ///
    /// - Parameter progress: Learns how far it has come.
    /// - Returns: How many records were encrypted anew.
    /// - Throws: A ``StoreError``: `missing-key` without an active key, `cancelled`, `store-corrupt` for a record that
    ///   can't be read. Erase its session or restore a backup then.
    @discardableResult
    public func rekey(progress: StoreProgress.Report = { _ in }) async throws -> Int {
        let path = self.options.path
        guard self.codec.keys != nil else {
            throw StoreError(.missingKey, path, "no key is given to encrypt it with; give one")
        }
        var changed = 0
        // A server that has yet to learn of the key may have written with another one meanwhile.
        for _ in 0..<3 {
            for table in SealedTable.allCases {
                changed += try await self.rekey(table, progress)
            }
            if try await self.forgetOtherKeys() {
                if changed > 0 { try await self.compact() }
                return changed
            }
        }
        throw StoreError(.unexpected, path, "a server writes with another key; restart it with the active one")
    }

    private func rekey(_ table: SealedTable, _ progress: StoreProgress.Report) async throws -> Int {
        let total = try await self.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM \(table.name)") ?? 0 }
        let codec = self.codec
        let path = self.options.path
        var after: Int64 = 0
        var (done, changed) = (0, 0)
        while true {
            guard !Task.isCancelled else { throw StoreError(.cancelled, path, "ended before everything was encrypted") }
            let start = after
            let step = try await self.write { db in try table.rekey(db, after: start, codec, path) }
            guard let last = step.last else { return changed }
            after = last
            done += step.rows
            changed += step.changed
            progress(StoreProgress(done: done, total: max(total, done)))
        }
    }

    /// Strikes off the keys that nothing is encrypted with.
    ///
    /// - Returns: Whether everything is encrypted with the active one.
    private func forgetOtherKeys() async throws -> Bool {
        let codec = self.codec
        return try await self.write { db in
            for table in SealedTable.allCases where try table.hasOthers(db, codec) { return false }
            try db.execute(sql: "DELETE FROM key WHERE id <> ?", arguments: [codec.keys?.active.id])
            try db.execute(sql: "INSERT OR REPLACE INTO meta (key, value) VALUES ('plain', 0)")
            return true
        }
    }

    /// Writes the file anew without anything that was deleted, and empties the log.
    ///
    /// `secure_delete` overwrites what is deleted where it lies, but SQLite leaves copies in the unused parts of pages
    /// when it moves rows from one to another. Commits wait meanwhile.
    func compact() async throws {
        do {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                self.pool.asyncWriteWithoutTransaction { db in
                    continuation.resume(with: Result { try db.execute(sql: "VACUUM") })
                }
            }
        } catch {
            throw StoreError(error, at: self.options.path)
        }
        try await self.emptyLog()
    }

    /// Writes what is in the log into the file and empties it, so that nothing old is left in it.
    ///
    /// - Throws: `store-locked` if somebody reads for as long as is waited.
    func emptyLog() async throws {
        do {
            let isBusy = try await withCheckedThrowingContinuation { continuation in
                self.pool.asyncWriteWithoutTransaction { db in
                    continuation.resume(
                        with: Result { try Int.fetchOne(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)") != 0 }
                    )
                }
            }
            guard !isBusy else {
                let explanation = "somebody reads it, so that its log can't be emptied; try again"
                throw StoreError(.locked, self.options.path, explanation)
            }
        } catch {
            throw StoreError(error, at: self.options.path)
        }
    }
}

/// A table with records.
private enum SealedTable: CaseIterable {
    case message, turn, room, comment

    var name: String {
        switch self {
        case .message: "message"
        case .turn: "turn"
        case .room: "room"
        case .comment: "comment"
        }
    }

    private var column: String {
        switch self {
        case .message, .comment: "record"
        case .turn: "trace"
        case .room: "state"
        }
    }

    /// Identifier, record and place of the rows that have one.
    private var rows: String {
        switch self {
        case .message:
            """
            SELECT message.id, record, room.site, room.session, message.epoch, message.seq, message.name
            FROM message JOIN room ON room.id = message.room
            """
        case .turn:
            """
            SELECT turn.id, trace, room.site, room.session, '', turn.seq, turn.name
            FROM turn JOIN room ON room.id = turn.room
            """
        case .room: "SELECT room.id, state, site, session, '', 0, '' FROM room"
        case .comment:
            """
            SELECT comment.id, record, room.site, room.session, '', 0, comment.message
            FROM comment JOIN room ON room.id = comment.room
            """
        }
    }

    private func place(_ row: Row) -> RecordPlace {
        switch self {
        case .message: .message(site: row[2], session: row[3], epoch: row[4], seq: row[5])
        case .turn: .trace(site: row[2], session: row[3], seq: row[5], turn: row[6])
        case .room: .conversation(site: row[2], session: row[3])
        case .comment: .comment(site: row[2], session: row[3], message: row[6])
        }
    }

    struct Step: Sendable {
        var last: Int64?
        var rows = 0
        var changed = 0
    }

    /// Encrypts some rows anew.
    func rekey(_ db: Database, after: Int64, _ codec: RecordCodec, _ path: String) throws -> Step {
        let found = try Row.fetchAll(
            db,
            sql: "\(self.rows) WHERE \(self.name).id > ? ORDER BY \(self.name).id LIMIT 500",
            arguments: [after]
        )
        var step = Step()
        let prefix = codec.prefix
        for row in found {
            step.last = row[0]
            step.rows += 1
            guard let record = (row[1] as Data?).map([UInt8].init), !record.starts(with: prefix) else { continue }
            guard let content = try? codec.open(record, at: self.place(row)) else {
                let explanation = "record \(row[0] as Int64) of \(self.name) is damaged; erase it or restore a backup"
                throw StoreError(.corrupt, path, explanation)
            }
            let update = try db.cachedStatement(sql: "UPDATE \(self.name) SET \(self.column) = ? WHERE id = ?")
            let sealed = Data(try codec.seal(content, at: self.place(row)))
            try update.execute(arguments: [sealed, row[0] as Int64])
            step.changed += 1
        }
        try KeyTable.count(step.changed, db, codec)
        return step
    }

    func hasOthers(_ db: Database, _ codec: RecordCodec) throws -> Bool {
        let prefix = Data(codec.prefix)
        return try Bool.fetchOne(
            db,
            sql: """
                SELECT EXISTS (SELECT 1 FROM \(self.name) WHERE \(self.column) IS NOT NULL
                AND substr(\(self.column), 1, ?) <> ?)
                """,
            arguments: [prefix.count, prefix]
        ) == true
    }
}
