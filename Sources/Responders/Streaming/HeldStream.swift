internal import Synchronization

/// A streamed reply that is written but not shown, until it is elected or nobody wants it.
final class HeldStream: Sendable {
    private struct State {
        /// What was written and not yet taken.
        var pieces: [String] = []
        var bytes = 0
        var end: Result<Reply, any Error>?
        var isUnwanted = false
        var waiter: CheckedContinuation<Void, Never>?
        var task: Task<Void, Never>?
    }

    private let state = Mutex(State())

    /// Lets a reply produce its text.
    ///
    /// - Parameters:
    ///   - stream: The reply.
    ///   - permit: The place of the call, which is free when the responder has written its text.
    init(_ stream: StreamedReply, permit: CallGate.Permit?) {
        let task = Task {
            let end: Result<Reply, any Error>
            do {
                end = .success(try await stream.produce(StreamOutput { self.take($0) }))
            } catch {
                end = .failure(error)
            }
            permit?.release()
            self.finish(end)
        }
        let isUnwanted = self.state.withLock { state in
            if state.end == nil { state.task = task }
            return state.isUnwanted
        }
        if isUnwanted { task.cancel() }
    }

    /// The same reply, with what was held so far at once.
    var elected: StreamedReply {
        StreamedReply { output in
            try await withTaskCancellationHandler {
                while true {
                    let (pieces, end) = await self.next()
                    for piece in pieces {
                        do { try output.write(piece) } catch {
                            self.cancel()
                            throw error
                        }
                    }
                    if let end { return try end.get() }
                }
            } onCancel: {
                self.cancel()
            }
        }
    }

    /// Nobody wants the reply.
    func cancel() {
        let task = self.state.withLock { state in
            state.isUnwanted = true
            state.pieces = []
            return state.task
        }
        task?.cancel()
    }

    private func take(_ piece: String) -> Bool {
        let (isWanted, waiter) = self.state.withLock { state -> (Bool, CheckedContinuation<Void, Never>?) in
            // Once more than a reply may have is there, the writer is told by whoever shows it.
            guard !state.isUnwanted, state.bytes <= Reply.maximumTextBytes else { return (!state.isUnwanted, nil) }
            state.pieces.append(piece)
            state.bytes += piece.utf8.count
            defer { state.waiter = nil }
            return (true, state.waiter)
        }
        waiter?.resume()
        return isWanted
    }

    private func finish(_ end: Result<Reply, any Error>) {
        let waiter = self.state.withLock { state in
            state.end = end
            state.task = nil
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Waits for pieces or the end.
    private func next() async -> ([String], Result<Reply, any Error>?) {
        await withCheckedContinuation { waiter in
            let isReady = self.state.withLock { state in
                guard state.pieces.isEmpty, state.end == nil else { return true }
                state.waiter = waiter
                return false
            }
            if isReady { waiter.resume() }
        }
        return self.state.withLock { state in
            defer { state.pieces = [] }
            return (state.pieces, state.end)
        }
    }
}
