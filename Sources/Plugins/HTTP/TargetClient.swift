internal import AsyncHTTPClient
internal import Diagnostics
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Responders
internal import Synchronization

/// Asks one service over HTTP: at an address that was checked, without redirects.
///
/// Any thread. The name is resolved here and each connection goes to the very address that the policy has seen, so that a
/// name that changes its address between check and connection leads nowhere else.
final class TargetClient: Sendable {
    /// What goes wrong before there is an answer.
    enum Problem: Error {
        /// Nobody got the request.
        case notSent(WireProblem)
        /// Somebody may have got it.
        case unanswered(WireProblem)
    }

    /// An answer whose body hasn't been read.
    struct Answer: Sendable {
        var status: Int
        var contentType: String
        var retryAfter: Int?
        var headers: HTTPHeaders
        var body: HTTPClientResponse.Body
    }

    /// What differs between services.
    struct Options {
        /// Until there is a connection.
        var connect = Duration.seconds(2)
        /// From one byte of an answer to the next.
        var read = Duration.seconds(30)
        /// How many connections are kept to an address, where requests come at the same time.
        var connections = 8
    }

    private struct State {
        var clients: [String: HTTPClient] = [:]
        var addresses: [String] = []
        var resolvedAt: Duration?
    }

    /// How long the addresses of a name are believed.
    private static let resolution = Duration.seconds(30)
    /// How many addresses of a name are kept connections to.
    private static let maximumClients = 8

    private let target: HTTPTarget
    private let policy: TargetPolicy
    private let resolver: Resolver
    private let clock: TurnClock
    private let options: Options
    private let state = Mutex(State())

    init(
        _ target: HTTPTarget,
        policy: TargetPolicy,
        resolver: Resolver,
        clock: TurnClock,
        options: Options = Options()
    ) {
        self.options = options
        self.target = target
        self.policy = policy
        self.resolver = resolver
        self.clock = clock
    }

    /// Sends one request.
    ///
    /// - Parameters:
    ///   - body: The body; without a method it means POST, and nothing means GET.
    ///   - method: The method.
    ///   - url: Another address of the target's host and port, in place of the target's own.
    ///   - query: A further value in the query.
    ///   - headers: All of them but `Host` and those about the body's length.
    ///   - mayRepeat: Whether it may be sent again though somebody may have got it.
    ///   - limit: Until the head of the answer, at most.
    /// - Returns: The answer, as far as its head.
    /// - Throws: ``Problem``, after one more attempt where that can do no harm.
    func send(
        _ body: [UInt8]?,
        method: HTTPMethod? = nil,
        url: String? = nil,
        query: String? = nil,
        headers: [(String, String)],
        mayRepeat: Bool,
        within limit: Duration
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: url ?? self.target.url(adding: query))
        request.method = method ?? (body == nil ? .GET : .POST)
        request.headers = HTTPHeaders(headers)
        request.body = body.map { .bytes(ByteBuffer(bytes: $0)) }
        do {
            return try await self.sendOnce(request, limit, attempt: 0)
        } catch Problem.notSent(let problem) where problem.code != "private-target" {
            return try await self.sendOnce(request, limit, attempt: 1)
        } catch Problem.unanswered where mayRepeat && !Task.isCancelled {
            return try await self.sendOnce(request, limit, attempt: 1)
        }
    }

    private func sendOnce(_ request: HTTPClientRequest, _ limit: Duration, attempt: Int) async throws -> Answer {
        let client = try await self.client(attempt: attempt)
        do {
            let deadline = NIODeadline.now() + amount(limit)
            let response = try await client.execute(request, deadline: deadline)
            return Answer(
                status: Int(response.status.code),
                contentType: response.headers.first(name: "content-type")?.lowercased() ?? "",
                retryAfter: response.headers.first(name: "retry-after").map { Int($0) ?? 30 },
                headers: response.headers,
                body: response.body
            )
        } catch {
            throw Problem(error, connect: self.options.connect)
        }
    }

    /// A client whose connections go to one address that the policy allows.
    private func client(attempt: Int) async throws -> HTTPClient {
        let addresses = try await self.addresses()
        let address = addresses[attempt % addresses.count]
        let (client, dropped) = self.state.withLock { state -> (HTTPClient, [HTTPClient]) in
            if let known = state.clients[address] { return (known, []) }
            let dropped = state.clients.count >= Self.maximumClients ? Array(state.clients.values) : []
            if !dropped.isEmpty { state.clients = [:] }
            let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: self.configuration(address))
            state.clients[address] = client
            return (client, dropped)
        }
        for client in dropped { try? await client.shutdown() }
        return client
    }

    private func configuration(_ address: String) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: amount(self.options.connect), read: amount(self.options.read)),
            connectionPool: .init(
                idleTimeout: .seconds(30),
                concurrentHTTP1ConnectionsPerHostSoftLimit: self.options.connections
            )
        )
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        configuration.dnsOverride = [self.target.host: address]
        return configuration
    }

    private func addresses() async throws -> [String] {
        let now = self.clock.now
        let known = self.state.withLock { state -> [String]? in
            guard let resolvedAt = state.resolvedAt, now - resolvedAt < Self.resolution else { return nil }
            return state.addresses
        }
        if let known { return known }
        let found: [SocketAddress]
        do {
            found = try await self.resolver.addresses(self.target.host, self.target.port)
        } catch {
            throw Problem.notSent(WireProblem("unknown-host", "no address of \"\(self.target.host)\" is known"))
        }
        let allowed = found.filter { NetworkAddress($0).map(self.policy.allows) ?? false }.compactMap(\.ipAddress)
        guard !allowed.isEmpty else {
            let problem = "\"\(self.target.host)\" has no address of the public network"
            let hint = "where that is meant, allow its network"
            throw Problem.notSent(WireProblem("private-target", problem, hint: hint))
        }
        self.state.withLock { state in
            state.addresses = allowed
            state.resolvedAt = now
        }
        return allowed
    }

    /// Closes every connection, some time after this returns: for whoever can't wait.
    func closeLater() {
        let clients = self.state.withLock { state in
            defer { state = State() }
            return Array(state.clients.values)
        }
        for client in clients { client.shutdown { _ in } }
    }

    /// Closes every connection.
    func close() async {
        let clients = self.state.withLock { state in
            defer { state = State() }
            return Array(state.clients.values)
        }
        for client in clients { try? await client.shutdown() }
    }
}

private func amount(_ duration: Duration) -> TimeAmount { .nanoseconds(Int64(duration / .nanoseconds(1))) }

extension TargetClient.Problem {
    fileprivate init(_ error: any Error, connect: Duration) {
        switch error {
        case let error as HTTPClientError where error == .connectTimeout || error == .tlsHandshakeTimeout:
            self = .notSent(WireProblem("no-connection", "no connection within \(connect.written)"))
        case let error as IOError where [ECONNREFUSED, ENETUNREACH, EHOSTUNREACH].contains(error.errnoCode):
            self = .notSent(WireProblem("no-connection", "the connection is refused"))
        case is NIOConnectionError, is ChannelError:
            self = .notSent(WireProblem("no-connection", "no connection"))
        case let error as HTTPClientError where error == .deadlineExceeded || error == .readTimeout:
            self = .unanswered(WireProblem("timeout", "no answer in time"))
        case let error as HTTPClientError:
            self = .unanswered(WireProblem("no-answer", error.shortDescription.lowercased()))
        default:
            // A certificate that isn't good, a reset, a text that is no HTTP: the kind says enough.
            self = .unanswered(WireProblem("no-answer", "\(type(of: error))"))
        }
    }
}

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif
