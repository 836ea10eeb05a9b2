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
        /// Whom its session belongs to, where the site has verified it.
        let visitor: String?
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
    /// The first and the last number that may match, where the filter's times leave few; the first is the greater one
    /// where none does.
    var bounds: (first: Int64, last: Int64)?

    static let stepRows = 500

    /// Reads the next rows, ``stepRows`` at most.
    func step(_ db: Database, from last: Int64?, limit: Int = MessageScan.stepRows) throws -> Step {
        let (conditions, filterArguments) = self.filter.conditions()
        let isForward = self.direction == .oldestFirst
        let sign = isForward ? ">" : "<"
        let turns = try self.turns(db, from: last)
        let tables =
            if let turns {
                "turn INDEXED BY \(turns.index) CROSS JOIN room ON room.id = turn.room "
                    + "CROSS JOIN message ON message.room = turn.room AND message.seq = turn.seq"
            } else if self.pattern != nil {
                "search CROSS JOIN message ON message.id = search.rowid CROSS JOIN room ON room.id = message.room"
            } else if self.filter.session != nil {
                "room CROSS JOIN message ON message.room = room.id"
            } else {
                "message CROSS JOIN room ON room.id = message.room"
            }
        // Walked over in the order of the result, so that a step ends after its rows; a session is small enough to sort.
        let order = turns != nil ? "turn.id" : self.pattern == nil ? "message.id" : "search.rowid"
        let start = turns?.start ?? self.start(from: last)
        let place = turns == nil ? "message.id \(sign) ?" : "turn.id \(sign) ? AND \(turns?.condition ?? "TRUE")"
        let match = self.pattern == nil ? "" : "AND search MATCH ? AND search.rowid \(sign) ?"
        var arguments: StatementArguments = [start]
        if let pattern = self.pattern { arguments += [pattern, start] }
        arguments += filterArguments
        // One condition on either side: of two on the same one SQLite would take the wider.
        let within = self.bounds == nil ? "" : "AND message.id \(isForward ? "<=" : ">=") ?"
        if let bounds { arguments += [isForward ? bounds.last : bounds.first] }
        let cursor = try Row.fetchCursor(
            db,
            sql: """
                SELECT \(MessageRows.columns), message.id AS id, turn.name AS turn, turn.outcome, turn.rule, turn.trace,
                turn.seq AS turn_seq, feedback.value, comment.record AS comment,
                room.visitor
                FROM \(tables)
                \(turns == nil ? "LEFT JOIN turn ON turn.room = message.room AND turn.seq = message.seq" : "")
                LEFT JOIN feedback ON feedback.room = message.room AND feedback.message = message.name
                LEFT JOIN comment ON comment.room = message.room AND comment.message = message.name
                WHERE \(place) \(match) AND \(conditions) \(within)
                ORDER BY \(order) \(isForward ? "ASC" : "DESC") LIMIT \(min(limit, Self.stepRows))
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
                    visitor: row["visitor"],
                    turn: self.turn(row, message),
                    feedback: feedback,
                    comment: comment
                )
            )
        }
        return step
    }

    /// A walk over the turns of a rule or of an outcome, which are few, in place of all messages.
    private struct TurnWalk {
        let index: String
        /// What SQLite has to read in the statement to use the index.
        let condition: String
        /// The number of a turn behind which the step begins.
        let start: Int64
    }

    /// Nothing where turns don't lead to the messages that are wanted, or where the last message is gone meanwhile.
    private func turns(_ db: Database, from last: Int64?) throws -> TurnWalk? {
        guard self.pattern == nil, self.filter.session == nil, self.bounds == nil else { return nil }
        let isForward = self.direction == .oldestFirst
        var start: Int64? = isForward ? 0 : .max
        if let last {
            start = try Int64.fetchOne(
                db,
                sql: """
                    SELECT \(isForward ? "max" : "min")(turn.id) FROM message
                    JOIN turn ON turn.room = message.room AND turn.seq = message.seq WHERE message.id = ?
                    """,
                arguments: [last]
            )
        }
        guard let start else { return nil }
        if self.filter.rule != nil { return TurnWalk(index: "turn_rule", condition: "TRUE", start: start) }
        guard let outcome = self.filter.outcome, outcome != "answered" else { return nil }
        return TurnWalk(index: "turn_unanswered", condition: "turn.outcome <> 'answered'", start: start)
    }

    /// The number behind which the next step begins.
    private func start(from last: Int64?) -> Int64 {
        switch self.direction {
        case .oldestFirst: max(last ?? 0, (self.bounds?.first ?? 1) - 1)
        case .newestFirst: min(last ?? .max, self.bounds.map { $0.last + 1 } ?? .max)
        }
    }

    /// How many messages between two moments are few.
    private static let fewMessages = 100_000

    /// The same walk without what can't match by its time.
    ///
    /// The index of times alone doesn't do: results are in the order of the commits, which a clock that was set may differ
    /// from.
    func narrowed(_ db: Database) throws -> MessageScan {
        guard self.filter.from != nil || self.filter.until != nil else { return self }
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT count(*), min(id), max(id) FROM
                (SELECT id FROM message WHERE time >= ? AND time < ? LIMIT \(Self.fewMessages + 1))
                """,
            arguments: [self.filter.from?.milliseconds ?? .min, self.filter.until?.milliseconds ?? .max]
        )
        guard let row, row[0] <= Self.fewMessages else { return self }
        var scan = self
        scan.bounds = (row[1] ?? 1, row[2] ?? 0)
        return scan
    }

    private func comment(_ row: Row, _ message: StoredMessage) -> String? {
        let place = RecordPlace.comment(
            site: message.site.rawValue,
            session: message.session.rawValue,
            message: message.id
        )
        return self.open(row["comment"], at: place, of: message).map { String(decoding: $0, as: UTF8.self) }
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
        let trace = record == nil && outcome != nil ? TurnOutcome.noTrace : self.open(record, at: place, of: message)
        return Turn(id: name, outcome: outcome, rule: row["rule"], trace: trace)
    }

    /// What belongs to a message; nothing where there is nothing, or it is damaged, which is noted.
    private func open(_ record: Data?, at place: RecordPlace, of message: StoredMessage) -> [UInt8]? {
        guard let record else { return nil }
        if let content = try? self.rows.codec.open([UInt8](record), at: place) { return content }
        self.rows.noteDamage(StoredPosition(site: message.site, session: message.session, seq: message.seq))
        return nil
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
