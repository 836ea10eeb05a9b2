/// Where reports go: the embedded tracker, or one on another machine.
///
/// Safe on any thread. Whatever is asked for twice with the same ``DedupeKey`` happens once.
public protocol IssueTracker: Sendable {
    /// What it can do besides taking issues.
    var features: Set<TrackerFeature> { get }

    /// Makes an issue, or finds the one that was made with the same key.
    ///
    /// - Parameters:
    ///   - draft: What it says.
    ///   - key: One for each issue that somebody wants.
    /// - Returns: The issue, also where it was there before.
    /// - Throws: `unknown` where it can't be told whether it was made: ask ``find(key:)`` then.
    func create(_ draft: IssueDraft, key: DedupeKey) async throws(TrackerError) -> IssueRef

    /// The issue that was made with a key; nothing where none was.
    func find(key: DedupeKey) async throws(TrackerError) -> IssueRef?

    /// How an issue stands.
    func issue(_ ref: IssueRef) async throws(TrackerError) -> IssueState

    /// Issues that aren't done and may be about the same, the likeliest first.
    ///
    /// - Parameters:
    ///   - draft: What is about to be reported.
    ///   - limit: How many at most.
    /// - Returns: They may be of anybody: ``SimilarIssue/isPublic`` says whom they may be shown to.
    /// - Throws: What the tracker can't do.
    func similar(to draft: IssueDraft, limit: Int) async throws(TrackerError) -> [SimilarIssue]

    /// Adds a comment that the tracker's people alone read; once for each key.
    func comment(_ ref: IssueRef, _ text: String, key: DedupeKey) async throws(TrackerError)

    /// What happened to issues that others may know of: changes of state and public comments, the oldest first.
    ///
    /// - Parameter cursor: Where the last call ended; nothing for everything.
    /// - Returns: At most a few hundred, and where to go on. Without changes the cursor is the one that was given.
    /// - Throws: What the tracker can't do.
    func changes(since cursor: ChangeCursor?) async throws(TrackerError) -> (changes: [IssueChange], next: ChangeCursor)
}

/// What a tracker can do.
public enum TrackerFeature: String, Hashable, Sendable, CaseIterable {
    /// ``IssueTracker/find(key:)`` finds what was made.
    case search
    case comments, labels
    /// ``IssueTracker/issue(_:)`` says how an issue stands.
    case status
    case changesSince
    /// A second wish of the same key is the first one.
    case clientKey
}

/// Names one wish, so that it is granted once.
public struct DedupeKey: Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String

    /// - Parameter rawValue: 1 to 200 bytes: a turn with the number of its action, or the id of a draft.
    public init(_ rawValue: String) { self.rawValue = rawValue }
    public var description: String { self.rawValue }
}

/// A position among the changes of a tracker; what it looks like is the tracker's own business.
public struct ChangeCursor: Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String

    public init(_ rawValue: String) { self.rawValue = rawValue }
    public var description: String { self.rawValue }
}

/// Names an issue.
public struct IssueRef: Hashable, Sendable {
    /// The instance of the tracker, as the configuration calls it.
    public let tracker: String
    /// What the tracker itself calls it.
    public let id: String
    /// The number that people are told.
    public let number: String
    /// Our own name for it, such as `R-7K2M`; nothing where the tracker alone has named it.
    public let reference: String?
    /// Where people see it.
    public let url: String?

    public init(tracker: String, id: String, number: String, reference: String? = nil, url: String? = nil) {
        self.tracker = tracker
        self.id = id
        self.number = number
        self.reference = reference
        self.url = url
    }

    /// Whether the tracker has named it; until then there is ``reference`` alone.
    public var isNamed: Bool { !self.id.hasPrefix(OutboxEntry.placeholder("")) }

    /// What people are told: our own name, or the number.
    public var shownName: String { self.reference ?? self.shownNumber }

    /// The number as people write it: `#412`, or `SHOP-7` where it isn't one.
    public var shownNumber: String { self.number.allSatisfy(\.isNumber) ? "#\(self.number)" : self.number }
}

/// An issue that may be about the same as a draft.
public struct SimilarIssue: Hashable, Sendable {
    public let ref: IssueRef
    /// Its title; what a stranger wrote.
    public let title: String
    /// From 0 through 1, as ``IssueLikeness`` has it.
    public let score: Double
    /// Whether everybody may be told of it.
    public let isPublic: Bool
    /// Whether the draft's own session has reported it.
    public let isOwn: Bool

    public init(ref: IssueRef, title: String, score: Double, isPublic: Bool, isOwn: Bool) {
        self.ref = ref
        self.title = title
        self.score = score
        self.isPublic = isPublic
        self.isOwn = isOwn
    }
}

/// Something that happened to an issue.
public struct IssueChange: Hashable, Sendable {
    /// What happened.
    public enum Kind: Hashable, Sendable {
        case state(IssueState)
        /// A comment that the reporter may read.
        case comment(String)
    }

    /// Unique in its tracker.
    public let id: String
    public let ref: IssueRef
    public let kind: Kind
}
