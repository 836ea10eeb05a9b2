internal import FoundationEssentials
internal import GRDB
internal import Messages

/// Walks over messages in small steps, so that nothing else waits for it.
struct MessageScan: Sendable {
    enum Direction { case oldestFirst, newestFirst }

    /// A message with what belongs to it.
    struct Item: Sendable {
        let id: Int64
        let message: StoredMessage
        let turn: Turn?
        let feedback: Feedback.Value?
        /// What the visitor wrote with it; nothing also where it is damaged.
        let comment: String?
    }

    struct Turn: Sendable {
        let id: String
        let outcome: String?
        let rule: String?
        /// Nothing also where the trace is damaged.
        let trace: [UInt8]?
    }

    /// One step of a walk.
    struct Step: Sendable {
        var items: [Item] = []
        /// Where the next step begins; nothing at the end.
        var last: Int64?
        /// How many rows were looked at.
        var rows = 0
        var damaged = 0
    }

    let rows: MessageRows
    let filter: StoreFilter
    let direction: Direction
    /// What the index of texts is asked for; nothing for all messages.
    var pattern: String?

    static let stepRows = 500

    /// Reads the next rows.
    func step(_ db: Database, from last: Int64?) throws -> Step {
        let (conditions, filterArguments) = self.filter.conditions()
        let isForward = self.direction == .oldestFirst
        let place = "message.id \(isForward ? ">" : "<") ?"
        // Walked over in the order of the result, so that a step ends after its rows; a session is small enough to sort.
        let order = self.pattern == nil ? "message.id" : "search.rowid"
        let tables =
            if self.pattern != nil {
                "search CROSS JOIN message ON message.id = search.rowid CROSS JOIN room ON room.id = message.room"
            } else if self.filter.session != nil {
                "room CROSS JOIN message ON message.room = room.id"
            } else {
                "message CROSS JOIN room ON room.id = message.room"
            }
        let match = self.pattern == nil ? "" : "AND search MATCH ? AND search.rowid \(isForward ? ">" : "<") ?"
        var arguments: StatementArguments = [last ?? (isForward ? 0 : .max)]
        if let pattern = self.pattern { arguments += [pattern, last ?? (isForward ? 0 : .max)] }
        arguments += filterArguments
        let cursor = try Row.fetchCursor(
            db,
            sql: """
                SELECT \(MessageRows.columns), message.id AS id, turn.name AS turn, turn.outcome, turn.rule, turn.trace,
                turn.seq AS turn_seq, feedback.value, comment.record AS comment
                FROM \(tables)
                LEFT JOIN turn ON turn.room = message.room AND turn.seq = message.seq
                LEFT JOIN feedback ON feedback.room = message.room AND feedback.message = message.name
                LEFT JOIN comment ON comment.room = message.room AND comment.message = message.name
                WHERE \(place) \(match) AND \(conditions)
                ORDER BY \(order) \(isForward ? "ASC" : "DESC") LIMIT \(Self.stepRows)
                """,
            arguments: arguments
        )
        var step = Step()
        while let row = try cursor.next() {
            step.rows += 1
            step.last = row["id"]
            guard case .whole(let message) = try self.rows.message(row) else {
                step.damaged += 1
                continue
            }
            guard self.filter.includes(page: message.page) else { continue }
            let feedback = (row["value"] as String?).flatMap(Feedback.Value.init)
            let comment = self.comment(row, message)
            step.items.append(
                Item(
                    id: row["id"],
                    message: message,
                    turn: self.turn(row, message),
                    feedback: feedback,
                    comment: comment
                )
            )
        }
        return step
    }

    private func comment(_ row: Row, _ message: StoredMessage) -> String? {
        let place = RecordPlace.comment(
            site: message.site.rawValue,
            session: message.session.rawValue,
            message: message.id
        )
        let record = (row["comment"] as Data?).map { [UInt8]($0) }
        return record.flatMap { try? self.rows.codec.open($0, at: place) }.map { String(decoding: $0, as: UTF8.self) }
    }

    private func turn(_ row: Row, _ message: StoredMessage) -> Turn? {
        guard let name = row["turn"] as String? else { return nil }
        let place = RecordPlace.trace(
            site: message.site.rawValue,
            session: message.session.rawValue,
            seq: row["turn_seq"],
            turn: name
        )
        let outcome = row["outcome"] as String?
        let record = row["trace"] as Data?
        // A record that was kept long enough is gone, and not damaged.
        let trace =
            record == nil && outcome != nil
            ? TurnOutcome.noTrace : record.flatMap { try? self.rows.codec.open([UInt8]($0), at: place) }
        return Turn(id: name, outcome: outcome, rule: row["rule"], trace: trace)
    }
}

extension MessageStore {
    /// Throws if the task is cancelled.
    func checkCancellation() throws {
        guard !Task.isCancelled else {
            throw StoreError(.cancelled, self.options.path, "ended before it was done")
        }
    }

    /// How many messages there are.
    func messageCount() async throws -> Int {
        try await self.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM message") ?? 0 }
    }
}
