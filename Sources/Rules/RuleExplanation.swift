public import Diagnostics

/// Every rule of a set and what became of it for one message.
public struct RuleExplanation: Sendable {
    /// One rule.
    public struct Entry: Sendable {
        /// `greetings/greeting`.
        public var rule: String
        public var place: Place
        /// The rule's own sentence for people.
        public var about: String?
        public var fate: Fate
        /// Whether the message has what the rule's patterns require, so that only a closer look rules it out.
        public var isCandidate: Bool
        /// Whether its patterns match, where a condition or a cooldown keeps it out.
        public var wouldMatch = false
        /// The text that matched, where the rule matches.
        public var matched: String?
        /// The named groups of the match.
        public var captures: [Capture] = []
    }

    /// What became of a rule.
    public enum Fate: Hashable, Sendable, CustomStringConvertible {
        /// Its outcome is the result.
        case wins
        /// It matches and has `continue`: it adds its tags and the like, and the rules after it are tried.
        case continues
        /// It matches too, but a rule that comes first has won. The priorities are equal where only the order of
        /// the files decided.
        case loses(priority: Int, to: Int)
        /// It matches too, but before its turn a limit of this rule, or the time for the message, ended the evaluation.
        case notReached(after: String)
        /// The message lacks a text without which the pattern can't match: one of these.
        case literalMissing([String])
        /// A condition of `when` doesn't hold: `page.path "/shop/cart" is not "/admin/**"`.
        case condition(String)
        /// It fired before and stays out for so long.
        case coolingDown(left: Duration)
        case noMatch
        /// It matches, but this text of the message, found by `unless`, vetoes it.
        case vetoed(by: String)
        /// Whether it matches isn't known.
        case limit(MatchLimit)
        /// It was slow again and again, and stays out for so long.
        case quarantine(left: Duration)
        /// `enabled: false`.
        case disabled

        /// A few words, `priority 140 < 210`.
        public var description: String {
            switch self {
            case .wins: "wins"
            case .continues: "continues"
            case .loses(let priority, let winner) where priority == winner: "priority \(priority), later in the files"
            case .loses(let priority, let winner): "priority \(priority) < \(winner)"
            case .notReached(let rule): "limit: the evaluation ended at \(rule)"
            case .literalMissing(let literals): "literal missing: none of \(Self.listed(literals))"
            case .condition(let why): why
            case .coolingDown(let left): "cooldown: \(Self.rounded(left).written) left"
            case .noMatch: "no match"
            case .vetoed(let text): "unless: \"\(text)\""
            case .limit(let limit): "limit: \(limit)"
            case .quarantine(let left): "quarantine: slow too often, \(left.inWholeSeconds.written) left"
            case .disabled: "disabled"
            }
        }

        /// Whole seconds, rounded up; what is shorter than a second stays.
        private static func rounded(_ left: Duration) -> Duration {
            left < .seconds(1) ? left : .seconds((left.milliseconds + 999) / 1_000)
        }

        private static func listed(_ literals: [String]) -> String {
            var seen: Set<String> = []
            let literals = literals.filter { seen.insert($0).inserted }
            let quoted = literals.prefix(4).map { "\"\($0)\"" }
            return (quoted + (literals.count > 4 ? ["..."] : [])).joined(separator: ", ")
        }
    }

    /// The result that ``RuleSet/answer(to:in:using:)`` gives for the same message and context.
    public var result: RuleResult
    /// All rules, in the order of evaluation.
    public var entries: [Entry]
    /// Which variant was said and why not another, `variant 2 of 3 (rotate)`; nothing where the reply has but one text.
    public var variant: String?
    /// How many rules were left after the search for required texts.
    public var candidateCount: Int
    /// How many characters (Unicode scalars) of the message were looked at.
    public var characterCount: Int
    /// Whether the message is longer than that.
    public var isCut: Bool
}

extension Duration {
    /// The same, rounded up.
    fileprivate var inWholeSeconds: Duration {
        let (seconds, attoseconds) = self.components
        return .seconds(attoseconds > 0 ? seconds + 1 : seconds)
    }
}
