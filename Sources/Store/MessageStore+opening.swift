internal import GRDB
internal import Messages

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

extension MessageStore {
    /// Opens a store; a server makes it where there is none.
    ///
    /// Reads and writes the disk, so not to be called on an event loop.
    ///
    /// - Parameters:
    ///   - options: Where it is.
    ///   - role: A server takes messages, and there is one at a time; readers and tools may have the store beside it,
    ///     maintenance may not.
    ///   - time: Where the store takes the time from.
    ///   - observer: Learns what happens, on any thread; must not wait.
    /// - Returns: The store. What is appended waits until ``run()`` is called.
    /// - Throws: A ``StoreError``: `store-in-use`, `newer-store`, `not-a-store`, `cannot-open-store`, or what the disk
    ///   reports.
    public static func open(
        _ options: StoreOptions,
        as role: StoreRole,
        time: StoreTime,
        observer: @escaping @Sendable (StoreEvent) -> Void = { _ in }
    ) throws -> MessageStore {
        let options = options.resolved
        do {
            if role != .server { try self.checkFile(at: options.path, as: role) }
            let lock = role.isAlone ? try StoreLock(of: options.path) : nil
            if role == .server { createPrivateFile(at: options.path) }
            let isReadOnly = role.isReading && isReadAsItIs(options.path)
            let pool = try DatabasePool(path: options.path, configuration: Self.configuration(options, isReadOnly))
            let (run, codec, keys) = try pool.writeWithoutTransaction { db in
                // GRDB lowers it when it turns WAL on; a commit must be on the disk before it is acknowledged.
                if !isReadOnly { try db.execute(sql: "PRAGMA synchronous = FULL") }
                switch role {
                case .server: try StoreSchema.migrate(db, at: options.path)
                case .copier: try StoreSchema.check(db, at: options.path)
                case .reader where isReadOnly: try Self.checkBackup(db, at: options.path)
                case .reader, .tool, .maintenance: try StoreSchema.checkIsCurrent(db, at: options.path)
                }
                let known = try String.fetchAll(db, sql: "SELECT id FROM key")
                let codec = try Self.prepare(db, options, role, time.now())
                let keys = try StoreKeyState(db, codec, known: known)
                return (role == .server ? try StoreRun.begin(db) : try StoreRun.current(db), codec, keys)
            }
            return MessageStore(
                options,
                as: role,
                pool: pool,
                lock: lock,
                codec: codec,
                run: run,
                keys: keys,
                time: time,
                observer: observer
            )
        } catch {
            throw StoreError(error, at: options.path)
        }
    }

    /// Throws where there is nothing to open: a server alone makes a store.
    private static func checkFile(at path: String, as role: StoreRole) throws {
        guard FileIdentity(at: path) != nil else {
            throw StoreError(.cannotOpen, path, "there is no store; start a server first, or name another file")
        }
        guard fileSize(at: path) != 0 else {
            throw StoreError(.notAStore, path, "is empty; name another file, or start a server with it")
        }
    }

    /// Throws where a backup is of an earlier version, which no server is going to update.
    private static func checkBackup(_ db: Database, at path: String) throws {
        guard try StoreSchema.check(db, at: path) < StoreSchema.version else { return }
        let explanation =
            "is of an earlier version; start a server with it once, which updates it; a backup has to be restored to another "
            + "file first"
        throw StoreError(.notAStore, path, explanation)
    }

    /// Compares keys, and makes or drops the index of texts.
    private static func prepare(
        _ db: Database,
        _ options: StoreOptions,
        _ role: StoreRole,
        _ now: Timestamp
    ) throws -> RecordCodec {
        // Whoever only reads takes the store as it is.
        if role.isReading { return try KeyTable.check(db, options.keys, as: role, now: now, at: options.path) }
        var codec = RecordCodec(keys: nil)
        try db.inTransaction(.immediate) {
            codec = try KeyTable.check(db, options.keys, as: role, now: now, at: options.path)
            try SearchIndex.prepare(db, isEncrypted: options.keys != nil)
            return .commit
        }
        return codec
    }

    private static func configuration(_ options: StoreOptions, _ isReadOnly: Bool) -> Configuration {
        var configuration = Configuration()
        configuration.readonly = isReadOnly
        configuration.busyMode = .timeout(Double(options.busyMilliseconds) / 1_000)
        configuration.maximumReaderCount = options.readers
        configuration.foreignKeysEnabled = false
        configuration.label = "store"
        let path = options.path
        configuration.prepareDatabase { db in
            guard !db.configuration.readonly else { return }
            // Before anything is written: what isn't a store stays as it is.
            try StoreSchema.check(db, at: path)
            try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
            _ = try Int.fetchOne(db, sql: "PRAGMA secure_delete = ON")
            _ = try Int.fetchOne(db, sql: "PRAGMA journal_size_limit = 67108864")
            // 64 MiB: what many rooms write in one transaction has to be found there, and stays there until the commit.
            try db.execute(sql: "PRAGMA cache_size = -65536")
            // In pages. A page that many commits change goes from the log into the file once for all of them.
            _ = try Int.fetchOne(db, sql: "PRAGMA wal_autocheckpoint = 4000")
        }
        return configuration
    }
}

/// Whether a store that is only looked at is opened for reading alone: where it can't be written, and where it has no log,
/// as a backup, so that it stays without one.
private func isReadAsItIs(_ path: String) -> Bool {
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    return access(path, W_OK) != 0 || access(folder, W_OK) != 0 || !hasLog(path)
}

/// Whether the header says that changes go into a log first (sqlite.org/fileformat.html, offset 18).
///
/// Not for a store that this process has open: closing a file gives up the locks that SQLite has on it.
private func hasLog(_ path: String) -> Bool {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return true }
    defer { close(descriptor) }
    var version: UInt8 = 2
    return pread(descriptor, &version, 1, 18) != 1 || version == 2
}

/// The second part of epochs, which names a run of the store without a loss.
enum StoreRun {
    /// A name for a run that nothing is known of.
    static func new() -> String {
        var generator = SystemRandomNumberGenerator()
        return randomBase36(characters: 6, using: &generator)
    }

    static func current(_ db: Database) throws -> String {
        try String.fetchOne(db, sql: "SELECT value FROM meta WHERE key = 'run'") ?? self.new()
    }

    /// Starts a run: the one before it goes on if it was ended with everything written.
    static func begin(_ db: Database) throws -> String {
        var run = self.new()
        try db.inTransaction(.immediate) {
            let isClean = try Int.fetchOne(db, sql: "SELECT value FROM meta WHERE key = 'clean'") == 1
            if isClean { run = try self.current(db) }
            try self.note(run, isClean: false, db)
            return .commit
        }
        return run
    }

    static func note(_ run: String, isClean: Bool, _ db: Database) throws {
        try db.execute(
            sql: "INSERT OR REPLACE INTO meta (key, value) VALUES ('run', ?), ('clean', ?)",
            arguments: [run, isClean ? 1 : 0]
        )
    }
}
