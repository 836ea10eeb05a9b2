internal import Synchronization

/// What a pattern may cost at worst, and so how it may run.
enum PatternCost: Equatable {
    /// It may run as it is.
    case fine
    /// It has to run under a clock, though no text was found that takes too long.
    case guarded
    /// A text takes too long.
    ///
    /// The problem and what to write, for a diagnostic.
    case slow(problem: String, hint: String)

    /// What repeats nothing takes at most so many bytes of pattern for each character of the text.
    private static let plainLimit = 512

    /// Judges a pattern that compiles.
    ///
    /// - Parameters:
    ///   - source: The pattern.
    ///   - options: Its options.
    ///   - known: What was found before: the same pattern isn't tried twice.
    ///   - probe: Tries it.
    init(
        of source: String,
        _ options: Pattern.Options,
        known: KnownCosts = .shared,
        probe: LoadProbe = LoadProbe()
    ) {
        let pattern = try? Pattern(source, options: options)
        self = pattern.map { PatternBench(known: known, probe: probe).cost(of: $0) } ?? .guarded
    }

    /// Judges a pattern that isn't known.
    ///
    /// - Parameters:
    ///   - pattern: The pattern, which isn't guarded; afterwards it may have been translated to machine code.
    ///   - oracle: Character sets under its options.
    ///   - probe: Tries it.
    init(probing pattern: Pattern, _ oracle: CharacterOracle, _ probe: LoadProbe) {
        let (source, options) = (pattern.source, pattern.options)
        let outline = PatternOutline(source, isExtended: options.contains(.extended))
        if outline.isPlain, source.utf8.count <= Self.plainLimit {
            self = .fine
            return
        }
        let meeting = MeetingRepeats(in: outline, oracle)
        let texts = AttackTexts.texts(for: outline, meeting, needsCharacter: pattern.needsCharacter, oracle)
        if let finding = probe.finding(pattern, on: texts) {
            let hint = probe.isStrict ? "" : Suspect(source, options, outline, meeting, finding, probe).hint
            self = .slow(problem: finding.problem, hint: hint)
        } else {
            // What the system refuses to translate is interpreted, and then only a clock ends it in time.
            self = meeting == nil && pattern.isTranslated ? .fine : .guarded
        }
    }
}

/// The costs of patterns that may run, so that a reload tries only what is new.
final class KnownCosts: Sendable {
    /// Those of the process: what a pattern costs doesn't depend on who asks.
    static let shared = KnownCosts(probed: ProbedPatterns.hashes)
    /// Far more than a server has; past it all is forgotten, and tried again when it comes again.
    private static let maximumCount = 65_536

    private struct Key: Hashable {
        var source: String
        var options: Pattern.Options
    }

    private let costs = Mutex<[Key: PatternCost]>([:])
    /// Patterns that may run, by their hashes.
    private let probed: Set<UInt64>

    /// Held by whoever measures and has to be alone with it.
    private let measuring = Mutex(())

    /// - Parameter probed: The hashes of patterns that were tried before and may run.
    init(probed: Set<UInt64> = []) { self.probed = probed }

    /// The cost of a pattern, which `probe` finds out if it isn't known.
    ///
    /// Where it has to be alone with that, those who load the same files at once wait for each other, and one of them
    /// finds out what all want to know.
    func cost(
        of source: String,
        _ options: Pattern.Options,
        isAlone: Bool = true,
        probe: () -> PatternCost
    ) -> PatternCost {
        if self.probed.contains(ProbedPatterns.hash(of: source, options)) { return .fine }
        let key = Key(source: source, options: options)
        if let known = self.costs.withLock({ $0[key] }) { return known }
        guard isAlone else { return self.keep(probe(), of: key) }
        return self.measuring.withLock { _ in
            self.costs.withLock { $0[key] } ?? self.keep(probe(), of: key)
        }
    }

    private func keep(_ cost: PatternCost, of key: Key) -> PatternCost {
        if case .slow = cost { return cost }
        self.costs.withLock { costs in
            if costs.count >= Self.maximumCount { costs.removeAll() }
            costs[key] = cost
        }
        return cost
    }
}
