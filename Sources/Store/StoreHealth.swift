public import Messages

/// How the store is.
public struct StoreHealth: Hashable, Sendable {
    public enum State: Hashable, Sendable {
        /// What was appended last has been written, or nothing failed yet.
        case healthy
        /// Nothing can be written; what waits is kept and tried again, what comes is refused.
        case failing(StoreError)
        /// Nothing can be written; what comes is in memory alone.
        case memoryOnly(StoreError)
        /// The writer has ended.
        case stopped
    }

    public var state: State
    /// Since when it is so.
    public var since: Timestamp
    /// What waits to be written, the batch that is being written included.
    public var queuedEntries = 0
    public var queuedBytes = 0
    /// Entries that are on the disk, since the start.
    public var committedEntries = 0
    /// Transactions that failed, since the start.
    public var failedCommits = 0
    /// Entries that were refused since the queue was full, nothing could be written, or the store was stopped.
    public var refusedEntries = 0
    /// Entries that are in no file since nothing could be written.
    public var memoryOnlyEntries = 0
    /// Records that were found damaged, since the start.
    public var damagedRecords = 0

    init(state: State, since: Timestamp) {
        self.state = state
        self.since = since
    }

    /// Whether what is appended now will be on the disk.
    public var isDurable: Bool { self.state == .healthy }
}

/// What happened in the store, for logs and metrics.
public enum StoreEvent: Sendable {
    /// A transaction was written.
    case committed(entries: Int, bytes: Int, nanoseconds: UInt64)
    /// The store has changed its ``StoreHealth/State``.
    case health(StoreHealth.State)
    /// An entry can't be stored and was given up; the others of its batch are.
    case rejected(StoreError)
    /// A record isn't what was written.
    case damaged(StoredPosition)
}

/// Where a record is.
public struct StoredPosition: Hashable, Sendable {
    public let site: SiteID
    public let session: SessionID
    public let seq: Int

    public init(site: SiteID, session: SessionID, seq: Int) {
        self.site = site
        self.session = session
        self.seq = seq
    }
}
