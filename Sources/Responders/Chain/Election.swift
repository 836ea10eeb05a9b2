internal import Diagnostics

/// How one reply is found among those of all responders of `answer`: `select: best` and `best` of a chain.
///
/// All are asked at once, and the election is held when all are done or the budget is spent. Replies of too little confidence
/// and repeats are no candidates. A higher priority wins; within one priority the confidence, times the entry's weight; and
/// within ``tie`` of the highest the first in the file. Which responder was faster never matters.
public struct Election: Sendable, Hashable {
    /// How long the responders have.
    public var budget: Duration
    /// What a reply needs at least to be a candidate, before weights.
    public var minimumConfidence: Double
    /// How long a reply is no candidate again whose text was the conversation's last.
    public var noRepeat: Duration

    public static let defaultPriority = 100
    /// So close to the highest the order of the file decides.
    public static let tie = 0.05

    public init(
        budget: Duration = .seconds(2),
        minimumConfidence: Double = 0.5,
        noRepeat: Duration = .seconds(20)
    ) {
        self.budget = budget
        self.minimumConfidence = minimumConfidence
        self.noRepeat = noRepeat
    }

    /// A verdict that may win.
    struct Candidate: Sendable, Hashable {
        /// The entry's place in the chain.
        var index: Int
        var priority: Int
        var weight: Double
        var confidence: Double
        /// Nothing where the text is not there yet, or there is none.
        var text: String?

        fileprivate var score: Double { self.confidence * self.weight }
    }

    /// Why a candidate is not elected, whoever else there is.
    ///
    /// - Parameters:
    ///   - candidate: The candidate.
    ///   - last: The conversation's last reply.
    ///   - time: The moment, as in ``Incoming/serverTime``.
    /// - Returns: Nothing where it may be elected.
    func refusal(of candidate: Candidate, after last: LastReply?, at time: Int64) -> TraceReason? {
        if candidate.confidence < self.minimumConfidence { return .belowConfidence }
        guard let last, last.text == candidate.text, time - last.time < self.noRepeat.milliseconds else { return nil }
        return .repeat
    }

    /// The candidates, the elected one first, then whoever is elected where that one fails, and so on.
    static func ranked(_ candidates: [Candidate]) -> [Candidate] {
        var left = candidates.sorted { $0.index < $1.index }
        var ranked: [Candidate] = []
        while let highest = left.map(\.priority).max() {
            let best = left.filter { $0.priority == highest }.map(\.score).max() ?? 0
            guard
                let winner = left.firstIndex(where: { $0.priority == highest && $0.score >= best - Self.tie })
            else { break }
            ranked.append(left.remove(at: winner))
        }
        return ranked
    }

    /// Why a candidate lost.
    static func reason(of loser: Candidate, behind winner: Candidate) -> TraceReason {
        loser.priority < winner.priority ? .lowerPriority : .lowerConfidence
    }
}

extension TraceReason {
    /// The reply has less confidence than a candidate needs.
    public static let belowConfidence: TraceReason = "below-confidence"
    /// The reply's text was the conversation's last one, a moment ago.
    public static let `repeat`: TraceReason = "repeat"
    /// Another reply was elected, of an entry with a higher priority.
    public static let lowerPriority: TraceReason = "lower-priority"
    /// Another reply was elected, that had more confidence or came first in the file.
    public static let lowerConfidence: TraceReason = "lower-confidence"
    /// The verdict was not there when the election was held.
    public static let late: TraceReason = "late"
}
