internal import GRDB
internal import Indexing

/// Keeps what reports say in the index up with their files.
struct ReportFiles {
    /// The longest report that is read, in bytes.
    private static let maximumBytes: Int64 = 33_554_432
    /// So many reports are read.
    private static let maximumReports = 200

    /// What can't be read: a line for each, with the path first.
    private(set) var problems: [String] = []
    /// The folders that they are in.
    private(set) var folders: [String] = []

    /// - Parameters:
    ///   - paths: Files `*.sarif` or `*.sarif.json`, or folders with such files.
    ///   - writer: The index.
    /// - Throws: What the disk reports.
    init(_ paths: [String], _ writer: any DatabaseWriter) throws {
        var files: [String] = []
        for path in paths {
            guard FileStamp(at: path)?.isFolder == true || path.hasSuffix("/") else {
                files.append(path)
                continue
            }
            self.folders.append(path)
            let names = FolderNames.of(path) ?? []
            files += names.compactMap { $0 }.filter { $0.hasSuffix(".sarif") || $0.hasSuffix(".sarif.json") }
                .map { "\(path)/\($0)" }
        }
        files = Array(files.prefix(Self.maximumReports))
        let known = try writer.read { db in
            try Dictionary(
                uniqueKeysWithValues: Row.fetchAll(db, sql: "SELECT path, size, changed FROM report").map {
                    ($0[0] as String, ($0[1] as Int64, $0[2] as Int64))
                }
            )
        }
        for path in Set(known.keys).subtracting(files) { try writer.write { try Self.remove(path, $0) } }
        for path in files {
            guard let stamp = FileStamp(at: path), stamp.isFile else { continue }
            if let before = known[path], before == (stamp.size, stamp.changed) { continue }
            let bytes: [UInt8]?
            do throws(UnreadableFile) { bytes = try stamp.bytes(at: path, limit: Self.maximumBytes) } catch {
                self.problems.append("\(path): can't be read")
                continue
            }
            guard let results = bytes.flatMap({ SARIFReader.results(in: $0) }) else {
                let isLarge = stamp.size > Self.maximumBytes
                self.problems.append("\(path): \(isLarge ? "is larger than 32 MiB" : "is no SARIF 2.1.0")")
                continue
            }
            try writer.write { try Self.take(results, of: path, stamp, $0) }
        }
    }

    private static func remove(_ path: String, _ db: Database) throws {
        try db.execute(sql: "DELETE FROM finding WHERE report = ?", arguments: [path])
        try db.execute(sql: "DELETE FROM report WHERE path = ?", arguments: [path])
    }

    private static func take(_ results: [SARIFReader.Result], of path: String, _ stamp: FileStamp, _ db: Database)
        throws
    {
        try self.remove(path, db)
        try db.execute(
            sql: "INSERT INTO report (path, size, changed) VALUES (?, ?, ?)",
            arguments: [path, stamp.size, stamp.changed]
        )
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO finding (report, name, path, line, rule, level, message, is_suppressed)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """
        )
        for result in results {
            let finding = result.finding
            let name = result.path.split(separator: "/").last?.lowercased() ?? ""
            try statement.execute(
                arguments: [
                    path, name, result.path, finding.line, finding.rule, finding.level, finding.message,
                    finding.isSuppressed,
                ]
            )
        }
    }
}
