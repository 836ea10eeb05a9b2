internal import Responders
internal import Synchronization

/// How far one attempt of a call has come.
///
/// Shared by the task that reads the response and the one that watches the clock.
final class Attempt: Sendable {
    struct State: Sendable {
        var status: Int?
        var requestID: String?
        /// Whether a piece of text or the begin of a tool's call has come.
        var hasOutput = false
        var firstOutputAt: Duration?
        var lastEventAt: Duration = .zero
        /// What `message_start` said; nothing where it hasn't come.
        var usage: Usage?
        var outputBytes = 0
        var response: MessagesResponse?
        var unknownEvents = 0
    }

    let startedAt: Duration
    /// Ends as soon as the response is whole.
    let whole: AsyncStream<Never>
    private let wholeInput: AsyncStream<Never>.Continuation
    private let current = Mutex(State())

    init(startedAt: Duration) {
        self.startedAt = startedAt
        (self.whole, self.wholeInput) = AsyncStream.makeStream()
    }

    var state: State { self.current.withLock { $0 } }

    func begin(_ answer: MessagesAnswer) {
        self.current.withLock { state in
            state.status = answer.status
            state.requestID = answer.requestID
        }
    }

    func take(_ events: [StreamEvent], _ reader: EventStreamReader, at now: Duration) {
        self.current.withLock { state in
            state.lastEventAt = now
            state.outputBytes = reader.outputBytes
            state.unknownEvents = reader.unknownEvents + reader.unknownDeltas
            for event in events {
                switch event {
                case .started(let usage): state.usage = usage
                case .text, .toolUseBegan:
                    if !state.hasOutput { state.firstOutputAt = now }
                    state.hasOutput = true
                case .ended(let response):
                    state.response = response
                    self.wholeInput.finish()
                case .block, .alive: break
                }
            }
        }
    }

    func end(_ response: MessagesResponse, at now: Duration) {
        self.current.withLock { state in
            state.response = response
            state.firstOutputAt = now
            state.lastEventAt = now
        }
    }
}

extension CallRecord {
    /// Takes over what an attempt was like.
    mutating func take(_ attempt: Attempt.State, from startedAt: Duration) {
        self.status = attempt.status ?? self.status
        self.requestID = attempt.requestID ?? self.requestID
        self.firstChunk = attempt.firstOutputAt.map { $0 - startedAt }
        self.unknownEvents += attempt.unknownEvents
    }

    /// Takes over what an attempt has cost that didn't become a response: what it said at its begin, and a token for each
    /// three bytes that came.
    mutating func charge(_ attempt: Attempt.State) {
        guard let usage = attempt.usage else { return }
        self.isEstimated = true
        self.lost.input += usage.input
        self.lost.cacheWrite += usage.cacheWrite
        self.lost.cacheWriteHour += usage.cacheWriteHour
        self.lost.cacheRead += usage.cacheRead
        self.lost.output += max(usage.output, (attempt.outputBytes + 2) / 3)
    }

    /// What the call has cost, all attempts together.
    var charged: Usage {
        var sum = self.usage
        sum.input += self.lost.input
        sum.output += self.lost.output
        sum.cacheWrite += self.lost.cacheWrite
        sum.cacheWriteHour += self.lost.cacheWriteHour
        sum.cacheRead += self.lost.cacheRead
        return sum
    }
}
