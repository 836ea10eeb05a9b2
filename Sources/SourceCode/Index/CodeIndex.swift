internal import GRDB
public import Indexing

/// Why source code can't be read or searched.
public typealias CodeError = IndexError

/// A file of SQLite that tells which files of source code have which three letters in a row, and what is defined where.
///
/// The code itself stays where it is: what an index finds is read from there again, under the rules of its root. Several
/// processes may have it open at once. Safe on any thread.
public final class CodeIndex: Sendable {
    let file: IndexFile
    var pool: DatabasePool { self.file.pool }
    /// Where it is.
    public var path: String { self.file.path }
    /// What is searched, in the order of the configuration.
    public let roots: [CodeRoot]
    let rules: [PathRules]
    /// Reports about the code, and folders of such.
    public let reports: [String]
    /// Milliseconds since 1970, to tell files that may still be changing and searches that take long.
    let now: @Sendable () -> Int64

    private init(_ file: IndexFile, _ roots: [CodeRoot], _ reports: [String], _ now: @escaping @Sendable () -> Int64) {
        self.reports = reports
        self.file = file
        self.roots = roots
        self.rules = roots.map { PathRules(allow: $0.allow, deny: $0.deny) }
        self.now = now
    }

    /// Opens an index, and makes an empty one where there is none.
    ///
    /// Reads and writes the disk, so not to be called on an event loop.
    ///
    /// - Parameters:
    ///   - path: Where it is.
    ///   - roots: What is searched.
    ///   - reports: Reports about it (SARIF), and folders of such.
    ///   - now: Milliseconds since 1970.
    /// - Returns: The index.
    /// - Throws: `not-an-index`, `broken-index`, or what the disk reports.
    public static func open(
        _ path: String,
        roots: [CodeRoot],
        reports: [String] = [],
        now: @escaping @Sendable () -> Int64
    ) throws(CodeError) -> CodeIndex {
        CodeIndex(try IndexFile(path, CodeSchema.current), roots, reports, now)
    }

    /// Closes the file; what is called later fails.
    public func close() { self.file.close() }

    /// Whether its file is still the one at its path: it may have been removed, or another one put there.
    public var isInPlace: Bool { self.file.isInPlace }

    /// How much there is in it.
    public struct Size: Sendable, Hashable {
        public var files: Int
        public var symbols: Int
    }

    /// How much there is in it.
    ///
    /// - Throws: What the disk reports.
    public func size() throws(CodeError) -> Size {
        do {
            return try self.pool.read { db in
                guard try self.file.isCurrent(db) else { return Size(files: 0, symbols: 0) }
                return try Self.size(db)
            }
        } catch {
            throw CodeError(error, at: self.path)
        }
    }

    static func size(_ db: Database) throws -> Size {
        Size(
            files: try Int.fetchOne(db, sql: "SELECT count(*) FROM file") ?? 0,
            symbols: try Int.fetchOne(db, sql: "SELECT count(*) FROM symbol") ?? 0
        )
    }
}
