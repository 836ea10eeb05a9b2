internal import Responders
internal import ServiceLifecycle

/// Runs the responders that have something running beside their calls, until everybody who asks them has stopped.
struct ResponderService: Service {
    private let responders: [any RunningResponder]

    /// - Parameter chains: Those that answer; a responder of several is run once.
    init(_ chains: [Chain]) {
        var seen: Set<ObjectIdentifier> = []
        self.responders = chains.flatMap(\.runningResponders).filter { seen.insert(ObjectIdentifier($0)).inserted }
    }

    func run() async {
        await cancelWhenGracefulShutdown {
            await running(self.responders) { await gracefulEnd() }
        }
    }
}

/// Waits until the task is cancelled.
private func gracefulEnd() async {
    let (never, source) = AsyncStream<Never>.makeStream()
    for await _ in never {}
    source.finish()
}
