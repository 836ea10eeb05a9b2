/// How an issue stands.
public struct IssueState: Hashable, Sendable {
    /// What it means, the same in every tracker.
    public enum Phase: String, Hashable, Sendable, CaseIterable, Codable {
        case open
        case inProgress = "in_progress"
        case resolved, closed

        /// Whether somebody may still have to do something.
        public var isPending: Bool { self == .open || self == .inProgress }

        /// What can come next: what is closed has to be opened before anybody works on it.
        public var next: Set<Phase> {
            switch self {
            case .open: [.inProgress, .resolved, .closed]
            case .inProgress: [.open, .resolved, .closed]
            case .resolved: [.open, .inProgress, .closed]
            case .closed: [.open]
            }
        }
    }

    public let phase: Phase
    /// The tracker's own word for it.
    public let word: String

    public init(_ phase: Phase, word: String? = nil) {
        self.phase = phase
        self.word = word ?? phase.rawValue
    }
}
