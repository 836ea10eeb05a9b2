internal import FoundationEssentials
internal import Messages

/// A value that a column holds as JSON.
protocol StoredForm: Codable {}

extension StoredForm {
    var json: String { get throws { String(decoding: try JSONEncoder().encode(self), as: UTF8.self) } }

    init(json: String) throws { self = try JSONDecoder().decode(Self.self, from: Data(json.utf8)) }
}

struct StoredDraft: StoredForm {
    private var title: String
    private var body: String
    private var kind: String?
    private var labels: [String]
    private var reporter: String?
    private var page: String?
    private var site: String
    private var session: String?

    init(_ draft: IssueDraft) {
        self.title = draft.title
        self.body = draft.body
        self.kind = draft.kind
        self.labels = draft.labels
        self.reporter = draft.reporter
        self.page = draft.page
        self.site = draft.site.rawValue
        self.session = draft.session?.rawValue
    }

    func draft() throws(TrackerError) -> IssueDraft {
        try IssueDraft(
            title: self.title,
            body: self.body,
            kind: self.kind,
            labels: self.labels,
            reporter: self.reporter,
            page: self.page,
            site: SiteID(self.site) ?? .default,
            session: self.session.flatMap { SessionID($0) }
        )
    }
}

struct StoredRef: StoredForm {
    private var tracker: String
    private var id: String
    private var number: String
    private var reference: String?
    private var url: String?

    init(_ ref: IssueRef) {
        self.tracker = ref.tracker
        self.id = ref.id
        self.number = ref.number
        self.reference = ref.reference
        self.url = ref.url
    }

    var ref: IssueRef {
        IssueRef(tracker: self.tracker, id: self.id, number: self.number, reference: self.reference, url: self.url)
    }
}

struct StoredSimilar: StoredForm {
    private var ref: StoredRef
    private var title: String
    private var score: Double
    private var isPublic: Bool
    private var isOwn: Bool

    init(_ similar: SimilarIssue) {
        self.ref = StoredRef(similar.ref)
        self.title = similar.title
        self.score = similar.score
        self.isPublic = similar.isPublic
        self.isOwn = similar.isOwn
    }

    var similar: SimilarIssue {
        SimilarIssue(
            ref: self.ref.ref,
            title: self.title,
            score: self.score,
            isPublic: self.isPublic,
            isOwn: self.isOwn
        )
    }
}
