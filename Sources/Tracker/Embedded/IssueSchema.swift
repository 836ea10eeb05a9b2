internal import Store

/// The tables of a file of issues and how they came to be.
enum IssueSchema {
    static let file = FileSchema(
        // "CCis".
        applicationID: 0x4343_6973,
        migrations: [
            """
            CREATE TABLE issue (
                id INTEGER PRIMARY KEY,
                site TEXT NOT NULL,
                number INTEGER NOT NULL,
                reference TEXT NOT NULL UNIQUE,
                key TEXT NOT NULL UNIQUE,
                title TEXT NOT NULL,
                body TEXT NOT NULL,
                kind TEXT,
                labels TEXT NOT NULL,
                reporter TEXT,
                page TEXT,
                session TEXT,
                state TEXT NOT NULL,
                is_public INTEGER NOT NULL DEFAULT 0,
                created INTEGER NOT NULL,
                changed INTEGER NOT NULL,
                UNIQUE (site, number)
            ) STRICT;
            CREATE INDEX issue_state ON issue (state, id);
            CREATE TABLE issue_event (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                issue INTEGER NOT NULL REFERENCES issue (id),
                kind TEXT NOT NULL,
                key TEXT UNIQUE,
                author TEXT NOT NULL,
                is_public INTEGER NOT NULL,
                state TEXT,
                text TEXT,
                time INTEGER NOT NULL
            ) STRICT;
            CREATE INDEX issue_event_issue ON issue_event (issue, id);
            CREATE VIRTUAL TABLE issue_search USING fts5(
                title, body, content='issue', content_rowid='id', tokenize="unicode61 remove_diacritics 2"
            );
            CREATE TABLE draft (
                id TEXT PRIMARY KEY,
                site TEXT NOT NULL,
                session TEXT NOT NULL,
                phase TEXT NOT NULL,
                content TEXT NOT NULL,
                lang TEXT,
                similar TEXT,
                issue TEXT,
                expires INTEGER NOT NULL
            ) STRICT, WITHOUT ROWID;
            CREATE INDEX draft_session ON draft (site, session, expires);
            CREATE INDEX draft_expires ON draft (expires);
            CREATE TABLE watch (
                tracker TEXT NOT NULL,
                issue TEXT NOT NULL,
                site TEXT NOT NULL,
                session TEXT NOT NULL,
                content TEXT NOT NULL,
                lang TEXT,
                state TEXT NOT NULL,
                since INTEGER NOT NULL,
                PRIMARY KEY (tracker, issue, site, session)
            ) STRICT, WITHOUT ROWID;
            CREATE INDEX watch_session ON watch (site, session, since);
            CREATE TABLE notice (
                id INTEGER PRIMARY KEY,
                tracker TEXT NOT NULL,
                issue TEXT NOT NULL,
                change TEXT NOT NULL,
                site TEXT NOT NULL,
                session TEXT NOT NULL,
                content TEXT NOT NULL,
                UNIQUE (tracker, issue, change, site, session)
            ) STRICT;
            CREATE TABLE cursor (tracker TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
            """,
            """
            CREATE TABLE outbox (
                number INTEGER PRIMARY KEY AUTOINCREMENT,
                key TEXT NOT NULL UNIQUE,
                tracker TEXT NOT NULL,
                kind TEXT NOT NULL,
                payload TEXT,
                reference TEXT UNIQUE,
                site TEXT NOT NULL,
                session TEXT NOT NULL,
                state TEXT NOT NULL,
                attempts INTEGER NOT NULL DEFAULT 0,
                created INTEGER NOT NULL,
                since INTEGER NOT NULL,
                next_at INTEGER NOT NULL,
                last_code TEXT,
                in_doubt INTEGER NOT NULL DEFAULT 0,
                maybe_twice INTEGER NOT NULL DEFAULT 0,
                ref TEXT
            ) STRICT;
            CREATE INDEX outbox_due ON outbox (tracker, state, next_at);
            CREATE INDEX outbox_session ON outbox (site, session, number);
            """,
            """
            CREATE TABLE look (
                tracker TEXT NOT NULL,
                issue TEXT NOT NULL,
                since INTEGER NOT NULL,
                next_at INTEGER NOT NULL,
                ended INTEGER,
                PRIMARY KEY (tracker, issue)
            ) STRICT, WITHOUT ROWID;
            CREATE INDEX look_due ON look (tracker, next_at);
            CREATE TABLE heard (
                tracker TEXT NOT NULL,
                change TEXT NOT NULL,
                time INTEGER NOT NULL,
                PRIMARY KEY (tracker, change)
            ) STRICT, WITHOUT ROWID;
            """,
        ]
    )
}
