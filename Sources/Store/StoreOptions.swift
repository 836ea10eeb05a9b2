internal import FoundationEssentials

/// Where the store is and what it may use.
public struct StoreOptions: Sendable {
    /// What becomes of new messages while nothing can be written.
    public enum FailurePolicy: String, Sendable, CaseIterable {
        /// They are refused, and those that wait are kept until they can be written: what was acknowledged is on the disk.
        case refuse
        /// The chat goes on without the store; what is said meanwhile is in no file.
        case memory
    }

    /// The file, or a symbolic link to it; `-wal`, `-shm` and `.lock` are put beside the file itself.
    public var path: String
    public var failurePolicy: FailurePolicy
    /// How many entries may wait to be written.
    ///
    /// More are refused.
    public var queuedEntries: Int
    /// How many bytes may wait to be written.
    ///
    /// More are refused.
    public var queuedBytes: Int
    /// How many entries one transaction takes at most.
    public var batchEntries: Int
    /// How long to wait for another process that has the file locked, in milliseconds.
    public var busyMilliseconds: Int
    /// How many reads go on at a time.
    public var readers: Int
    /// What texts, pages, traces and states are encrypted with; nothing to leave them readable.
    ///
    /// Once a store has been opened with keys it isn't opened without them.
    public var keys: StoreKeyRing?

    public init(
        path: String,
        failurePolicy: FailurePolicy = .refuse,
        queuedEntries: Int = 50_000,
        queuedBytes: Int = 64 * 1_048_576,
        batchEntries: Int = 2_000,
        busyMilliseconds: Int = 5_000,
        readers: Int = 4,
        keys: StoreKeyRing? = nil
    ) {
        self.path = path
        self.failurePolicy = failurePolicy
        self.queuedEntries = max(1, queuedEntries)
        self.queuedBytes = max(1, queuedBytes)
        self.batchEntries = max(1, batchEntries)
        self.busyMilliseconds = max(0, busyMilliseconds)
        self.readers = max(1, readers)
        self.keys = keys
    }

    /// The file that ``path`` means where that is a symbolic link, else the path as it is.
    ///
    /// What is beside a store goes by it: by its links one store would have several locks. Reads the disk.
    public var file: String {
        var file = self.path
        // As many as Linux follows.
        for _ in 0..<40 {
            guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: file) else { break }
            let folder = file.lastIndex(of: "/").map { file[...$0] } ?? ""
            file = target.hasPrefix("/") ? target : folder + target
        }
        return file
    }

    /// The same, with the file itself as its path.
    var resolved: StoreOptions {
        var options = self
        options.path = self.file
        return options
    }

    /// How many messages of a room are restored, and how many bytes of them.
    public static let recentMessages = 100
    public static let recentBytes = 256 * 1_024
    /// How many client ids of a room are restored, and for how long they are known at least: 5 minutes.
    public static let rememberedIDs = 1_024
    static let rememberedMilliseconds: Int64 = 300_000
    /// The largest page of history.
    public static let historyMessages = 100
    /// The largest record, in bytes: a frame, a trace or a state.
    public static let recordBytes = 1_048_576
}

/// For what a process opens the store.
public enum StoreRole: Sendable {
    /// To take messages: one process at a time.
    case server
    /// To look at it alone, also beside a server and where it can't be written.
    case reader
    /// To copy it alone, also one of an earlier version.
    case copier
    /// To maintain it, also beside a server.
    case tool
    /// To change it in a way that no server may have it meanwhile.
    case maintenance

    /// Whether a server may not have it meanwhile.
    var isAlone: Bool { self == .server || self == .maintenance }
    /// Whether nothing is to be written.
    var isReading: Bool { self == .reader || self == .copier }
}
