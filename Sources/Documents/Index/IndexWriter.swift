internal import GRDB

/// A path byte by byte, as the disk and SQLite compare it: two forms of one letter are two names.
struct FilePath: Hashable {
    private let bytes: [UInt8]
    init(_ path: String) { self.bytes = Array(path.utf8) }
}

/// Changes an index, within one transaction.
struct IndexWriter {
    /// How many sections an index has at most.
    static let maximumSections = 200_000

    /// What the index knows of a file.
    struct Known {
        var id: Int64
        var size: Int64
        var changed: Int64
        var digest: Int64
    }

    private let db: Database
    private let tokenizer: any FTS5Tokenizer
    private let stemmer: any FTS5Tokenizer
    /// The numbers of stems, by words that were met.
    private var stems: [String: UInt32] = [:]
    /// By how much the number of sections changes.
    private var sections = 0
    /// By how much the words' counts change.
    private var counts: [String: Int] = [:]

    init(_ db: Database) throws {
        self.db = db
        self.tokenizer = try db.makeTokenizer(DocumentSchema.words)
        self.stemmer = try db.makeTokenizer(DocumentSchema.stems)
    }

    /// What the index knows of some files of a source.
    static func known(_ db: Database, _ source: String, _ paths: [String]) throws -> [FilePath: Known] {
        let statement = try db.cachedStatement(
            sql: "SELECT id, size, changed, digest FROM file WHERE source = ? AND path = ?"
        )
        var known: [FilePath: Known] = [:]
        for path in paths {
            guard let row = try Row.fetchOne(statement, arguments: [source, path]) else { continue }
            known[FilePath(path)] = Known(id: row[0], size: row[1], changed: row[2], digest: row[3])
        }
        return known
    }

    /// Takes over what was read of a file.
    ///
    /// - Returns: Whether its content is another one than before.
    mutating func take(_ contents: FileContents, of source: DocumentSource) throws -> Bool {
        // Another process may have been faster.
        let known = try Self.known(self.db, source.key, [contents.path]).values.first
        if let known, known.digest == contents.digest {
            try self.db.execute(
                sql: """
                    UPDATE file SET size = ?, changed = ?, problem = CASE
                        WHEN EXISTS (SELECT 1 FROM section WHERE section.file = file.id) THEN NULL ELSE problem END
                    WHERE id = ?
                    """,
                arguments: [contents.size, contents.mark, known.id]
            )
            return false
        }
        guard let pages = contents.pages else { return false }
        var room =
            Self.maximumSections - (try Int.fetchOne(self.db, sql: "SELECT sections FROM total") ?? 0) - self.sections
        if let known {
            // An index that somebody else is writing at this moment: what it had is found until it is whole.
            if contents.problem != nil, contents.digest != 0, source.kind != .folder {
                try self.db.execute(
                    sql: "UPDATE file SET changed = 0, problem = ? WHERE id = ?",
                    arguments: [contents.problem, known.id]
                )
                return false
            }
            // There was no room for it, and there is none now.
            if known.digest == 0, let page = pages.first, page.sections.count > room { return false }
            room += try self.removeFile(known.id)
        }
        try self.db.execute(
            sql: "INSERT INTO file (source, path, size, changed, digest, problem) VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [
                source.key, contents.path, contents.size, contents.mark, contents.digest, contents.problem,
            ]
        )
        let file = self.db.lastInsertedRowID
        for page in pages {
            guard page.sections.count <= room else {
                let problem = "the index has \(Self.maximumSections) sections, as many as it may"
                // It is tried again: others may go.
                try self.db.execute(
                    sql: "UPDATE file SET problem = ?, changed = 0, digest = 0 WHERE id = ?",
                    arguments: [problem, file]
                )
                break
            }
            room -= page.sections.count
            let isIndex = source.kind != .folder && page.url != nil && !contents.path.hasSuffix(".html")
            // What an index says of a page is its path; what a page says of itself is an address.
            let url = source.url(ofPage: isIndex ? page.url ?? "" : contents.path, written: isIndex ? nil : page.url)
            let hasText = source.kind != .sphinx || !isIndex
            for section in page.sections {
                try self.insert(section, of: page, file, url, lang: page.lang ?? source.lang, hasText: hasText)
            }
        }
        return true
    }

    private mutating func insert(
        _ section: DocumentPage.Section,
        of page: DocumentPage,
        _ file: Int64,
        _ url: String,
        lang: String?,
        hasText: Bool
    ) throws {
        let title = ([page.title] + section.above).filter { !$0.isEmpty && $0 != section.heading }
            .joined(separator: " › ")
        var words: Set<String> = []
        try self.cut(section.text, into: &words)
        let stems = StemSet(try words.map { try self.stem($0) })
        let insertion = try self.db.cachedStatement(
            sql: """
                INSERT INTO section (file, heading, title, url, anchor, lang, has_text, stems, text)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        )
        try insertion.execute(
            arguments: [file, section.heading, title, url, section.anchor, lang, hasText, stems.data, section.text]
        )
        let id = self.db.lastInsertedRowID
        try self.db.cachedStatement(sql: "INSERT INTO words (rowid, heading, title, text) VALUES (?, ?, ?, ?)")
            .execute(arguments: [id, section.heading, title, section.text])
        self.sections += 1
        try self.cut(section.heading, into: &words)
        try self.cut(title, into: &words)
        self.count(words, by: 1)
    }

    /// Drops files that are gone.
    ///
    /// - Returns: How many.
    mutating func removeFiles(of source: String, except paths: Set<FilePath>) throws -> Int {
        let rows = try Row.fetchAll(self.db, sql: "SELECT id, path FROM file WHERE source = ?", arguments: [source])
        let gone = rows.filter { !paths.contains(FilePath($0[1])) }
        for row in gone { try self.removeFile(row[0]) }
        return gone.count
    }

    /// Drops files of sources that are gone.
    ///
    /// - Returns: How many.
    mutating func removeSources(except keys: [String]) throws -> Int {
        let rows = try Row.fetchAll(self.db, sql: "SELECT id, source FROM file")
        let gone = rows.filter { !keys.contains($0[1]) }
        for row in gone { try self.removeFile(row[0]) }
        return gone.count
    }

    /// - Returns: How many sections it had.
    @discardableResult
    private mutating func removeFile(_ file: Int64) throws -> Int {
        let sections = try Row.fetchAll(
            self.db,
            sql: "SELECT id, heading, title, text FROM section WHERE file = ?",
            arguments: [file]
        )
        for row in sections {
            let texts: [String] = [row[1], row[2], row[3]]
            try self.db.cachedStatement(
                sql: "INSERT INTO words (words, rowid, heading, title, text) VALUES ('delete', ?, ?, ?, ?)"
            ).execute(arguments: [row[0] as Int64, texts[0], texts[1], texts[2]])
            var words: Set<String> = []
            for text in texts { try self.cut(text, into: &words) }
            self.count(words, by: -1)
        }
        self.sections -= sections.count
        try self.db.execute(sql: "DELETE FROM section WHERE file = ?", arguments: [file])
        try self.db.execute(sql: "DELETE FROM file WHERE id = ?", arguments: [file])
        return sections.count
    }

    private mutating func count(_ words: Set<String>, by change: Int) {
        for word in words where 3...40 ~= word.utf8.count { self.counts[word, default: 0] += change }
    }

    /// Adds the words of a text, folded as the index folds them.
    private func cut(_ text: String, into words: inout Set<String>) throws {
        guard !text.utf8.allSatisfy({ $0 < 0x80 }) else { return Self.addWords(of: text, to: &words) }
        for (token, _) in try self.tokenizer.tokenize(document: text) { words.insert(token) }
    }

    private mutating func stem(_ word: String) throws -> UInt32 {
        if let known = self.stems[word] { return known }
        let stem = StemSet.number(try self.stemmer.tokenize(document: word).first?.token ?? word)
        self.stems[word] = stem
        return stem
    }

    /// The words of a text of ASCII alone, as the tokenizer cuts them.
    private static func addWords(of text: String, to words: inout Set<String>) {
        for word in text.utf8.split(whereSeparator: { !$0.isLetter && !(0x30...0x39 ~= $0) }) {
            words.insert(String(decoding: word.lazy.map(\.lowercased), as: UTF8.self))
        }
    }

    /// Writes down how often words are there by now, and keeps the table of their parts up with them.
    ///
    /// To be called once, before the transaction ends.
    consuming func finish() throws {
        let counting = try self.db.cachedStatement(
            sql: """
                INSERT INTO word (text, count) VALUES (?1, ?2)
                ON CONFLICT (text) DO UPDATE SET count = count + ?2 RETURNING id, count
                """
        )
        if self.sections != 0 {
            try self.db.execute(sql: "UPDATE total SET sections = sections + ?", arguments: [self.sections])
        }
        // In order, so that the same documents make the same index.
        for (word, change) in self.counts.sorted(by: { $0.key < $1.key }) where change != 0 {
            guard let row = try Row.fetchOne(counting, arguments: [word, change]) else { continue }
            let (id, count): (Int64, Int) = (row[0], row[1])
            if change > 0, count == change {
                try self.db.cachedStatement(sql: "INSERT INTO trigrams (rowid, text) VALUES (?, ?)")
                    .execute(arguments: [id, word])
            } else if count == 0 {
                try self.db.cachedStatement(sql: "INSERT INTO trigrams (trigrams, rowid, text) VALUES ('delete', ?, ?)")
                    .execute(arguments: [id, word])
                try self.db.cachedStatement(sql: "DELETE FROM word WHERE id = ?").execute(arguments: [id])
            }
        }
    }
}
