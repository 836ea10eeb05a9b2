internal import Synchronization

/// Why the calls of a turn are given up before their time is over.
///
/// Whoever may give up a turn binds one while the turn runs, and notes the reason before the turn's task is cancelled. A
/// responder that asks somebody outside takes ``current`` before its call, to tell them when the call is cancelled; where
/// there is no reason the time of the call was over.
///
/// Any thread.
public final class CancelCause: Sendable {
    public enum Reason: String, Sendable, CaseIterable {
        /// Nobody wants an answer any more: the conversation was closed.
        case stop
        /// Another configuration has taken the place of the one that the turn began on, and the turn took too long.
        case reload
        /// The conversation is for a person now.
        case takeover
    }

    /// Of the turn that is under way; nothing where nobody gives it up.
    @TaskLocal public static var current: CancelCause?

    private let noted = Mutex<Reason?>(nil)

    public init() {}

    /// The first reason that was noted; nothing as long as the turn goes on.
    public var reason: Reason? { self.noted.withLock { $0 } }

    /// Notes the reason; the first one counts.
    public func note(_ reason: Reason) { self.noted.withLock { $0 = $0 ?? reason } }
}
