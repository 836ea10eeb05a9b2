/// Asks one web service of a plugin: at the address that the configuration names, and nowhere else.
///
/// Any thread. Names are resolved and checked by the server; no redirect is followed.
public protocol ServiceClient: Sendable {
    /// Sends a request and waits for the whole answer, at most for what is left of the call.
    ///
    /// - Returns: The answer, whatever its status.
    /// - Throws: A ``Failure`` where there is none: `no-connection`, `private-target`, `timeout`, `no-answer`, or
    ///   `answer-too-long`.
    func send(_ request: ServiceRequest) async throws -> ServiceAnswer
}

/// What a plugin asks a web service.
public struct ServiceRequest: Sendable, Hashable {
    /// `GET`, `POST` and so on.
    public var method: String
    /// Behind the address of the service, from its slash on: `/orders/17`; may have a query.
    public var path: String
    public var headers: [String: String]
    public var body: [UInt8]?
    /// Whether it may be sent again where somebody may have got it, but has not answered.
    public var isIdempotent: Bool

    public init(
        _ method: String = "GET",
        _ path: String,
        headers: [String: String] = [:],
        body: [UInt8]? = nil,
        isIdempotent: Bool? = nil
    ) {
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
        self.isIdempotent = isIdempotent ?? ["GET", "HEAD", "PUT", "DELETE"].contains(method)
    }
}

/// What a web service answers.
public struct ServiceAnswer: Sendable, Hashable {
    public var status: Int
    /// By their names in lower case; of several with one name the first.
    public var headers: [String: String]
    /// At most ``maximumBytes``.
    public var body: [UInt8]

    public static let maximumBytes = 262_144

    public init(status: Int = 200, headers: [String: String] = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// An answer with a text: what a test scripts.
    public init(status: Int = 200, headers: [String: String] = [:], _ text: String) {
        self.init(status: status, headers: headers, body: Array(text.utf8))
    }

    /// The body as a text; what is no UTF-8 is replaced.
    public var text: String { String(decoding: self.body, as: UTF8.self) }
}

extension PluginServices {
    /// Makes clients of ``ServiceClient``.
    public typealias ClientMaker =
        @Sendable (_ url: String, _ networks: [String], _ key: String) -> Result<
            any ServiceClient, ConfigurationProblem
        >

    /// A client of the service that the configuration names.
    ///
    /// Opens no connection.
    ///
    /// - Parameters:
    ///   - url: `https://…`; plain `http://` and addresses outside of the public network only within `networks`.
    ///   - networks: Those that the operator allows besides: `10.20.0.0/16`.
    ///   - key: The key of the URL, for the problem.
    /// - Returns: The client.
    /// - Throws: `bad-url`, `plain-target`, `private-target` or `bad-network`; `no-client` where nobody may be asked.
    public func client(
        for url: String,
        allowing networks: [String] = [],
        key: String
    ) throws(ConfigurationProblem) -> any ServiceClient {
        guard let clients = self.clients else {
            let hint = "a test gives it one: service: StubService { _ in … }"
            throw ConfigurationProblem("no-client", key: key, "no service can be asked here", hint: hint)
        }
        return try clients(url, networks, key).get()
    }
}
