internal import Responders
internal import ServiceLifecycle

/// Runs the parts of chains that have something running beside their turns, until everybody who asks them has stopped.
struct ResponderService: Service {
    private let parts: [any RunningPart]

    /// - Parameter chains: Those that answer; what stands in several is run once.
    init(_ chains: [Chain]) {
        var seen: Set<ObjectIdentifier> = []
        self.parts = chains.flatMap(\.runningParts).filter { seen.insert(ObjectIdentifier($0)).inserted }
    }

    func run() async {
        await cancelWhenGracefulShutdown {
            await running(self.parts) { await gracefulEnd() }
        }
    }
}

/// Waits until the task is cancelled.
private func gracefulEnd() async {
    let (never, source) = AsyncStream<Never>.makeStream()
    for await _ in never {}
    source.finish()
}
