internal import Messages

/// What the writer knows of the rows of rooms, so that it needn't read and write them for each entry.
///
/// Good for as long as nobody else writes to the file: ``MessageStore/write(_:)`` forgets all of it, and so do a commit that
/// fails and one before which another process has written.
struct RoomCache: Sendable {
    struct Row: Sendable {
        let id: Int64
        var lastSeq: Int
        /// What of the epoch stays the same for as long as the room does.
        var part: String
        /// When it was last noted that something changed, in milliseconds since 1970.
        var changed: Int64
    }

    /// What is to be written of a room at the end of a transaction.
    struct Change {
        /// 0 where no message came.
        var lastSeq = 0
        var changed: Int64?
        var part: String?
        var visitor: String?
        var state: (record: [UInt8], isAttended: Bool)?

        var isMoreThanNumber: Bool { self.changed != nil || self.part != nil || self.visitor != nil }
    }

    /// How long messages come in before it is noted again that the room has changed, which moves it in an index.
    static let changeMilliseconds: Int64 = 60_000

    /// With more rooms it begins anew.
    private static let capacity = 10_000

    private var rows: [RoomName: Row] = [:]
    /// SQLite's `data_version` when it was last good: another one once another connection has committed something.
    private var version: Int64?

    /// Forgets everything where another connection has written since the last call.
    ///
    /// - Parameter version: `PRAGMA data_version`, within a transaction of the writer.
    mutating func begin(at version: Int64) {
        guard self.version != version else { return }
        self = RoomCache()
        self.version = version
    }

    subscript(name: RoomName) -> Row? {
        get { self.rows[name] }
        set {
            if newValue != nil, self.rows.count >= Self.capacity, self.rows[name] == nil { self.rows = [:] }
            self.rows[name] = newValue
        }
    }
}
