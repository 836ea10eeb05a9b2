/// What a responder wants others of its chain to do before its verdict counts.
///
/// It is a part of a verdict, which tells what is said where nobody does anything: in a turn that is only explained, in a
/// shadow, where the chain doesn't have whom it asks. In any other turn the chain has the actions performed, one after
/// another, and takes the verdict that ``decide`` makes of their results.
public final class ActionPlan: Sendable {
    /// One action, and who is asked.
    public struct Step: Sendable, Hashable {
        /// The performer's name in the chain.
        public let responder: String
        public let operation: String
        public let fields: [String: String]

        public init(responder: String, operation: String, fields: [String: String] = [:]) {
            self.responder = responder
            self.operation = operation
            self.fields = fields
        }
    }

    /// In the order in which they are performed; at most ``Action/maximumCount``.
    public let steps: [Step]
    /// Makes the verdict of the results; nothing stands for an action that nobody performed, that failed or was late.
    ///
    /// Must not wait, as an ``ImmediateResponder``.
    public let decide: @Sendable (_ results: [ActionResult?]) -> Verdict

    /// - Parameters:
    ///   - steps: What is asked; those behind the ``Action/maximumCount``th are left out, and have no result.
    ///   - decide: Makes the verdict of the results.
    public init(_ steps: [Step], decide: @escaping @Sendable (_ results: [ActionResult?]) -> Verdict) {
        self.steps = steps
        self.decide = decide
    }
}

/// Equal where the same is asked, whatever comes of it.
extension ActionPlan: Hashable {
    public static func == (left: ActionPlan, right: ActionPlan) -> Bool { left.steps == right.steps }
    public func hash(into hasher: inout Hasher) { hasher.combine(self.steps) }
}

extension Verdict {
    /// The verdict, which counts once others have done what the plan says.
    ///
    /// A pass, a failure and a streamed reply ask nobody and stay as they are.
    public func asking(_ plan: ActionPlan) -> Verdict {
        switch self {
        case .pass, .fail, .stream: self
        case .augment(let found): .augment(found.asking(plan))
        case .reply(let reply, let confidence, let then, let found):
            .reply(reply, confidence: confidence, then: then, keep: found.asking(plan))
        case .suppress(let reason, let found): .suppress(reason: reason, keep: found.asking(plan))
        case .handoff(let handoff, let found): .handoff(handoff, keep: found.asking(plan))
        }
    }

    /// What others are to do first.
    var plan: ActionPlan? {
        switch self {
        case .pass, .fail, .stream: nil
        case .augment(let found), .reply(_, _, _, let found), .suppress(_, let found), .handoff(_, let found):
            found.plan
        }
    }
}

extension Augmentation {
    fileprivate func asking(_ plan: ActionPlan) -> Augmentation {
        var found = self
        found.plan = plan
        return found
    }
}
