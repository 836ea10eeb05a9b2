internal import FoundationEssentials
internal import GRDB
internal import Messages

/// Writes entries within a transaction.
struct EntryWriter {
    private let db: Database
    private let codec: RecordCodec
    private let now: Timestamp
    /// The path of the store, for errors.
    private let place: String
    /// How many records were made.
    private(set) var sealed = 0

    init(_ db: Database, codec: RecordCodec, now: Timestamp, place: String) {
        self.db = db
        self.codec = codec
        self.now = now
        self.place = place
    }

    /// Writes one entry.
    ///
    /// - Returns: What has become of it, provided that the transaction is committed.
    mutating func write(_ entry: StoreEntry) throws -> AppendOutcome {
        guard entry.isValid else { return self.failure(.invalidEntry, "an entry is out of its bounds") }
        switch entry {
        case .message(let message): return try self.write(message)
        case .turnOpened(let opening, let site, let session, let seq):
            let room = try self.room(site, session, part: nil)
            return try self.open(opening, room: room.id, seq: seq)
        case .turnEnded(var outcome, let record):
            if let record { outcome.trace = record() }
            if outcome.trace.count > StoreOptions.recordBytes { outcome.trace = TurnOutcome.noTrace }
            return try self.write(outcome)
        case .feedback(let feedback): return try self.write(feedback)
        case .conversation(let conversation): return try self.write(conversation)
        case .access(let access): return try self.write(access, to: self.db)
        case .followUp(let followUp): return try self.write(followUp, to: self.db)
        case .followUpEnded(let turn, let ending): return try self.end(turn, ending, self.db)
        }
    }

    private mutating func seal(_ content: [UInt8], at place: RecordPlace) throws -> Data {
        self.sealed += 1
        return Data(try self.codec.seal(content, at: place))
    }

    private func failure(_ code: StoreError.Code, _ explanation: String) -> AppendOutcome {
        .failed(StoreError(code, self.place, explanation))
    }

    private mutating func write(_ message: MessageEntry) throws -> AppendOutcome {
        let room = try self.room(message.site, message.session, part: message.epoch)
        if let outcome = try self.earlier(message, room) { return outcome }
        let place = RecordPlace.message(
            site: message.site.rawValue,
            session: message.session.rawValue,
            epoch: message.epoch,
            seq: message.seq
        )
        let record = try self.seal(MessageContent(page: message.page, frame: message.frame).bytes, at: place)
        let insert = try self.db.cachedStatement(
            sql: """
                INSERT INTO message (room, seq, epoch, name, speaker, time, record) VALUES (?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (room, seq) DO NOTHING
                """
        )
        try insert.execute(arguments: [
            room.id, message.seq, message.epoch, message.id, message.speaker.rawValue, message.time.milliseconds,
            record,
        ])
        guard self.db.changesCount == 1 else {
            return self.failure(.positionTaken, "a number of a room is another message's; the room has to be read anew")
        }
        if self.codec.keys == nil { try SearchIndex.add(self.db.lastInsertedRowID, message.frame, self.db) }
        let update = try self.db.cachedStatement(
            sql: """
                UPDATE room SET last_seq = max(last_seq, ?), changed = ?, part = ?, visitor = coalesce(?, visitor)
                WHERE id = ?
                """
        )
        try update.execute(arguments: [
            message.seq, self.now.milliseconds, roomPart(of: message.epoch), message.visitor, room.id,
        ])
        if let turn = message.turn { _ = try self.open(turn, room: room.id, seq: message.seq) }
        return .committed
    }

    /// The plus keeps SQLite from walking over the whole room in the order of its numbers.
    static let findByName = "SELECT seq, time FROM message WHERE room = ? AND name = ? ORDER BY +seq DESC LIMIT 1"

    /// What has become of a message that was written before; nothing if it wasn't.
    private func earlier(_ message: MessageEntry, _ room: RoomRow) throws -> AppendOutcome? {
        let find = try self.db.cachedStatement(sql: Self.findByName)
        guard let row = try Row.fetchOne(find, arguments: [room.id, message.id]) else { return nil }
        let seq: Int = row[0]
        let time: Int64 = row[1]
        // A time that a clock was set back from lies ahead, and counts as just now.
        let isRecent =
            seq > room.lastSeq - StoreOptions.recentMessages
            || time > self.now.milliseconds - StoreOptions.rememberedMilliseconds
        if seq == message.seq { return .committed }
        return isRecent ? .duplicate(seq: seq) : nil
    }

    /// Whether a message is there under its number.
    func hasMessage(_ message: MessageEntry) throws -> Bool {
        let find = try self.db.cachedStatement(
            sql: """
                SELECT EXISTS (SELECT 1 FROM message JOIN room ON room.id = message.room
                WHERE room.site = ? AND room.session = ? AND message.seq = ? AND message.name = ?)
                """
        )
        let place: StatementArguments = [
            message.site.rawValue, message.session.rawValue, message.seq, message.id,
        ]
        return try Bool.fetchOne(find, arguments: place) == true
    }

    struct RoomRow {
        let id: Int64
        let lastSeq: Int
    }

    /// Finds or makes the row of a room.
    func room(_ site: SiteID, _ session: SessionID, part epoch: String?) throws -> RoomRow {
        let find = try self.db.cachedStatement(sql: "SELECT id, last_seq FROM room WHERE site = ? AND session = ?")
        if let row = try Row.fetchOne(find, arguments: [site.rawValue, session.rawValue]) {
            return RoomRow(id: row[0], lastSeq: row[1])
        }
        let insert = try self.db.cachedStatement(
            sql: "INSERT INTO room (site, session, part, changed) VALUES (?, ?, ?, ?)"
        )
        let part = epoch.map(roomPart) ?? StoreRun.new()
        try insert.execute(arguments: [site.rawValue, session.rawValue, part, self.now.milliseconds])
        return RoomRow(id: self.db.lastInsertedRowID, lastSeq: 0)
    }
}

extension EntryWriter {
    private func open(_ turn: TurnOpening, room: Int64, seq: Int) throws -> AppendOutcome {
        let insert = try self.db.cachedStatement(
            sql: """
                INSERT INTO turn (name, room, seq, opened, attempt) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (name) DO UPDATE SET attempt = excluded.attempt, opened = excluded.opened
                WHERE outcome IS NULL AND room = excluded.room
                """
        )
        try insert.execute(arguments: [turn.turn, room, seq, self.now.milliseconds, turn.attempt])
        return self.db.changesCount == 1 ? .committed : .duplicate(seq: nil)
    }

    private mutating func write(_ outcome: TurnOutcome) throws -> AppendOutcome {
        let find = try self.db.cachedStatement(
            sql: """
                SELECT turn.id, room.site, room.session, turn.seq, turn.outcome
                FROM turn JOIN room ON room.id = turn.room WHERE turn.name = ?
                """
        )
        guard let row = try Row.fetchOne(find, arguments: [outcome.turn]) else {
            return self.failure(.unknownTurn, "a turn has ended that was never opened")
        }
        // The first outcome counts.
        guard row[4] as String? == nil else { return .duplicate(seq: nil) }
        let place = RecordPlace.trace(site: row[1], session: row[2], seq: row[3], turn: outcome.turn)
        let update = try self.db.cachedStatement(
            sql: "UPDATE turn SET outcome = ?, ended = ?, rule = ?, trace = ? WHERE id = ?"
        )
        try update.execute(arguments: [
            outcome.outcome, outcome.time.milliseconds, outcome.rule,
            try self.seal(outcome.trace, at: place), row[0] as Int64,
        ])
        return .committed
    }

    private mutating func write(_ feedback: Feedback) throws -> AppendOutcome {
        let insert = try self.db.cachedStatement(
            sql: "INSERT OR REPLACE INTO feedback (room, message, value, time) VALUES (?, ?, ?, ?)"
        )
        let room = try self.room(feedback.site, feedback.session, part: nil)
        try insert.execute(arguments: [
            room.id, feedback.message, feedback.value.rawValue, feedback.time.milliseconds,
        ])
        try self.write(comment: feedback, room: room.id)
        return .committed
    }

    /// Keeps the words of the last feedback alone: without words there are none any more.
    private mutating func write(comment feedback: Feedback, room: Int64) throws {
        guard let comment = feedback.comment else {
            let delete = try self.db.cachedStatement(sql: "DELETE FROM comment WHERE room = ? AND message = ?")
            return try delete.execute(arguments: [room, feedback.message])
        }
        let place = RecordPlace.comment(
            site: feedback.site.rawValue,
            session: feedback.session.rawValue,
            message: feedback.message
        )
        let insert = try self.db.cachedStatement(
            sql: "INSERT OR REPLACE INTO comment (room, message, record) VALUES (?, ?, ?)"
        )
        try insert.execute(arguments: [room, feedback.message, try self.seal(Array(comment.utf8), at: place)])
    }

    private mutating func write(_ conversation: ConversationEntry) throws -> AppendOutcome {
        let place = RecordPlace.conversation(
            site: conversation.site.rawValue,
            session: conversation.session.rawValue
        )
        let room = try self.room(conversation.site, conversation.session, part: nil)
        let update = try self.db.cachedStatement(
            sql: "UPDATE room SET state = ?, attended = ?, changed = ? WHERE id = ?"
        )
        let record = try self.seal(conversation.state, at: place)
        try update.execute(arguments: [record, conversation.isAttended ? 1 : 0, self.now.milliseconds, room.id])
        return .committed
    }
}

/// What of an epoch stays the same for as long as the room does.
func roomPart(of epoch: String) -> String { String(epoch.prefix { $0 != "." }) }
