internal import Responders

/// How trackers on other machines are reached: where they may be, and how long they may take.
struct TrackerDoor: Sendable {
    let services: PluginServices
    private let networks: [String]
    private let limit: Duration
    private let resolver: Resolver

    /// - Throws: `bad-network` or `wrong-value`.
    init(
        allowing networks: [String],
        timeout: Duration?,
        resolver: Resolver = .system,
        _ services: PluginServices
    ) throws(ConfigurationProblem) {
        let limit = timeout ?? .seconds(10)
        // What is under way longer could be sent by somebody else.
        guard .milliseconds(100)...(.seconds(30)) ~= limit else {
            throw ConfigurationProblem("wrong-value", key: "timeout", "a call takes 100ms to 30s")
        }
        _ = try TargetPolicy(allowing: networks)
        self.services = services
        self.networks = networks
        self.limit = limit
        self.resolver = resolver
    }

    /// A client for an address.
    ///
    /// - Throws: What is wrong with the address.
    func client(of url: String, key: String) throws(ConfigurationProblem) -> TrackerClient {
        let policy = try TargetPolicy(allowing: self.networks, for: url)
        let target = try HTTPTarget(url, policy: policy, hasNetworks: !policy.allowed.isEmpty, key: key)
        return TrackerClient(
            target,
            policy: policy,
            resolver: self.resolver,
            limit: self.limit,
            clock: self.services.clock
        )
    }
}
