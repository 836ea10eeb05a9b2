internal import Diagnostics
internal import Responders

/// `claude-chat.yaml` as it is written, without its chains.
struct WrittenConfiguration: Decodable {
    var version: Int
    var defaultChain: String
    var server: Server?
    var sites: [String: Site]?
    var chains: Chains

    struct Server: Decodable {
        var listen: ListenAddress?
        var mode: Configuration.Mode?
        var tls: TLS?
        var publicURL: String?
        var trustedProxies: [String]?

        enum CodingKeys: String, CodingKey {
            case listen, mode, tls, trustedProxies
            case publicURL = "publicUrl"
        }
    }

    struct TLS: Decodable {
        var certificate: String
        /// The path in `key: {file: PATH}`.
        var keyFile: String

        enum CodingKeys: String, CodingKey { case certificate, key }

        init(from decoder: any Decoder) throws {
            if let word = try? decoder.singleValueContainer().decode(String.self), word == "proxy" {
                let hint = "let the proxy run on this machine and listen on loopback, without tls"
                throw ConfigurationProblem("not-built", key: "", "\"tls: proxy\" is not built yet", hint: hint)
            }
            let container = try decoder.container(keyedBy: CodingKeys.self)
            self.certificate = try container.decode(String.self, forKey: .certificate)
            switch try container.decode(SecretReference.self, forKey: .key) {
            case .file(let path): self.keyFile = path
            case .environment:
                throw ConfigurationProblem(
                    "wrong-value",
                    key: "key",
                    "a TLS key comes from a file",
                    hint: "write {file: PATH}"
                )
            }
        }
    }

    struct Site: Decodable {
        var origins: [String]?
        var chain: String?
        var timeZone: String?
    }

    /// A mapping that is read elsewhere.
    struct Chains: Decodable {
        init(from decoder: any Decoder) throws { _ = try decoder.container(keyedBy: AnyKey.self) }

        private struct AnyKey: CodingKey {
            var stringValue: String
            var intValue: Int? { nil }
            init?(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }
    }

    /// The keys that may stand in the file.
    ///
    /// The chains check their own.
    static func schema() throws(Diagnostic) -> SettingsSchema {
        try SettingsSchema(
            sample: """
                version: 1
                default_chain: demo
                server:
                  listen: 127.0.0.1:8080
                  mode: production
                  tls: {certificate: tls/chain.pem, key: {file: tls/key.pem}}
                  public_url: https://chat.example.com
                  trusted_proxies: [127.0.0.1, '10.0.0.0/8']
                sites:
                  shop: {origins: ['https://shop.example.com'], chain: demo, time_zone: Europe/Berlin}
                chains: {demo: ~}
                """,
            name: "claude-chat",
            openKeys: ["sites", "chains"],
            notBuilt: [
                "store": "leave it out: messages live as long as the server",
                "trace": "leave it out, and try a message with claude-chat explain",
                "audit": "leave it out",
                "limits": "leave it out",
                "server.token_keys": "leave it out",
                "server.admin_token": "leave it out",
                "sites.*.pages": "give the site one chain: chain: NAME",
                "sites.*.identity": "leave it out",
                "sites.*.retention": "leave it out: messages live as long as the server",
                "sites.*.refusal": "leave it out",
                "sites.*.opening_hours": "leave it out",
                "sites.*.return_after": "leave it out",
                "sites.*.seed_mode": "leave it out",
            ]
        )
    }
}
