internal import FoundationEssentials
internal import GRDB
public import Messages

/// An issue of the embedded tracker, as the people who run the site see it.
///
/// As JSON its times are in RFC 3339; what is nothing is left out.
public struct Issue: Hashable, Sendable {
    public let site: SiteID
    /// From 1 in each site.
    public let number: Int
    /// Our own name for it, which visitors are told: `R-7K2M`.
    public let reference: String
    public let key: DedupeKey
    public let phase: IssueState.Phase
    /// Whether visitors other than the reporter may be told of it.
    public let isPublic: Bool
    public let title: String
    public let body: String
    public let kind: String?
    public let labels: [String]
    public let reporter: String?
    public let page: String?
    public let session: String?
    public let created: Timestamp
    /// When something last happened to it.
    public let changed: Timestamp
    let id: Int64

    static let columns = """
        issue.id, issue.site, issue.number, issue.reference, issue.key, issue.state, issue.is_public, issue.title, \
        issue.body, issue.kind, issue.labels, issue.reporter, issue.page, issue.session, issue.created, issue.changed
        """

    init(_ row: Row) throws {
        guard let site = SiteID(row[1] as String), let phase = IssueState.Phase(rawValue: row[5]) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT)
        }
        self.id = row[0]
        self.site = site
        self.number = row[2]
        self.reference = row[3]
        self.key = DedupeKey(row[4])
        self.phase = phase
        self.isPublic = row[6]
        self.title = row[7]
        self.body = row[8]
        self.kind = row[9]
        self.labels = (row[10] as String).split(separator: "\n").map(String.init)
        self.reporter = row[11]
        self.page = row[12]
        self.session = row[13]
        self.created = Timestamp(milliseconds: row[14])
        self.changed = Timestamp(milliseconds: row[15])
    }
}

extension Issue: Encodable {
    private enum Key: String, CodingKey {
        case site, number, reference, key, state, isPublic, title, body, kind, labels, reporter, page, session, created
        case changed
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(self.site.rawValue, forKey: .site)
        try container.encode(self.number, forKey: .number)
        try container.encode(self.reference, forKey: .reference)
        try container.encode(self.key.rawValue, forKey: .key)
        try container.encode(self.phase, forKey: .state)
        try container.encode(self.isPublic, forKey: .isPublic)
        try container.encode(self.title, forKey: .title)
        try container.encode(self.body, forKey: .body)
        try container.encodeIfPresent(self.kind, forKey: .kind)
        try container.encode(self.labels, forKey: .labels)
        try container.encodeIfPresent(self.reporter, forKey: .reporter)
        try container.encodeIfPresent(self.page, forKey: .page)
        try container.encodeIfPresent(self.session, forKey: .session)
        try container.encode(self.created.description, forKey: .created)
        try container.encode(self.changed.description, forKey: .changed)
    }
}

/// Something that happened to an issue, as the people who run the site see it.
public struct IssueEvent: Hashable, Sendable, Encodable {
    /// What happened.
    public enum Kind: String, Hashable, Sendable, Encodable { case created, state, comment, visibility }

    /// From 1, in the order in which things happened to all issues.
    public let id: Int
    public let kind: Kind
    /// Who: `visitor`, or as the command or the API names people.
    public let author: String
    /// Whether the reporter is told.
    public let isPublic: Bool
    /// The state since then.
    public let state: IssueState.Phase?
    /// The comment.
    public let text: String?
    /// In RFC 3339.
    public let time: String

    init(_ row: Row) {
        self.id = row[0]
        self.kind = Kind(rawValue: row[1]) ?? .comment
        self.author = row[2]
        self.isPublic = row[3]
        self.state = (row[4] as String?).flatMap { IssueState.Phase(rawValue: $0) }
        self.text = row[5]
        self.time = Timestamp(milliseconds: row[6]).description
    }

    static let columns = "id, kind, author, is_public, state, text, time"
}
