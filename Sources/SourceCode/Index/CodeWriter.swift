internal import FoundationEssentials
internal import GRDB

/// Changes an index, within one transaction.
enum CodeWriter {
    /// What the index knows of a file.
    struct Known {
        var id: Int64
        var size: Int64
        var changed: Int64
        var digest: Int64
    }

    /// What was read of a file.
    struct Contents {
        var path: String
        var size: Int64
        /// When it was last changed; 0 where that says nothing, so that it is read again next time.
        var mark: Int64
        var digest: Int64
        /// Whether the content is as it was.
        var isKnown: Bool
        /// Nothing where it is as it was, or no text.
        var text: SourceText?
    }

    /// More segments than this are made one.
    private static let maximumSegments = 64
    /// How many symbols of a file are kept.
    static let maximumSymbols = 10_000

    /// What the index knows of some files of a root.
    static func known(_ db: Database, _ root: String, _ paths: [String]) throws -> [String: Known] {
        let statement = try db.cachedStatement(
            sql: "SELECT id, size, changed, digest FROM file WHERE root = ? AND path = ?"
        )
        var known: [String: Known] = [:]
        for path in paths {
            guard let row = try Row.fetchOne(statement, arguments: [root, path]) else { continue }
            known[path] = Known(id: row[0], size: row[1], changed: row[2], digest: row[3])
        }
        return known
    }

    /// Takes over what was read of files of a root, as one segment.
    ///
    /// - Returns: How many have another content than before.
    static func take(_ files: [Contents], of root: String, _ db: Database) throws -> Int {
        let known = try self.known(db, root, files.map(\.path))
        var grams = TrigramSet()
        // The trigram above, the file's number in the batch below: sorted, they are the lists.
        var pairs: [UInt64] = []
        var ids: [Int64] = []
        var count = 0
        for file in files {
            let before = known[file.path]
            // Another process may have been faster.
            if let before, file.isKnown || before.digest == file.digest {
                try db.cachedStatement(sql: "UPDATE file SET size = ?, changed = ? WHERE id = ?")
                    .execute(arguments: [file.size, file.mark, before.id])
                continue
            }
            if let before { try self.remove(before.id, db) }
            count += 1
            let id = try self.insert(file, of: root, db)
            guard let text = file.text else { continue }
            let number = UInt64(ids.count)
            ids.append(id)
            pairs += grams.trigrams(of: text.folded).lazy.map { UInt64($0) << 32 | number }
            try self.insert(SymbolPatterns.symbols(in: text, path: file.path), of: id, isExact: false, db)
        }
        try self.insertSegment(pairs, ids, db)
        return count
    }

    private static func insert(_ file: Contents, of root: String, _ db: Database) throws -> Int64 {
        let name = file.path.split(separator: "/").last?.lowercased() ?? ""
        // What is no text has nothing to tag.
        try db.cachedStatement(
            sql: "INSERT INTO file (root, path, name, size, changed, digest, tagged) VALUES (?, ?, ?, ?, ?, ?, ?)"
        ).execute(arguments: [root, file.path, name, file.size, file.mark, file.digest, file.text == nil])
        return db.lastInsertedRowID
    }

    static func insert(_ symbols: [Symbol], of file: Int64, isExact: Bool, _ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: "INSERT INTO symbol (file, line, folded, name, kind, scope, is_exact) VALUES (?, ?, ?, ?, ?, ?, ?)"
        )
        for symbol in symbols.prefix(self.maximumSymbols) {
            try statement.execute(
                arguments: [
                    file, symbol.line, symbol.name.lowercased(), symbol.name, symbol.kind, symbol.scope, isExact,
                ]
            )
        }
    }

    private static func insertSegment(_ pairs: consuming [UInt64], _ ids: [Int64], _ db: Database) throws {
        guard !pairs.isEmpty else { return }
        pairs.sort()
        let segment = (try Int64.fetchOne(db, sql: "SELECT max(segment) FROM posting") ?? 0) + 1
        let statement = try db.cachedStatement(sql: "INSERT INTO posting (gram, segment, files) VALUES (?, ?, ?)")
        var index = 0
        while index < pairs.count {
            let gram = pairs[index] >> 32
            var (bytes, last): ([UInt8], Int64) = ([], 0)
            while index < pairs.count, pairs[index] >> 32 == gram {
                let id = ids[Int(pairs[index] & 0xFFFF_FFFF)]
                PostingList.append(id, after: last, to: &bytes)
                last = id
                index += 1
            }
            try statement.execute(arguments: [Int64(gram), segment, Data(bytes)])
        }
        try db.execute(sql: "UPDATE total SET segments = segments + 1")
    }

    /// Drops files that are gone, by root; those of roots that aren't there, too.
    ///
    /// - Returns: How many.
    static func removeFiles(_ db: Database, except paths: [String: Set<String>]) throws -> Int {
        let rows = try Row.fetchAll(db, sql: "SELECT id, root, path FROM file")
        let gone = rows.filter { paths[$0[1]]?.contains($0[2]) != true }
        for row in gone { try self.remove(row[0], db) }
        return gone.count
    }

    private static func remove(_ file: Int64, _ db: Database) throws {
        try db.cachedStatement(sql: "DELETE FROM symbol WHERE file = ?").execute(arguments: [file])
        try db.cachedStatement(sql: "DELETE FROM file WHERE id = ?").execute(arguments: [file])
        try db.cachedStatement(sql: "UPDATE total SET gone = gone + 1").execute()
    }

    /// Makes one segment of all where there are many, or where many of their files are gone.
    static func mergeSegments(_ db: Database) throws {
        guard let total = try Row.fetchOne(db, sql: "SELECT segments, gone FROM total") else { return }
        let (segments, gone): (Int, Int) = (total[0], total[1])
        let ids = try Set(Int64.fetchAll(db, sql: "SELECT id FROM file"))
        guard segments > self.maximumSegments || gone > max(1_000, ids.count / 2) else { return }
        try db.execute(
            sql: """
                CREATE TABLE merged (
                    gram INTEGER NOT NULL, segment INTEGER NOT NULL, files BLOB NOT NULL, PRIMARY KEY (gram, segment)
                ) STRICT, WITHOUT ROWID
                """
        )
        let insertion = try db.makeStatement(sql: "INSERT INTO merged (gram, segment, files) VALUES (?, 1, ?)")
        var (gram, files): (Int64, [Int64]) = (-1, [])
        func write() throws {
            guard !files.isEmpty else { return }
            try insertion.execute(arguments: [gram, Data(PostingList.bytes(of: files))])
        }
        let rows = try Row.fetchCursor(db, sql: "SELECT gram, files FROM posting ORDER BY gram, segment")
        while let row = try rows.next() {
            if row[0] != gram {
                try write()
                (gram, files) = (row[0], [])
            }
            files += PostingList.numbers(in: row[1] as Data).lazy.filter { ids.contains($0) }
        }
        try write()
        try db.execute(
            sql: """
                DROP TABLE posting;
                ALTER TABLE merged RENAME TO posting;
                UPDATE total SET segments = 1, gone = 0;
                """
        )
    }
}
