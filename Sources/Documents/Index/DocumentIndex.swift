internal import GRDB
public import Indexing
internal import Synchronization

/// Why documents can't be read or searched.
public typealias DocumentError = IndexError

/// A file of SQLite with the words of documents, made from them and kept up with them.
///
/// Several processes may have it open at once; what one has indexed all find. Safe on any thread.
public final class DocumentIndex: Sendable {
    let file: IndexFile
    var pool: DatabasePool { self.file.pool }
    /// Where it is.
    public var path: String { self.file.path }
    private let synonyms: Synonyms
    /// The synonyms by stems, once they are needed.
    private let table = Mutex<[[String]: [[String]]]?>(nil)
    /// Milliseconds since 1970, to tell files that may still be changing.
    let now: @Sendable () -> Int64

    private init(_ file: IndexFile, _ synonyms: Synonyms, _ now: @escaping @Sendable () -> Int64) {
        self.file = file
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
        DocumentIndex(try IndexFile(path, DocumentSchema.current), synonyms, now)
    }

    /// Whether its file is still the one at its path: it may have been removed, or another one put there.
    public var isInPlace: Bool { self.file.isInPlace }

    /// Closes the file, once those who read it are done; what is called later fails.
    public func close() { self.file.close() }

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
                guard try self.file.isCurrent(db) else { return Size(files: 0, sections: 0) }
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
