internal import Messages

extension Chain {
    /// The end of a turn of which nobody is asked, since too many messages of its conversation wait.
    ///
    /// - Parameters:
    ///   - turn: The message.
    ///   - tracing: Whether the result says of each entry that it wasn't asked.
    /// - Returns: The refusal, with a sentence for the visitor.
    public func refuse(_ turn: Turn, tracing: Bool = false) -> ChainResult {
        var run = ChainRun(chain: self, turn: turn, startedAt: nil, isTracing: tracing, isExplaining: false)
        if let entry = self.entries.first { run.end(.refused, by: entry) }
        run.responder = nil
        run.endReason = .queueFull
        run.replies = [turn.sentence(\.tooManyWaiting)]
        while run.next() != nil {}
        return run.result()
    }
}

extension TraceReason {
    /// Nobody is asked: too many messages of the conversation wait for their answers.
    public static let queueFull: TraceReason = "queue-full"
}
