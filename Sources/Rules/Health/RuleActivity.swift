internal import Diagnostics
internal import Synchronization

/// What became of one rule of a running server, for its metrics.
///
/// It holds names of rules and files alone: nothing in it comes from a visitor.
public struct RuleActivity: Hashable, Sendable {
    /// The full name, `greetings/greeting`.
    public var rule: String
    /// The path of its file, as it was loaded.
    public var file: String
    /// How many messages it answered, or added to with `continue`, since the server started.
    ///
    /// It goes on when the rule is edited, and ends with the rule.
    public var hitCount: Int
    /// How often a limit ended its search.
    public var limitCount: Int
    /// How often it took longer than a millisecond.
    public var slowCount: Int
    /// Whether it is out because it was slow again and again.
    public var isQuarantined: Bool
}

/// Counts the messages of one rule; any number of threads do so at once.
final class RuleCounter: Sendable {
    private let hits = Atomic<Int>(0)

    var hitCount: Int { self.hits.load(ordering: .relaxed) }

    func add() { self.hits.wrappingAdd(1, ordering: .relaxed) }
}

extension RuleSet {
    /// The rules that are out because they were slow again and again, in the order in which they are tried.
    public var quarantined: [String] {
        let out = (self.health?.records ?? [:]).filter { $0.value.quarantine != nil }
        return out.isEmpty ? [] : self.rules.map(\.name).filter { out[$0] != nil }
    }

    /// What became of the rules since the server started; nothing where nobody counts.
    ///
    /// It costs a few microseconds for a hundred rules and keeps no message waiting.
    ///
    /// - Parameter limit: So many rules at most, so that a folder of thousands doesn't make as many time series.
    /// - Returns: The rules of this set: first those that are out, then those that hit limits most often, then those
    ///   that answered most; among equals in the order in which they are tried.
    public func activity(ofAtMost limit: Int = 1_000) -> [RuleActivity] {
        guard let health = self.health else { return [] }
        let records = health.records
        let all = zip(self.rules, self.counters).map { rule, counter in
            let record = records[rule.name]
            return RuleActivity(
                rule: rule.name,
                file: rule.place.file,
                hitCount: counter.hitCount,
                limitCount: record?.limits.values.reduce(0, +) ?? 0,
                slowCount: record?.slowCount ?? 0,
                isQuarantined: record?.quarantine != nil
            )
        }
        let ordered = all.enumerated().sorted { left, right in
            let (first, second) = (left.element.rank, right.element.rank)
            return first == second ? left.offset < right.offset : first > second
        }
        return ordered.prefix(max(0, limit)).map(\.element)
    }
}

extension RuleActivity {
    /// How much it is worth to be told of.
    fileprivate var rank: (Int, Int, Int) { (self.isQuarantined ? 1 : 0, self.limitCount, self.hitCount) }
}
