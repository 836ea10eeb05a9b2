internal import GRDB
internal import Messages

/// The index of texts (FTS5), which keeps the words and not the texts.
///
/// A store that is encrypted has none, since it would say in the clear what was said.
enum SearchIndex {
    /// Words as people write them: without regard to case and accents.
    static let table = "fts5(text, content='', columnsize=0, tokenize=\"unicode61 remove_diacritics 2\")"

    static func exists(_ db: Database) throws -> Bool {
        try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'search')") == true
    }

    /// Makes or drops the index.
    static func prepare(_ db: Database, isEncrypted: Bool) throws {
        let exists = try self.exists(db)
        if isEncrypted, exists { try db.execute(sql: "DROP TABLE search") }
        if !isEncrypted, !exists { try db.execute(sql: "CREATE VIRTUAL TABLE search USING \(self.table)") }
    }

    /// Adds a message, with its number in the table and its text.
    static let insertion: StaticString = "INSERT INTO search (rowid, text) VALUES (?, ?)"

    static func add(_ message: Int64, _ frame: [UInt8], _ db: Database) throws {
        var insert = try DirectStatement("\(self.insertion)", db)
        insert.bind(message)
        insert.bind(messageText(frame))
        try insert.execute()
    }

    /// Strikes a message off; its words stay in the file until the index is merged.
    static func remove(_ message: Int64, _ frame: [UInt8], _ db: Database) throws {
        let delete = try db.cachedStatement(sql: "INSERT INTO search (search, rowid, text) VALUES ('delete', ?, ?)")
        try delete.execute(arguments: [message, messageText(frame)])
    }

    /// Merges the index a little, so that words of messages that are gone go too.
    ///
    /// - Parameters:
    ///   - isFirst: Whether this is the first step.
    ///   - db: The database, within a transaction.
    /// - Returns: Whether something is left to merge.
    /// - Throws: What SQLite reports.
    static func merge(isFirst: Bool, _ db: Database) throws -> Bool {
        let before = db.totalChangesCount
        // A negative number begins to merge all parts into one, a positive one goes on with it.
        let pages = isFirst ? -500 : 500
        try db.execute(sql: "INSERT INTO search (search, rank) VALUES ('merge', ?)", arguments: [pages])
        return db.totalChangesCount - before >= 2
    }

    /// What FTS5 is asked for: all words, each as it stands, the last letters open where a word ends with a star.
    ///
    /// Everything that has a meaning for FTS5 is quoted.
    ///
    /// - Parameter words: What a person wrote.
    /// - Returns: Nothing where there is no word.
    static func pattern(_ words: String) -> String? {
        let parts = words.split { $0.isWhitespace || $0 == "\0" }.compactMap { word -> String? in
            guard word.contains(where: { $0.isLetter || $0.isNumber }) else { return nil }
            let text = word.replacing("\"", with: "\"\"")
            return word.hasSuffix("*") ? "\"\(text.dropLast())\" *" : "\"\(text)\""
        }
        return parts.isEmpty ? nil : parts.joined(separator: " ")
    }
}

/// What a frame says.
func messageText(_ frame: [UInt8]) -> String {
    frame.withUnsafeBufferPointer { bytes in
        var scanner = JSONScanner()
        guard (try? scanner.scan(bytes)) != nil, let value = scanner.value(of: "message", in: bytes),
            value.kind == .string
        else { return "" }
        return scanner.text(of: value, in: bytes)
    }
}
