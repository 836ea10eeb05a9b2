internal import Store

/// Why a tracker can't do something.
public struct TrackerError: Error, Hashable, Sendable {
    /// What follows from it.
    public enum Kind: String, Hashable, Sendable {
        /// Sent again as it is, it would be refused again.
        case invalid
        /// The right to do it is missing.
        case denied
        /// What it is about isn't there, or is hidden.
        case absent
        /// Later.
        case busy
        /// It failed, and may work another time.
        case broken
        /// It may have been done, or not.
        case unknown
    }

    /// What is wrong, in a word that stays.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let rawValue: String
        public let kind: Kind

        public init(_ rawValue: String, _ kind: Kind) {
            self.rawValue = rawValue
            self.kind = kind
        }

        public var description: String { self.rawValue }

        /// A draft, a comment or a filter is out of its bounds.
        public static let invalidIssue = Code("invalid-issue", .invalid)
        /// An issue can't go from its state to that one.
        public static let invalidTransition = Code("invalid-transition", .invalid)
        /// There is no such issue.
        public static let unknownIssue = Code("unknown-issue", .absent)
        /// A session has as many drafts as it may.
        public static let tooManyDrafts = Code("too-many-drafts", .busy)
        /// The draft is over, or was never made.
        public static let unknownDraft = Code("unknown-draft", .absent)
        /// There is no such entry of the outbox, or it is in another state than that needs.
        public static let unknownEntry = Code("unknown-entry", .absent)
        /// What is to be sent can't be read any more.
        public static let damagedEntry = Code("damaged-entry", .invalid)
    }

    public let code: Code
    /// What it is about: a path, or the name of an option.
    public let place: String
    /// One sentence without a visitor's text.
    public let explanation: String
    /// How long the tracker wants to be left alone, where it says that.
    public let retryAfter: Duration?

    public var kind: Kind { self.code.kind }

    public init(_ code: Code, _ place: String, _ explanation: String, retryAfter: Duration? = nil) {
        self.code = code
        self.place = place
        self.explanation = explanation
        self.retryAfter = retryAfter
    }

    /// What an error of a file means for the tracker in it.
    init(_ error: any Error, at place: String) {
        if let error = error as? TrackerError {
            self = error
            return
        }
        let error = StoreError(error, at: place)
        let kind: Kind =
            switch error.code {
            case .locked, .cancelled: .busy
            case .readOnly: .denied
            case .cannotOpen, .fileRemoved: .absent
            case .invalidEntry: .invalid
            default: .broken
            }
        self.init(Code(Self.words[error.code] ?? error.code.rawValue, kind), error.place, error.explanation)
    }

    /// Where the word of a store would mislead.
    private static let words: [StoreError.Code: String] = [
        .newerVersion: "newer-tracker", .notAStore: "not-a-tracker", .cannotOpen: "cannot-open-tracker",
        .readOnly: "tracker-read-only", .locked: "tracker-locked", .corrupt: "tracker-corrupt",
        .fileRemoved: "tracker-removed", .unexpected: "tracker-error",
    ]
}

extension TrackerError: CustomStringConvertible {
    /// `place: problem; what to do [code]`.
    public var description: String { "\(self.place): \(self.explanation) [\(self.code)]" }
}
