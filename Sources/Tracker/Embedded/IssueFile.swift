internal import FoundationEssentials
internal import GRDB
public import Messages
public import Store

/// A file of SQLite with everything that the plugin for issues keeps: issues, drafts, and who waits for news.
///
/// Several processes may have it open at once. Safe on any thread.
public final class IssueFile: Sendable {
    /// Where it is.
    public let path: String
    let pool: DatabasePool
    let now: @Sendable () -> Timestamp
    private let identity: FileIdentity?

    private init(_ path: String, _ pool: DatabasePool, _ now: @escaping @Sendable () -> Timestamp) {
        self.path = path
        self.pool = pool
        self.now = now
        self.identity = FileIdentity(at: path)
    }

    /// Opens a file; a server makes it where there is none, and updates its tables.
    ///
    /// Reads and writes the disk, so not to be called on an event loop.
    ///
    /// - Parameters:
    ///   - path: Where it is.
    ///   - role: Only a server makes or updates it; any number of servers and tools have it at once.
    ///   - busyMilliseconds: How long a change waits for those of other processes.
    ///   - now: The time of day.
    /// - Returns: The file.
    /// - Throws: `newer-tracker`, `not-a-tracker`, `cannot-open-tracker`, or what the disk reports.
    public static func open(
        _ path: String,
        as role: StoreRole = .server,
        busyMilliseconds: Int = 5_000,
        now: @escaping @Sendable () -> Timestamp
    ) throws(TrackerError) -> IssueFile {
        do {
            guard role == .server || FileIdentity(at: path) != nil else {
                let explanation = "there are no issues; start a server whose chain has the plugin, or name another file"
                throw StoreError(.cannotOpen, path, explanation)
            }
            if role == .server {
                Self.makeFolder(of: path)
                createPrivateFile(at: path)
            }
            let pool = try DatabasePool(path: path, configuration: Self.configuration(path, busyMilliseconds))
            try pool.writeWithoutTransaction { db in
                // GRDB lowers it when it turns WAL on; what a visitor was told must be on the disk.
                try db.execute(sql: "PRAGMA synchronous = FULL")
                if role == .server {
                    try IssueSchema.file.migrate(db, at: path)
                } else {
                    try IssueSchema.file.checkIsCurrent(db, at: path)
                }
            }
            return IssueFile(path, pool, now)
        } catch {
            throw TrackerError(error, at: path)
        }
    }

    /// Whoever may not make it gets the file's own error.
    private static func makeFolder(of path: String) {
        guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return }
        try? FileManager.default.createDirectory(
            atPath: String(path[..<slash]),
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
    }

    /// Closes the file; what is called later fails.
    public func close() { try? self.pool.close() }

    private static func configuration(_ path: String, _ busyMilliseconds: Int) -> Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(Double(busyMilliseconds) / 1_000)
        configuration.foreignKeysEnabled = false
        configuration.label = "issues"
        configuration.prepareDatabase { db in
            guard !db.configuration.readonly else { return }
            // Before anything is written: what isn't ours stays as it is.
            try IssueSchema.file.check(db, at: path)
            _ = try Int.fetchOne(db, sql: "PRAGMA secure_delete = ON")
            _ = try Int.fetchOne(db, sql: "PRAGMA journal_size_limit = 16777216")
        }
        return configuration
    }

    /// SQLite would go on in a file that nobody can find any more.
    private func checkFile() throws {
        guard let identity, FileIdentity(at: self.path) == identity else {
            throw StoreError(.fileRemoved, self.path, "was moved or removed; put it back, or restart the server")
        }
    }

    /// Reads, with errors of a tracker.
    func read<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws(TrackerError) -> T {
        do {
            try self.checkFile()
            return try await self.pool.read(body)
        } catch {
            throw TrackerError(error, at: self.path)
        }
    }

    /// Writes in one transaction, whether the task is cancelled or not.
    func write<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws(TrackerError) -> T {
        do {
            try self.checkFile()
            return try await withCheckedThrowingContinuation { continuation in
                self.pool.asyncWriteWithoutTransaction { db in
                    continuation.resume(
                        with: Result {
                            var value: Result<T, any Error> = .failure(CancellationError())
                            // Immediate: what is read in it nobody else changes until it is written.
                            try db.inTransaction(.immediate) {
                                value = .success(try body(db))
                                return .commit
                            }
                            return try value.get()
                        }
                    )
                }
            }
        } catch {
            throw TrackerError(error, at: self.path)
        }
    }
}
