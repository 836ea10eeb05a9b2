internal import GRDB
public import Messages

/// What leaves for a tracker on another machine: it is on the disk before anybody is told.
extension IssueFile {
    /// Takes a report; the same key again is the same report.
    ///
    /// In one transaction with the note that its session wants to hear of it and that its draft was sent.
    ///
    /// - Parameters:
    ///   - draft: What it says.
    ///   - tracker: The instance that is to get it.
    ///   - key: One for each wish: the id of a draft, or a turn with the number of its action.
    ///   - lang: The language of the visitor's page.
    /// - Returns: The issue as the tracker has named it, or with our own reference until then.
    /// - Throws: What the file can't do; nothing is kept then.
    public func post(
        _ draft: IssueDraft,
        to tracker: String,
        as key: DedupeKey,
        lang: String?
    ) async throws(TrackerError) -> IssueRef {
        let now = self.now().milliseconds
        return try await self.write { db in
            if let known = try Self.posted(key, db) { return known }
            let reference = try IssueReference.free(db)
            let ref = IssueRef(
                tracker: tracker,
                id: OutboxEntry.placeholder(key.rawValue),
                number: reference,
                reference: reference
            )
            let payload = OutboxEntry.Payload.create(draft)
            try Self.insert(payload, tracker, key, reference, draft.site, draft.session, now, db)
            if let session = draft.session {
                try Self.watch(ref, by: session, at: draft.site, lang: lang, phase: .open, now, db)
            }
            try Self.move(key, to: .sent, issue: ref, db)
            return ref
        }
    }

    /// Takes a comment; the same key again is the same comment.
    ///
    /// In one transaction with the note that the session wants to hear of the issue and that its draft has joined it.
    public func post(
        comment text: String,
        on ref: IssueRef,
        as key: DedupeKey,
        by session: SessionID,
        at site: SiteID,
        lang: String?,
        phase: IssueState.Phase
    ) async throws(TrackerError) {
        let now = self.now().milliseconds
        try await self.write { db in
            guard try Self.posted(key, db) == nil else { return }
            try Self.insert(.comment(ref, text), ref.tracker, key, nil, site, session, now, db)
            try Self.watch(ref, by: session, at: site, lang: lang, phase: phase, now, db)
            try Self.move(key, to: .joined, issue: ref, db)
        }
    }

    /// What was taken with a key; nothing where nothing was.
    public func posted(_ key: DedupeKey) async throws(TrackerError) -> IssueRef? {
        try await self.read { db in try Self.posted(key, db) }
    }

    private static func posted(_ key: DedupeKey, _ db: Database) throws -> IssueRef? {
        guard let entry = try self.entry(where: "entry.key = ?", [key.rawValue], db) else { return nil }
        if let ref = entry.ref { return ref }
        if case .comment(let ref, _) = entry.payload { return ref }
        return IssueRef(
            tracker: entry.tracker,
            id: OutboxEntry.placeholder(key.rawValue),
            number: entry.reference ?? "",
            reference: entry.reference
        )
    }

    static func entry(where condition: String, _ arguments: StatementArguments, _ db: Database) throws -> OutboxEntry? {
        let sql = "SELECT \(OutboxEntry.columns) FROM outbox AS entry WHERE \(condition) LIMIT 1"
        return try Row.fetchOne(db, sql: sql, arguments: arguments).map(OutboxEntry.init)
    }

    private static func insert(
        _ payload: OutboxEntry.Payload,
        _ tracker: String,
        _ key: DedupeKey,
        _ reference: String?,
        _ site: SiteID,
        _ session: SessionID?,
        _ now: Int64,
        _ db: Database
    ) throws {
        guard 1...200 ~= key.rawValue.utf8.count else {
            throw TrackerError(.invalidIssue, "key", "must have 1 to 200 bytes")
        }
        try db.execute(
            sql: "DELETE FROM outbox WHERE state = 'done' AND next_at < ?",
            arguments: [now - OutboxEntry.memoryMilliseconds]
        )
        let kind: OutboxEntry.Kind = if case .create = payload { .create } else { .comment }
        try db.execute(
            sql: """
                INSERT INTO outbox (key, tracker, kind, payload, reference, site, session, state, created, since, next_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, 'waiting', ?, ?, ?)
                """,
            arguments: [
                key.rawValue, tracker, kind.rawValue, try StoredPayload(payload).json, reference, site.rawValue,
                session?.rawValue ?? "", now, now, now,
            ]
        )
    }

    /// A report without a draft was sent at once.
    private static func move(
        _ key: DedupeKey,
        to phase: PendingIssue.Phase,
        issue: IssueRef,
        _ db: Database
    ) throws {
        try db.execute(
            sql: "UPDATE draft SET phase = ?, issue = ? WHERE id = ?",
            arguments: [phase.rawValue, try StoredRef(issue).json, key.rawValue]
        )
    }
}
