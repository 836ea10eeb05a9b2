internal import GRDB
public import Messages

/// How long messages are kept.
public struct RetentionPolicy: Hashable, Sendable {
    /// Days after which a message goes; nothing to keep it.
    public var days: Int?
    /// Other numbers of days for some sites.
    public var daysOfSites: [SiteID: Int]
    /// How large the store may be, in bytes; beyond that the oldest messages go, whatever their age.
    public var maximumBytes: Int?
    /// Days after which the trace of a turn goes; it goes with its message at the latest.
    public var traceDays: Int?

    public init(
        days: Int? = nil,
        daysOfSites: [SiteID: Int] = [:],
        maximumBytes: Int? = nil,
        traceDays: Int? = nil
    ) {
        self.traceDays = traceDays
        self.days = days
        self.daysOfSites = daysOfSites
        self.maximumBytes = maximumBytes
    }

    /// For how long what is known of an empty room is kept, so that it doesn't begin anew: 24 hours.
    static let emptyRoomMilliseconds: Int64 = 86_400_000
}

/// What went.
public struct RetentionResult: Hashable, Sendable {
    public var messages = 0
    public var rooms = 0
    /// Traces of turns whose messages stay.
    public var traces = 0
    /// Bytes that the file is smaller.
    public var freedBytes = 0
}

extension MessageStore {
    /// Deletes what is older, or more, than it is to be.
    ///
    /// Goes on beside everything else, in small transactions. What is deleted is overwritten where it lies
    /// (`secure_delete`); that no copy is left in any unused part of a page is promised by ``erase(_:of:progress:)`` alone.
    ///
    /// - Parameters:
    ///   - policy: How long messages are kept.
    ///   - progress: Learns how far it has come.
    /// - Returns: What went.
    /// - Throws: A ``StoreError``, `cancelled` among them; what went stays gone.
    public func retain(
        _ policy: RetentionPolicy,
        progress: StoreProgress.Report = { _ in }
    ) async throws -> RetentionResult {
        let sizeBefore = try await self.read { try FileSize($0).bytes }
        var count = MessageRemoval.Count()
        let sites = try await self.read { try String.fetchAll($0, sql: "SELECT DISTINCT site FROM room") }
        for site in sites.compactMap({ SiteID($0) }) {
            guard let days = policy.daysOfSites[site] ?? policy.days else { continue }
            let limit = self.time.now().milliseconds - Int64(days) * 86_400_000
            let condition = "message.time < ? AND room.site = ?"
            let arguments: StatementArguments = [limit, site.rawValue]
            count = try await self.remove(where: condition, arguments, by: "message.time", count, progress) { _ in true
            }
        }
        if let maximum = policy.maximumBytes {
            count = try await self.remove(where: "TRUE", [], by: "message.id", count, progress) { db in
                try FileSize(db).usedBytes > maximum
            }
        }
        count = count + (try await self.removeEmptyRooms())
        var traces = 0
        if let days = policy.traceDays {
            traces = try await self.dropTraces(olderThan: days, count, progress)
        }
        if count.messages > 0 { try await self.cleanIndex(isDamaged: count.unindexed > 0) }
        try await self.giveSpaceBack()
        let sizeAfter = try await self.read { try FileSize($0).bytes }
        return RetentionResult(
            messages: count.messages,
            rooms: count.rooms,
            traces: traces,
            freedBytes: max(0, sizeBefore - sizeAfter)
        )
    }

    private func remove(
        where condition: String,
        _ arguments: StatementArguments,
        by order: String,
        _ before: MessageRemoval.Count,
        _ progress: StoreProgress.Report,
        _ isWanted: @escaping @Sendable (Database) throws -> Bool
    ) async throws -> MessageRemoval.Count {
        let removal = self.removal
        var count = before
        while true {
            try self.checkCancellation()
            let step = try await self.write { db in
                try isWanted(db)
                    ? try removal.remove(where: condition, arguments, by: order, db) : MessageRemoval.Count()
            }
            count = count + step
            progress(StoreProgress(done: count.messages, total: count.messages, records: count.messages))
            if step.messages == 0 { return count }
        }
    }

    private func dropTraces(
        olderThan days: Int,
        _ before: MessageRemoval.Count,
        _ progress: StoreProgress.Report
    ) async throws -> Int {
        let limit = self.time.now().milliseconds - Int64(days) * 86_400_000
        var dropped = 0
        while true {
            try self.checkCancellation()
            let count = try await self.write { db in
                try db.execute(
                    sql: """
                        UPDATE turn SET trace = NULL WHERE id IN
                        (SELECT id FROM turn WHERE trace IS NOT NULL AND ended < ? LIMIT 500)
                        """,
                    arguments: [limit]
                )
                return db.changesCount
            }
            if count == 0 { return dropped }
            dropped += count
            let done = before.messages + dropped
            progress(StoreProgress(done: done, total: done, records: done))
        }
    }

    private func removeEmptyRooms() async throws -> MessageRemoval.Count {
        let limit = self.time.now().milliseconds - RetentionPolicy.emptyRoomMilliseconds
        let removal = self.removal
        let condition = """
            changed < ? AND NOT EXISTS (SELECT 1 FROM message WHERE message.room = room.id)
            AND NOT (last_seq = 0 AND EXISTS (SELECT 1 FROM access
            WHERE access.site = room.site AND access.session = room.session))
            """
        var count = MessageRemoval.Count()
        var last: Int64 = 0
        while true {
            try self.checkCancellation()
            let start = last
            // Most rooms aren't empty, and commits don't wait while they are looked through.
            let rooms = try await self.read { db in
                let sql = "SELECT id FROM room WHERE id > ? AND \(condition) ORDER BY id LIMIT 500"
                return try Int64.fetchAll(db, sql: sql, arguments: [start, limit])
            }
            guard let end = rooms.last else { return count }
            last = end
            count =
                count
                + (try await self.write { db in
                    try rooms.reduce(MessageRemoval.Count()) { count, room in
                        let isEmpty = try Bool.fetchOne(
                            db,
                            sql: "SELECT EXISTS (SELECT 1 FROM room WHERE id = ? AND \(condition))",
                            arguments: [room, limit]
                        )
                        return isEmpty == true ? count + (try removal.remove(room: room, db)) : count
                    }
                })
        }
    }

    /// Makes the file smaller by what is free in it.
    private func giveSpaceBack() async throws {
        while try await self.write({ db in
            _ = try Row.fetchAll(db, sql: "PRAGMA incremental_vacuum(500)")
            return try FileSize(db).freePages > 0
        }) { try self.checkCancellation() }
        // A reader keeps the log as it is for now; the next commit goes on with it.
        try? await self.emptyLog()
    }
}

/// How large the file is.
struct FileSize: Sendable {
    let pages: Int
    let freePages: Int
    let pageBytes: Int

    var bytes: Int { self.pages * self.pageBytes }
    var usedBytes: Int { (self.pages - self.freePages) * self.pageBytes }

    init(_ db: Database) throws {
        self.pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
        self.freePages = try Int.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0
        self.pageBytes = try Int.fetchOne(db, sql: "PRAGMA page_size") ?? 0
    }
}
