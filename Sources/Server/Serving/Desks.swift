internal import Diagnostics
internal import Messages
internal import Responders

/// Who answers the visitors of each site.
struct Desks: Sendable {
    /// That of the rooms whose site is in no configuration.
    let fallback: SiteDesk
    private let sites: [SiteID: SiteDesk]

    init(_ fallback: SiteDesk, _ sites: [SiteID: SiteDesk] = [:]) {
        self.fallback = fallback
        self.sites = sites
    }

    subscript(site: SiteID) -> SiteDesk { self.sites[site] ?? self.fallback }

    /// The chains that are run, each once, in the order of their names.
    var chains: [Chain] {
        Self.once(self.sites.isEmpty ? self.fallback.chains : self.sites.values.flatMap(\.chains))
    }

    /// The chains that may answer, each once.
    var answeringChains: [Chain] {
        Self.once(self.fallback.answeringChains + self.sites.values.flatMap(\.answeringChains))
    }

    private static func once(_ chains: [Chain]) -> [Chain] {
        var seen: Set<String> = []
        return chains.sorted { $0.name < $1.name }.filter { seen.insert($0.name).inserted }
    }
}

extension Desks {
    /// Who answers by a configuration.
    ///
    /// - Parameters:
    ///   - configuration: Its chains and sites.
    ///   - choice: What the command's options say instead.
    /// - Throws: That a chain isn't there, or that it doesn't redact though the store is to have nothing else.
    init(_ configuration: Configuration, _ choice: ChainChoice) throws(Rejection) {
        var problems: [Diagnostic] = []
        let place = Place(file: configuration.file)
        for name in [choice.chain, choice.shadow].compactMap({ $0 }) where configuration.chain(named: name) == nil {
            let hint = suggestion(for: name, among: configuration.chainNames)
            problems.append(Diagnostic("unknown-chain", at: place, "there is no chain \"\(name)\"", hint: hint))
        }
        let chain = configuration.chain(named: choice.chain)
        if let chain, configuration.storage.redacts, chain.redactors.isEmpty {
            let problem = "the chain \"\(chain.name)\" has nothing that redacts, and store.redact is on"
            problems.append(Diagnostic("no-redact", at: place, problem))
        }
        guard let chain, problems.isEmpty else { throw Rejection(problems) }
        let shadow = choice.shadow.flatMap { configuration.chain(named: $0) }
        var sites: [SiteID: SiteDesk] = [:]
        for site in configuration.sites {
            guard let id = SiteID(site.name) else { continue }
            // "--chain" is for all of them.
            let own = choice.chain == nil ? site.chain.flatMap { configuration.chain(named: $0) } : nil
            let pages = site.pages.compactMap { page in
                configuration.chain(named: page.chain).map { (page.pattern, $0) }
            }
            let desk = SiteDesk(
                site: site,
                chain: own ?? chain,
                pages: choice.chain == nil ? pages : [],
                shadow: shadow
            )
            sites[id] = desk
        }
        self.init(SiteDesk(site: Site(name: "default"), chain: chain, shadow: shadow), sites)
    }
}

/// The chains that the options of a command name.
struct ChainChoice: Sendable {
    /// In place of those of all sites.
    var chain: String?
    /// Is run beside them.
    var shadow: String?
}
