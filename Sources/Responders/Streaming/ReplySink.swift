/// Where replies are shown while their turn still runs.
///
/// Safe on any thread. One turn has one of its own.
public protocol ReplySink: Sendable {
    /// Shows a reply at once.
    ///
    /// - Parameters:
    ///   - reply: The whole reply.
    ///   - number: Its place among the replies of the turn, from 1.
    func show(_ reply: Reply, number: Int)

    /// Begins a reply that comes piece by piece.
    ///
    /// - Parameters:
    ///   - number: Its place among the replies of the turn, from 1.
    ///   - stop: To be called when the visitor wants no more of it; on any thread, as often as one likes, but not before
    ///     this returns.
    /// - Returns: Whether pieces can be shown; if not, the reply comes as a whole.
    func begin(number: Int, stop: @escaping @Sendable () -> Void) -> Bool

    /// Shows the next piece.
    func append(_ piece: String)

    /// Ends the reply that was begun.
    ///
    /// - Parameters:
    ///   - reply: The whole reply.
    ///   - finish: Why it ends.
    func end(_ reply: Reply, _ finish: StreamFinish)
}
