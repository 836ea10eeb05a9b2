import Messages
import Synchronization
import Tracker

/// A tracker on another machine, as far as the outbox can tell: it stores whatever comes, twice if it comes twice.
final class FarTracker: IssueTracker, Sendable {
    /// What comes of one call.
    enum Fate: Sendable {
        case fine
        /// It did as it was told, and nobody reads the answer.
        case lostAfter
        case fails(TrackerError)
    }

    struct Call: Sendable, Hashable {
        enum Kind: Hashable { case create, find, comment }
        var kind: Kind
        var key: String
        var time: Int64
    }

    private struct State {
        var issues: [(key: String, title: String)] = []
        var comments: [String] = []
        var calls: [Call] = []
    }

    let features: Set<TrackerFeature>
    private let state = Mutex(State())
    private let fate: @Sendable (Call) -> Fate
    private let now: @Sendable () -> Int64

    init(
        _ features: Set<TrackerFeature> = [.search, .comments],
        now: @escaping @Sendable () -> Int64,
        fate: @escaping @Sendable (Call) -> Fate = { _ in .fine }
    ) {
        self.features = features
        self.now = now
        self.fate = fate
    }

    var titles: [String] { self.state.withLock { $0.issues.map(\.title) } }
    var keys: [String] { self.state.withLock { $0.issues.map(\.key) } }
    var comments: [String] { self.state.withLock { $0.comments } }
    var calls: [Call] { self.state.withLock { $0.calls } }

    static let lost = TrackerError(TrackerError.Code("timeout", .unknown), "tracker", "no answer in time")
    static let down = TrackerError(TrackerError.Code("no-connection", .broken), "tracker", "no connection")

    private func call<T>(_ kind: Call.Kind, _ key: String, _ body: (inout State) -> T) throws(TrackerError) -> T {
        let call = Call(kind: kind, key: key, time: self.now())
        self.state.withLock { $0.calls.append(call) }
        switch self.fate(call) {
        case .fine: return self.state.withLock { body(&$0) }
        case .lostAfter:
            _ = self.state.withLock { body(&$0) }
            throw Self.lost
        case .fails(let error): throw error
        }
    }

    func create(_ draft: IssueDraft, key: DedupeKey) async throws(TrackerError) -> IssueRef {
        try self.call(.create, key.rawValue) { state in
            state.issues.append((key.rawValue, draft.title))
            return Self.ref(state.issues.count)
        }
    }

    func find(key: DedupeKey) async throws(TrackerError) -> IssueRef? {
        try self.call(.find, key.rawValue) { state in
            state.issues.firstIndex { $0.key == key.rawValue }.map { Self.ref($0 + 1) }
        }
    }

    func comment(_ ref: IssueRef, _ text: String, key: DedupeKey) async throws(TrackerError) {
        try self.call(.comment, key.rawValue) { $0.comments.append(text) }
    }

    private static func ref(_ number: Int) -> IssueRef {
        IssueRef(tracker: "far", id: "id-\(number)", number: "\(400 + number)", url: "https://far.example/\(number)")
    }

    func issue(_ ref: IssueRef) async throws(TrackerError) -> IssueState { IssueState(.open) }
    func similar(to draft: IssueDraft, limit: Int) async throws(TrackerError) -> [SimilarIssue] { [] }
    func changes(
        since cursor: ChangeCursor?
    ) async throws(TrackerError) -> (changes: [IssueChange], next: ChangeCursor) {
        ([], cursor ?? ChangeCursor(""))
    }
}
