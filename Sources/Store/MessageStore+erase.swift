internal import GRDB
public import Messages

/// Says that everything of a visitor is gone.
public struct ErasureCertificate: Hashable, Sendable {
    public let site: SiteID
    /// Whose messages they were.
    public let sessions: [SessionID]
    public let time: Timestamp
    public let messages: Int
    /// Turns, with their traces.
    public let turns: Int
    public let feedback: Int
}

extension MessageStore {
    /// Removes everything of a session from the store's files.
    ///
    /// Its words are taken out of the index, the file is written anew and the log is emptied; commits wait for that.
    /// Backups are not touched. What is appended for the session later is a new room, so close it first.
    ///
    /// - Parameters:
    ///   - session: The session.
    ///   - site: Its site.
    ///   - progress: Learns how far it has come.
    /// - Returns: What was removed; nothing of a session that isn't there.
    /// - Throws: A ``StoreError``: `store-locked` if somebody reads for so long that the log can't be emptied, `cancelled`.
    ///   Call it again then: what is gone stays gone, and the certificate counts it.
    public func erase(
        _ session: SessionID,
        of site: SiteID,
        progress: StoreProgress.Report = { _ in }
    ) async throws -> ErasureCertificate {
        // Who holds a token need not have said anything.
        try await self.write { db in
            try db.execute(
                sql: "DELETE FROM access WHERE site = ? AND session = ?",
                arguments: [site.rawValue, session.rawValue]
            )
        }
        return try await self.erase("room.site = ? AND room.session = ?", session.rawValue, site, progress)
    }

    /// Removes everything of all sessions of a verified visitor.
    ///
    /// - Parameters:
    ///   - visitor: As of ``MessageEntry/visitor``.
    ///   - site: The site that knows the visitor.
    ///   - progress: Learns how far it has come.
    /// - Returns: What was removed.
    /// - Throws: As ``erase(_:of:progress:)``.
    public func erase(
        visitor: String,
        of site: SiteID,
        progress: StoreProgress.Report = { _ in }
    ) async throws -> ErasureCertificate {
        try await self.erase("room.site = ? AND room.visitor = ?", visitor, site, progress)
    }

    /// The sessions of a verified visitor.
    ///
    /// - Parameters:
    ///   - visitor: As of ``MessageEntry/visitor``.
    ///   - site: The site that knows the visitor.
    /// - Returns: Those that the store has something of.
    /// - Throws: A ``StoreError``.
    public func sessions(of visitor: String, at site: SiteID) async throws -> [SessionID] {
        try await self.read { db in
            let sql = "SELECT session FROM room WHERE site = ? AND visitor = ? ORDER BY id"
            return try String.fetchAll(db, sql: sql, arguments: [site.rawValue, visitor]).compactMap { SessionID($0) }
        }
    }

    /// How many messages a session has; nothing where the store doesn't know it.
    ///
    /// - Throws: A ``StoreError``.
    public func messageCount(of session: SessionID, at site: SiteID) async throws -> Int? {
        try await self.read { db in
            try Int.fetchOne(
                db,
                sql: """
                    SELECT (SELECT count(*) FROM message WHERE message.room = room.id) FROM room
                    WHERE site = ? AND session = ?
                    """,
                arguments: [site.rawValue, session.rawValue]
            )
        }
    }

    private func erase(
        _ condition: String,
        _ name: String,
        _ site: SiteID,
        _ progress: StoreProgress.Report
    ) async throws -> ErasureCertificate {
        // What waits to be written would come after.
        guard await self.queue.barrier() else {
            throw StoreError(.locked, self.options.path, "messages wait and can't be written; mend that first")
        }
        let rooms = try await self.read { db in
            try Row.fetchAll(
                db,
                sql: "SELECT id, session FROM room WHERE \(condition)",
                arguments: [site.rawValue, name]
            )
            .map { ($0[0] as Int64, $0[1] as String) }
        }
        // What calls before this one have removed, which were ended before they could certify it.
        let record = ErasureRecord(of: condition, name, site)
        let before = try await self.read { db in try record.read(db) }
        let names = before.sessions + rooms.map(\.1).filter { !before.sessions.contains($0) }
        let count = try await self.remove(rooms.map(\.0), before.adding(names), record, progress)
        try await self.cleanIndex(isDamaged: count.unindexed > 0)
        // Also where nothing was found: an erasure before this one may have been killed in between.
        try await self.compact()
        // From here on it is certified. What is left of it names nobody, so the log may keep it.
        try? await self.write { db in try record.remove(db) }
        return ErasureCertificate(
            site: site,
            sessions: names.compactMap { SessionID($0) },
            time: self.time.now(),
            messages: before.messages + count.messages,
            turns: before.turns + count.turns,
            feedback: before.feedback + count.feedback
        )
    }

    /// Removes rooms with everything in them, and keeps in the same transactions what was removed.
    private func remove(
        _ rooms: [Int64],
        _ before: ErasureRecord.Content,
        _ record: ErasureRecord,
        _ progress: StoreProgress.Report
    ) async throws -> MessageRemoval.Count {
        let removal = self.removal
        var count = MessageRemoval.Count()
        for room in rooms {
            while true {
                try self.checkCancellation()
                let sum = count
                let step = try await self.write { db in
                    var step = try removal.remove(where: "message.room = ?", [room], by: "message.seq", db)
                    if step.messages == 0 { step = try removal.remove(room: room, db) }
                    try record.write(before.adding(sum + step), db)
                    return step
                }
                count = count + step
                progress(StoreProgress(done: count.messages, total: count.messages, records: count.messages))
                if step.messages == 0 { break }
            }
        }
        return count
    }
}
