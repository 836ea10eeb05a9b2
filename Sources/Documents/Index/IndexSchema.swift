internal import GRDB

/// The tables of an index.
enum IndexSchema {
    /// Marks the file as ours: "ccdx".
    static let applicationID: Int32 = 0x6363_6478
    /// Another one where the tables, the tokenizer or what is read of documents is another: then the index is made anew.
    static let version = 2

    static let tables = """
        CREATE TABLE file (
            id INTEGER PRIMARY KEY,
            source TEXT NOT NULL,
            path TEXT NOT NULL,
            size INTEGER NOT NULL,
            changed INTEGER NOT NULL,
            digest INTEGER NOT NULL,
            problem TEXT,
            UNIQUE (source, path)
        ) STRICT;
        CREATE TABLE section (
            id INTEGER PRIMARY KEY,
            file INTEGER NOT NULL,
            heading TEXT NOT NULL,
            title TEXT NOT NULL,
            url TEXT NOT NULL,
            anchor TEXT,
            lang TEXT,
            has_text INTEGER NOT NULL,
            stems BLOB NOT NULL,
            text TEXT NOT NULL
        ) STRICT;
        CREATE INDEX section_file ON section (file);
        CREATE VIRTUAL TABLE words USING fts5(
            heading, title, text, content='section', content_rowid='id',
            tokenize='porter unicode61 remove_diacritics 2'
        );
        CREATE VIRTUAL TABLE stems USING fts5vocab(words, 'row');
        CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE, count INTEGER NOT NULL) STRICT;
        CREATE VIRTUAL TABLE trigrams USING fts5(text, content='word', content_rowid='id', tokenize='trigram');
        CREATE TABLE total (sections INTEGER NOT NULL) STRICT;
        INSERT INTO total VALUES (0);
        PRAGMA application_id = \(applicationID);
        PRAGMA user_version = \(version);
        """

    /// As words are cut and folded before they are stemmed.
    static let words = FTS5TokenizerDescriptor.unicode61(diacritics: .remove)
    /// As the table `words` has them.
    static let stems = FTS5TokenizerDescriptor.porter(wrapping: words)

    enum State { case none, current, outdated }

    /// What a file has.
    ///
    /// - Throws: `not-an-index` for a database of another program.
    static func state(_ db: Database, at path: String) throws -> State {
        let application = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let isEmpty = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") == 0
        guard !isEmpty else { return .none }
        guard application == self.applicationID else {
            throw DocumentError("not-an-index", path, "is a database of another program; name another file")
        }
        return try Int.fetchOne(db, sql: "PRAGMA user_version") == self.version ? .current : .outdated
    }
}
