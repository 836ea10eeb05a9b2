package import GRDB

/// The tables of a file of ours and how they came to be.
package struct FileSchema: Sendable {
    /// Marks the file as ours in its header.
    package let applicationID: Int32
    /// One step for each version, applied in order; a step is never changed once it was published.
    private let migrations: [String]

    package init(applicationID: Int32, migrations: [String]) {
        self.applicationID = applicationID
        self.migrations = migrations
    }

    package var version: Int { self.migrations.count }

    /// Makes or updates the tables.
    ///
    /// - Throws: `newer-store` or `not-a-store`; nothing is changed then.
    package func migrate(_ db: Database, at path: String) throws {
        guard try self.check(db, at: path) < self.version else { return }
        for (index, step) in self.migrations.enumerated() {
            try db.inTransaction(.immediate) {
                // Another process may have been faster.
                guard try self.check(db, at: path) == index else { return .commit }
                try db.execute(sql: step)
                try db.execute(sql: "PRAGMA application_id = \(self.applicationID)")
                try db.execute(sql: "PRAGMA user_version = \(index + 1)")
                return .commit
            }
        }
    }

    /// Throws where a server of this version has yet to update the tables.
    package func checkIsCurrent(_ db: Database, at path: String) throws {
        guard try self.check(db, at: path) == self.version else {
            throw StoreError(.notAStore, path, "is of an earlier version; start the server once, which updates it")
        }
    }

    /// The version of a file; 0 for a new one.
    @discardableResult
    package func check(_ db: Database, at path: String) throws -> Int {
        let application = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let found = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        let isEmpty = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") == 0
        guard isEmpty || application == self.applicationID else {
            throw StoreError(.notAStore, path, "is a database of another program; name another file")
        }
        guard found <= self.version else {
            let explanation =
                "was written by a later version (\(found), this program knows \(self.version)); start that version"
            throw StoreError(.newerVersion, path, explanation)
        }
        return isEmpty ? 0 : found
    }
}
