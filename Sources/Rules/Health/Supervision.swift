/// Watches over the rules that are tried on one message: leaves out those in quarantine, and counts limits and slow
/// confirms.
struct Supervision {
    /// Who looks at the rules.
    enum Purpose {
        /// A message is answered.
        case answering
        /// Somebody asks why: nothing is counted.
        case explaining
    }

    private let health: RuleHealth?
    private let watched: Watched?
    /// Whether there is anything to watch, which is looked at for each rule.
    private let isWatching: Bool
    private let purpose: Purpose

    /// Nobody watches: rules are tried however slow they are.
    static let none = Supervision(nil, for: .explaining)

    init(_ health: RuleHealth?, for purpose: Purpose) {
        self.health = health
        let watched = health?.watched()
        self.watched = watched
        self.isWatching = watched != nil
        self.purpose = purpose
    }

    /// Whether what happens is counted.
    var isCounting: Bool { self.health != nil && self.purpose == .answering }

    /// Tries a rule on a message.
    ///
    /// - Parameters:
    ///   - rule: The rule.
    ///   - session: Who wrote the message.
    ///   - scanner: The calling thread's.
    ///   - attempt: Tries the rule.
    /// - Returns: What came of it; ``RuleTrial/quarantined`` where it wasn't tried.
    func trial(
        of rule: CompiledRule,
        in session: String,
        using scanner: inout Scanner,
        _ attempt: (inout Scanner) -> RuleTrial
    ) -> RuleTrial {
        guard let health = self.health else { return attempt(&scanner) }
        if self.isWatching, let left = self.watched?.rest(of: rule.name) { return .quarantined(left) }
        // Somebody else may have had the processor for a while, so a suspect is measured by what this thread computes.
        let isSuspect = self.isWatching && self.watched?.isSuspect(rule.name) ?? false
        let start = isSuspect ? scanner.processorTime : scanner.now
        let uncounted = scanner.uncountedTime
        let trial = attempt(&scanner)
        guard self.purpose == .answering else { return trial }
        if case .limit(let limit) = trial { health.count(limit, of: rule.name) }
        let passed = (isSuspect ? scanner.processorTime : scanner.now) &- start
        // A pattern is translated to machine code by its first search, which may take longer than all others.
        let took = passed - min(passed, scanner.uncountedTime &- uncounted)
        if took > Quarantine.slowConfirmNanoseconds {
            health.countSlow(rule.name, in: session, isCertain: isSuspect)
        } else if isSuspect {
            health.countQuick(rule.name)
        }
        return trial
    }
}
