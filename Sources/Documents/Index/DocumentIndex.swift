internal import FoundationEssentials
internal import GRDB
internal import Synchronization

/// A file of SQLite with the words of documents, made from them and kept up with them.
///
/// Several processes may have it open at once; what one has indexed all find. Safe on any thread.
public final class DocumentIndex: Sendable {
    /// Where it is.
    public let path: String
    let pool: DatabasePool
    private let synonyms: Synonyms
    /// The synonyms by stems, once they are needed.
    private let table = Mutex<[[String]: [[String]]]?>(nil)
    /// Milliseconds since 1970, to tell files that may still be changing.
    let now: @Sendable () -> Int64
    /// The file that was opened.
    private let file: FileStamp.Identity?

    private init(_ path: String, _ pool: DatabasePool, _ synonyms: Synonyms, _ now: @escaping @Sendable () -> Int64) {
        self.path = path
        self.file = FileStamp.identity(of: path)
        self.pool = pool
        self.synonyms = synonyms
        self.now = now
    }

    /// Opens an index, and makes an empty one where there is none.
    ///
    /// Reads and writes the disk, so not to be called on an event loop.
    ///
    /// - Parameters:
    ///   - path: Where it is.
    ///   - synonyms: Words that mean the same to those who search.
    ///   - now: Milliseconds since 1970.
    /// - Returns: The index.
    /// - Throws: `not-an-index`, `broken-index`, or what the disk reports.
    public static func open(
        _ path: String,
        synonyms: Synonyms = Synonyms(),
        now: @escaping @Sendable () -> Int64
    ) throws(DocumentError) -> DocumentIndex {
        do {
            if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
                try? FileManager.default.createDirectory(
                    atPath: String(path[..<slash]),
                    withIntermediateDirectories: true
                )
            }
            let pool = try DatabasePool(path: path, configuration: Self.configuration(path))
            // Whoever only opens it doesn't wait for those who write.
            let isNew = try pool.read { try IndexSchema.state($0, at: path) == .none }
            if isNew {
                try pool.writeWithoutTransaction { db in
                    try db.inTransaction(.immediate) {
                        if try IndexSchema.state(db, at: path) == .none { try db.execute(sql: IndexSchema.tables) }
                        return .commit
                    }
                }
            }
            return DocumentIndex(path, pool, synonyms, now)
        } catch {
            throw DocumentError(error, at: path)
        }
    }

    static func configuration(_ path: String) -> Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        configuration.foreignKeysEnabled = false
        configuration.label = "documents"
        configuration.prepareDatabase { db in
            // Before anything is written: what isn't ours stays as it is.
            _ = try IndexSchema.state(db, at: path)
            // The documents are there to make it anew.
            try db.execute(sql: "PRAGMA synchronous = NORMAL")
        }
        return configuration
    }

    /// Whether its file is still the one at its path: it may have been removed, or another one put there.
    public var isInPlace: Bool { self.file != nil && FileStamp.identity(of: self.path) == self.file }

    /// Closes the file, once those who read it are done; what is called later fails.
    public func close() { try? self.pool.close() }

    func synonymTable(_ db: Database) throws -> [[String]: [[String]]] {
        if let table = self.table.withLock({ $0 }) { return table }
        let table = try self.synonyms.table(db)
        self.table.withLock { $0 = table }
        return table
    }

    /// How much there is in it.
    public struct Size: Sendable, Hashable {
        public var files: Int
        public var sections: Int
    }

    /// How much there is in it.
    ///
    /// - Throws: What the disk reports.
    public func size() throws(DocumentError) -> Size {
        do {
            return try self.pool.read { db in
                guard try IndexSchema.state(db, at: self.path) == .current else { return Size(files: 0, sections: 0) }
                return Size(
                    files: try Int.fetchOne(db, sql: "SELECT count(*) FROM file") ?? 0,
                    sections: try Int.fetchOne(db, sql: "SELECT sections FROM total") ?? 0
                )
            }
        } catch {
            throw DocumentError(error, at: self.path)
        }
    }
}
