internal import Synchronization

/// One streamed reply against the clock.
///
/// The first of end, time limit, stop and cancellation wins, as in ``LimitedCall``; what is written later is refused. Both
/// tasks belong to the call, which cancels them when it ends.
final class StreamedCall: Sendable {
    /// How long a stream may take.
    struct Limits: Sendable {
        /// From its begin to its first piece.
        var firstPiece: Duration
        /// From one piece to the next.
        var nextPiece: Duration
        /// From its begin to its end.
        var whole: Duration
    }

    /// How it ended.
    enum End: Sendable {
        case complete(Reply)
        case stopped
        case failed(Failure)
    }

    /// What came of it.
    struct Played: Sendable {
        var end: End
        /// All pieces.
        var text: String
        var pieceCount: Int
        /// From the begin to the first piece.
        var firstPiece: Duration?
        /// Whether the sink has begun the reply, and has to end it.
        var isShown: Bool
        /// Whether there was more than a reply may have.
        var isTruncated = false
    }

    private struct State {
        var played = Played(end: .stopped, text: "", pieceCount: 0, firstPiece: nil, isShown: false)
        var lastPieceAt: Duration?
        var isOver = false
        var waiter: CheckedContinuation<Played, Never>?
        var tasks: [Task<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let sink: (any ReplySink)?
    private let number: Int
    private let limits: Limits
    private let clock: TurnClock
    private let startedAt: Duration

    private init(_ sink: (any ReplySink)?, number: Int, limits: Limits, clock: TurnClock) {
        self.sink = sink
        self.number = number
        self.limits = limits
        self.clock = clock
        self.startedAt = clock.now
    }

    /// Lets a reply produce its text and shows the pieces.
    ///
    /// - Parameters:
    ///   - stream: The reply.
    ///   - sink: Where pieces go; without one they are only collected.
    ///   - number: The reply's place among those of the turn, from 1.
    ///   - permit: The place of the call, which is free when the responder has written its text.
    ///   - limits: How long it may take.
    ///   - clock: The chain's.
    /// - Returns: What came of it.
    static func play(
        _ stream: StreamedReply,
        to sink: (any ReplySink)?,
        number: Int,
        permit: CallGate.Permit? = nil,
        limits: Limits,
        on clock: TurnClock
    ) async -> Played {
        let call = StreamedCall(sink, number: number, limits: limits, clock: clock)
        // A responder that goes on all the same keeps its place.
        defer { permit?.abandon() }
        return await withTaskCancellationHandler {
            call.own(
                Task {
                    let end: End
                    do {
                        end = .complete(try await stream.produce(StreamOutput { call.take($0) }))
                    } catch {
                        end = .failed(Failure(thrown: error))
                    }
                    permit?.release()
                    call.end(end)
                }
            )
            call.own(Task { await call.watch() })
            return await withCheckedContinuation { call.wait($0) }
        } onCancel: {
            call.end(.failed(Failure(.cancelled)))
        }
    }

    /// Takes a piece.
    ///
    /// - Returns: Whether more is wanted.
    private func take(_ piece: String) -> Bool {
        let (isWanted, whole) = self.state.withLock { state -> (Bool, String?) in
            guard !state.isOver else { return (false, nil) }
            guard !piece.isEmpty else { return (true, nil) }
            let room = Reply.maximumTextBytes - state.played.text.utf8.count
            let shown = piece.prefix(bytes: room)
            let now = self.clock.now
            state.lastPieceAt = now
            if state.played.pieceCount == 0 {
                state.played.firstPiece = now - self.startedAt
                // With the lock held, so that nothing is begun that has ended meanwhile.
                state.played.isShown = self.sink?.begin(number: self.number) { self.end(.stopped) } ?? false
            }
            state.played.pieceCount += 1
            state.played.text += shown
            if state.played.isShown { self.sink?.append(shown) }
            state.played.isTruncated = piece.utf8.count > room
            return (true, state.played.isTruncated ? state.played.text : nil)
        }
        guard let whole else { return isWanted }
        self.end(.complete(Reply(whole)))
        return false
    }

    /// Ends the call when one of its limits is over.
    private func watch() async {
        while true {
            let left = self.state.withLock { state in
                let next =
                    state.lastPieceAt.map { $0 + self.limits.nextPiece } ?? self.startedAt + self.limits.firstPiece
                return min(next, self.startedAt + self.limits.whole) - self.clock.now
            }
            guard left > .zero else { return self.end(.failed(Failure(.timeout))) }
            // A cancelled wait means that the call has ended already.
            guard (try? await self.clock.sleep(for: left)) != nil else { return }
        }
    }

    /// Takes the first end, cancels what still runs, and ignores every later one.
    private func end(_ end: End) {
        let (waiter, tasks, played) = self.state.withLock {
            state -> (CheckedContinuation<Played, Never>?, [Task<Void, Never>], Played) in
            guard !state.isOver else { return (nil, [], state.played) }
            state.isOver = true
            state.played.end = end
            defer {
                state.waiter = nil
                state.tasks = []
            }
            return (state.waiter, state.tasks, state.played)
        }
        for task in tasks { task.cancel() }
        waiter?.resume(returning: played)
    }

    /// Cancels `task` with the call, at once where the call has ended.
    private func own(_ task: Task<Void, Never>) {
        let isOver = self.state.withLock { state in
            guard !state.isOver else { return true }
            state.tasks.append(task)
            return false
        }
        if isOver { task.cancel() }
    }

    private func wait(_ waiter: CheckedContinuation<Played, Never>) {
        let played = self.state.withLock { state -> Played? in
            guard state.isOver else {
                state.waiter = waiter
                return nil
            }
            return state.played
        }
        if let played { waiter.resume(returning: played) }
    }
}
