internal import FoundationEssentials
internal import GRDB
public import Messages

/// What a check has found.
public struct StoreReport: Sendable {
    /// What SQLite says of its pages and indexes, 100 sentences at most.
    public var problems: [String] = []
    /// How many messages were read.
    public var messages = 0
    /// How many records are damaged: messages, traces, states.
    public var damagedRecords = 0
    /// Where the first 100 damaged messages are.
    public var damaged: [StoredPosition] = []
    /// Rows that belong to no room.
    public var orphans = 0

    /// Whether everything is as it was written.
    public var isSound: Bool { self.problems.isEmpty && self.damagedRecords == 0 && self.orphans == 0 }
}

/// How much a store holds.
public struct StoreStatistics: Hashable, Sendable {
    public var rooms = 0
    public var messages = 0
    public var turns = 0
    public var unfinishedTurns = 0
    public var oldest: Timestamp?
    public var newest: Timestamp?
    /// The size of the file, in bytes.
    public var bytes = 0
    /// What of it is free.
    public var freeBytes = 0
    /// The version of the tables.
    public var version = 0
    /// The keys, none where nothing is encrypted.
    public var keys: [Key] = []

    /// How much a key was used.
    public struct Key: Hashable, Sendable {
        public let id: String
        /// Since when.
        public let since: Timestamp
        /// How many records were encrypted with it.
        public let records: Int
        /// Whether it is to be replaced.
        public let isDue: Bool
    }
}

extension MessageStore {
    /// Reads everything and compares it with what was written.
    ///
    /// - Parameter progress: Learns how far it has come, in messages.
    /// - Returns: What was found.
    /// - Throws: A ``StoreError``, `cancelled` among them, or `store-corrupt` if SQLite can't even walk over the pages.
    public func verify(progress: StoreProgress.Report = { _ in }) async throws -> StoreReport {
        var report = StoreReport()
        let total = try await self.messageCount()
        let (problems, orphans) = try await self.read { db in
            let problems = try String.fetchAll(db, sql: "PRAGMA integrity_check(100)").filter { $0 != "ok" }
            let orphans = try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").count
            return (problems, orphans)
        }
        (report.problems, report.orphans) = (problems, orphans)
        let damage = DamageList()
        let rows = MessageRows(codec: self.codec) { damage.append($0) }
        let scan = MessageScan(rows: rows, filter: StoreFilter(), direction: .oldestFirst)
        var last: Int64?
        while true {
            try self.checkCancellation()
            let start = last
            let step = try await self.read { db in try scan.step(db, from: start) }
            guard let end = step.last else { break }
            last = end
            report.messages += step.rows
            report.damagedRecords += step.damaged
            report.damagedRecords += step.items.count { $0.turn?.outcome != nil && $0.turn?.trace == nil }
            progress(StoreProgress(done: report.messages, total: max(total, report.messages)))
        }
        report.damaged = damage.positions
        report.damagedRecords += try await self.damagedStates()
        return report
    }

    private func damagedStates() async throws -> Int {
        let codec = self.codec
        return try await self.read { db in
            let cursor = try Row.fetchCursor(db, sql: "SELECT site, session, state FROM room WHERE state IS NOT NULL")
            var count = 0
            while let row = try cursor.next() {
                let place = RecordPlace.conversation(site: row[0], session: row[1])
                if (try? codec.open([UInt8](row[2] as Data), at: place)) == nil { count += 1 }
            }
            return count
        }
    }

    /// How much the store holds.
    ///
    /// - Returns: What is on the disk at this moment.
    /// - Throws: A ``StoreError``.
    public func statistics() async throws -> StoreStatistics {
        let now = self.time.now()
        return try await self.read { db in
            var statistics = StoreStatistics()
            func count(_ rows: String) throws -> Int {
                try Int.fetchOne(db, sql: "SELECT count(*) FROM \(rows)") ?? 0
            }
            statistics.rooms = try count("room")
            statistics.messages = try count("message")
            statistics.turns = try count("turn")
            statistics.unfinishedTurns = try count("turn WHERE outcome IS NULL")
            let times = try Row.fetchOne(db, sql: "SELECT min(time), max(time) FROM message")
            statistics.oldest = (times?[0] as Int64?).map(Timestamp.init)
            statistics.newest = (times?[1] as Int64?).map(Timestamp.init)
            let size = try FileSize(db)
            statistics.bytes = size.bytes
            statistics.freeBytes = size.bytes - size.usedBytes
            statistics.version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
            statistics.keys = try Row.fetchAll(db, sql: "SELECT id, since, records FROM key ORDER BY since, id").map {
                row in
                let since: Int64 = row[1]
                let isDue =
                    row[2] >= StoreKey.maximumRecords || now.milliseconds - since >= StoreKey.maximumMilliseconds
                return StoreStatistics.Key(
                    id: row[0],
                    since: Timestamp(milliseconds: since),
                    records: row[2],
                    isDue: isDue
                )
            }
            return statistics
        }
    }
}
