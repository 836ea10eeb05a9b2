internal import GRDB

/// The tables of a store and how they came to be.
enum StoreSchema {
    /// Marks the file as a store in its header: "CCst".
    static let applicationID: Int32 = 0x4343_7374

    /// One step for each version, applied in order; a step is never changed once it was published.
    static let migrations: [String] = [
        """
        CREATE TABLE meta (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
        CREATE TABLE key (
            id TEXT PRIMARY KEY,
            since INTEGER NOT NULL,
            records INTEGER NOT NULL,
            proof BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE room (
            id INTEGER PRIMARY KEY,
            site TEXT NOT NULL,
            session TEXT NOT NULL,
            part TEXT NOT NULL,
            last_seq INTEGER NOT NULL DEFAULT 0,
            changed INTEGER NOT NULL,
            visitor TEXT,
            state BLOB,
            UNIQUE (site, session)
        ) STRICT;
        CREATE INDEX room_visitor ON room (site, visitor) WHERE visitor IS NOT NULL;
        CREATE INDEX room_changed ON room (changed);
        CREATE TABLE message (
            id INTEGER PRIMARY KEY,
            room INTEGER NOT NULL REFERENCES room (id),
            seq INTEGER NOT NULL,
            epoch TEXT NOT NULL,
            name TEXT NOT NULL,
            speaker TEXT NOT NULL,
            time INTEGER NOT NULL,
            record BLOB NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX message_position ON message (room, seq);
        CREATE INDEX message_name ON message (room, name);
        CREATE INDEX message_time ON message (time);
        CREATE TABLE turn (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            room INTEGER NOT NULL REFERENCES room (id),
            seq INTEGER NOT NULL,
            opened INTEGER NOT NULL,
            attempt INTEGER NOT NULL,
            outcome TEXT,
            ended INTEGER,
            rule TEXT,
            trace BLOB
        ) STRICT;
        CREATE INDEX turn_position ON turn (room, seq);
        CREATE INDEX turn_unfinished ON turn (opened) WHERE outcome IS NULL;
        CREATE INDEX turn_rule ON turn (rule) WHERE rule IS NOT NULL;
        CREATE TABLE feedback (
            room INTEGER NOT NULL REFERENCES room (id),
            message TEXT NOT NULL,
            value TEXT NOT NULL,
            time INTEGER NOT NULL,
            PRIMARY KEY (room, message)
        ) STRICT, WITHOUT ROWID;
        """,
        """
        CREATE TABLE access (
            key TEXT PRIMARY KEY,
            site TEXT,
            session TEXT,
            value BLOB NOT NULL,
            expires INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX access_session ON access (site, session) WHERE session IS NOT NULL;
        CREATE INDEX access_expires ON access (expires);
        """,
        """
        CREATE TABLE comment (
            id INTEGER PRIMARY KEY,
            room INTEGER NOT NULL REFERENCES room (id),
            message TEXT NOT NULL,
            record BLOB NOT NULL,
            UNIQUE (room, message)
        ) STRICT;
        """,
        "CREATE INDEX turn_traced ON turn (ended) WHERE trace IS NOT NULL;",
        """
        ALTER TABLE room ADD COLUMN attended INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX room_attended ON room (changed) WHERE attended = 1;
        """,
        """
        CREATE TABLE follow_up (
            turn TEXT PRIMARY KEY,
            room INTEGER NOT NULL REFERENCES room (id),
            seq INTEGER NOT NULL,
            number INTEGER NOT NULL,
            digest BLOB NOT NULL,
            promised INTEGER NOT NULL,
            expires INTEGER NOT NULL,
            result TEXT,
            ended INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX follow_up_position ON follow_up (room, seq);
        CREATE INDEX follow_up_open ON follow_up (promised) WHERE result IS NULL;
        """,
        "CREATE INDEX turn_unanswered ON turn (outcome) WHERE outcome <> 'answered';",
    ]

    static let file = FileSchema(applicationID: Self.applicationID, migrations: Self.migrations)

    static var version: Int { self.file.version }

    /// As ``FileSchema/migrate(_:at:)``.
    static func migrate(_ db: Database, at path: String) throws { try self.file.migrate(db, at: path) }

    /// As ``FileSchema/checkIsCurrent(_:at:)``.
    static func checkIsCurrent(_ db: Database, at path: String) throws { try self.file.checkIsCurrent(db, at: path) }

    /// As ``FileSchema/check(_:at:)``.
    @discardableResult
    static func check(_ db: Database, at path: String) throws -> Int { try self.file.check(db, at: path) }
}
