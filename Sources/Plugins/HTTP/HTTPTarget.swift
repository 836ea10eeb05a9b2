internal import FoundationEssentials
internal import Responders

/// The address of a service, checked.
struct HTTPTarget: Sendable, Hashable {
    /// Without query and fragment.
    private(set) var url: String
    let query: String?
    let host: String
    let port: Int

    /// - Parameters:
    ///   - text: As it is written.
    ///   - policy: Where it may lead.
    ///   - hasNetworks: Whether the operator names networks, which plain HTTP is for.
    ///   - key: The key that names it, for the problem.
    /// - Throws: `bad-url`, `plain-target` or `private-target`.
    init(
        _ text: String,
        policy: TargetPolicy,
        hasNetworks: Bool,
        key: String = "url"
    ) throws(ConfigurationProblem) {
        guard let components = URLComponents(string: text), let scheme = components.scheme,
            ["http", "https"].contains(scheme), var host = components.host, !host.isEmpty,
            components.user == nil, components.password == nil, components.fragment == nil
        else {
            let hint = "write https://HOST/PATH, without a name, a password or a fragment"
            throw ConfigurationProblem("bad-url", key: key, "\"\(Self.shown(text))\" can't be asked", hint: hint)
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard scheme == "https" || hasNetworks else {
            let hint = "write https://…, or allow: the internal network that it is in"
            throw ConfigurationProblem(
                "plain-target",
                key: key,
                "visitors' texts would travel in plain text",
                hint: hint
            )
        }
        if let address = NetworkAddress(host), !policy.allows(address) {
            throw ConfigurationProblem(privateTarget: host, key: key)
        }
        let port = components.port ?? (scheme == "https" ? 443 : 80)
        guard 1...65_535 ~= port else {
            throw ConfigurationProblem("bad-url", key: key, "\(port) is no port", hint: "write 1 to 65535")
        }
        self.query = components.percentEncodedQuery
        self.url = String(text.prefix { $0 != "?" })
        self.host = host
        self.port = port
    }

    /// The same service with a longer path.
    func appending(_ path: String) -> HTTPTarget {
        var target = self
        target.url = (self.url.hasSuffix("/") ? String(self.url.dropLast()) : self.url) + path
        return target
    }

    /// The URL with a further value in its query.
    func url(adding item: String? = nil) -> String {
        let items = [self.query, item].compactMap(\.self)
        return items.isEmpty ? self.url : "\(self.url)?\(items.joined(separator: "&"))"
    }

    /// The URL as a message may show it: a query may be secret.
    var shown: String { Self.shown(self.url) }

    private static func shown(_ text: String) -> String {
        let text = String(text.prefix { $0 != "?" && $0 != "#" }.prefix(200))
        // Whoever writes a password into the URL should not find it in a log.
        guard let at = text.lastIndex(of: "@") else { return text }
        return "…\(text[at...])"
    }
}

extension ConfigurationProblem {
    fileprivate init(privateTarget host: String, key: String) {
        let hint = "where it is meant, allow its network: allow: ['\(host)']"
        self.init("private-target", key: key, "\"\(host)\" is no address of the public network", hint: hint)
    }
}
