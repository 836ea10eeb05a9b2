internal import Synchronization

/// What became of the rules of a running server: the limits they hit, and those that are out because they were slow.
///
/// Rules are known by their full names, so it outlives the set: give it to each ``RuleSet`` that is loaded. Any number of
/// threads use it at once; as long as no rule was slow, a message costs it one atomic read.
public final class RuleHealth: Sendable {
    /// Something that the people who run the server should know.
    public enum Event: Hashable, Sendable {
        /// A rule was slow again and again and is out for ``RuleHealth/term``.
        case quarantined(rule: String)
    }

    /// What is known of one rule, since the server has started.
    public struct Record: Hashable, Sendable {
        /// How often a limit ended its search, by ``MatchLimit/description``: `steps`, `time`.
        public var limits: [String: Int] = [:]
        /// How often it took longer than a millisecond.
        public var slowCount = 0
        /// How often it was taken out.
        public var quarantineCount = 0
        /// How long it is still out; nothing where it is not.
        public var quarantine: Duration?
    }

    /// How long a rule is out: ten minutes.
    public static var term: Duration { Quarantine.term }

    private struct State {
        var quarantine = Quarantine()
        var records: [String: Record] = [:]
        var counters: [String: RuleCounter] = [:]
    }

    private let state = Mutex(State())
    /// Whether ``Quarantine/isEmpty`` does not hold, so that most messages need no lock.
    private let isWatching = Atomic<Bool>(false)
    private let clock: @Sendable () -> Duration
    private let report: @Sendable (Event) -> Void

    /// - Parameters:
    ///   - clock: The time since some moment in the past; never goes back.
    ///   - report: Called on the thread of the message that made it happen; must not wait.
    public init(clock: @escaping @Sendable () -> Duration, report: @escaping @Sendable (Event) -> Void = { _ in }) {
        self.clock = clock
        self.report = report
    }

    /// The rules that something happened to, by full name.
    public var records: [String: Record] {
        let now = self.clock()
        return self.state.withLock { state in
            var records = state.records
            for rule in records.keys { records[rule]?.quarantine = state.quarantine.rest(of: rule, at: now) }
            return records
        }
    }

    /// How long a rule is still out; nothing where it is not.
    public func quarantine(of rule: String) -> Duration? {
        guard self.isWatching.load(ordering: .relaxed) else { return nil }
        let now = self.clock()
        return self.state.withLock { $0.quarantine.rest(of: rule, at: now) }
    }

    /// The rules that are out or were slow lately; nothing where there is none.
    func watched() -> Watched? {
        guard self.isWatching.load(ordering: .relaxed) else { return nil }
        let now = self.clock()
        return self.state.withLock { state in
            state.quarantine.forget(at: now)
            guard !state.quarantine.isEmpty else {
                self.isWatching.store(false, ordering: .relaxed)
                return nil
            }
            return Watched(quarantine: state.quarantine, now: now)
        }
    }

    /// What counts the messages of rules, in the order of their full names: what has counted them before, where there
    /// is such a thing.
    func counters(of rules: [String]) -> [RuleCounter] {
        self.state.withLock { state in
            rules.map { rule in
                if let counter = state.counters[rule] { return counter }
                let counter = RuleCounter()
                state.counters[rule] = counter
                return counter
            }
        }
    }

    /// Forgets all rules but these, so that years of edits leave nothing behind.
    func keep(_ rules: some Sequence<String>) {
        let kept = Set(rules)
        self.state.withLock { state in
            state.records = state.records.filter { kept.contains($0.key) }
            state.counters = state.counters.filter { kept.contains($0.key) }
        }
    }

    /// Lets rules be tried again whose patterns were changed.
    func forget(_ rules: some Sequence<String>) {
        self.state.withLock { state in for rule in rules { state.quarantine.forget(rule) } }
    }

    /// Counts a limit that ended a search of `rule`.
    func count(_ limit: MatchLimit, of rule: String) {
        self.state.withLock { $0.records[rule, default: Record()].limits[limit.description, default: 0] += 1 }
    }

    /// Counts a confirm of `rule` that was quick though the rule is under suspicion.
    func countQuick(_ rule: String) { self.state.withLock { $0.quarantine.acquit(rule) } }

    /// Counts a confirm of `rule` that took longer than a millisecond.
    ///
    /// - Parameters:
    ///   - rule: Its full name.
    ///   - session: Who wrote the message.
    ///   - isCertain: Whether the thread computed that long, and was not only kept from the processor.
    func countSlow(_ rule: String, in session: String, isCertain: Bool) {
        let now = self.clock()
        let isOut = self.state.withLock { state in
            let isOut = state.quarantine.strike(rule, by: session, isCertain: isCertain, at: now)
            state.records[rule, default: Record()].slowCount += 1
            if isOut { state.records[rule]?.quarantineCount += 1 }
            self.isWatching.store(true, ordering: .relaxed)
            return isOut
        }
        if isOut { self.report(.quarantined(rule: rule)) }
    }
}

/// How the rules stood when a message came.
struct Watched: Sendable {
    fileprivate let quarantine: Quarantine
    fileprivate let now: Duration

    /// How long the rule is still out; nothing where it is tried.
    func rest(of rule: String) -> Duration? { self.quarantine.rest(of: rule, at: self.now) }

    /// Whether the rule was slow lately.
    func isSuspect(_ rule: String) -> Bool { self.quarantine.isSuspect(rule) }
}
