internal import FoundationEssentials
internal import GRDB
internal import Synchronization

/// A file of SQLite with a small store of keys, values and when they end.
///
/// One process has it at a time. Safe on any thread.
public final class StateFile: Sendable {
    /// A value and when it ends, in milliseconds since 1970-01-01T00:00:00Z.
    public struct Entry: Sendable, Hashable {
        public var value: String
        public var end: Int64

        public init(_ value: String, until end: Int64) {
            self.value = value
            self.end = end
        }
    }

    private struct Pending {
        /// What is to be written; nothing stands for an entry that is forgotten.
        var changes: [String: Entry?] = [:]
        var isWriting = false
        var hasFailed = false
    }

    private static let schema = FileSchema(
        applicationID: 0x4343_7073,
        migrations: [
            """
            CREATE TABLE entry (key BLOB PRIMARY KEY, value BLOB NOT NULL, ends INTEGER NOT NULL) STRICT, WITHOUT ROWID;
            CREATE INDEX entry_ends ON entry (ends);
            """
        ]
    )

    /// Where it is.
    public let path: String
    private let queue: DatabaseQueue
    private let failed: @Sendable (StoreError) -> Void
    private let pending = Mutex(Pending())

    private init(_ path: String, _ queue: DatabaseQueue, _ failed: @escaping @Sendable (StoreError) -> Void) {
        self.path = path
        self.queue = queue
        self.failed = failed
    }

    /// Opens a file, and makes it where there is none.
    ///
    /// Reads and writes the disk.
    ///
    /// - Parameters:
    ///   - path: Where it is.
    ///   - failed: Told of what goes wrong later, once until something could be written again; on any thread.
    /// - Returns: The file.
    /// - Throws: Why it can't be used.
    public static func open(
        _ path: String,
        failed: @escaping @Sendable (StoreError) -> Void = { _ in }
    ) throws(StoreError) -> StateFile {
        do {
            if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
                // Whoever may not make it gets the file's own error.
                try? FileManager.default.createDirectory(
                    atPath: String(path[..<slash]),
                    withIntermediateDirectories: true,
                    attributes: [.posixPermissions: 0o700]
                )
            }
            createPrivateFile(at: path)
            var configuration = Configuration()
            configuration.busyMode = .timeout(5)
            configuration.label = "state"
            // Before anything is written: what isn't ours stays as it is.
            configuration.prepareDatabase { db in try Self.schema.check(db, at: path) }
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.writeWithoutTransaction { db in
                try Self.schema.migrate(db, at: path)
                guard try String.fetchOne(db, sql: "PRAGMA quick_check(1)") == "ok" else {
                    throw StoreError(.corrupt, path, "is damaged")
                }
            }
            return StateFile(path, queue, failed)
        } catch {
            throw StoreError(error, at: path)
        }
    }

    /// Opens a file; one that is damaged, or no such file at all, is put aside as `PATH.damaged` and begun anew.
    ///
    /// - Parameters:
    ///   - path: Where it is.
    ///   - failed: As of ``open(_:failed:)``; told of one that was put aside, too.
    /// - Returns: The file.
    /// - Throws: Why none can be used.
    public static func openOrReplace(
        _ path: String,
        failed: @escaping @Sendable (StoreError) -> Void = { _ in }
    ) throws(StoreError) -> StateFile {
        do {
            return try self.open(path, failed: failed)
        } catch {
            guard [.corrupt, .notAStore].contains(error.code) else { throw error }
            let aside = "\(path).damaged"
            try? FileManager.default.removeItem(atPath: aside)
            do { try FileManager.default.moveItem(atPath: path, toPath: aside) } catch let problem {
                throw StoreError(problem, at: path)
            }
            try? FileManager.default.removeItem(atPath: "\(path)-journal")
            let file = try self.open(path, failed: failed)
            failed(StoreError(.corrupt, path, "could not be read, is now \(aside), and was begun anew"))
            return file
        }
    }

    /// What has not ended, the last to end first.
    ///
    /// - Parameters:
    ///   - now: Milliseconds since 1970-01-01T00:00:00Z; what has ended then is taken out of the file.
    ///   - limit: How many entries are read at most.
    /// - Returns: They, by their keys.
    /// - Throws: What the disk reports.
    public func entries(after now: Int64, atMost limit: Int) throws(StoreError) -> [String: Entry] {
        do {
            return try self.queue.write { db in
                try db.execute(sql: "DELETE FROM entry WHERE ends <= ?", arguments: [now])
                let sql = "SELECT key, value, ends FROM entry ORDER BY ends DESC LIMIT ?"
                let rows = try Row.fetchAll(db, sql: sql, arguments: [limit])
                let entries = rows.map { row in (text(row["key"]), Entry(text(row["value"]), until: row["ends"])) }
                return Dictionary(entries) { first, _ in first }
            }
        } catch {
            throw StoreError(error, at: self.path)
        }
    }

    /// Writes an entry, or takes it out where there is none.
    ///
    /// Doesn't wait. Of several changes of a key that wait the last one is written, so no more wait than there are keys.
    public func write(_ key: String, _ entry: Entry?) {
        let isFirst = self.pending.withLock { pending in
            pending.changes[key] = .some(entry)
            defer { pending.isWriting = true }
            return !pending.isWriting
        }
        if isFirst { self.writePending() }
    }

    private func writePending() {
        self.queue.asyncWrite({ try self.writeChanges($0) }) { _, result in
            let (failure, goesOn) = self.pending.withLock { pending -> (StoreError?, Bool) in
                pending.isWriting = !pending.changes.isEmpty
                guard case .failure(let error) = result else {
                    pending.hasFailed = false
                    return (nil, pending.isWriting)
                }
                defer { pending.hasFailed = true }
                return (pending.hasFailed ? nil : StoreError(error, at: self.path), pending.isWriting)
            }
            if let failure { self.failed(failure) }
            if goesOn { self.writePending() }
        }
    }

    private func writeChanges(_ db: Database) throws {
        let changes = self.pending.withLock { pending in
            defer { pending.changes = [:] }
            return pending.changes
        }
        for (key, entry) in changes {
            if let entry {
                try db.cachedStatement(sql: "INSERT OR REPLACE INTO entry (key, value, ends) VALUES (?, ?, ?)")
                    .execute(arguments: [Data(key.utf8), Data(entry.value.utf8), entry.end])
            } else {
                try db.cachedStatement(sql: "DELETE FROM entry WHERE key = ?").execute(arguments: [Data(key.utf8)])
            }
        }
    }

    /// Writes what waits, and closes the file; what is written later is lost.
    public func close() {
        do {
            try self.queue.write { try self.writeChanges($0) }
            try self.queue.close()
        } catch {
            self.failed(StoreError(error, at: self.path))
        }
    }
}

/// Texts are kept as bytes: SQLite ends its own at a zero.
private func text(_ bytes: Data) -> String { String(decoding: bytes, as: UTF8.self) }
