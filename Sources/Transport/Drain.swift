import NIOCore
import ServiceLifecycle
import Synchronization

/// Lets the clients of a server go that is to stop, while the server still listens: whoever asks `/readyz` learns of it, and
/// whoever would come in is told to come back instead of finding nobody.
struct Drain: Service {
    let shared: ChatChannel.Shared
    /// Where it takes the time from.
    let loop: any EventLoop

    /// Waits for the graceful shutdown, and then until the last WebSocket has ended.
    ///
    /// Bounded: each WebSocket has its own deadline, and requests are ended here.
    func run() async throws {
        try await gracefulShutdown()
        self.shared.isDraining.store(true, ordering: .relaxed)
        for context in self.shared.loopContexts { context.drain() }
        for _ in 0..<self.shared.answerSeconds {
            guard self.shared.requests.endIdle() else { break }
            try await self.loop.scheduleTask(in: .seconds(1)) {}.futureResult.get()
        }
        self.shared.requests.endAll()
        for context in self.shared.loopContexts { try await context.waitForLastOne() }
    }
}
