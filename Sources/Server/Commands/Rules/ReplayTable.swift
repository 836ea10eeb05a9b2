internal import ArgumentParser
internal import Diagnostics
internal import Rules

/// What a replay found, for a terminal or for a program.
struct ReplayTable {
    /// The messages that are printed beside the counts.
    enum Kind: String, CaseIterable {
        case gained, lost, text

        /// Reads `gained,lost`.
        static func list(_ text: String) throws -> [Kind] {
            try text.split(separator: ",").map { word in
                if let kind = Kind(rawValue: String(word)) { return kind }
                let hint = suggestion(for: String(word), among: Self.allCases.map(\.rawValue))
                throw ValidationError("\"\(word)\" can't be shown; \(hint)")
            }
        }
    }

    private let report: ReplayReport
    private let messages: [LoggedMessage]
    private let kinds: [Kind]
    private let limit: Int
    private let showsAll: Bool

    init(_ report: ReplayReport, _ messages: [LoggedMessage], kinds: [Kind], limit: Int, showsAll: Bool) {
        self.report = report
        self.messages = messages
        self.kinds = kinds
        self.limit = limit
        self.showsAll = showsAll
    }

    /// The messages that were asked for, the table of the rules, and a line that counts all.
    var lines: [String] { self.kinds.flatMap { self.list($0) } + self.table + self.limits + [self.summary] }

    /// The same as objects.
    var json: [JSONValue] {
        let messages = self.kinds.flatMap { kind in
            self.entries(of: kind).prefix(self.limit).map { self.json(kind, $0) }
        }
        let summary: JSONValue = .object([
            ("messages", .integer(self.report.messageCount)),
            ("changedWinner", .integer(self.report.changes.count)),
            ("changedText", .integer(self.report.reworded.count)),
            ("changedPercent", .number((10_000 * self.report.changedShare).rounded() / 100)),
        ])
        let limits = self.report.limits.map { limit -> JSONValue in
            .object([
                ("limit", .text(limit.rule)), ("before", .integer(limit.before)), ("after", .integer(limit.after)),
            ])
        }
        return messages + self.rows.map(\.json) + limits + [summary]
    }

    // MARK: The table

    private var rows: [ReplayReport.Row] {
        self.showsAll
            ? self.report.rows : self.report.rows.filter { $0.gained + $0.lost + $0.reworded > 0 || $0.rule == nil }
    }

    private var table: [String] {
        var table = TextTable(numeric: [1, 2, 3, 4, 5])
        table.append(["rule", "before", "after", "gained", "lost", "text"])
        for row in self.rows {
            let counts = [row.before, row.after, row.gained, row.lost, row.reworded].map(grouped)
            table.append([row.rule ?? "no rule"] + counts)
        }
        return self.rows.isEmpty ? [] : table.lines
    }

    /// The rules that hit a limit: whether they match isn't known, so they are in no other count.
    private var limits: [String] {
        self.report.limits.map { limit in
            "\(limit.rule) hit a limit on \(counted(limit.after, "message")), \(grouped(limit.before)) before"
        }
    }

    private var summary: String {
        let report = self.report
        let counts = [
            counted(report.messageCount, "message"), "\(grouped(report.changes.count)) changed winner",
            "\(grouped(report.reworded.count)) changed text only",
        ]
        let hasMore = self.kinds.isEmpty && !(report.changes.isEmpty && report.reworded.isEmpty)
        return counts.joined(separator: ", ") + (hasMore ? "     (--show gained,lost,text prints them)" : "")
    }

    // MARK: The messages

    private func entries(of kind: Kind) -> [ReplayReport.Change] {
        switch kind {
        case .gained: self.report.changes.filter { $0.after != nil }
        case .lost: self.report.changes.filter { $0.before != nil }
        case .text: self.report.reworded
        }
    }

    /// `gained`, then a line for each message with the winners and its text.
    private func list(_ kind: Kind) -> [String] {
        let entries = self.entries(of: kind)
        guard !entries.isEmpty else { return [] }
        let groups = self.equalTexts(entries)
        var table = TextTable()
        for (entry, count) in groups.prefix(self.limit) {
            let times = count > 1 ? "  \(grouped(count)) times" : ""
            let text = "\"\(printable(self.messages[entry.message].text))\"\(times)"
            switch kind {
            case .gained: table.append(["  \(entry.after ?? "")", "from \(entry.before ?? "no rule")", text])
            case .lost: table.append(["  \(entry.before ?? "")", "to \(entry.after ?? "no rule")", text])
            case .text:
                let said = "said \(Self.quoted(entry.saidBefore)), says \(Self.quoted(entry.saysNow))"
                table.append(["  \(entry.after ?? "no rule")", text, said])
            }
        }
        let rest = groups.dropFirst(self.limit).reduce(0) { $0 + $1.count }
        return [kind.rawValue] + table.lines + (rest > 0 ? ["  and \(grouped(rest)) more"] : []) + [""]
    }

    private static func quoted(_ text: String?) -> String { text.map { "\"\(printable($0))\"" } ?? "nothing" }

    /// Messages of the same text and the same winners once, with their number; in the order of the first of each.
    private func equalTexts(_ entries: [ReplayReport.Change]) -> [(first: ReplayReport.Change, count: Int)] {
        var places: [[String?]: Int] = [:]
        var groups: [(first: ReplayReport.Change, count: Int)] = []
        for entry in entries {
            let key = [self.messages[entry.message].text, entry.before, entry.after, entry.saidBefore, entry.saysNow]
            if let place = places[key] {
                groups[place].count += 1
            } else {
                places[key] = groups.count
                groups.append((entry, 1))
            }
        }
        return groups
    }

    private func json(_ kind: Kind, _ entry: ReplayReport.Change) -> JSONValue {
        var members: [(String, JSONValue)] = [
            ("kind", .text(kind.rawValue)), ("number", .integer(entry.message + 1)), ("before", .text(entry.before)),
            ("after", .text(entry.after)),
        ]
        if kind == .text { members += [("saidBefore", .text(entry.saidBefore)), ("saysNow", .text(entry.saysNow))] }
        members += [
            ("session", .text(self.messages[entry.message].session)),
            ("message", .text(self.messages[entry.message].text)),
        ]
        return .object(members)
    }
}
