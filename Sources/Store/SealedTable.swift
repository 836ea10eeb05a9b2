internal import FoundationEssentials
internal import GRDB

/// A table with records.
enum SealedTable: CaseIterable {
    case message, turn, room, comment

    var name: String {
        switch self {
        case .message: "message"
        case .turn: "turn"
        case .room: "room"
        case .comment: "comment"
        }
    }

    private var column: String {
        switch self {
        case .message, .comment: "record"
        case .turn: "trace"
        case .room: "state"
        }
    }

    /// Identifier, record and place of the rows that have one.
    private var rows: String {
        switch self {
        case .message:
            """
            SELECT message.id, record, room.site, room.session, message.epoch, message.seq, message.name
            FROM message JOIN room ON room.id = message.room
            """
        case .turn:
            """
            SELECT turn.id, trace, room.site, room.session, '', turn.seq, turn.name
            FROM turn JOIN room ON room.id = turn.room
            """
        case .room: "SELECT room.id, state, site, session, '', 0, '' FROM room"
        case .comment:
            """
            SELECT comment.id, record, room.site, room.session, '', 0, comment.message
            FROM comment JOIN room ON room.id = comment.room
            """
        }
    }

    private func place(_ row: Row) -> RecordPlace {
        switch self {
        case .message: .message(site: row[2], session: row[3], epoch: row[4], seq: row[5])
        case .turn: .trace(site: row[2], session: row[3], seq: row[5], turn: row[6])
        case .room: .conversation(site: row[2], session: row[3])
        case .comment: .comment(site: row[2], session: row[3], message: row[6])
        }
    }

    /// Reads some rows in their order.
    func rows(_ db: Database, after: Int64) throws -> [Row] {
        try Row.fetchAll(
            db,
            sql: "\(self.rows) WHERE \(self.name).id > ? ORDER BY \(self.name).id LIMIT 500",
            arguments: [after]
        )
    }

    /// The content of the record of a row; nothing where the row has no record.
    ///
    /// - Throws: `Damaged`.
    func content(of row: Row, _ codec: RecordCodec) throws -> [UInt8]? {
        guard let record = (row[1] as Data?).map([UInt8].init) else { return nil }
        let content = try codec.open(record, at: self.place(row))
        if case .message = self { _ = try MessageContent(content) }
        return content
    }

    /// How many records begin with each of some bytes.
    func counts(_ db: Database, of prefixes: [[UInt8]]) throws -> [Int] {
        let sums = prefixes.map { _ in "sum(substr(\(self.column), 1, ?) = ?)" }.joined(separator: ", ")
        let arguments = prefixes.reduce(into: StatementArguments()) { $0 += [$1.count, Data($1)] }
        let row = try Row.fetchOne(
            db,
            sql: "SELECT \(sums) FROM \(self.name) WHERE \(self.column) IS NOT NULL",
            arguments: arguments
        )
        return prefixes.indices.map { index in row.flatMap { $0[index] as Int? } ?? 0 }
    }

    struct Step: Sendable {
        var last: Int64?
        var rows = 0
        var changed = 0
    }

    /// Encrypts some rows anew.
    func rekey(_ db: Database, after: Int64, _ codec: RecordCodec, _ path: String) throws -> Step {
        let found = try self.rows(db, after: after)
        var step = Step()
        let prefix = codec.prefix
        for row in found {
            step.last = row[0]
            step.rows += 1
            guard let record = (row[1] as Data?).map([UInt8].init), !record.starts(with: prefix) else { continue }
            guard let content = try? self.content(of: row, codec) else {
                let explanation = "record \(row[0] as Int64) of \(self.name) is damaged; erase it or restore a backup"
                throw StoreError(.corrupt, path, explanation)
            }
            let update = try db.cachedStatement(sql: "UPDATE \(self.name) SET \(self.column) = ? WHERE id = ?")
            let sealed = Data(try codec.seal(content, at: self.place(row)))
            try update.execute(arguments: [sealed, row[0] as Int64])
            step.changed += 1
        }
        try KeyTable.count(step.changed, db, codec)
        return step
    }

    func hasOthers(_ db: Database, _ codec: RecordCodec) throws -> Bool {
        let prefix = Data(codec.prefix)
        return try Bool.fetchOne(
            db,
            sql: """
                SELECT EXISTS (SELECT 1 FROM \(self.name) WHERE \(self.column) IS NOT NULL
                AND substr(\(self.column), 1, ?) <> ?)
                """,
            arguments: [prefix.count, prefix]
        ) == true
    }
}
