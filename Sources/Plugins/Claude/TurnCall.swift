internal import Responders
internal import Synchronization

/// A call of `claude` on its way from the responder, which waits for the first words, to the chain, which plays the rest.
///
/// The work is one task that belongs to the call: it is cancelled with whoever waits, and as soon as nobody wants more.
final class TurnCall: Sendable {
    /// What comes first.
    enum Opening: Sendable {
        /// Text: the reply is streamed.
        case words
        /// The end.
        case ending(ClaudeTurn.Ending)
    }

    private enum Piece: Sendable {
        case text(String)
        case whole(Reply)
    }

    private struct State {
        var opening: Opening?
        var waiter: CheckedContinuation<Opening, Never>?
        var task: Task<Void, Never>?
        var isCancelled = false
    }

    private let state = Mutex(State())
    private let pieces: AsyncThrowingStream<Piece, any Error>
    private let input: AsyncThrowingStream<Piece, any Error>.Continuation

    // A response is bounded, so what waits in here is, too.
    init() { (self.pieces, self.input) = AsyncThrowingStream.makeStream() }

    /// Starts the work, once.
    ///
    /// - Parameters:
    ///   - isStreamed: Whether the first words are told before the end is known.
    ///   - work: Writes pieces and says how it ended.
    func start(isStreamed: Bool, _ work: @escaping @Sendable (ReplyWriter) async -> ClaudeTurn.Ending) {
        let writer = ReplyWriter { piece in
            guard isStreamed else { return }
            guard case .enqueued = self.input.yield(.text(piece)) else { throw CancellationError() }
            self.open(.words)
        }
        let task = Task {
            let ending = await work(writer)
            try? writer.finish()
            self.end(ending)
        }
        self.input.onTermination = { _ in task.cancel() }
        let isCancelled = self.state.withLock { state in
            state.task = task
            return state.isCancelled
        }
        if isCancelled { task.cancel() }
    }

    /// Waits for what comes first.
    func opening() async -> Opening {
        await withCheckedContinuation { waiter in
            let opening = self.state.withLock { state in
                if state.opening == nil { state.waiter = waiter }
                return state.opening
            }
            if let opening { waiter.resume(returning: opening) }
        }
    }

    /// Ends the work as soon as that is possible.
    func cancel() {
        let task = self.state.withLock { state in
            state.isCancelled = true
            return state.task
        }
        task?.cancel()
    }

    /// The reply whose first words have come.
    var reply: StreamedReply {
        let player = Player(call: self)
        return StreamedReply { output in try await player.play(to: output) }
    }

    /// Plays a call, and ends it when it is not wanted any more, played or not.
    private final class Player: Sendable {
        private let call: TurnCall

        init(call: TurnCall) { self.call = call }
        deinit { self.call.cancel() }

        func play(to output: StreamOutput) async throws -> Reply {
            defer { self.call.cancel() }
            for try await piece in self.call.pieces {
                switch piece {
                case .text(let text): try output.write(text)
                case .whole(let reply): return reply
                }
            }
            throw CancellationError()
        }
    }

    private func open(_ opening: Opening) {
        let waiter = self.state.withLock { state -> CheckedContinuation<Opening, Never>? in
            guard state.opening == nil else { return nil }
            state.opening = opening
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: opening)
    }

    private func end(_ ending: ClaudeTurn.Ending) {
        self.open(.ending(ending))
        switch ending {
        case .reply(let reply):
            self.input.yield(.whole(reply))
            self.input.finish()
        case .fail(let failure): self.input.finish(throwing: failure)
        // These come only where no words were shown.
        case .pass, .refusedSetup, .busy: self.input.finish()
        }
    }
}
