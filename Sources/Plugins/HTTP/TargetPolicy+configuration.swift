internal import Responders

extension TargetPolicy {
    /// Reads the networks that an operator allows besides the public one.
    ///
    /// - Throws: `bad-network`.
    init(allowing networks: [String]) throws(ConfigurationProblem) {
        for text in networks {
            guard let network = NetworkAddress.Network(text) else {
                let hint = "write an address or a network, such as 10.20.0.0/16"
                throw ConfigurationProblem("bad-network", key: "allow", "\"\(text)\" is no network", hint: hint)
            }
            self.allowed.append(network)
        }
    }

    /// The same, and this machine's own networks where an address names it: whoever writes that means it.
    ///
    /// - Throws: `bad-network`.
    init(allowing networks: [String], for url: String) throws(ConfigurationProblem) {
        try self.init(allowing: networks)
        let isLocal = ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"].contains { url.hasPrefix($0) }
        if isLocal { self.allowed += ["127.0.0.0/8", "::1"].compactMap { NetworkAddress.Network($0) } }
    }
}
