internal import Tracker

/// One call of a tracker's API.
struct TrackerCall: Sendable {
    var method = "GET"
    /// Behind the address of the API; what it is made of is percent-encoded.
    var path: String
    var query: [(String, String)] = []
    var body: JSONValue?
    /// The statuses that mean that it was done.
    var expected: Set<Int> = [200]
}

/// What a tracker calls an issue.
struct IssueName: Hashable, Sendable {
    var id: String
    var number: String
    var url: String?
}

/// An issue that a search has found.
struct IssueHit: Hashable, Sendable {
    var name: IssueName
    var title: String
    /// Whether somebody may still have to do something.
    var isPending: Bool
}

/// How the API of one kind of tracker is spoken to: what is asked for, and where the answers have what is asked.
///
/// Decides nothing about whom to ask and what follows from failures.
protocol TrackerDialect: Sendable {
    /// Headers of every request; those with secrets too.
    var headers: [(String, String)] { get }
    var features: Set<TrackerFeature> { get }

    func create(_ draft: IssueDraft, _ key: DedupeKey) -> TrackerCall
    /// The issue that was made; nothing where the answer hasn't got it.
    func created(_ answer: TrackerDocument) -> IssueName?

    /// What finds the issue of a key, in the order in which it is tried.
    func find(_ key: DedupeKey) -> [TrackerCall]
    func found(_ answer: TrackerDocument, _ key: DedupeKey) -> IssueName?

    func status(_ ref: IssueRef) -> TrackerCall
    func state(_ answer: TrackerDocument) -> IssueState?

    func comment(_ ref: IssueRef, _ text: String, _ key: DedupeKey) -> TrackerCall

    /// What looks for issues with some of the words; nothing where the API can't.
    func search(_ words: [String]) -> TrackerCall?
    func hits(_ answer: TrackerDocument) -> [IssueHit]

    /// What a body says that means no, whatever the status is.
    func failure(_ answer: TrackerDocument) -> (code: String, kind: TrackerError.Kind)?
}

extension TrackerDialect {
    func failure(_ answer: TrackerDocument) -> (code: String, kind: TrackerError.Kind)? { nil }
    func find(_ key: DedupeKey) -> [TrackerCall] { [] }
    func found(_ answer: TrackerDocument, _ key: DedupeKey) -> IssueName? { nil }
    func search(_ words: [String]) -> TrackerCall? { nil }
    func hits(_ answer: TrackerDocument) -> [IssueHit] { [] }
}

/// What every dialect is configured with.
struct DialectSettings: Sendable {
    var project: String
    var user: String?
    var token: String
    /// Further fields of a new issue.
    var fields: [JSONValue.Member]

    /// Fields of a new issue, of which the configuration's come last and count.
    func merged(_ own: [JSONValue.Member?]) -> [JSONValue.Member] {
        let own = own.compactMap { $0 }
        return own.filter { member in !self.fields.contains { $0.key == member.key } } + self.fields
    }
}

extension TrackerDocument {
    /// The text of a member, where it is one that can be an id.
    func name(_ key: String) -> String? { self[key]?.text.flatMap { 1...200 ~= $0.utf8.count ? $0 : nil } }

    /// A member where it is an address for people.
    func address(_ key: String) -> String? {
        self[key]?.text.flatMap { $0.hasPrefix("https://") || $0.hasPrefix("http://") ? $0 : nil }
    }
}
