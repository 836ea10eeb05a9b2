public import Responders
internal import Synchronization

/// What a visitor sees while replies come, in the order in which it comes.
public final class Screen: ReplySink {
    /// Something that was shown.
    public enum Event: Sendable, Hashable, CustomStringConvertible {
        case shown(String)
        case began(number: Int)
        case piece(String)
        case ended(String, StreamFinish)

        public var description: String {
            switch self {
            case .shown(let text): "shown: \(text)"
            case .began(let number): "began \(number)"
            case .piece(let text): "piece: \(text)"
            case .ended(let text, let finish): "ended, \(finish.rawValue): \(text)"
            }
        }
    }

    private struct State {
        var events: [Event] = []
        var stop: (@Sendable () -> Void)?
        var watchers: [(count: Int, continuation: AsyncStream<Never>.Continuation)] = []
    }

    private let state = Mutex(State())

    public init() {}

    public var events: [Event] { self.state.withLock { $0.events } }

    /// The visitor wants no more of the reply that is under way.
    public func stop() { self.state.withLock { $0.stop }?() }

    /// Waits until so many things were shown, or until the task is cancelled.
    public func events(atLeast count: Int) async {
        let (end, continuation) = AsyncStream<Never>.makeStream()
        self.state.withLock { state in
            if state.events.count >= count { return continuation.finish() }
            state.watchers.append((count, continuation))
        }
        for await _ in end {}
    }

    public func show(_ reply: Reply, number: Int) { self.note(.shown(reply.text)) }

    public func begin(number: Int, stop: @escaping @Sendable () -> Void) -> Bool {
        self.state.withLock { $0.stop = stop }
        self.note(.began(number: number))
        return true
    }

    public func append(_ piece: String) { self.note(.piece(piece)) }

    public func end(_ reply: Reply, _ finish: StreamFinish) {
        self.state.withLock { $0.stop = nil }
        self.note(.ended(reply.text, finish))
    }

    private func note(_ event: Event) {
        let ready = self.state.withLock { state in
            state.events.append(event)
            let count = state.events.count
            let ready = state.watchers.filter { $0.count <= count }
            state.watchers.removeAll { $0.count <= count }
            return ready
        }
        for watcher in ready { watcher.continuation.finish() }
    }
}
