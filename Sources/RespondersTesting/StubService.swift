internal import Synchronization
public import Responders

/// A web service that answers as a test says, and remembers what it was asked: no socket is opened.
///
/// ```swift
/// let stub = StubService { _ in ServiceAnswer("{\"state\":\"shipped\"}") }
/// let desk = try Desk(Orders.self, "url: https://orders.example.com", service: stub)
/// ```
public final class StubService: ServiceClient {
    private let answer: @Sendable (ServiceRequest) async throws -> ServiceAnswer
    private let asked = Mutex<[ServiceRequest]>([])

    /// - Parameter answer: Gives the answer, or throws what goes wrong: `Failure("timeout")`. One that never returns is a
    ///   service that hangs.
    public init(_ answer: @escaping @Sendable (ServiceRequest) async throws -> ServiceAnswer) { self.answer = answer }

    /// What it was asked so far, in order.
    public var requests: [ServiceRequest] { self.asked.withLock(\.self) }

    public func send(_ request: ServiceRequest) async throws -> ServiceAnswer {
        self.asked.withLock { $0.append(request) }
        return try await self.answer(request)
    }
}

extension PluginServices {
    /// The same services, where each client asks the stub.
    func asking(_ stub: StubService?) -> PluginServices {
        guard let stub else { return self }
        var services = self
        services.clients = { _, _, _ in .success(stub) }
        return services
    }
}
