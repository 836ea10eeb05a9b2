internal import Responders

/// The codes of failures that one plugin in another language has used: they name metrics, so there is a bound.
struct FailureCodes: Sendable {
    static let maximumCount = 16

    private var known: Set<TraceReason> = []

    /// The failure with a code of a bounded number of them, and without what visitors wrote.
    mutating func bounded(_ failure: Failure, without texts: VisitorTexts) -> Failure {
        var failure = failure
        if self.known.count < Self.maximumCount { self.known.insert(failure.code) }
        if !self.known.contains(failure.code) { failure.code = .pluginFailed }
        failure.problem = failure.problem.map { texts.removed(from: $0) }
        return failure
    }

    /// The same for a verdict that is a failure.
    mutating func bounded(_ verdict: Verdict, without texts: VisitorTexts) -> Verdict {
        guard case .fail(let failure) = verdict else { return verdict }
        return .fail(self.bounded(failure, without: texts))
    }
}
