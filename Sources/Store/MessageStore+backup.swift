internal import GRDB
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

extension MessageStore {
    /// Copies the store as it is at this moment, while messages go on being written (SQLite's online backup).
    ///
    /// The copy is checked and appears under its name when it is whole. What is encrypted stays so. It has no log, so that it
    /// can be read where nothing can be written.
    ///
    /// - Parameters:
    ///   - path: A file that doesn't exist.
    ///   - progress: Learns how far it has come, in pages.
    /// - Returns: How many messages the copy has.
    /// - Throws: A ``StoreError``: `file-exists`, `disk-full`, `cancelled`; no file is left then.
    @discardableResult
    public func backup(to path: String, progress: @escaping StoreProgress.Report = { _ in }) async throws -> Int {
        guard FileIdentity(at: path) == nil else {
            throw StoreError(.fileExists, path, "is there already; name another file")
        }
        let partial = path + ".partial"
        let isCancelled = Mutex(false)
        do {
            try self.checkCancellation()
            let store = self.options.path
            // One that a crash left is no part of this backup.
            removeStore(at: partial)
            createPrivateFile(at: partial)
            let messages = try await withTaskCancellationHandler {
                try await self.pool.read { db in
                    try copy(db, to: partial) { step in
                        progress(step)
                        if isCancelled.withLock({ $0 }) {
                            throw StoreError(.cancelled, store, "ended before it was copied")
                        }
                    }
                }
            } onCancel: {
                isCancelled.withLock { $0 = true }
            }
            try moveFile(from: partial, to: path)
            return messages
        } catch {
            removeStore(at: partial)
            throw StoreError(error, at: path)
        }
    }

    /// Puts a backup in the place of a store.
    ///
    /// The store that was there is kept beside it with `.replaced` at the end of its name. Rooms have another epoch
    /// afterwards, since messages that clients have seen may be missing. Reads and writes the disk.
    ///
    /// - Parameters:
    ///   - backup: The backup; it stays as it is.
    ///   - options: Where the store is. No server may have it.
    ///   - progress: Learns how far it has come, in pages; what it throws ends the work.
    /// - Throws: A ``StoreError``: `store-in-use`, `not-a-store` or `store-corrupt` for the backup, `file-exists` if a
    ///   replaced store is there already; `cancelled` if `progress` throws a `CancellationError`. The store is as it was
    ///   then.
    public static func restore(
        from backup: String,
        to options: StoreOptions,
        progress: @escaping (StoreProgress) throws -> Void = { _ in }
    ) throws {
        guard FileIdentity(at: backup) != FileIdentity(at: options.path) || FileIdentity(at: backup) == nil else {
            throw StoreError(.fileExists, backup, "is the store itself; name a backup")
        }
        let options = options.resolved
        let lock = try StoreLock(of: options.path)
        defer { lock.unlock() }
        let (partial, replaced) = (options.path + ".partial", options.path + ".replaced")
        guard FileIdentity(at: backup) != nil else {
            throw StoreError(.cannotOpen, backup, "there is no such file; name a backup")
        }
        guard FileIdentity(at: replaced) == nil else {
            throw StoreError(.fileExists, replaced, "an earlier store is there already; move it away")
        }
        do {
            var configuration = Configuration()
            configuration.readonly = true
            let source = try DatabaseQueue(path: backup, configuration: configuration)
            removeStore(at: partial)
            createPrivateFile(at: partial)
            try source.read { db in
                guard try StoreSchema.check(db, at: backup) > 0 else {
                    throw StoreError(.notAStore, backup, "is empty; name a backup")
                }
                _ = try copy(db, to: partial, progress)
            }
            let target = try DatabaseQueue(path: partial)
            try target.write { db in
                try StoreRun.note(StoreRun.new(), isClean: false, db)
            }
            try target.close()
        } catch {
            removeStore(at: partial)
            throw StoreError(error, at: backup)
        }
        try replaceStore(at: options.path, with: partial, keeping: replaced)
        removeStore(at: partial)
    }
}

/// Puts a file in the place of a store, which is kept under another name with its log.
private func replaceStore(at path: String, with partial: String, keeping replaced: String) throws {
    // After a stop in good order there is no log, and no moment without a store is needed.
    if FileIdentity(at: path) != nil, (fileSize(at: path + "-wal") ?? 0) == 0, link(path, replaced) == 0 {
        for suffix in ["-wal", "-shm"] { unlink(path + suffix) }
        do { try moveFile(from: partial, to: path) } catch {
            unlink(replaced)
            throw error
        }
        return
    }
    // The log of the old file would be taken for the new one's.
    for suffix in ["-wal", "-shm", ""] where FileIdentity(at: path + suffix) != nil {
        try moveFile(from: path + suffix, to: replaced + suffix)
    }
    do { try moveFile(from: partial, to: path) } catch {
        for suffix in ["", "-shm", "-wal"] where FileIdentity(at: replaced + suffix) != nil {
            try? moveFile(from: replaced + suffix, to: path + suffix)
        }
        throw error
    }
}

/// Copies a database into a file and checks the copy.
///
/// - Parameters:
///   - source: The database.
///   - path: The file.
///   - report: Learns how far it has come, and once more when the copy is whole and checked; ends the work by what it throws.
/// - Returns: How many messages the copy has.
/// - Throws: What SQLite reports, what `report` throws, or `store-corrupt`.
private func copy(
    _ source: Database,
    to path: String,
    _ report: @escaping (StoreProgress) throws -> Void
) throws -> Int {
    let target = try DatabaseQueue(path: path)
    var end = StoreProgress(done: 0, total: 0)
    let messages = try target.writeWithoutTransaction { copy in
        try source.backup(to: copy, pagesPerStep: 256) { step in
            end = StoreProgress(done: step.completedPageCount, total: step.totalPageCount)
            try report(end)
        }
        // Its header says that it has a log, and whoever reads it would need to make one.
        try copy.execute(sql: "PRAGMA journal_mode = DELETE")
        guard try String.fetchOne(copy, sql: "PRAGMA quick_check(1)") == "ok" else {
            throw StoreError(.corrupt, path, "the copy is damaged, as the store itself may be; verify it")
        }
        return try Int.fetchOne(copy, sql: "SELECT count(*) FROM message") ?? 0
    }
    try target.close()
    // Whoever wants to end it while it is checked is heard before the copy is used.
    try report(end)
    return messages
}

/// Renames a file and sees to it that the new name is on the disk.
private func moveFile(from old: String, to new: String) throws {
    guard rename(old, new) == 0 else { throw StoreError(.readOnly, new, "a file can't be put there") }
    let folder = new.lastIndex(of: "/").map { String(new[...$0]) } ?? "."
    let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
}

private func removeStore(at path: String) {
    for suffix in ["", "-wal", "-shm", "-journal"] { unlink(path + suffix) }
}
