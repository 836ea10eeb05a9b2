/// What patterns are checked with while a set is loaded: dear to make, so one for a whole load.
///
/// Not shared by threads.
final class PatternBench {
    /// Of so many patterns of one load the machine code is kept that they were tried as, about 8 KB each.
    ///
    /// With more of them memory counts for more than the first messages, and each is translated when it is needed, as
    /// those are that need not be tried.
    static let maximumTranslationCount = 4_096

    let scanner = Scanner.loading()
    private let known: KnownCosts
    private let probe: LoadProbe
    private var oracles: [Pattern.Options: CharacterOracle] = [:]
    private var translationCount = 0
    private let maximumCount: Int

    private let isAlone: Bool

    /// A bench whose findings count.
    init(known: KnownCosts = .shared, probe: LoadProbe = LoadProbe()) {
        self.known = known
        self.probe = probe
        self.isAlone = true
        self.maximumCount = Self.maximumTranslationCount
    }

    /// A bench of one of several threads, which finds what is certainly fine.
    init(sharedBy threads: Int) {
        self.known = .shared
        self.probe = .strict()
        self.isAlone = false
        self.maximumCount = Self.maximumTranslationCount / threads
    }

    /// What a pattern may cost.
    ///
    /// The machine code that it is tried as is kept where there is room: see ``maximumTranslationCount``.
    func cost(of pattern: Pattern) -> PatternCost {
        self.known.cost(of: pattern.source, pattern.options, isAlone: self.isAlone) {
            let tried = self.hasRoom ? pattern : pattern.copy ?? pattern
            self.translationCount += 1
            return PatternCost(probing: tried, self.oracle(pattern.options), self.probe)
        }
    }

    private var hasRoom: Bool { self.translationCount < self.maximumCount }

    private func oracle(_ options: Pattern.Options) -> CharacterOracle {
        if let oracle = self.oracles[options] { return oracle }
        let oracle = CharacterOracle(options)
        self.oracles[options] = oracle
        return oracle
    }
}
