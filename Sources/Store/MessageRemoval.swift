internal import FoundationEssentials
internal import GRDB
internal import Messages

/// Deletes messages with everything that belongs to them, within a transaction.
struct MessageRemoval: Sendable {
    let codec: RecordCodec

    struct Count: Hashable, Sendable {
        var messages = 0
        var turns = 0
        var feedback = 0
        var rooms = 0
        /// Records whose words are still in the index of texts, since they were damaged.
        var unindexed = 0
        var lastID: Int64?

        static func + (left: Count, right: Count) -> Count {
            Count(
                messages: left.messages + right.messages,
                turns: left.turns + right.turns,
                feedback: left.feedback + right.feedback,
                rooms: left.rooms + right.rooms,
                unindexed: left.unindexed + right.unindexed,
                lastID: right.lastID
            )
        }
    }

    /// Deletes the first messages, in an order that an index has, that a condition on `message` and `room` holds for: 500 at
    /// most.
    ///
    /// - Returns: What was deleted; no messages when there is none left.
    func remove(
        where condition: String,
        _ arguments: StatementArguments,
        by order: String,
        _ db: Database
    ) throws -> Count {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT message.id, message.room, message.seq, message.name, record, room.site, room.session, epoch
                FROM message CROSS JOIN room ON room.id = message.room WHERE \(condition)
                ORDER BY \(order) LIMIT 500
                """,
            arguments: arguments
        )
        var count = Count()
        for row in rows {
            if self.codec.keys == nil, try !self.unindex(row, db) { count.unindexed += 1 }
            let (id, room, seq): (Int64, Int64, Int) = (row[0], row[1], row[2])
            count.turns += try self.delete("turn WHERE room = ? AND seq = ?", [room, seq], db)
            _ = try self.delete("follow_up WHERE room = ? AND seq = ?", [room, seq], db)
            _ = try self.delete("comment WHERE room = ? AND message = ?", [room, row[3] as String], db)
            count.feedback += try self.delete("feedback WHERE room = ? AND message = ?", [room, row[3] as String], db)
            count.messages += try self.delete("message WHERE id = ?", [id], db)
        }
        return count
    }

    /// Deletes a room that has no messages any more.
    func remove(room: Int64, _ db: Database) throws -> Count {
        var count = Count()
        count.turns = try self.delete("turn WHERE room = ?", [room], db)
        _ = try self.delete("comment WHERE room = ?", [room], db)
        _ = try self.delete("follow_up WHERE room = ?", [room], db)
        count.feedback = try self.delete("feedback WHERE room = ?", [room], db)
        let session = "(SELECT site, session FROM room WHERE id = ?)"
        _ = try self.delete("access WHERE (site, session) IN \(session)", [room], db)
        count.rooms = try self.delete("room WHERE id = ?", [room], db)
        return count
    }

    private func delete(_ rows: String, _ arguments: StatementArguments, _ db: Database) throws -> Int {
        let delete = try db.cachedStatement(sql: "DELETE FROM \(rows)")
        try delete.execute(arguments: arguments)
        return db.changesCount
    }

    /// Strikes a message off the index.
    ///
    /// - Returns: Whether its words are known.
    private func unindex(_ row: Row, _ db: Database) throws -> Bool {
        let place = RecordPlace.message(site: row[5], session: row[6], epoch: row[7], seq: row[2])
        guard let content = try? MessageContent(self.codec.open([UInt8](row[4] as Data), at: place)) else {
            return false
        }
        try SearchIndex.remove(row[0], content.frame, db)
        return true
    }
}

extension MessageStore {
    var removal: MessageRemoval { MessageRemoval(codec: self.codec) }

    /// Takes the words of messages that are gone out of the index of texts.
    ///
    /// - Parameter isDamaged: Whether some of those messages couldn't be read, so that the index is made anew.
    /// - Throws: A ``StoreError``.
    func cleanIndex(isDamaged: Bool) async throws {
        guard self.codec.keys == nil else { return }
        if isDamaged { try await self.rebuildIndex() }
        var isFirst = true
        repeat {
            let first = isFirst
            guard try await self.write({ db in try SearchIndex.merge(isFirst: first, db) }) else { return }
            isFirst = false
        } while true
    }

    private func rebuildIndex() async throws {
        let until = try await self.write { db in
            try db.execute(sql: "DROP TABLE search")
            try SearchIndex.prepare(db, isEncrypted: false)
            return try Int64.fetchOne(db, sql: "SELECT max(id) FROM message") ?? 0
        }
        let scan = MessageScan(rows: self.rows, filter: StoreFilter(), direction: .oldestFirst)
        var last: Int64? = 0
        while let start = last, start < until {
            last = try await self.write { db in
                let step = try scan.step(db, from: start)
                // What came meanwhile was indexed when it came.
                for item in step.items where item.id <= until { try SearchIndex.add(item.id, item.message.frame, db) }
                return step.last
            }
        }
    }
}
