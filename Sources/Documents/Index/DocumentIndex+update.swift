internal import GRDB
public import Indexing

/// What an update has done.
public struct IndexUpdate: Sendable, Hashable {
    /// How many files and sections there are.
    public var files = 0
    public var sections = 0
    /// How many files were read anew, and how many are gone.
    public var changed = 0
    public var removed = 0
    /// What isn't in the index though it is in a source: a line for each, with the path first.
    public var problems: [String] = []
    /// The folders in the sources, as paths from the current folder.
    public var folders: [String] = []
}

extension DocumentIndex {
    /// So many files are one transaction.
    private static let batch = 200

    /// Makes the index agree with the sources: reads what is new or changed, and drops what is gone.
    ///
    /// Blocks the calling thread. One update after the other, also of other processes. Killed at any moment it leaves
    /// whole files, and the next one goes on.
    ///
    /// - Parameters:
    ///   - sources: All there are; what is of others is dropped.
    ///   - full: Whether everything is read anew, into a second file that takes the place of the first one at the end.
    ///   - progress: Learns how many of how many files are looked at; true to go on.
    ///   - waiting: Asked about every tenth of a second while another update runs; false to give up.
    /// - Returns: What has changed.
    /// - Throws: What the disk reports, `no-source`, `busy` where `waiting` gave up, or `cancelled` where `progress` ended it.
    public func update(
        _ sources: [DocumentSource],
        full: Bool = false,
        progress: (_ done: Int, _ total: Int) -> Bool = { _, _ in true },
        waiting: () -> Bool = { true }
    ) throws(DocumentError) -> IndexUpdate {
        try self.file.update(full: full, waiting: waiting) { try self.bring($0, upTo: sources, progress) }
    }

    private func bring(
        _ writer: any DatabaseWriter,
        upTo sources: [DocumentSource],
        _ progress: (Int, Int) -> Bool
    ) throws -> IndexUpdate {
        let scans = try sources.map { (source: $0, scan: try SourceScan($0)) }
        let total = scans.reduce(0) { $0 + $1.scan.files.count }
        var update = IndexUpdate()
        var done = 0
        for (source, scan) in scans {
            update.folders += scan.folders
            update.problems += scan.problems.map { "\(source.folder)/\($0.path): \($0.problem)" }
            update.removed += try writer.write { db in
                var writer = try IndexWriter(db)
                let removed = try writer.removeFiles(of: source.key, except: Set(scan.files.map { FilePath($0.path) }))
                try writer.finish()
                return removed
            }
            var rest = scan.files[...]
            while !rest.isEmpty {
                guard progress(done, total) else { throw CancellationError() }
                let batch = rest.prefix(Self.batch)
                rest = rest.dropFirst(Self.batch)
                update.changed += try self.take(Array(batch), of: source, scan, writer)
                done += batch.count
            }
        }
        _ = progress(done, total)
        // A search looks into each piece that an update has added.
        if update.changed >= Self.batch {
            try writer.write { try $0.execute(sql: "INSERT INTO words (words) VALUES ('optimize')") }
        }
        let keys = sources.map(\.key)
        let problems: [String]
        (update.removed, update.files, update.sections, problems) = try writer.write { [update] db in
            var writer = try IndexWriter(db)
            let removed = update.removed + (try writer.removeSources(except: keys))
            try writer.finish()
            let rows = try Row.fetchAll(
                db,
                sql: "SELECT source, path, problem FROM file WHERE problem IS NOT NULL ORDER BY path"
            )
            let problems = rows.map { row in
                let folder = sources.first { $0.key == row["source"] }?.folder ?? ""
                return "\(folder)/\(row["path"] as String): \(row["problem"] as String)"
            }
            let files = try Int.fetchOne(db, sql: "SELECT count(*) FROM file WHERE problem IS NULL") ?? 0
            let sections = try Int.fetchOne(db, sql: "SELECT sections FROM total") ?? 0
            return (removed, files, sections, problems)
        }
        update.problems += problems
        return update
    }

    /// Takes over files that have changed.
    ///
    /// - Returns: How many were.
    private func take(
        _ files: [SourceScan.File],
        of source: DocumentSource,
        _ scan: SourceScan,
        _ writer: any DatabaseWriter
    ) throws -> Int {
        let known = try writer.read { db in try IndexWriter.known(db, source.key, files.map(\.path)) }
        // A file that was changed a moment ago may be changed again without another time or size.
        let settled = (self.now() - 2_000) * 1_000_000
        let changed = files.compactMap { file -> FileContents? in
            let record = known[FilePath(file.path)]
            let mark = FileContents.mark(of: file, source, scan, settled: settled)
            if let record, record.size == file.stamp.size, record.changed == mark, mark != 0 { return nil }
            return FileContents(of: file, source, scan, mark: mark, unless: record?.digest)
        }
        guard !changed.isEmpty else { return 0 }
        return try writer.write { db in
            var writer = try IndexWriter(db)
            let count = try changed.reduce(0) { $0 + (try writer.take($1, of: source) ? 1 : 0) }
            try writer.finish()
            return count
        }
    }
}
