internal import Documents
public import Responders

/// What rules ask for: `search`.
extension Docs: ActionPerformer {
    public var operations: [String] { ["search"] }

    /// Performs an action.
    ///
    /// | operation | fields | values |
    /// | --- | --- | --- |
    /// | `search` | `text` (the message) | `count`; `title`, `url` and `text` of the best page |
    ///
    /// Where no page is good enough, `count` is 0 and there is nothing else.
    public func perform(_ action: Action, in turn: Turn) async throws -> ActionResult {
        guard action.operation == "search" else { throw Failure("unknown-operation", action.operation) }
        guard self.live.isRunning else { throw Failure(.notRunning) }
        let hits = try await self.hits(of: action.fields["text"] ?? turn.message.text, in: turn) ?? []
        var values = ["count": "\(hits.count)"]
        if let best = hits.first {
            values["title"] = best.shownTitle
            values["url"] = best.url
            values["text"] = best.snippet.plain
        }
        return ActionResult(values)
    }
}
