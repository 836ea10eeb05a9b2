internal import FoundationEssentials
internal import GRDB
public import Messages

/// What a check has found.
public struct StoreReport: Sendable {
    /// What SQLite says of its pages and indexes, 100 sentences at most.
    public var problems: [String] = []
    /// How many messages were read.
    public var messages = 0
    /// How many records are damaged.
    public var damagedRecords = 0
    /// Where the first 100 of them are.
    public var damaged: [DamagedRecord] = []
    /// How many records are plain in a store that has keys.
    public var plainRecords = 0
    /// Rows that belong to no room.
    public var orphans = 0

    /// Whether everything is as it was written.
    public var isSound: Bool { self.problems.isEmpty && self.damagedRecords == 0 && self.orphans == 0 }
}

/// A record that isn't what was written at its place.
public struct DamagedRecord: Hashable, Sendable {
    public enum Kind: String, Sendable { case message, trace, state, comment }

    public let kind: Kind
    public let site: String
    public let session: String
    /// The number of the message that it is, or whose turn it is the trace of.
    public let seq: Int?
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
    /// How many records are plain, where there are keys.
    public var plainRecords = 0

    /// How much a key was used.
    public struct Key: Hashable, Sendable {
        public let id: String
        /// Since when.
        public let since: Timestamp
        /// How many records were encrypted with it.
        public let records: Int
        /// How many of these there are still; nothing where all records are of one key.
        public let left: Int?
        /// Whether it is the one that is written with.
        public let isActive: Bool
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
        // What can't be counted may have pages that can be walked over.
        let total = (try? await self.messageCount()) ?? 0
        let (problems, orphans) = try await self.read { db in
            let problems = try String.fetchAll(db, sql: "PRAGMA integrity_check(100)").filter { $0 != "ok" }
            let orphans = try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").count
            return (problems, orphans)
        }
        (report.problems, report.orphans) = (problems, orphans)
        for table in SealedTable.allCases { try await self.check(table, into: &report, total: total, progress) }
        return report
    }

    private func check(
        _ table: SealedTable,
        into report: inout StoreReport,
        total: Int,
        _ progress: StoreProgress.Report
    ) async throws {
        let codec = self.codec
        var after: Int64 = 0
        while true {
            try self.checkCancellation()
            let start = after
            let step = try await self.read { db in try table.check(db, after: start, codec) }
            guard let last = step.last else { return }
            after = last
            if table == .message { report.messages += step.rows }
            report.plainRecords += step.plain
            report.damagedRecords += step.damaged.count
            report.damaged += step.damaged.prefix(max(0, 100 - report.damaged.count))
            progress(StoreProgress(done: report.messages, total: max(total, report.messages)))
        }
    }

    /// How much the store holds.
    ///
    /// - Returns: What is on the disk at this moment.
    /// - Throws: A ``StoreError``.
    public func statistics() async throws -> StoreStatistics {
        let (now, codec) = (self.time.now(), self.codec)
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
            try statistics.readKeys(db, now: now, codec)
            return statistics
        }
    }
}

extension StoreStatistics {
    /// Reads how much the keys were used; all records only where some are older than the last change of keys.
    fileprivate mutating func readKeys(_ db: Database, now: Timestamp, _ codec: RecordCodec) throws {
        let rows = try Row.fetchAll(db, sql: "SELECT id, since, records FROM key ORDER BY since, id")
        let isMixed = rows.count > 1 || codec.acceptsPlain
        let prefixes = [RecordCodec.prefix(of: nil)] + rows.map { RecordCodec.prefix(of: $0[0] as String) }
        var left = prefixes.map { _ in 0 }
        if !rows.isEmpty, isMixed {
            for table in SealedTable.allCases {
                left = zip(left, try table.counts(db, of: prefixes)).map { $0 + $1 }
            }
            self.plainRecords = left[0]
        }
        self.keys = zip(rows, left.dropFirst()).map { row, left in
            let since = Timestamp(milliseconds: row[1])
            return Key(
                id: row[0],
                since: since,
                records: row[2],
                left: isMixed ? left : nil,
                isActive: codec.keys?.active.id == row[0] as String,
                isDue: StoreKey.isDue(since: since, records: row[2], at: now)
            )
        }
    }
}

extension SealedTable {
    fileprivate struct Check: Sendable {
        var last: Int64?
        var rows = 0
        var plain = 0
        var damaged: [DamagedRecord] = []
    }

    private var kind: DamagedRecord.Kind {
        switch self {
        case .message: .message
        case .turn: .trace
        case .room: .state
        case .comment: .comment
        }
    }

    /// Reads the records of some rows.
    fileprivate func check(_ db: Database, after: Int64, _ codec: RecordCodec) throws -> Check {
        var check = Check()
        for row in try self.rows(db, after: after) {
            check.last = row[0]
            check.rows += 1
            do {
                guard try self.content(of: row, codec) != nil else { continue }
                if codec.keys != nil, (row[1] as Data).starts(with: RecordCodec.prefix(of: nil)) { check.plain += 1 }
            } catch is RecordCodec.Damaged {
                let seq: Int = row[5]
                check.damaged.append(
                    DamagedRecord(kind: self.kind, site: row[2], session: row[3], seq: seq > 0 ? seq : nil)
                )
            }
        }
        return check
    }
}
