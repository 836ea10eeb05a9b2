internal import FoundationEssentials
internal import GRDB
internal import Messages

extension MessageStore {
    /// What decides who is let in, as it was kept; what has run out is removed.
    ///
    /// To be asked at the start, by the server.
    ///
    /// - Returns: The entries, in the order of their keys.
    /// - Throws: A ``StoreError``.
    public func accessEntries() async throws -> [AccessEntry] {
        let now = self.time.now().milliseconds
        return try await self.write { db in
            try db.execute(sql: "DELETE FROM access WHERE expires < ?", arguments: [now])
            let sql = "SELECT key, site, session, value, expires FROM access ORDER BY key"
            return try Row.fetchAll(db, sql: sql).map { row in
                AccessEntry(
                    key: row[0],
                    site: (row[1] as String?).flatMap { SiteID($0) },
                    session: (row[2] as String?).flatMap { SessionID($0) },
                    value: [UInt8](row[3] as Data),
                    expires: Timestamp(milliseconds: row[4])
                )
            }
        }
    }

    /// Waits until everything that was appended is written.
    ///
    /// - Returns: Whether it is; not while nothing can be written.
    @discardableResult
    public func flush() async -> Bool { await self.queue.barrier() }
}

extension EntryWriter {
    mutating func write(_ access: AccessEntry, to db: Database) throws -> AppendOutcome {
        guard let value = access.value else {
            try db.execute(sql: "DELETE FROM access WHERE key = ?", arguments: [access.key])
            return .committed
        }
        if let visitor = access.visitor, let site = access.site, let session = access.session {
            let room = try self.room(site, session, part: nil)
            self.note(visitor: visitor, of: room.id)
        }
        try db.cachedStatement(
            sql: "INSERT OR REPLACE INTO access (key, site, session, value, expires) VALUES (?, ?, ?, ?, ?)"
        )
        .execute(
            arguments: [
                access.key, access.site?.rawValue, access.session?.rawValue, Data(value), access.expires.milliseconds,
            ]
        )
        return .committed
    }
}
