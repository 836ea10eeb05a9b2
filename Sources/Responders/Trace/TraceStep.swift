public import Diagnostics

/// What one entry of the chain did in a turn.
///
/// Small, since thousands of turns are remembered: what most steps don't have stands aside.
public struct TraceStep: Sendable, Hashable {
    public var stage: Stage
    /// The entry's name in the chain.
    public var responder: String
    /// The verdict's word, or nothing where the entry was not asked.
    public var verdict: String?
    /// Why.
    public var reason: TraceReason?
    /// How long the call took.
    public var duration: Duration
    /// Nothing where the step has none of it; never changed where another step may have it too.
    private var details: Details?

    public init(
        stage: Stage,
        responder: String,
        verdict: String? = nil,
        reason: TraceReason? = nil,
        duration: Duration = .zero
    ) {
        self.stage = stage
        self.responder = responder
        self.verdict = verdict
        self.reason = reason
        self.duration = duration
    }

    /// About how many bytes it takes in memory.
    var size: Int {
        guard let details else { return MemoryLayout<TraceStep>.stride }
        return 448 + 96 * (details.values.candidates?.count ?? 0) + 80 * details.values.actions.count
    }

    /// How a streamed reply came.
    public struct Stream: Sendable, Hashable {
        /// From its begin to its first piece; nothing where there was none.
        public var firstPiece: Duration?
        public var pieceCount: Int
        public var finish: StreamFinish

        public init(firstPiece: Duration?, pieceCount: Int, finish: StreamFinish) {
            self.firstPiece = firstPiece
            self.pieceCount = pieceCount
            self.finish = finish
        }
    }

    /// What a responder said that nobody saw.
    public struct Shadow: Sendable, Hashable {
        /// How long its reply was.
        public var textBytes: Int
        /// Whether it was what the visitor was shown.
        public var isSame: Bool
    }
}

extension TraceStep {
    /// What a failure's error said, for the people who run the site.
    public var problem: String? { self.details?.values.problem }

    /// What decided inside the responder, and why other things there did not.
    public var explanation: Explanation? { self.details?.values.explanation }

    /// What the failure did to the turn, where the step is one.
    public var onFailure: Chain.OnFailure? { self.details?.values.onFailure }

    /// Whether the responder was asked then, where it has a breaker and failed; before the failure was counted.
    public var breaker: CallGate.Condition? { self.details?.values.breaker }

    /// How a streamed reply came.
    public var stream: Stream? { self.details?.values.stream }

    /// The full name of the rule that decided, where one did.
    public var rule: String? { self.details?.values.rule }

    /// Where that rule stands.
    public var place: Place? { self.details?.values.place }

    /// What else might have decided there, and why it did not.
    public var candidates: TraceCandidates? { self.details?.values.candidates }

    /// Which content decided there, as ``ContentState/generation`` counts it; nothing where nothing else is to be said.
    public var contentGeneration: Int? { self.details?.values.contentGeneration }

    /// What it was about, where it was asked beside the others.
    public var shadow: Shadow? { self.details?.values.shadow }

    /// How much of the message was hidden from those behind it, by ``Replacement/kind``.
    public var redacted: [String: Int] { self.details?.values.redacted ?? [:] }

    /// What others did for its verdict, in order.
    public var actions: [Action] { self.details?.values.actions ?? [] }

    /// Adds what most steps don't have; in one go, since it costs an allocation.
    mutating func detail(_ change: (inout Values) -> Void) {
        var values = self.details?.values ?? Values()
        change(&values)
        self.details = Details(values)
    }

    /// What most steps don't have.
    struct Values: Sendable, Hashable {
        var problem: String?
        var onFailure: Chain.OnFailure?
        var breaker: CallGate.Condition?
        var explanation: Explanation?
        var stream: Stream?
        var rule: String?
        var place: Place?
        var candidates: TraceCandidates?
        var contentGeneration: Int?
        var shadow: Shadow?
        var redacted: [String: Int] = [:]
        var actions: [Action] = []
    }

    private final class Details: Sendable, Hashable {
        let values: Values

        init(_ values: Values) { self.values = values }

        static func == (left: Details, right: Details) -> Bool { left.values == right.values }
        func hash(into hasher: inout Hasher) { hasher.combine(self.values) }
    }
}
