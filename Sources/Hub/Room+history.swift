public import Messages
import Synchronization

extension Room {
    /// Finds older messages in memory.
    ///
    /// - Throws: `unrecoverable_position` if the request names another epoch, or `rate_limited`.
    public func history(_ request: HistoryRequest) throws(ClientError) -> [UInt8] {
        let page = try self.recentPage(request)
        return ServerFrame.history(epoch: self.epoch, items: page.items, isComplete: page.isComplete)
    }

    /// Finds older messages, in the log where memory has too few.
    ///
    /// - Parameters:
    ///   - request: Which.
    ///   - completion: Called once, at once or on any thread: with the frame, or with `unavailable` if the log can't be
    ///     read.
    /// - Throws: As ``history(_:)``; nothing is called then.
    public func history(
        _ request: HistoryRequest,
        completion: @escaping @Sendable (Result<[UInt8], ClientError>) -> Void
    ) throws(ClientError) {
        let page = try self.recentPage(request)
        let epoch = self.epoch
        guard let log = self.hub.log, !page.isComplete, page.items.count < request.limit else {
            let frame = ServerFrame.history(epoch: epoch, items: page.items, isComplete: page.isComplete)
            return completion(.success(frame))
        }
        log.history(of: self.key, before: page.first, limit: request.limit - page.items.count, in: epoch) { result in
            completion(
                result.map { older in
                    let items = older.frames.map { ServerFrame.replayed($0) } + page.items
                    return ServerFrame.history(epoch: epoch, items: items, isComplete: older.isComplete)
                }
            )
        }
    }

    /// What memory has of a page, the number of its first message or the one after it, and whether it is all.
    private func recentPage(
        _ request: HistoryRequest
    ) throws(ClientError) -> (items: [[UInt8]], first: Int, isComplete: Bool) {
        let now = self.hub.clocks.nanoseconds()
        var wait: UInt64?
        let page = self.state.withLock { state -> (items: [[UInt8]], first: Int, isComplete: Bool)? in
            wait = self.hub.options.historyRate?.refuse(&state.arrivals.history, at: now)
            guard wait == nil else { return nil }
            guard request.epoch == nil || request.epoch == state.epoch else { return nil }
            let before = min(request.before ?? .max, state.recent.top + 1)
            let items = state.recent.frames(before: before, limit: request.limit).map { ServerFrame.replayed($0.json) }
            let first = before - items.count
            let oldest = self.hub.log == nil ? state.recent.oldest : 1
            return (items, first, first <= oldest)
        }
        if let wait { throw ClientError(.rateLimited, "too many requests for history", waitingNanoseconds: wait) }
        guard let page else { throw ClientError(.unrecoverablePosition, "the history has another epoch") }
        return page
    }
}
