internal import Synchronization

/// An entry of the stage `after`: looks at turns that have ended, one after the other, while the next ones are answered.
final class Observer: RunningPart {
    private struct Observation: Sendable {
        let turn: Turn
        let failed: @Sendable (ResponderFailure) -> Void
    }

    private struct State {
        /// Nothing while nobody runs the observer.
        var input: AsyncStream<Observation>.Continuation?
        var turns: AsyncStream<Observation>?
        var droppedCount = 0
    }

    /// How many turns wait at most.
    static let capacity = 1_000

    private let entry: Chain.Entry
    private let position: Int
    private let clock: TurnClock
    private let state = Mutex(State())

    /// - Parameters:
    ///   - entry: Who looks.
    ///   - position: The entry's place in its stage.
    ///   - clock: The chain's.
    init(_ entry: Chain.Entry, position: Int, clock: TurnClock) {
        self.entry = entry
        self.position = position
        self.clock = clock
    }

    var name: String { self.entry.name }

    /// How many turns it did not see since too many waited.
    var droppedCount: Int { self.state.withLock { $0.droppedCount } }

    /// Has a turn looked at, later.
    ///
    /// Doesn't wait; a turn that finds no place in the queue is dropped and counted.
    func observe(_ result: ChainResult, failed: @escaping @Sendable (ResponderFailure) -> Void) {
        var turn = result.turn
        (turn.place.stage, turn.place.position) = (.after, self.position)
        turn.drafts = result.replies
        turn.outcome = result.outcome
        guard self.entry.reasonToSkip(turn.conversation) == nil, self.entry.condition?.refusal(of: turn) == nil
        else { return }
        self.state.withLock { state in
            if case .dropped? = state.input?.yield(Observation(turn: turn, failed: failed)) { state.droppedCount += 1 }
        }
    }

    func prepareToRun() {
        self.state.withLock { state in
            let (turns, input) = AsyncStream.makeStream(
                of: Observation.self,
                bufferingPolicy: .bufferingOldest(Self.capacity)
            )
            (state.turns, state.input) = (turns, input)
        }
    }

    func run() async {
        guard let turns = self.state.withLock({ $0.turns }) else { return }
        for await observation in turns { await self.look(observation) }
        self.state.withLock { ($0.turns, $0.input) = (nil, nil) }
    }

    /// What was observed so far is still looked at; then ``run()`` returns.
    func finish() -> Bool {
        self.state.withLock { $0.input }?.finish()
        return true
    }

    private func look(_ observation: Observation) async {
        let verdict: Verdict
        switch self.entry.call {
        case .immediate(let responder): verdict = responder.verdict(on: observation.turn)
        case .waiting(let responder):
            let answer = await LimitedCall.answer(
                of: responder,
                through: self.entry.gate,
                for: observation.turn,
                within: self.entry.timeout,
                on: self.clock
            )
            verdict = answer.verdict
            if case .stream = verdict { answer.permit?.release() }
            answer.permit?.count(CircuitBreaker.Result(verdict, failure: verdict.failure))
        }
        if let failure = verdict.failure, failure.code != .cancelled {
            observation.failed(ResponderFailure(responder: self.entry.name, failure: failure))
        }
    }
}

extension Chain {
    /// How many turns each responder of `after` did not see since too many waited, by its name.
    public var droppedObservations: [(responder: String, count: Int)] {
        self.observers.map { ($0.name, $0.droppedCount) }
    }
}
