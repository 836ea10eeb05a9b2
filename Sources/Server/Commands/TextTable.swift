/// Rows of text whose columns start, or end, at the same position.
struct TextTable {
    /// Columns whose cells end at the same position: numbers.
    private let numeric: Set<Int>
    private var rows: [[String]] = []

    /// - Parameter numeric: The columns, from 0, that hold numbers.
    init(numeric: Set<Int> = []) { self.numeric = numeric }

    mutating func append(_ row: [String]) { self.rows.append(row) }

    /// The rows, two spaces between the columns and none at the end.
    var lines: [String] {
        let count = self.rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in self.rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0 }
        return self.rows.map { row in
            let cells = row.enumerated().map { column, cell in
                let blanks = String(repeating: " ", count: widths[column] - cell.count)
                return self.numeric.contains(column) ? blanks + cell : cell + blanks
            }
            let line = cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }
}

/// `1 rule`, `1,000 rules`.
func counted(_ count: Int, _ noun: String) -> String { "\(grouped(count)) \(noun)\(count == 1 ? "" : "s")" }

/// The number with a comma before each three digits, `100,000`.
func grouped(_ number: Int) -> String {
    let digits = Array("\(number.magnitude)")
    var text = number < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
        if index > 0, (digits.count - index).isMultiple(of: 3) { text += "," }
        text.append(digit)
    }
    return text
}

/// Somebody else's text as part of a line: without characters that would move a terminal's cursor or turn the text
/// around, and cut to `limit` characters.
func printable(_ text: String, limit: Int = 100) -> String {
    var shown = String.UnicodeScalarView()
    for scalar in text.unicodeScalars.prefix(limit) {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: shown.append(scalar == "\u{200D}" ? scalar : " ")
        default: shown.append(scalar)
        }
    }
    return String(shown) + (text.unicodeScalars.count > limit ? "…" : "")
}
