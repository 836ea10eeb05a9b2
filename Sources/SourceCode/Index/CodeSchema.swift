internal import Indexing

/// The tables of an index of source code.
enum CodeSchema {
    /// Another version where the tables or what is read of files is another.
    static let current = IndexSchema(
        // "ccsx"
        applicationID: 0x6363_7378,
        version: 1,
        label: "code",
        tables: """
            -- A changed file is a new one, so ids grow and none is given twice.
            CREATE TABLE file (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                root TEXT NOT NULL,
                path TEXT NOT NULL,
                name TEXT NOT NULL,
                size INTEGER NOT NULL,
                changed INTEGER NOT NULL,
                digest INTEGER NOT NULL,
                tagged INTEGER NOT NULL,
                UNIQUE (root, path)
            ) STRICT;
            CREATE INDEX file_name ON file (name);
            CREATE INDEX file_untagged ON file (id) WHERE NOT tagged;
            -- For three bytes the ids of the files that have them in a row: differences, as variable-length integers.
            CREATE TABLE posting (
                gram INTEGER NOT NULL,
                segment INTEGER NOT NULL,
                files BLOB NOT NULL,
                PRIMARY KEY (gram, segment)
            ) STRICT, WITHOUT ROWID;
            CREATE TABLE symbol (
                file INTEGER NOT NULL,
                line INTEGER NOT NULL,
                folded TEXT NOT NULL,
                name TEXT NOT NULL,
                kind TEXT NOT NULL,
                scope TEXT,
                is_exact INTEGER NOT NULL
            ) STRICT;
            CREATE INDEX symbol_name ON symbol (folded);
            CREATE INDEX symbol_file ON symbol (file, line);
            -- How many segments there are, and how many files of them are gone.
            CREATE TABLE total (segments INTEGER NOT NULL, gone INTEGER NOT NULL) STRICT;
            INSERT INTO total VALUES (0, 0);
            """
    )
}
