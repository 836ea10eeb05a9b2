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
}
