internal import GRDB

extension CodeSearch {
    /// So far from a place a finding still belongs to it, in lines.
    private static let margin = 3
    private static let maximumFindings = 5

    /// What reports say about a place, the nearest first.
    func findings(at place: CodePlace) throws -> [Finding] {
        let name = place.file.path.split(separator: "/").last?.lowercased() ?? ""
        let rows = try Row.fetchAll(
            self.db,
            sql: """
                SELECT DISTINCT path, line, rule, level, message, is_suppressed FROM finding
                WHERE name = ? AND line BETWEEN ? AND ? ORDER BY abs(line - ?), line, rule LIMIT 1000
                """,
            arguments: [name, place.line - Self.margin, place.line + Self.margin, place.line]
        )
        return rows.filter { self.files.isPath($0["path"], of: place.file) }.prefix(Self.maximumFindings).map { row in
            Finding(
                rule: row["rule"],
                level: row["level"],
                message: row["message"],
                line: row["line"],
                isSuppressed: row["is_suppressed"]
            )
        }
    }

    /// The places that reports name for a rule.
    func places(ofRule term: CodeQuestion.Term) throws -> [CodePlace] {
        guard term.kind != .errorText else { return [] }
        let rows = try Row.fetchAll(
            self.db,
            sql: """
                SELECT DISTINCT file.root, file.path, finding.path, finding.line FROM finding
                JOIN file ON file.name = finding.name WHERE finding.rule = ?
                ORDER BY finding.is_suppressed, file.path, finding.line LIMIT 1000
                """,
            arguments: [term.text]
        )
        let found = rows.lazy.compactMap { row -> CodePlace? in
            guard let file = self.files.file(root: row[0], path: row[1]), self.files.isPath(row[2], of: file) else {
                return nil
            }
            let line: Int = row[3]
            let excerpt = self.files.text(of: file)?.excerpt(around: line)
            return CodePlace(
                file: file,
                line: line,
                reason: .finding,
                excerpt: excerpt,
                matches: 1,
                url: file.url(line: line)
            )
        }
        return Array(found.prefix(20))
    }
}
