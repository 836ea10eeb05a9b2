internal import ServiceLifecycle

/// A service that begins when something else is ready, or has had its time.
struct LateService: Service {
    private let service: any Service
    private let ready: @Sendable () async -> Void

    /// - Parameters:
    ///   - service: The service.
    ///   - ready: Returns when it may begin; cancelled where everything stops before.
    init(_ service: any Service, after ready: @escaping @Sendable () async -> Void) {
        self.service = service
        self.ready = ready
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { await self.ready() }
        try await self.service.run()
    }
}
