internal import Diagnostics
internal import Responders
internal import Store

/// `claude-chat.yaml` as it is written, without its chains.
struct WrittenConfiguration: Decodable {
    var version: Int
    var defaultChain: String
    var server: Server?
    var sites: [String: Site]?
    var limits: WrittenLimits?
    var bounds: WrittenBounds?
    var store: Store?
    var trace: TraceSettings.Written?
    var chains: Chains

    struct Server: Decodable {
        var listen: ListenAddress?
        var mode: Configuration.Mode?
        var tls: TLS?
        var publicURL: String?
        var trustedProxies: [String]?
        /// The first signs.
        var tokenKeys: [String: SecretReference]?
        var adminToken: SecretReference?

        enum CodingKeys: String, CodingKey {
            case listen, mode, tls, trustedProxies, tokenKeys, adminToken
            case publicURL = "publicUrl"
        }
    }

    enum TLS: Decodable {
        /// A proxy that is trusted speaks TLS with the visitors.
        case proxy
        /// `key` is the path in `key: {file: PATH}`.
        case files(certificate: String, key: String)

        enum CodingKeys: String, CodingKey { case certificate, key }

        init(from decoder: any Decoder) throws {
            if let word = try? decoder.singleValueContainer().decode(String.self), word == "proxy" {
                self = .proxy
                return
            }
            let container = try decoder.container(keyedBy: CodingKeys.self)
            let certificate = try container.decode(String.self, forKey: .certificate)
            switch try container.decode(SecretReference.self, forKey: .key) {
            case .file(let path): self = .files(certificate: certificate, key: path)
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

    /// Where messages are kept.
    struct Store: Decodable {
        var path: String?
        var onFailure: StoreOptions.FailurePolicy?
        /// The first encrypts.
        var keys: [String: SecretReference]?
        var auditKey: SecretReference?
        var retention: Retention?
        /// Whether the site's chain redacts messages before they are stored.
        var redact: Bool?

        struct Retention: Decodable {
            var olderThan: Duration?
            var maxSize: ByteSize?
            var sites: [String: Duration]?
        }

        /// All keys, as they may stand in the file.
        static let sample = """
            store:
              path: data/chat.db
              on_failure: refuse
              keys: {s1: {env: CHAT_STORE_KEY}}
              audit_key: {env: CHAT_AUDIT_KEY}
              redact: false
              retention: {older_than: 365d, max_size: 10GiB, sites: {shop: 90d}}
            """
        /// Of those the mappings with free keys.
        static let openKeys: Set<String> = ["keys", "retention.sites"]
    }

    struct Site: Decodable {
        var origins: [String]?
        var chain: String?
        var pages: [Page]?
        var timeZone: String?
        var identity: Identity?
        var seedMode: SeedMode?
        var cookieAuth: Bool?
        var seedFeedback: Bool?
        var openingHours: OpeningHours?
        var returnAfter: Duration?
        var closeAfter: Duration?
        var feedback: Bool?
        var texts: Texts?
    }

    /// What a site says itself.
    struct Texts: Decodable {
        var unanswered: TranslatedText?
        var refusal: TranslatedText?
    }

    /// Pages with a chain of their own.
    struct Page: Decodable {
        var path: String
        var chain: String
    }

    /// How a site vouches for its visitors.
    struct Identity: Decodable {
        var secret: SecretReference?
        var publicKey: SecretReference?
        var acceptHash: Bool?
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
                  token_keys: {k1: {env: CHAT_KEY_1}}
                  admin_token: {env: CHAT_ADMIN_TOKEN}
                sites:
                  shop:
                    origins: ['https://shop.example.com']
                    chain: demo
                    pages: [{path: '/try/**', chain: demo}]
                    time_zone: Europe/Berlin
                    identity: {secret: {env: SHOP_IDENTITY}, public_key: {file: keys/shop.pem}, accept_hash: false}
                    seed_mode: development
                    cookie_auth: false
                    seed_feedback: false
                    return_after: 30m
                    close_after: 24h
                    opening_hours: {mon-fri: '08:00-18:00', sat: '09:00-13:00'}
                    feedback: true
                    texts: {unanswered: {other: Please call 555-0100., de: Bitte rufen Sie an.}, refusal: Not now.}
                \(WrittenLimits.sample)
                \(WrittenBounds.sample)
                \(Store.sample)
                \(TraceSettings.sample)
                chains: {demo: ~}
                """,
            name: "claude-chat",
            openKeys: Set(Store.openKeys.map { "store.\($0)" }).union([
                "sites", "chains", "server.token_keys", "sites.*.opening_hours", "sites.*.texts.unanswered",
                "sites.*.texts.refusal",
            ]),
            notBuilt: [
                "audit": "leave it out: the audit log is beside the store, and its key is store: audit_key",
                "sites.*.retention": "write store: {retention: {sites: {NAME: 30d}}}",
                "sites.*.refusal": "write texts: {refusal: ...}",
            ]
        )
    }
}

extension StoreOptions.FailurePolicy: Decodable {}
