/// What two versions of the rules answered differently.
///
/// It counts messages, not matches: of two rules that match the same message only the winner counts.
public struct ReplayReport: Sendable {
    /// One rule that won a message in one of the versions.
    public struct Row: Hashable, Sendable {
        /// The full name; nothing stands for the messages that no rule won.
        public var rule: String?
        /// How many messages it won.
        public var before = 0
        public var after = 0
        /// How many it won from another rule, and lost to another.
        public var gained = 0
        public var lost = 0
        /// How many it won in both versions with another text.
        public var reworded = 0

        var changeCount: Int { self.gained + self.lost + self.reworded }
    }

    /// One message that is answered differently.
    public struct Change: Hashable, Sendable {
        /// The message's place in the log, from 0.
        public var message: Int
        public var before: String?
        public var after: String?
        /// What was said and what is said now, where only that changed.
        public var saidBefore: String?
        public var saysNow: String?
    }

    /// A rule that hit a limit, on so many messages.
    public struct Limit: Hashable, Sendable {
        public var rule: String
        public var before: Int
        public var after: Int
    }

    public let messageCount: Int
    /// The most changed first, `no rule` last.
    public let rows: [Row]
    /// The messages with another winner, in their order.
    public let changes: [Change]
    /// The messages with the same winner and another text, in their order.
    public let reworded: [Change]
    /// The rules that hit a limit in one of the versions, by name; whether they match those messages isn't known.
    public let limits: [Limit]

    /// The part of the messages that changed their winner, from 0 to 1.
    public var changedShare: Double {
        self.messageCount == 0 ? 0 : Double(self.changes.count) / Double(self.messageCount)
    }

    init(before: ReplayedAnswers, after: ReplayedAnswers) {
        var rows: [String?: Row] = [:]
        var changes: [Change] = []
        var reworded: [Change] = []
        self.messageCount = before.winners.count
        for message in 0..<before.winners.count {
            let (old, new) = (before.winner(of: message), after.winner(of: message))
            let (oldKey, newKey) = (old.map(Self.identity), new.map(Self.identity))
            rows[oldKey, default: Row(rule: old)].before += 1
            rows[newKey, default: Row(rule: new)].after += 1
            // Where a rule has moved to another file, it is called as it is now.
            rows[newKey]?.rule = new
            if oldKey != newKey {
                rows[oldKey]?.lost += 1
                rows[newKey]?.gained += 1
                changes.append(Change(message: message, before: old, after: new))
            } else if before.texts[message] != after.texts[message] {
                rows[newKey]?.reworded += 1
                let (said, says) = (before.said[before.texts[message]], after.said[after.texts[message]])
                reworded.append(Change(message: message, before: old, after: new, saidBefore: said, saysNow: says))
            }
        }
        self.limits = Set(before.limits.keys).union(after.limits.keys).sorted().map { rule in
            Limit(rule: rule, before: before.limits[rule] ?? 0, after: after.limits[rule] ?? 0)
        }
        self.rows = rows.values.sorted(by: Self.isBefore)
        self.changes = changes
        self.reworded = reworded
    }

    /// What stays the same when a rule moves to another file, its id; what is no rule's name stays as it is.
    private static func identity(_ name: String) -> String {
        name.firstIndex(of: "/").map { String(name[$0...]) } ?? name
    }

    private static func isBefore(_ left: Row, _ right: Row) -> Bool {
        guard let first = left.rule, let second = right.rule else { return right.rule == nil && left.rule != nil }
        return (right.changeCount, first) < (left.changeCount, second)
    }
}

extension ReplayReport.Row {
    /// The row as an object: rule, before, after, gained, lost, text.
    public var json: JSONValue {
        .object([
            ("rule", .text(self.rule)), ("before", .integer(self.before)), ("after", .integer(self.after)),
            ("gained", .integer(self.gained)), ("lost", .integer(self.lost)), ("text", .integer(self.reworded)),
        ])
    }
}
