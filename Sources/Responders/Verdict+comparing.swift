extension Verdict {
    /// Whether a visitor sees the same: what a responder keeps for the record doesn't count.
    public func looks(like other: Verdict) -> Bool {
        switch (self, other) {
        case (.reply(let reply, _, let then, _), .reply(let expected, _, let expectedThen, _)):
            reply == expected && then == expectedThen
        case (.suppress(let reason, _), .suppress(let expected, _)): reason == expected
        case (.handoff(let handoff, _), .handoff(let expected, _)): handoff == expected
        default: self == other
        }
    }

    /// The verdict, with a streamed reply as one that came at once.
    ///
    /// For tests and tools: no time limit holds.
    ///
    /// - Throws: What the stream throws.
    public func whole() async throws -> Verdict {
        guard case .stream(let stream, let confidence, let kept) = self else { return self }
        return .reply(try await stream.whole(), confidence: confidence, keep: kept)
    }
}
