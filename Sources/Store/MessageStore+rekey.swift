internal import FoundationEssentials
internal import GRDB

extension MessageStore {
    /// Encrypts with the active key whatever is plain or was encrypted with another one.
    ///
    /// Goes on beside everything else, in small transactions, and ends with writing the file anew, for which commits
    /// wait. Every process that has the store open must know the active
    /// key by then. When it is done the other keys aren't needed any more; when it is ended before, it can be
    /// called again.
    ///
    /// - Parameter progress: Learns how far it has come.
    /// - Returns: How many records were encrypted anew.
    /// - Throws: A ``StoreError``: `missing-key` without an active key, `cancelled`, `store-corrupt` for a record that
    ///   can't be read. Erase its session or restore a backup then.
    @discardableResult
    public func rekey(progress: StoreProgress.Report = { _ in }) async throws -> Int {
        let path = self.options.path
        guard self.codec.keys != nil else {
            throw StoreError(.missingKey, path, "no key is given to encrypt it with; give one")
        }
        var changed = 0
        // A server that has yet to learn of the key may have written with another one meanwhile.
        for _ in 0..<3 {
            for table in SealedTable.allCases {
                changed = try await self.rekey(table, changed, progress)
            }
            guard try await self.forgetOtherKeys() else { continue }
            // Also where nothing was changed: a call before this one may have been ended in between.
            try await self.compact()
            return changed
        }
        throw StoreError(.unexpected, path, "a server writes with another key; restart it with the active one")
    }

    /// - Returns: How many records were encrypted anew, with those of `before`.
    private func rekey(
        _ table: SealedTable,
        _ before: Int,
        _ progress: StoreProgress.Report
    ) async throws -> Int {
        let total = try await self.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM \(table.name)") ?? 0 }
        let codec = self.codec
        let path = self.options.path
        var after: Int64 = 0
        var (done, changed) = (0, before)
        while true {
            guard !Task.isCancelled else { throw StoreError(.cancelled, path, "ended before everything was encrypted") }
            let start = after
            let step = try await self.write { db in try table.rekey(db, after: start, codec, path) }
            guard let last = step.last else { return changed }
            after = last
            done += step.rows
            changed += step.changed
            progress(StoreProgress(done: done, total: max(total, done), records: changed))
        }
    }

    /// Strikes off the keys that nothing is encrypted with.
    ///
    /// - Returns: Whether everything is encrypted with the active one.
    private func forgetOtherKeys() async throws -> Bool {
        let codec = self.codec
        return try await self.write { db in
            for table in SealedTable.allCases where try table.hasOthers(db, codec) { return false }
            try db.execute(sql: "DELETE FROM key WHERE id <> ?", arguments: [codec.keys?.active.id])
            try db.execute(sql: "INSERT OR REPLACE INTO meta (key, value) VALUES ('plain', 0)")
            return true
        }
    }

    /// Writes the file anew without anything that was deleted, and empties the log.
    ///
    /// `secure_delete` overwrites what is deleted where it lies, but SQLite leaves copies in the unused parts of pages
    /// when it moves rows from one to another. Commits wait meanwhile.
    func compact() async throws {
        // Dropped at the end of the call, not before.
        let lock = CompactionLock(of: self.options.file)
        try await self.writeAnew()
        _ = consume lock
    }

    private func writeAnew() async throws {
        do {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                self.pool.asyncWriteWithoutTransaction { db in
                    continuation.resume(with: Result { try db.execute(sql: "VACUUM") })
                }
            }
        } catch {
            let error = StoreError(error, at: self.options.path)
            guard error.code == .diskFull else { throw error }
            let explanation =
                "no space is left to write it anew, which takes its size once more beside it and once more in the folder "
                + "for temporary files (SQLITE_TMPDIR); free some and begin again"
            throw StoreError(.diskFull, self.options.path, explanation)
        }
        try await self.emptyLog()
    }

    /// Writes what is in the log into the file and empties it, so that nothing old is left in it.
    ///
    /// - Throws: `store-locked` if somebody reads for as long as is waited.
    func emptyLog() async throws {
        do {
            let isBusy = try await withCheckedThrowingContinuation { continuation in
                self.pool.asyncWriteWithoutTransaction { db in
                    continuation.resume(
                        with: Result { try Int.fetchOne(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)") != 0 }
                    )
                }
            }
            guard !isBusy else {
                let explanation = "somebody reads it, so that its log can't be emptied; try again"
                throw StoreError(.locked, self.options.path, explanation)
            }
        } catch {
            throw StoreError(error, at: self.options.path)
        }
    }
}
