internal import GRDB
public import Indexing

extension CodeIndex {
    /// A file whose symbols are guessed so far.
    public struct UntaggedFile: Sendable, Hashable {
        /// Grows; another one once the file has changed.
        public var id: Int64
        /// Without folders.
        public var name: String
        /// What it has, with secrets taken out.
        public var text: [UInt8]
    }

    /// Files whose symbols are guessed so far.
    ///
    /// - Parameters:
    ///   - id: Only those with a greater id.
    ///   - count: How many at most.
    /// - Returns: In the order of their ids; those that can't be read by now have no text.
    /// - Throws: What the disk reports.
    public func untagged(after id: Int64, atMost count: Int) throws(CodeError) -> [UntaggedFile] {
        do {
            let rows = try self.pool.read { db in
                guard try self.file.isCurrent(db) else { return [] as [Row] }
                return try Row.fetchAll(
                    db,
                    sql: "SELECT id, root, path FROM file WHERE NOT tagged AND id > ? ORDER BY id LIMIT ?",
                    arguments: [id, count]
                )
            }
            let files = SourceFiles(self)
            return rows.map { row in
                let path: String = row["path"]
                let text = files.file(root: row["root"], path: path).flatMap { files.text(of: $0) }
                let name = path.split(separator: "/").last.map(String.init) ?? ""
                return UntaggedFile(id: row["id"], name: name, text: text?.bytes ?? [])
            }
        } catch {
            throw CodeError(error, at: self.path)
        }
    }

    /// Takes over what a parser says that files define.
    ///
    /// - Parameter symbols: By the files' ids; empty where the parser knows nothing, so that the guess stays.
    /// - Throws: What the disk reports.
    public func tag(_ symbols: [Int64: [Symbol]]) throws(CodeError) {
        do {
            try self.pool.write { db in
                for (file, symbols) in symbols.sorted(by: { $0.key < $1.key }) {
                    try db.cachedStatement(sql: "UPDATE file SET tagged = 1 WHERE id = ?").execute(arguments: [file])
                    // One that has changed meanwhile has another id.
                    guard db.changesCount == 1, !symbols.isEmpty else { continue }
                    try db.cachedStatement(sql: "DELETE FROM symbol WHERE file = ?").execute(arguments: [file])
                    try CodeWriter.insert(symbols, of: file, isExact: true, db)
                }
            }
        } catch {
            throw CodeError(error, at: self.path)
        }
    }
}
