internal import FoundationEssentials
internal import GRDB
public import Messages

/// What a store knows of its keys when it is opened.
public struct StoreKeyState: Sendable {
    /// The key that this opening was the first to use; nothing where the store knew it.
    public let newKey: String?
    /// Whether there are records that are plain, or of another key than the one that is written with.
    public let hasOlderRecords: Bool
    private let since: Timestamp?
    private let records: Int

    init(_ db: Database, _ codec: RecordCodec, known: [String]) throws {
        guard let active = codec.keys?.active.id else {
            (self.newKey, self.hasOlderRecords, self.since, self.records) = (nil, false, nil, 0)
            return
        }
        let row = try Row.fetchOne(db, sql: "SELECT since, records FROM key WHERE id = ?", arguments: [active])
        self.newKey = known.contains(active) ? nil : active
        self.hasOlderRecords = codec.acceptsPlain || known.contains { $0 != active }
        self.since = (row?[0] as Int64?).map(Timestamp.init)
        self.records = row?[1] ?? 0
    }

    /// Whether the key that is written with is to be replaced.
    ///
    /// - Parameter now: The time; records are counted as they were when the store was opened.
    /// - Returns: Not where nothing is encrypted.
    public func isDue(at now: Timestamp) -> Bool {
        self.since.map { StoreKey.isDue(since: $0, records: self.records, at: now) } ?? false
    }
}

/// What a store knows of the keys that its records were written with.
enum KeyTable {
    private static let proof: [UInt8] = Array("claude-chat".utf8)

    /// Compares the keys of a ring with those that the store was written with, and notes the active one.
    ///
    /// - Parameters:
    ///   - db: Within a transaction.
    ///   - keys: The ring; nothing for a store that isn't encrypted.
    ///   - role: Only a server begins to use a key, since it must be able to read whatever is written.
    ///   - now: The time, for a key that is new.
    ///   - path: The store's path, for errors.
    /// - Returns: What the records are read and written with.
    /// - Throws: `missing-key` or `wrong-key`; the name of the key is said, never the key.
    static func check(_ db: Database, _ keys: StoreKeyRing?, as role: StoreRole, now: Timestamp, at path: String) throws
        -> RecordCodec
    {
        let known = try Row.fetchAll(db, sql: "SELECT id, proof FROM key ORDER BY id")
        for row in known {
            let id: String = row[0]
            guard let key = keys?.keys[id] else {
                let explanation = "is encrypted with the key \"\(id)\", which isn't given; name its file or variable"
                throw StoreError(.missingKey, path, explanation)
            }
            let codec = RecordCodec(keys: StoreKeyRing(active: key), acceptsPlain: false)
            guard (try? codec.open([UInt8](row[1] as Data), at: .proof(key: id))) == self.proof else {
                let explanation = "the key \"\(id)\" isn't the one that it was encrypted with; give the right one"
                throw StoreError(.wrongKey, path, explanation)
            }
        }
        guard let keys else { return RecordCodec(keys: nil) }
        if !known.contains(where: { $0[0] == keys.active.id }) {
            guard role == .server else {
                let explanation = "the key \"\(keys.active.id)\" is new to it; start the server with it first"
                throw StoreError(.wrongKey, path, explanation)
            }
            try self.note(keys.active, db, now)
        }
        let isPlain = try Int.fetchOne(db, sql: "SELECT value FROM meta WHERE key = 'plain'") == 1
        return RecordCodec(keys: keys, acceptsPlain: isPlain)
    }

    private static func note(_ key: StoreKey, _ db: Database, _ now: Timestamp) throws {
        let record = try RecordCodec(keys: StoreKeyRing(active: key)).seal(self.proof, at: .proof(key: key.id))
        try db.execute(
            sql: "INSERT INTO key (id, since, records, proof) VALUES (?, ?, 1, ?)",
            arguments: [key.id, now.milliseconds, Data(record)]
        )
        // From the first key on, what is plain is left from before.
        let wasPlain = try Int.fetchOne(db, sql: "SELECT value FROM meta WHERE key = 'plain'") == nil
        guard wasPlain else { return }
        let hasRecords = try Bool.fetchOne(
            db,
            sql: """
                SELECT EXISTS (SELECT 1 FROM message) OR EXISTS (SELECT 1 FROM turn WHERE trace IS NOT NULL)
                OR EXISTS (SELECT 1 FROM room WHERE state IS NOT NULL) OR EXISTS (SELECT 1 FROM comment)
                """
        )
        try db.execute(
            sql: "INSERT OR REPLACE INTO meta (key, value) VALUES ('plain', ?)",
            arguments: [hasRecords == true ? 1 : 0]
        )
    }

    /// Counts records that were written with the active key.
    static func count(_ records: Int, _ db: Database, _ codec: RecordCodec) throws {
        guard records > 0, let id = codec.keys?.active.id else { return }
        let update = try db.cachedStatement(sql: "UPDATE key SET records = records + ? WHERE id = ?")
        try update.execute(arguments: [records, id])
    }
}
