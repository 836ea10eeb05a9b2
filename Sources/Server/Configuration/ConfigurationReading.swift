internal import Crypto
internal import Diagnostics
internal import Foundation
internal import Messages
internal import Responders
internal import Rules
internal import Transport

/// Reads a composed configuration file and keeps every mistake until the end.
struct ConfigurationReading {
    let root: YAMLNode
    private let file: String
    private let registry: PluginRegistry
    let environment: [String: String]
    let services: PluginServices
    var diagnostics: [Diagnostic] = []
    var decorate: ChainLoader.Decoration = { responder, _ in responder }
    var before = ChainInstances()
    var generation = 1
    /// The chain that is run beside those that answer.
    var beside: String?
    /// Of all secrets that were read, by the keys that name them.
    var secretDigests: [String: SHA256.Digest] = [:]
    private var instances = ChainInstances()
    /// What the chains name as their tests.
    private var transcripts: [String: [(pattern: String, place: Place)]] = [:]

    init(
        _ root: YAMLNode,
        file: String,
        registry: PluginRegistry,
        services: PluginServices,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        self.environment = environment
        self.root = root
        self.file = file
        self.registry = registry
        self.services = services
    }

    /// The configuration.
    ///
    /// - Throws: Every mistake and warning.
    mutating func configuration() throws(Rejection) -> Configuration {
        let written = self.written()
        let chains = self.chains()
        var keys = Keys()
        if let written {
            self.check(written, chains: Set(chains.keys))
            self.checkRedaction(written, chains)
            keys = self.keys(written)
        }
        let found = self.diagnostics.inFileOrder()
        guard let written, found.allSatisfy({ $0.severity == .warning }) else { throw Rejection(found) }
        let server = written.server
        var configuration = Configuration(
            file: self.file,
            listen: server?.listen ?? Self.defaultListen,
            mode: server?.mode ?? .production,
            tls: self.tlsFiles(server?.tls),
            isBehindProxy: server?.tls.map { if case .proxy = $0 { true } else { false } } ?? false,
            tokenKeys: keys.ring,
            adminToken: keys.admin,
            missingForProduction: self.missingForProduction(written),
            publicURL: server?.publicURL,
            trustedProxies: TrustedProxies((server?.trustedProxies ?? []).compactMap(TrustedProxies.Network.init)),
            limits: ServerLimits(written.limits, written.bounds),
            storage: self.storage(written.store, keys),
            tracing: TraceSettings(written.trace),
            sites: self.sites(written, keys),
            defaultChain: written.defaultChain,
            chains: chains,
            transcripts: self.transcripts,
            warnings: found
        )
        configuration.instances = self.instances
        configuration.fixed = FixedSettings(self.root, secrets: self.secretDigests)
        return configuration
    }

    static let defaultListen = ListenAddress(host: "127.0.0.1", port: 8080)

    private mutating func written() -> WrittenConfiguration? {
        do throws(Diagnostic) {
            let schema = try WrittenConfiguration.schema()
            let (written, found) = Settings(self.root).reading(WrittenConfiguration.self, like: schema)
            self.diagnostics += found
            return written
        } catch {
            self.diagnostics.append(error)
            return nil
        }
    }

    private mutating func chains() -> [String: Chain] {
        guard let entry = self.entry("chains"), let entries = entry.value.entries else { return [:] }
        if entries.isEmpty {
            let hint = "write one: demo: {answer: [rules: {path: rules/}], fallback: [fallback]}"
            self.refuse("missing-key", at: entry.place, "there is no chain", hint: hint)
        }
        var loader = ChainLoader(
            registry: self.registry,
            services: self.services,
            after: self.before,
            generation: self.generation,
            beside: self.beside,
            decorating: self.decorate
        )
        var chains: [String: Chain] = [:]
        for chain in entries { chains[chain.key] = loader.chain(named: chain.key, chain.value, at: chain.place) }
        self.diagnostics += loader.diagnostics
        self.refuseSharedQueues(of: chains, entries)
        self.refuseSharedIndexes(of: chains, entries)
        self.transcripts = loader.transcripts
        self.instances = loader.instances
        return chains
    }

    private func sites(_ written: WrittenConfiguration, _ keys: Keys) -> [Site] {
        (self.root["sites"]?.entries ?? []).compactMap { entry in
            written.sites?[entry.key].map { written in
                var site = Site(
                    name: entry.key,
                    origins: written.origins ?? [],
                    chain: written.chain,
                    timeZone: written.timeZone.flatMap(TimeZone.init(identifier:))
                )
                site.pages = (written.pages ?? []).compactMap { page in
                    PagePattern(page.path).map { ($0, page.chain) }
                }
                site.identities = keys.identities[entry.key]
                site.seedMode = written.seedMode ?? .development
                site.acceptsCookie = written.cookieAuth ?? false
                site.offersSeedFeedback = written.seedFeedback ?? false
                site.openingHours = written.openingHours
                site.returnAfter = written.returnAfter
                site.closeAfter = written.closeAfter
                site.offersFeedback = written.feedback ?? true
                site.texts = SiteTexts(unanswered: written.texts?.unanswered, refusal: written.texts?.refusal)
                return site
            }
        }
    }

    private func tlsFiles(_ tls: WrittenConfiguration.TLS?) -> Configuration.TLSFiles? {
        guard case .files(let certificate, let key)? = tls else { return nil }
        return Configuration.TLSFiles(
            certificate: self.services.path(of: certificate),
            key: self.services.path(of: key)
        )
    }
}

// MARK: Checks

extension ConfigurationReading {
    private mutating func check(_ written: WrittenConfiguration, chains: Set<String>) {
        if self.isGood("version"), written.version != 1 {
            let place = self.place("version")
            self.refuse("unknown-version", at: place, "version \(written.version) is unknown", hint: "write version: 1")
        }
        if !chains.isEmpty, self.isGood("default_chain") {
            self.check(chain: written.defaultChain, at: self.place("default_chain"), among: chains)
        }
        // A mode that could not be read may have been meant either way.
        let isModeKnown = self.entry("server", "mode") == nil || self.isGood("server", "mode")
        let mode = isModeKnown ? written.server?.mode ?? .production : nil
        if let server = written.server { self.check(server, mode: mode) }
        for mistake in written.bounds?.mistakes ?? [] {
            let place = self.place("bounds", mistake.key)
            self.refuse("wrong-value", at: place, "out of its range", hint: mistake.hint)
        }
        if let store = written.store { self.check(store) }
        if let keep = written.trace?.keep { self.check(keep, at: "trace", "keep") }
        for (name, site) in (written.sites ?? [:]).sorted(by: { $0.key < $1.key }) {
            self.check(site, named: name, mode: mode, among: chains)
        }
    }

    /// Whether the key is written and nothing was wrong with it or below it so far.
    func isGood(_ keys: String...) -> Bool { self.isGood(keys) }

    /// Whether the key is written and nothing was wrong with it or below it so far.
    func isGood(_ keys: [String]) -> Bool {
        let path = keys.joined(separator: ".")
        return self.entry(keys) != nil
            && !self.diagnostics.contains { $0.place.keyPath == path || $0.place.keyPath.hasPrefix(path + ".") }
    }

    private mutating func check(chain name: String, at place: Place, among known: Set<String>) {
        guard !known.contains(name) else { return }
        self.refuse("unknown-chain", at: place, "unknown chain \"\(name)\"", hint: suggestion(for: name, among: known))
    }

    private mutating func check(_ server: WrittenConfiguration.Server, mode: Configuration.Mode?) {
        let listen = server.listen ?? Self.defaultListen
        if !listen.isLoopback {
            let problem = "\"\(listen)\" can be reached from other machines"
            if mode == .development {
                let hint = "development mode listens on loopback only: 127.0.0.1:\(listen.port)"
                self.refuse("development-not-loopback", at: self.place("server", "listen"), problem, hint: hint)
            } else if mode == .production, server.tls == nil {
                let hint = "without tls listen on loopback only: 127.0.0.1:\(listen.port)"
                self.refuse("plain-not-loopback", at: self.place("server", "listen"), problem, hint: hint)
            }
        }
        let proxies = self.root["server"]?["trusted_proxies"]?.items ?? []
        for (text, node) in zip(server.trustedProxies ?? [], proxies) where TrustedProxies.Network(text) == nil {
            let hint = "write an address or a network, such as 127.0.0.1 or 10.0.0.0/8"
            self.refuse("bad-network", at: node.place, "\"\(text)\" is no address", hint: hint)
        }
        guard let tls = server.tls, self.isGood("server", "tls") else { return }
        switch tls {
        case .files(let certificate, let key):
            self.check(file: certificate, isSecret: false, at: self.place("server", "tls", "certificate"))
            self.check(file: key, isSecret: true, at: self.place("server", "tls", "key"))
        case .proxy where (server.trustedProxies ?? []).isEmpty:
            let hint = "write server: trusted_proxies: [127.0.0.1]"
            self.refuse("no-proxy", at: self.place("server", "tls"), "no proxy is trusted", hint: hint)
        case .proxy: break
        }
    }

    mutating func check(file: String, isSecret: Bool, at place: Place) {
        let path = self.services.path(of: file)
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else {
            let hint = "paths start at the configuration's folder"
            return self.refuse("no-file", at: place, "\"\(path)\" can't be read", hint: hint)
        }
        let mode = (attributes[.posixPermissions] as? NSNumber)?.intValue ?? 0
        if isSecret, mode & 0o077 != 0 {
            let problem = "\"\(path)\" can be read by others: its mode is \(String(mode & 0o777, radix: 8))"
            self.refuse("key-readable", at: place, problem, hint: "chmod 600 \(path)")
        }
    }

    private mutating func check(
        _ site: WrittenConfiguration.Site,
        named name: String,
        mode: Configuration.Mode?,
        among chains: Set<String>
    ) {
        if SiteID(name) == nil {
            let problem = "\"\(name)\" can't name a site"
            self.refuse("bad-site-name", at: self.place("sites", name), problem, hint: "use 1 to 64 of a-z 0-9 -")
        }
        if let chain = site.chain, self.isGood("sites", name, "chain") {
            self.check(chain: chain, at: self.place("sites", name, "chain"), among: chains)
        }
        self.check(pages: site.pages ?? [], of: name, among: chains)
        if let zone = site.timeZone, self.isGood("sites", name, "time_zone"), TimeZone(identifier: zone) == nil {
            let hint = "write a name like Europe/Berlin"
            self.refuse(
                "unknown-time-zone",
                at: self.place("sites", name, "time_zone"),
                "unknown time zone \"\(zone)\"",
                hint: hint
            )
        }
        for (key, time) in [("return_after", site.returnAfter), ("close_after", site.closeAfter)] {
            guard let time, self.isGood("sites", name, key), !(.seconds(1)...(.seconds(30 * 86_400)) ~= time) else {
                continue
            }
            let place = self.place("sites", name, key)
            self.refuse("wrong-value", at: place, "\"\(time.written)\" is out of its range", hint: "write 1s to 720h")
        }
        if mode == .production, site.cookieAuth != true { self.warnOfMissingCookie(site, named: name) }
        guard self.entry("sites", name, "origins") == nil || self.isGood("sites", name, "origins") else { return }
        let origins = site.origins ?? []
        if origins.isEmpty, mode == .production {
            let hint = "write origins: ['https://shop.example.com']"
            self.refuse("no-origins", at: self.place("sites", name), "the site has no origins", hint: hint)
        }
        let nodes = self.root["sites"]?[name]?["origins"]?.items ?? []
        for (origin, node) in zip(origins, nodes) where AllowedOrigin(origin) == nil {
            if origin == "*", mode != .production { continue }
            let isAny = origin == "*"
            let problem = isAny ? "\"*\" lets every page of the web in" : "\"\(origin)\" is not an origin"
            let hint =
                isAny
                ? "it is for development mode alone; name the site's own origins" : "write https://shop.example.com"
            self.refuse(isAny ? "any-origin" : "bad-origin", at: node.place, problem, hint: hint)
        }
    }

    private mutating func check(pages: [WrittenConfiguration.Page], of site: String, among chains: Set<String>) {
        let nodes = self.root["sites"]?[site]?["pages"]?.items ?? []
        for (page, node) in zip(pages, nodes) {
            func place(_ key: String) -> Place { node.entries?.first { $0.key == key }?.value.place ?? node.place }
            self.check(chain: page.chain, at: place("chain"), among: chains)
            guard PagePattern(page.path) == nil else { continue }
            let hint = "write /shop/**, with at most 60 bytes behind the first star"
            self.refuse("wrong-value", at: place("path"), "\"\(page.path)\" is no path of pages", hint: hint)
        }
    }

    /// Clients of the first form can't show a token: without the cookie nobody gets in.
    private mutating func warnOfMissingCookie(_ site: WrittenConfiguration.Site, named name: String) {
        let keys = [("seed_mode", site.seedMode == .on), ("seed_feedback", site.seedFeedback == true)]
        for (key, isOn) in keys where isOn {
            let problem = "in production nobody gets in this way without a cookie"
            let hint = "write cookie_auth: true beside it"
            let place = self.place("sites", name, key)
            self.diagnostics.append(Diagnostic("no-cookie", at: place, problem, hint: hint, severity: .warning))
        }
    }

    mutating func refuse(_ code: String, at place: Place, _ problem: String, hint: String? = nil) {
        self.diagnostics.append(Diagnostic(code, at: place, problem, hint: hint))
    }

    func entry(_ keys: String...) -> YAMLNode.Entry? { self.entry(keys) }

    func entry(_ keys: [String]) -> YAMLNode.Entry? {
        var node: YAMLNode? = self.root
        var entry: YAMLNode.Entry?
        for key in keys {
            entry = node?.entries?.first { $0.key == key }
            node = entry?.value
        }
        return entry
    }

    /// Where a key stands, or the nearest key above it that is written.
    func place(_ keys: String...) -> Place { self.place(keys) }

    /// Where a key stands, or the nearest key above it that is written.
    func place(_ keys: [String]) -> Place {
        for count in stride(from: keys.count, to: 0, by: -1) {
            if let entry = self.entry(Array(keys.prefix(count))) { return entry.place }
        }
        return self.root.place
    }
}
