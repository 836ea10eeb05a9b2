internal import Responders

extension Webhook {
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
        try checked(headers: configuration.headers ?? [:], reserved: Self.reserved)
    }
}
