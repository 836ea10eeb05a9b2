internal import FoundationEssentials
internal import GRDB
internal import Messages

/// Writes entries within a transaction; what changed in rooms is written by ``finish()``.
struct EntryWriter {
    let db: Database
    private let codec: RecordCodec
    let now: Timestamp
    /// The path of the store, for errors.
    let place: String
    /// How many records were made.
    private(set) var sealed = 0
    var rooms: RoomCache
    var changes: [Int64: RoomCache.Change] = [:]
    /// By the address of their texts.
    private var statements: [UnsafePointer<UInt8>: DirectStatement] = [:]

    init(_ db: Database, codec: RecordCodec, now: Timestamp, place: String, rooms: RoomCache = RoomCache()) {
        self.db = db
        self.codec = codec
        self.now = now
        self.place = place
        self.rooms = rooms
    }

    /// Writes one entry.
    ///
    /// - Returns: What has become of it, provided that the transaction is finished and committed.
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

    /// A statement that is looked up once in a transaction.
    mutating func prepared(_ sql: StaticString) throws -> DirectStatement {
        if let statement = self.statements[sql.utf8Start] { return statement }
        let statement = try DirectStatement("\(sql)", self.db)
        self.statements[sql.utf8Start] = statement
        return statement
    }

    private mutating func seal(_ content: [UInt8], at place: RecordPlace) throws -> [UInt8] {
        self.sealed += 1
        return try self.codec.seal(content, at: place)
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
        var insert = try self.prepared(
            """
            INSERT INTO message (room, seq, epoch, name, speaker, time, record) VALUES (?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (room, seq) DO NOTHING
            """
        )
        insert.bind(room.id)
        insert.bind(message.seq)
        insert.bind(message.epoch)
        insert.bind(message.id)
        insert.bind(message.speaker.rawValue)
        insert.bind(message.time.milliseconds)
        insert.bind(record)
        try insert.execute()
        guard self.db.changesCount == 1 else {
            return self.failure(.positionTaken, "a number of a room is another message's; the room has to be read anew")
        }
        if self.codec.keys == nil {
            var add = try self.prepared(SearchIndex.insertion)
            add.bind(self.db.lastInsertedRowID)
            add.bind(messageText(message.frame))
            try add.execute()
        }
        self.note(room, of: message)
        if let turn = message.turn { _ = try self.open(turn, room: room.id, seq: message.seq) }
        return .committed
    }

    /// The plus keeps SQLite from walking over the whole room in the order of its numbers.
    static let findByName: StaticString = "SELECT max(+seq), time FROM message WHERE room = ? AND name = ?"

    /// What has become of a message that was written before; nothing if it wasn't.
    private mutating func earlier(_ message: MessageEntry, _ room: RoomCache.Row) throws -> AppendOutcome? {
        var find = try self.prepared(Self.findByName)
        find.bind(room.id)
        find.bind(message.id)
        // The time is that of the row with the greatest number: https://sqlite.org/lang_select.html#bareagg
        let found = try find.first { $0.isNull(0) ? nil : (seq: Int($0.number(0)), time: $0.number(1)) }
        guard let (seq, time) = found ?? nil else { return nil }
        // A time that a clock was set back from lies ahead, and counts as just now.
        let isRecent =
            seq > room.lastSeq - StoreOptions.recentMessages
            || time > self.now.milliseconds - StoreOptions.rememberedMilliseconds
        if seq == message.seq { return .committed }
        return isRecent ? .duplicate(seq: seq) : nil
    }

    /// Whether a message is there under its number.
    mutating func hasMessage(_ message: MessageEntry) throws -> Bool {
        var find = try self.prepared(
            """
            SELECT 1 FROM message JOIN room ON room.id = message.room
            WHERE room.site = ? AND room.session = ? AND message.seq = ? AND message.name = ?
            """
        )
        find.bind(message.site.rawValue)
        find.bind(message.session.rawValue)
        find.bind(message.seq)
        find.bind(message.id)
        return try find.first { _ in true } ?? false
    }
}

extension EntryWriter {
    private mutating func open(_ turn: TurnOpening, room: Int64, seq: Int) throws -> AppendOutcome {
        var insert = try self.prepared(
            """
            INSERT INTO turn (name, room, seq, opened, attempt) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (name) DO UPDATE SET attempt = excluded.attempt, opened = excluded.opened
            WHERE outcome IS NULL AND room = excluded.room
            """
        )
        insert.bind(turn.turn)
        insert.bind(room)
        insert.bind(seq)
        insert.bind(self.now.milliseconds)
        insert.bind(turn.attempt)
        try insert.execute()
        return self.db.changesCount == 1 ? .committed : .duplicate(seq: nil)
    }

    private mutating func write(_ outcome: TurnOutcome) throws -> AppendOutcome {
        var find = try self.prepared(
            """
            SELECT turn.id, room.site, room.session, turn.seq, turn.outcome IS NULL
            FROM turn JOIN room ON room.id = turn.room WHERE turn.name = ?
            """
        )
        find.bind(outcome.turn)
        let found = try find.first { row in
            let place = RecordPlace.trace(
                site: row.text(1),
                session: row.text(2),
                seq: Int(row.number(3)),
                turn: outcome.turn
            )
            return (id: row.number(0), place: place, isOpen: row.number(4) == 1)
        }
        guard let found else { return self.failure(.unknownTurn, "a turn has ended that was never opened") }
        // The first outcome counts.
        guard found.isOpen else { return .duplicate(seq: nil) }
        var update = try self.prepared("UPDATE turn SET outcome = ?, ended = ?, rule = ?, trace = ? WHERE id = ?")
        update.bind(outcome.outcome)
        update.bind(outcome.time.milliseconds)
        update.bind(outcome.rule)
        update.bind(try self.seal(outcome.trace, at: found.place))
        update.bind(found.id)
        try update.execute()
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
        let record = try self.seal(Array(comment.utf8), at: place)
        try insert.execute(arguments: [room, feedback.message, Data(record)])
    }

    private mutating func write(_ conversation: ConversationEntry) throws -> AppendOutcome {
        let place = RecordPlace.conversation(
            site: conversation.site.rawValue,
            session: conversation.session.rawValue
        )
        let room = try self.room(conversation.site, conversation.session, part: nil)
        let record = try self.seal(conversation.state, at: place)
        self.change(room.id) { $0.state = (record, conversation.isAttended) }
        return .committed
    }
}
