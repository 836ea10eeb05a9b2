internal import GRDB
public import Indexing

/// What an update has done.
public struct CodeUpdate: Sendable, Hashable {
    /// How many files and symbols there are.
    public var files = 0
    public var symbols = 0
    /// How many files were read anew, and how many are gone.
    public var changed = 0
    public var removed = 0
    /// What isn't in the index though it is in a root: a line for each, with the path first.
    public var problems: [String] = []
    /// The folders in the roots, as paths from the current folder.
    public var folders: [String] = []

    public init() {}
}

extension CodeIndex {
    /// So many files are one transaction and one segment.
    private static let batch = 1_000

    /// Makes the index agree with the roots: reads what is new or changed, and drops what is gone or may not be found any more.
    ///
    /// Blocks the calling thread. One update after the other, also of other processes. Killed at any moment it leaves
    /// whole files, and the next one goes on.
    ///
    /// - Parameters:
    ///   - full: Whether everything is read anew, into a second file that takes the place of the first one at the end.
    ///   - progress: Learns how many of how many files are looked at; true to go on.
    ///   - waiting: Asked about every tenth of a second while another update runs; false to give up.
    /// - Returns: What has changed.
    /// - Throws: What the disk reports, or `cancelled` where `progress` ended it. A root that isn't there has no files.
    public func update(
        full: Bool = false,
        progress: (_ done: Int, _ total: Int) -> Bool = { _, _ in true },
        waiting: () -> Bool = { true }
    ) throws(CodeError) -> CodeUpdate {
        try self.file.update(full: full, waiting: waiting) { try self.bring($0, progress) }
    }

    private func bring(_ writer: any DatabaseWriter, _ progress: (Int, Int) -> Bool) throws -> CodeUpdate {
        var update = CodeUpdate()
        let opened = zip(self.roots, self.rules).compactMap { root, rules in
            RootFolder(root.path).map { (root: root, folder: $0, scan: RootScan($0, rules)) }
        }
        let total = opened.reduce(0) { $0 + $1.scan.files.count }
        var done = 0
        let files = Dictionary(opened.map { ($0.root.path, Set($0.scan.files.map(\.path))) }) { $0.union($1) }
        update.removed = try writer.write { try CodeWriter.removeFiles($0, except: files) }
        for (root, folder, scan) in opened {
            update.folders += scan.folders.map { $0.isEmpty ? root.path : "\(root.path)/\($0)" }
            update.problems += scan.problems.map { "\(root.path)/\($0.path): \($0.problem)" }
            var rest = scan.files[...]
            while !rest.isEmpty {
                guard progress(done, total) else { throw CancellationError() }
                let batch = rest.prefix(Self.batch)
                rest = rest.dropFirst(Self.batch)
                update.changed += try self.take(batch, of: root, folder, writer)
                done += batch.count
            }
        }
        _ = progress(done, total)
        let reports = try ReportFiles(self.reports, writer)
        update.problems += reports.problems
        update.folders += reports.folders
        let size = try writer.write { db in
            try CodeWriter.mergeSegments(db)
            return try Self.size(db)
        }
        (update.files, update.symbols) = (size.files, size.symbols)
        return update
    }

    /// Takes over files that have changed.
    ///
    /// - Returns: How many were.
    private func take(
        _ files: ArraySlice<RootScan.File>,
        of root: CodeRoot,
        _ folder: RootFolder,
        _ writer: any DatabaseWriter
    ) throws -> Int {
        let known = try writer.read { try CodeWriter.known($0, root.path, files.map(\.path)) }
        // A file that was changed a moment ago may be changed again without another time or size.
        let settled = (self.now() - 2_000) * 1_000_000
        let changed = files.compactMap { file -> CodeWriter.Contents? in
            let record = known[file.path]
            let mark = file.stamp.changed < settled ? file.stamp.changed : 0
            if let record, record.size == file.stamp.size, record.changed == mark, mark != 0 { return nil }
            // One that can't be read at this moment is looked at again.
            guard let bytes = folder.bytes(of: file.path, limit: SourceText.maximumBytes) else { return nil }
            let digest = Int64(bitPattern: Digest.of(bytes))
            let isKnown = digest == record?.digest
            let text = isKnown ? nil : SourceText(bytes)
            return .init(
                path: file.path,
                size: file.stamp.size,
                mark: mark,
                digest: digest,
                isKnown: isKnown,
                text: text
            )
        }
        guard !changed.isEmpty else { return 0 }
        return try writer.write { try CodeWriter.take(changed, of: root.path, $0) }
    }
}
