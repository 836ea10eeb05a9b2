internal import FoundationEssentials
package import GRDB

/// What tells a file of an index from others, and what is in a new one.
package struct IndexSchema: Sendable {
    /// Marks the file as an index of this kind.
    package var applicationID: Int32
    /// Another one where the tables, or what is read of files, are others: then the index is made anew.
    package var version: Int
    package var tables: String
    /// For SQLite's own messages.
    package var label: String

    package init(applicationID: Int32, version: Int, label: String, tables: String) {
        self.applicationID = applicationID
        self.version = version
        self.label = label
        self.tables = """
            \(tables)
            PRAGMA application_id = \(applicationID);
            PRAGMA user_version = \(version);
            """
    }

    package enum State { case none, current, outdated }

    /// What a file has.
    ///
    /// - Throws: `not-an-index` for a database of another program.
    package func state(_ db: Database, at path: String) throws -> State {
        let application = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let isEmpty = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") == 0
        guard !isEmpty else { return .none }
        guard application == self.applicationID else {
            throw IndexError("not-an-index", path, "is a database of another program; name another file")
        }
        return try Int.fetchOne(db, sql: "PRAGMA user_version") == self.version ? .current : .outdated
    }
}

/// A file of SQLite that is made from other files and kept up with them.
///
/// Several processes may have it open at once; what one writes all find. Safe on any thread.
package final class IndexFile: Sendable {
    /// Where it is.
    package let path: String
    package let pool: DatabasePool
    private let schema: IndexSchema
    /// The file that was opened.
    private let identity: FileStamp.Identity?

    /// Opens a file, and makes an empty one where there is none.
    ///
    /// Reads and writes the disk, so not to be called on an event loop.
    ///
    /// - Throws: `not-an-index`, `broken-index`, or what the disk reports.
    package init(_ path: String, _ schema: IndexSchema) throws(IndexError) {
        self.path = path
        self.schema = schema
        do {
            if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
                try? FileManager.default.createDirectory(
                    atPath: String(path[..<slash]),
                    withIntermediateDirectories: true
                )
            }
            let pool = try DatabasePool(path: path, configuration: Self.configuration(path, schema))
            self.pool = pool
            self.identity = FileStamp.identity(of: path)
            // Whoever only opens it doesn't wait for those who write.
            let isNew = try pool.read { try schema.state($0, at: path) == .none }
            if isNew {
                try pool.writeWithoutTransaction { db in
                    try db.inTransaction(.immediate) {
                        if try schema.state(db, at: path) == .none { try db.execute(sql: schema.tables) }
                        return .commit
                    }
                }
            }
        } catch {
            throw IndexError(error, at: path)
        }
    }

    private static func configuration(_ path: String, _ schema: IndexSchema) -> Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        configuration.foreignKeysEnabled = false
        configuration.label = schema.label
        configuration.prepareDatabase { db in
            // Before anything is written: what isn't ours stays as it is.
            _ = try schema.state(db, at: path)
            // What it is made from is there to make it anew.
            try db.execute(sql: "PRAGMA synchronous = NORMAL")
        }
        return configuration
    }

    /// Whether it is still the file at its path: it may have been removed, or another one put there.
    package var isInPlace: Bool { self.identity != nil && FileStamp.identity(of: self.path) == self.identity }

    /// Closes the file, once those who read it are done; what is called later fails.
    package func close() { try? self.pool.close() }

    /// Whether its tables are those of this version; one of another version has yet to be made anew.
    package func isCurrent(_ db: Database) throws -> Bool { try self.schema.state(db, at: self.path) == .current }

    /// Lets one update run, after those of other processes.
    ///
    /// Blocks the calling thread. Where everything is to be written anew, it goes into a second file that takes the place of
    /// the first one at the end, in one transaction: whoever searches sees the old index or the new one.
    ///
    /// - Parameters:
    ///   - full: Whether everything is written anew; so it is in an index of another version.
    ///   - waiting: Asked about every tenth of a second while another update runs; false to give up.
    ///   - body: Brings what it is given up to date.
    /// - Returns: What `body` returns.
    /// - Throws: What the disk reports, `busy` where `waiting` gave up, or what `body` throws, as the index's error.
    package func update<R>(
        full: Bool,
        waiting: () -> Bool = { true },
        _ body: (any DatabaseWriter) throws -> R
    ) throws(IndexError) -> R {
        do {
            let lock = try UpdateLock(self.path + ".lock", waiting: waiting)
            defer { lock.release() }
            let next = self.path + ".next"
            // Of one that was killed.
            for ending in ["", "-wal", "-shm", "-journal"] {
                try? FileManager.default.removeItem(atPath: next + ending)
            }
            guard try full || self.pool.read({ try self.schema.state($0, at: self.path) == .outdated }) else {
                return try body(self.pool)
            }
            defer { try? FileManager.default.removeItem(atPath: next) }
            let queue = try DatabaseQueue(path: next, configuration: Self.configuration(next, self.schema))
            try queue.write { try $0.execute(sql: self.schema.tables) }
            let result = try body(queue)
            try queue.backup(to: self.pool)
            try queue.close()
            return result
        } catch {
            throw IndexError(error, at: self.path)
        }
    }
}
