internal import Responders
internal import Rules

/// Who answers the visitors of a site, and whose clock their turns have.
final class SiteDesk: Sendable {
    let site: Site
    /// Answers where no page has a chain of its own.
    let chain: Chain
    /// Pages with a chain of their own: the first that fits counts, for each message anew.
    let pages: [(pattern: PagePattern, chain: Chain)]
    /// Is run beside the one that answers; nobody sees what it says.
    let shadow: Chain?

    init(site: Site, chain: Chain, pages: [(pattern: PagePattern, chain: Chain)] = [], shadow: Chain? = nil) {
        self.site = site
        self.chain = chain
        self.pages = pages
        self.shadow = shadow
    }

    /// The chain that answers on a page.
    func chain(on path: String) -> Chain {
        guard !self.pages.isEmpty else { return self.chain }
        return self.pages.first { $0.pattern.matches(path) }?.chain ?? self.chain
    }

    /// All that may answer, each once.
    var answeringChains: [Chain] {
        var seen: Set<String> = []
        return ([self.chain] + self.pages.map(\.chain)).filter { seen.insert($0.name).inserted }
    }

    /// All that are run.
    var chains: [Chain] {
        self.answeringChains
            + (self.shadow.map { shadow in
                self.answeringChains.contains { $0.name == shadow.name } ? [] : [shadow]
            } ?? [])
    }
}
