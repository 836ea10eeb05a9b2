import Documents
import GRDB

/// Everything of an index that its documents make, without the numbers of rows.
func contents(_ index: DocumentIndex) throws -> [String] {
    try DatabaseQueue(path: index.path).write { db in
        let sections = try String.fetchAll(
            db,
            sql: """
                SELECT path || '|' || heading || '|' || title || '|' || url || '|' || ifnull(anchor, '-') || '|' || text || '|'
                    || hex(stems) FROM section JOIN file ON file.id = section.file ORDER BY 1
                """
        )
        let words = try String.fetchAll(db, sql: "SELECT text || count FROM word ORDER BY 1")
        let stems = try String.fetchAll(db, sql: "SELECT term || doc || cnt FROM stems ORDER BY 1")
        try db.execute(sql: "INSERT INTO words (words) VALUES ('integrity-check')")
        try db.execute(sql: "INSERT INTO trigrams (trigrams) VALUES ('integrity-check')")
        let total = try Int.fetchOne(db, sql: "SELECT sections FROM total") ?? -1
        return sections + words + stems + ["\(total)"]
    }
}

func changeVersion(of path: String, to version: Int) throws {
    try DatabaseQueue(path: path).write { try $0.execute(sql: "PRAGMA user_version = \(version)") }
}
