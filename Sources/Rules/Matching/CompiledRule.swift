internal import Diagnostics

/// A rule that is ready to be tried on messages.
///
/// A class, so that looking at a rule of a set costs one reference and not a copy of its parts.
final class CompiledRule: Sendable {
    enum Condition: Sendable {
        /// The first that matches gives the captures.
        case any([Pattern])
        /// Every one, anywhere; captures are joined.
        case all([Pattern])
        case always
    }

    enum Outcome: Sendable {
        case reply(Reply)
        case handoff(Handoff)
        case silent(String)
        case pass
        case `continue`
    }

    let identity: RuleIdentity
    let id: String
    let about: String?
    let isEnabled: Bool
    let priority: Int
    /// `when`: all of them hold, or the patterns aren't tried.
    let requirements: [Requirement]
    let cooldown: RuleCooldown?
    let condition: Condition
    /// Patterns of which one match vetoes the rule.
    let vetoes: [Pattern]
    let outcome: Outcome
    let actions: [ActionTemplate]
    let topic: RuleEffects.TopicChange?
    let tags: [String]
    let severity: RuleSeverity?
    let onLimit: OnLimit
    /// What any matching message holds.
    let needs: Prefilter.Needs

    /// - Parameters:
    ///   - written: The rule with its local changes.
    ///   - name: Its full name.
    ///   - defaults: Those of the file that it was written in first.
    ///   - condition: `match`, compiled.
    ///   - vetoes: `unless`, compiled.
    ///   - outcome: The outcome, its texts parsed.
    ///   - actions: `actions`, its texts parsed.
    ///   - needs: What any matching message holds.
    init(
        _ written: WrittenRule,
        name: String,
        defaults: RuleFile.Defaults,
        condition: Condition,
        vetoes: [Pattern] = [],
        outcome: Outcome,
        actions: [ActionTemplate] = [],
        needs: Prefilter.Needs
    ) {
        self.identity = RuleIdentity(name: name, place: written.place)
        self.id = written.id.value
        self.about = written.about
        self.isEnabled = written.enabled ?? true
        self.priority = written.priority ?? defaults.priority
        self.requirements = written.requirements ?? []
        self.cooldown = written.cooldown
        self.condition = condition
        self.vetoes = vetoes
        self.outcome = outcome
        self.actions = actions
        self.topic = written.topic
        self.tags = written.tags ?? []
        self.severity = written.severity
        self.onLimit = written.onLimit ?? defaults.onLimit
        self.needs = needs
    }

    /// A rule of a ``RuleTable``: one pattern, and the outcome `pass`.
    init(named name: String, at place: Place, pattern: Pattern, needs: Prefilter.Needs) {
        self.identity = RuleIdentity(name: name, place: place)
        self.id = name
        self.about = nil
        self.isEnabled = true
        self.priority = 0
        self.requirements = []
        self.cooldown = nil
        self.condition = .any([pattern])
        self.vetoes = []
        self.outcome = .pass
        self.actions = []
        self.topic = nil
        self.tags = []
        self.severity = nil
        self.onLimit = .skip
        self.needs = needs
    }
}

extension CompiledRule {
    /// `greetings/greeting`.
    var name: String { self.identity.name }
    var place: Place { self.identity.place }

    /// All patterns: those of `match`, and those that veto it.
    var patterns: [Pattern] {
        switch self.condition {
        case .always: self.vetoes
        case .any(let patterns), .all(let patterns): patterns + self.vetoes
        }
    }

    /// Whether the patterns of both are written the same way, words and macros included.
    func hasSamePatterns(as other: CompiledRule) -> Bool {
        self.patterns.elementsEqual(other.patterns) { $0.source == $1.source && $0.options == $1.options }
    }
}

/// What became of one rule on one message.
enum RuleTrial {
    /// It was slow again and again, and stays out for so long.
    case quarantined(Duration)
    /// The condition of `when` at this place doesn't hold.
    case refused(Int)
    /// It fired before and stays out for so long.
    case coolingDown(Duration)
    case unmatched
    case matched(text: String, captures: [Capture])
    case vetoed(by: String)
    case limit(MatchLimit)
}

extension CompiledRule {
    /// Tries the rule on a message: its conditions first, then its cooldown, then its patterns.
    ///
    /// - Parameters:
    ///   - bytes: The message in NFC and valid UTF-8, cut to ``RuleSet/textLimit``.
    ///   - context: What the conditions are about.
    ///   - rank: Its own in `set`.
    ///   - set: The set whose prefilter has searched the message, which spares the patterns that lack a text.
    ///     Without it all of them are tried.
    ///   - scanner: The calling thread's.
    /// - Returns: Whether it matches, or what ended the attempt.
    func trial(
        on bytes: UnsafeBufferPointer<UInt8>,
        in context: RuleContext,
        at rank: Int = 0,
        of set: RuleSet? = nil,
        using scanner: inout Scanner
    ) -> RuleTrial {
        self.obstacle(in: context) ?? self.trial(on: bytes, at: rank, of: set, using: &scanner)
    }

    /// Why the rule isn't tried on any message of this context, where it isn't.
    func obstacle(in context: RuleContext) -> RuleTrial? {
        for (index, requirement) in self.requirements.enumerated() where !requirement.holds(in: context) {
            return .refused(index)
        }
        return self.cooldown.flatMap(context.cooldownLeft).map(RuleTrial.coolingDown)
    }

    /// Tries the patterns alone.
    func trial(
        on bytes: UnsafeBufferPointer<UInt8>,
        at rank: Int,
        of set: RuleSet?,
        using scanner: inout Scanner
    ) -> RuleTrial {
        var match = PatternMatch(text: "", captures: [])
        var number = 0
        func search(_ pattern: Pattern) -> Result<PatternMatch?, MatchLimit> {
            defer { number += 1 }
            return Self.search(pattern, number, bytes, at: rank, of: set, &scanner)
        }
        switch self.condition {
        case .always: break
        case .any(let patterns):
            var isMatched = false
            for pattern in patterns where !isMatched {
                switch search(pattern) {
                case .success(let found?): (match, isMatched) = (found, true)
                case .success(nil): continue
                case .failure(let limit): return .limit(limit)
                }
            }
            guard isMatched else { return .unmatched }
            number = patterns.count
        case .all(let patterns):
            for (index, pattern) in patterns.enumerated() {
                switch search(pattern) {
                case .success(let found?):
                    if index == 0 { match.text = found.text }
                    match.captures += found.captures
                case .success(nil): return .unmatched
                case .failure(let limit): return .limit(limit)
                }
            }
        }
        for veto in self.vetoes {
            switch search(veto) {
            case .success(let found?): return .vetoed(by: found.text)
            case .success(nil): continue
            case .failure(let limit): return .limit(limit)
            }
        }
        return .matched(text: match.text, captures: match.captures)
    }

    /// Searches for a pattern where the message says that it may match.
    private static func search(
        _ pattern: Pattern,
        _ number: Int,
        _ bytes: UnsafeBufferPointer<UInt8>,
        at rank: Int,
        of set: RuleSet?,
        _ scanner: inout Scanner
    ) -> Result<PatternMatch?, MatchLimit> {
        let outlook = set?.prefilter.outlook(for: number, of: rank, in: bytes, using: &scanner) ?? .anywhere
        if case .nowhere = outlook { return .success(nil) }
        let matchData = scanner.captures(atLeast: pattern.pairCount)
        var isAtStarts = false
        if case .atStarts = outlook { isAtStarts = true }
        switch pattern.search(bytes, isAtStarts: isAtStarts, in: matchData, using: scanner) {
        case .matched: return .success(PatternMatch(of: pattern, in: bytes, matchData))
        case .unmatched: return .success(nil)
        case .limit(let limit): return .failure(limit)
        }
    }
}
