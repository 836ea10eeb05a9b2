internal import Responders

/// What a plugin in another language has answered.
enum PluginAnswer: Sendable, Equatable {
    case verdict(Verdict)
    /// What came of an action that worked.
    case result(ActionResult)

    /// To a turn.
    var verdict: Verdict {
        switch self {
        case .verdict(let verdict): verdict
        case .result: .fail(Failure(.badFrame))
        }
    }

    /// To an action.
    ///
    /// - Throws: A ``Failure``.
    func result() throws -> ActionResult {
        switch self {
        case .result(let result): return result
        case .verdict(.fail(let failure)): throw failure
        case .verdict(.pass(let reason)): throw Failure(reason ?? .unavailable)
        case .verdict: throw Failure(.badFrame)
        }
    }
}
