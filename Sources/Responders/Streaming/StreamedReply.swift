/// A reply whose text comes piece by piece.
///
/// A responder returns it in ``Verdict/stream(_:keep:)``; the chain then lets it produce its text, once. Equal only to
/// itself.
///
/// ```swift
/// return .stream(StreamedReply { output in
///     var text = ""
///     for try await piece in pieces {
///         try output.write(piece)
///         text += piece
///     }
///     return Reply(text)
/// })
/// ```
public final class StreamedReply: Sendable {
    package let produce: @Sendable (StreamOutput) async throws -> Reply

    /// - Parameter produce: Writes the pieces in their order and returns the whole reply, whose text counts where it differs
    ///   from the pieces. Called once at most, in a task that is cancelled as soon as nobody wants more. What it throws ends
    ///   the reply: where something was shown, that is kept as cut off; else the responder has failed.
    public init(_ produce: @escaping @Sendable (_ output: StreamOutput) async throws -> Reply) {
        self.produce = produce
    }

    /// The whole reply, with nobody who looks at the pieces.
    ///
    /// For tests and tools: no time limit holds.
    public func whole() async throws -> Reply { try await self.produce(StreamOutput { _ in true }) }
}

extension StreamedReply: Hashable {
    public static func == (left: StreamedReply, right: StreamedReply) -> Bool { left === right }
    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

/// Where the pieces of a streamed reply go.
public struct StreamOutput: Sendable {
    private let take: @Sendable (String) -> Bool

    init(_ take: @escaping @Sendable (String) -> Bool) { self.take = take }

    /// Shows a piece to the visitor.
    ///
    /// Doesn't wait for anybody: pieces that come faster than they can be shown are shown together.
    ///
    /// - Parameter piece: Follows what came before.
    /// - Throws: `CancellationError` once nobody wants more.
    public func write(_ piece: String) throws(CancellationError) {
        guard self.take(piece) else { throw CancellationError() }
    }
}

/// Why a streamed reply ended.
public enum StreamFinish: String, Sendable, CaseIterable {
    case complete
    /// The visitor wanted no more.
    case stopped
    /// It failed after a part of it was shown.
    case error
    /// Its time was over after a part of it was shown.
    case timeout
}
