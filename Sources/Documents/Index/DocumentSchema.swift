internal import GRDB
internal import Indexing

/// The tables of an index.
enum DocumentSchema {
    /// Another version where the tables, the tokenizer or what is read of documents is another.
    static let current = IndexSchema(
        // "ccdx"
        applicationID: 0x6363_6478,
        version: 2,
        label: "documents",
        tables: tables
    )

    private static let tables = """
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
        """

    /// As words are cut and folded before they are stemmed.

    /// As words are cut and folded before they are stemmed.
    static let words = FTS5TokenizerDescriptor.unicode61(diacritics: .remove)
    /// As the table `words` has them.
    static let stems = FTS5TokenizerDescriptor.porter(wrapping: words)
}
