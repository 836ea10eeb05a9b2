internal import Responders

/// A reply that a plugin sends piece by piece.
struct PluginStream: Sendable {
    enum Part: Sendable {
        case text(String)
        case end(PluginAnswer)
    }

    typealias Input = AsyncStream<Part>.Continuation

    private let parts: AsyncStream<Part>
    /// Tells the plugin that nobody wants more.
    private let cancel: @Sendable (HostFrame.CancelReason) -> Void

    /// - Parameter cancel: Called where the reply is given up before its end.
    /// - Returns: The stream, and what feeds it, which bounds how much it has to hold.
    static func make(
        cancel: @escaping @Sendable (HostFrame.CancelReason) -> Void
    ) -> (stream: PluginStream, input: Input) {
        let (parts, input) = AsyncStream.makeStream(of: Part.self)
        return (PluginStream(parts: parts, cancel: cancel), input)
    }

    /// The first part; nothing where nobody waits for it any more.
    ///
    /// To be called once, before ``reply(beginning:)``.
    func first() async -> Part? {
        for await part in self.parts { return part }
        return nil
    }

    /// The reply as the chain takes it.
    var reply: StreamedReply { self.reply(beginning: nil) }

    /// The same, where its first piece has been read.
    func reply(beginning start: String?) -> StreamedReply {
        StreamedReply { output in
            if let start { try output.write(start) }
            let cause = CancelCause.current
            return try await withTaskCancellationHandler {
                for await part in self.parts {
                    switch part {
                    case .text(let text): try output.write(text)
                    case .end(let answer): return try answer.verdict.endOfStream()
                    }
                }
                throw CancellationError()
            } onCancel: {
                self.cancel(HostFrame.CancelReason(cause))
            }
        }
    }
}

extension AsyncStream<PluginStream.Part>.Continuation {
    func end(with answer: PluginAnswer) {
        self.yield(.end(answer))
        self.finish()
    }
}

extension Verdict {
    /// The whole reply, behind its pieces.
    ///
    /// - Throws: A ``Failure`` where that is something else.
    fileprivate func endOfStream() throws -> Reply {
        switch self {
        case .reply(let reply, _, _, _): return reply
        case .fail(let failure): throw failure
        case .pass, .augment, .stream, .suppress, .handoff:
            throw Failure(.badFrame, "deltas end with a reply, or with fail")
        }
    }
}
