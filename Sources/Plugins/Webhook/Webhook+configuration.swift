internal import Responders

extension Webhook {
    static func policy(_ configuration: Configuration) throws(ConfigurationProblem) -> TargetPolicy {
        var networks: [NetworkAddress.Network] = []
        for text in configuration.allow ?? [] {
            guard let network = NetworkAddress.Network(text) else {
                let hint = "write an address or a network, such as 10.20.0.0/16"
                throw ConfigurationProblem("bad-network", key: "allow", "\"\(text)\" is no network", hint: hint)
            }
            networks.append(network)
        }
        return TargetPolicy(allowed: networks)
    }

    static func secret(
        _ reference: SecretReference,
        key: String,
        _ services: PluginServices
    ) throws(ConfigurationProblem) -> String {
        let secret = try services.secret(reference, key: key)
        guard secret.utf8.count >= 32 else {
            let hint = "write 32 random bytes or more: openssl rand -base64 48"
            throw ConfigurationProblem("weak-secret", key: key, "the secret has \(secret.utf8.count) bytes", hint: hint)
        }
        return secret
    }

    /// Headers that this server writes itself.
    private static let reserved: Set<String> = [
        "accept", "connection", "content-length", "content-type", "host", "idempotency-key", "transfer-encoding",
        "user-agent", "x-claude-chat-signature", "x-claude-chat-timestamp",
    ]

    static func headers(_ configuration: Configuration) throws(ConfigurationProblem) -> [(String, String)] {
        var headers: [(String, String)] = []
        for (name, value) in (configuration.headers ?? [:]).sorted(by: { $0.key < $1.key }) {
            let key = "headers.\(name)"
            guard !name.isEmpty, name.utf8.allSatisfy(isTokenCharacter) else {
                let hint = "write letters, digits and -"
                throw ConfigurationProblem("bad-header", key: key, "\"\(name)\" is no name of a header", hint: hint)
            }
            guard !Self.reserved.contains(name.lowercased()) else {
                throw ConfigurationProblem(
                    "bad-header",
                    key: key,
                    "\"\(name)\" is the server's own",
                    hint: "leave it out"
                )
            }
            guard value.utf8.allSatisfy({ 0x20...0x7E ~= $0 }) else {
                let problem = "the value has a line break, or is not ASCII"
                throw ConfigurationProblem("bad-header", key: key, problem, hint: "write one line of ASCII")
            }
            headers.append((name, value))
        }
        return headers
    }
}

private func isTokenCharacter(_ byte: UInt8) -> Bool {
    0x30...0x39 ~= byte || 0x41...0x5A ~= byte || 0x61...0x7A ~= byte || "-_.".utf8.contains(byte)
}
