internal import GRDB
public import Messages

/// A report or a comment on its way to a tracker on another machine.
public struct OutboxEntry: Hashable, Sendable {
    /// What the tracker is asked to do.
    public enum Kind: String, Hashable, Sendable, Encodable { case create, comment }

    /// How far it is.
    public enum State: String, Hashable, Sendable, CaseIterable, Encodable {
        /// It isn't there yet.
        case waiting
        /// It is under way, or may have arrived: nobody has read an answer.
        case sending
        case done
        /// It isn't tried any more until somebody has looked.
        case stuck
    }

    /// What is sent.
    public enum Payload: Hashable, Sendable {
        case create(IssueDraft)
        /// To which issue, and the words.
        case comment(IssueRef, String)
    }

    /// From 1, in the order in which they came.
    public let number: Int
    public let key: DedupeKey
    /// The instance of the tracker.
    public let tracker: String
    public let kind: Kind
    /// Nothing once it is done: the tracker has it.
    public let payload: Payload?
    /// What the reporter was told: `R-7K2M`.
    public let reference: String?
    public let site: SiteID
    public let session: SessionID?
    public let state: State
    /// How often it was tried, or asked whether it arrived.
    public let attempts: Int
    public let created: Timestamp
    /// When it is tried next; when it was done.
    public let nextAt: Timestamp
    /// What went wrong the last time.
    public let lastCode: String?
    /// Whether it was sent again though it may have arrived, to a tracker that can't be asked.
    public let maybeTwice: Bool
    /// What it has become.
    public let ref: IssueRef?

    static let columns = """
        entry.number, entry.key, entry.tracker, entry.kind, entry.payload, entry.reference, entry.site, entry.session, \
        entry.state, entry.attempts, entry.created, entry.next_at, entry.last_code, entry.maybe_twice, entry.ref
        """

    init(_ row: Row) throws {
        guard let kind = Kind(rawValue: row[3]), let state = State(rawValue: row[8]) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT)
        }
        self.number = row[0]
        self.key = DedupeKey(row[1])
        self.tracker = row[2]
        self.kind = kind
        // What can't be read isn't sent; whoever takes it up sees that.
        self.payload = (row[4] as String?).flatMap { try? StoredPayload(json: $0).payload() }
        self.reference = row[5]
        self.site = SiteID(row[6] as String) ?? .default
        self.session = SessionID(row[7] as String)
        self.state = state
        self.attempts = row[9]
        self.created = Timestamp(milliseconds: row[10])
        self.nextAt = Timestamp(milliseconds: row[11])
        self.lastCode = row[12]
        self.maybeTwice = row[13]
        self.ref = try (row[14] as String?).map { try StoredRef(json: $0).ref }
    }

    /// How long it is tried before it is stuck.
    public static let lifeMilliseconds: Int64 = 7 * 86_400_000
    /// How long what is done is remembered, so that a wish that comes again is granted once.
    public static let memoryMilliseconds: Int64 = 30 * 86_400_000
    /// How long nobody else takes up what is under way; searches of trackers are behind by as much.
    public static let leaseMilliseconds: Int64 = 60_000
    /// From how many waiting entries on the people who run the server should look.
    public static let manyEntries = 10_000

    /// What an issue is called until the tracker has named it.
    static func placeholder(_ key: String) -> String { "outbox:\(key)" }
}

/// What is sent, as a column holds it.
struct StoredPayload: StoredForm {
    private var draft: StoredDraft?
    private var ref: StoredRef?
    private var text: String?

    init(_ payload: OutboxEntry.Payload) {
        switch payload {
        case .create(let draft): self.draft = StoredDraft(draft)
        case .comment(let ref, let text):
            self.ref = StoredRef(ref)
            self.text = text
        }
    }

    func payload() throws -> OutboxEntry.Payload {
        if let draft { return .create(try draft.draft()) }
        guard let ref, let text else { throw DatabaseError(resultCode: .SQLITE_CORRUPT) }
        return .comment(ref.ref, text)
    }
}

extension OutboxEntry: Encodable {
    private enum Key: String, CodingKey {
        case number, key, tracker, kind, payload, reference, site, session, state, attempts, created, nextAt, lastCode
        case maybeTwice, issue
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(self.number, forKey: .number)
        try container.encode(self.key.rawValue, forKey: .key)
        try container.encode(self.tracker, forKey: .tracker)
        try container.encode(self.kind, forKey: .kind)
        try container.encodeIfPresent(self.payload.map { StoredPayload($0) }, forKey: .payload)
        try container.encodeIfPresent(self.reference, forKey: .reference)
        try container.encode(self.site.rawValue, forKey: .site)
        try container.encodeIfPresent(self.session?.rawValue, forKey: .session)
        try container.encode(self.state, forKey: .state)
        try container.encode(self.attempts, forKey: .attempts)
        try container.encode(self.created.description, forKey: .created)
        try container.encode(self.nextAt.description, forKey: .nextAt)
        try container.encodeIfPresent(self.lastCode, forKey: .lastCode)
        try container.encode(self.maybeTwice, forKey: .maybeTwice)
        try container.encodeIfPresent(self.ref.map { StoredRef($0) }, forKey: .issue)
    }
}
