internal import Diagnostics
internal import Responders
internal import Rules

extension Explanation {
    /// A table of the rules: the winner and the candidates first, the many that lack a word of the message last.
    init(_ explanation: RuleExplanation) {
        var lines = Columns()
        var minor = Columns()
        var decisive: Decisive?
        for entry in explanation.entries {
            let place = "\(entry.place.file):\(entry.place.line)"
            if case .wins = entry.fate { decisive = Decisive(name: entry.rule, place: place) }
            let row = [entry.rule, entry.fate.word, place, entry.why]
            if !entry.isCandidate { minor.append(row) } else { lines.append(row) }
        }
        self.init(decisive: decisive, lines: lines.lines + [explanation.summary], minorLines: minor.lines)
    }
}

extension RuleExplanation {
    fileprivate var summary: String {
        var parts = ["\(counted(self.entries.count, "rule")), \(self.candidateCount) with a word of the message"]
        parts.append(counted(self.characterCount, "character") + (self.isCut ? ", the rest was not looked at" : ""))
        if let variant = self.variant { parts.append(variant) }
        return parts.joined(separator: "; ")
    }
}

extension RuleExplanation.Entry {
    fileprivate var why: String {
        switch self.fate {
        case .wins, .continues:
            let captures = self.captures.map { "\($0.name) \"\($0.value)\"" }
            return (["\"\(self.matched ?? "")\""] + captures).joined(separator: ", ")
        case .noMatch: return "its words occur, its pattern does not"
        default: return "\(self.fate)"
        }
    }
}

extension RuleExplanation.Fate {
    fileprivate var word: String {
        switch self {
        case .wins: "wins"
        case .continues: "continues"
        case .loses, .notReached: "would match"
        default: "no"
        }
    }
}

/// Rows of text whose columns start at the same position.
struct Columns {
    private var rows: [[String]] = []

    mutating func append(_ row: [String]) { self.rows.append(row) }

    /// The rows, two spaces between the columns.
    var lines: [String] {
        let count = self.rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in self.rows.map { $0[column].count }.max() ?? 0 }
        return self.rows.map { row in
            let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
            let line = cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }
}
