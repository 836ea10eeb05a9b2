internal import FoundationEssentials
internal import GRDB
internal import Messages

/// Restores a room from the newest of its rows.
struct RoomReader {
    let rows: MessageRows
    let now: Timestamp
    /// The second part of the epoch as long as nothing is lost.
    let run: String

    private(set) var messages: [StoredMessage] = []
    private(set) var remembered: [RememberedMessage] = []
    private(set) var isDamaged = false
    private var bytes = 0
    /// Whether ``messages`` still reaches without a gap to the row that is read next.
    private var isContiguous = true
    /// Replies that were seen before their messages, since the newest come first.
    private var replies: [String: UInt8] = [:]

    init(rows: MessageRows, now: Timestamp, run: String) {
        self.rows = rows
        self.now = now
        self.run = run
    }

    mutating func read(_ db: Database, site: SiteID, session: SessionID) throws -> StoredRoom {
        let found = try Row.fetchOne(
            db,
            sql: "SELECT id, part, last_seq, state FROM room WHERE site = ? AND session = ?",
            arguments: [site.rawValue, session.rawValue]
        )
        guard let found else {
            let epoch = "\(StoreRun.new()).\(self.run)"
            return StoredRoom(epoch: epoch, top: 0, messages: [], remembered: [], state: nil, isDamaged: false)
        }
        let top: Int = found[2]
        do {
            try self.readMessages(db, of: found[0], top: top)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
            // The rest of the store may be whole, and so may be the next message of this room.
            self.isDamaged = true
        }
        let state = try (found[3] as Data?).flatMap { try self.state([UInt8]($0), site, session) }
        // Who has seen what is damaged must not take the numbers after it for the next ones.
        let epoch = "\(found[1] as String).\(self.isDamaged ? StoreRun.new() : self.run)"
        return StoredRoom(
            epoch: epoch,
            top: top,
            messages: self.messages.reversed().map { $0.moved(to: epoch) },
            remembered: self.remembered.reversed(),
            state: state,
            isDamaged: self.isDamaged
        )
    }

    private mutating func state(_ record: [UInt8], _ site: SiteID, _ session: SessionID) throws -> [UInt8]? {
        let place = RecordPlace.conversation(site: site.rawValue, session: session.rawValue)
        return try? self.rows.codec.open(record, at: place)
    }

    /// Reads back from the newest row until neither the messages nor the ids go on.
    private mutating func readMessages(_ db: Database, of room: Int64, top: Int) throws {
        var find = try DirectStatement(
            """
            SELECT \(MessageRows.columns) FROM message JOIN room ON room.id = message.room
            WHERE message.room = ? ORDER BY message.seq DESC
            """,
            db
        )
        find.bind(room)
        try find.each { row in
            switch try self.rows.message(row) {
            case .damaged(let seq):
                self.isDamaged = self.isDamaged || seq > top - StoreOptions.recentMessages
                self.isContiguous = false
                return seq > top - StoreOptions.recentMessages
            case .whole(let message):
                self.take(message, top: top)
                return self.isContiguous || self.isRemembered(message, top: top)
            }
        }
    }

    private func isRemembered(_ message: StoredMessage, top: Int) -> Bool {
        guard self.remembered.count < StoreOptions.rememberedIDs else { return false }
        return message.seq > top - StoreOptions.recentMessages
            || message.time.milliseconds > self.now.milliseconds - StoreOptions.rememberedMilliseconds
    }

    private mutating func take(_ message: StoredMessage, top: Int) {
        let next = (self.messages.last?.seq ?? top + 1) - 1
        self.bytes += message.frame.count
        self.isContiguous =
            self.isContiguous && message.seq == next && self.messages.count < StoreOptions.recentMessages
            && (self.bytes <= StoreOptions.recentBytes || self.messages.isEmpty)
        if self.isContiguous { self.messages.append(message) }
        guard self.isRemembered(message, top: top) else { return }
        if let (answered, number) = answeredMessage(message.id) {
            self.replies[answered, default: 0] |= 1 << number
        } else if message.clientMessageID != nil {
            let replies = self.replies[message.id] ?? 0
            self.remembered.append(
                RememberedMessage(
                    id: message.id,
                    seq: message.seq,
                    text: message.text,
                    time: message.time,
                    replies: replies
                )
            )
        }
    }
}

/// The message that the id of a reply names, and which reply it is: `re:m1` is the first, `re:m1:2` the second.
func answeredMessage(_ id: String) -> (id: String, number: Int)? {
    let parts = id.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count >= 2, parts[0] == "re" else { return nil }
    guard parts.count > 2 else { return (String(parts[1]), 1) }
    guard let number = Int(parts[2]), 2...7 ~= number else { return nil }
    return (String(parts[1]), number)
}
