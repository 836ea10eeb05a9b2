internal import GRDB
internal import Messages
internal import Synchronization

/// Keeps what is said, in one file of SQLite.
///
/// Appending never waits for the disk: entries go into a queue, and ``run()`` writes them, each time all that have come
/// while the last ones were written (one transaction, WAL, `synchronous=FULL`). Whoever appended is told after the
/// commit, so that nothing acknowledged is lost when the process or the machine stops.
///
/// Safe on any thread.
public final class MessageStore: Sendable {
    public let options: StoreOptions
    public let role: StoreRole
    /// What was known of the keys when it was opened.
    public let keys: StoreKeyState
    let time: StoreTime
    let observer: @Sendable (StoreEvent) -> Void
    let pool: DatabasePool
    let queue: WriteQueue
    let codec: RecordCodec
    let status: Mutex<StoreStatus>
    /// Taken on the thread of the one connection that writes, but where a commit has failed.
    let rooms = Mutex(RoomCache())
    private let lock: StoreLock?
    private let identity: FileIdentity?

    init(
        _ options: StoreOptions,
        as role: StoreRole,
        pool: DatabasePool,
        lock: StoreLock?,
        codec: RecordCodec,
        run: String,
        keys: StoreKeyState,
        time: StoreTime,
        observer: @escaping @Sendable (StoreEvent) -> Void
    ) {
        self.options = options
        self.role = role
        self.pool = pool
        self.lock = lock
        self.codec = codec
        self.keys = keys
        self.time = time
        self.observer = observer
        self.identity = FileIdentity(at: options.path)
        self.queue = WriteQueue(options)
        self.status = Mutex(StoreStatus(run: run, at: time.now()))
        // Nobody writes beside a server but for maintenance.
        if role != .server { self.queue.change(to: .finished) }
    }

    /// Takes an entry to be written.
    ///
    /// Returns at once and never touches the disk. Entries are written in the order in which they were taken.
    ///
    /// - Parameters:
    ///   - entry: What is to be stored.
    ///   - completion: Called once if the result is ``AppendResult/queued``, on a thread of the writer, in the order of
    ///     the entries. Must not wait.
    /// - Returns: Whether it was taken.
    @discardableResult
    public func append(
        _ entry: StoreEntry,
        completion: (@Sendable (AppendOutcome) -> Void)? = nil
    ) -> AppendResult {
        self.queue.append(entry, completion)
    }

    /// How the store is at the moment.
    public var health: StoreHealth {
        var health = self.status.withLock { $0.health }
        self.queue.fill(&health)
        return health
    }

    /// Gives the file and the lock back; reads and writes the disk.
    ///
    /// To be called when ``run()`` has returned and nothing is read any more; whatever is called later fails.
    public func close() {
        self.queue.change(to: .finished)
        // So that the one file is the whole store. If it can't be done, the next start does it.
        if self.role.isAlone {
            _ = try? self.pool.writeWithoutTransaction { try Row.fetchAll($0, sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
        }
        try? self.pool.close()
        self.lock?.unlock()
    }

    /// Throws where the file isn't the one that was opened.
    ///
    /// SQLite would go on in a file that nobody can find any more.
    func checkFile() throws {
        guard let identity, FileIdentity(at: self.options.path) == identity else {
            throw StoreError(
                .fileRemoved,
                self.options.path,
                "was moved or removed; put it back, or restart the server"
            )
        }
    }

    /// Reads, with errors of the store.
    func read<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        do {
            // A connection that is opened only now would read another file without a word.
            try self.checkFile()
            return try await self.pool.read(body)
        } catch {
            throw StoreError(error, at: self.options.path)
        }
    }

    /// Writes in one transaction, whether the task is cancelled or not.
    ///
    /// - Parameters:
    ///   - keepingRooms: Whether ``rooms`` stays good.
    ///   - body: What is written.
    /// - Returns: What `body` returns, once it is committed.
    /// - Throws: A ``StoreError``.
    func write<T: Sendable>(
        keepingRooms: Bool = false,
        _ body: @escaping @Sendable (Database) throws -> T
    ) async throws -> T {
        do {
            try self.checkFile()
            let value = try await withCheckedThrowingContinuation { continuation in
                self.pool.asyncWriteWithoutTransaction { db in
                    if !keepingRooms { self.rooms.withLock { $0 = RoomCache() } }
                    continuation.resume(with: Result { try Self.transaction(db, body) })
                }
            }
            try self.checkFile()
            return value
        } catch {
            throw StoreError(error, at: self.options.path)
        }
    }

    private static func transaction<T>(_ db: Database, _ body: (Database) throws -> T) throws -> T {
        var value: T?
        try db.inTransaction(.immediate) {
            value = try body(db)
            return .commit
        }
        guard let value else { throw CancellationError() }
        return value
    }
}

/// What changes in a store that is open.
struct StoreStatus: Sendable {
    var health: StoreHealth
    /// The second part of epochs.
    var run: String
    var isRunning = false
    /// Whether something that a client may have seen is in no file.
    var isLossy = false

    init(run: String, at time: Timestamp) {
        self.health = StoreHealth(state: .healthy, since: time)
        self.run = run
    }
}
