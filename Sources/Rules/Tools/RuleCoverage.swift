public import Diagnostics

/// Which rules do any work: on the sentences of the inline tests, and on old messages.
///
/// Everything in it was observed. That one rule hides another on every message can't be decided, with lookarounds and
/// back-references in patterns.
public struct RuleCoverage: Sendable {
    /// One rule that is enabled.
    public struct Row: Sendable {
        public var rule: String
        public var place: Place
        /// How many messages it won.
        public var messages = 0
        /// How many sentences of inline tests it won, of any rule's.
        public var tests = 0
        /// How often it matched and another rule won, by the winner's name.
        public var lostTo: [String: Int] = [:]
        /// On how many sentences and messages it hit a limit, so that nobody knows whether it matches.
        public var limits = 0

        public var fires: Bool { self.messages + self.tests > 0 }

        /// The one rule that has won each time this one matched, where it never won itself.
        public var shadow: String? { !self.fires && self.lostTo.count == 1 ? self.lostTo.first?.key : nil }
    }

    /// A message of more than four words that a greeting answered: mostly one with a question behind the greeting.
    public struct LongGreeting: Hashable, Sendable {
        public var rule: String
        public var text: String
    }

    /// The enabled rules, in the order of evaluation.
    public let rows: [Row]
    public let messageCount: Int
    public let unansweredCount: Int
    /// The words of at least four letters in the messages that no rule won, each with the number of those messages;
    /// the most frequent first, at most 20.
    public let frequentWords: [(word: String, count: Int)]
    public let longGreetings: [LongGreeting]

    /// Rules that nothing matched.
    public var idle: [Row] { self.rows.filter { !$0.fires && $0.lostTo.isEmpty && $0.limits == 0 } }

    /// Rules that matched and always lost to the same other one.
    public var shadowed: [Row] { self.rows.filter { $0.shadow != nil } }

    /// Rules that hit a limit.
    public var limited: [Row] { self.rows.filter { $0.limits > 0 } }

    /// Runs the tests' sentences and then the messages, in order.
    ///
    /// - Parameters:
    ///   - book: The rules.
    ///   - messages: May be empty.
    ///   - progress: Called now and then with the number of messages since the last call.
    public init(of book: RuleBook, on messages: [LoggedMessage] = [], progress: (Int) -> Void = { _ in }) {
        var count = CoverageCount(book)
        for test in book.sentences { count.add(test) }
        for (index, message) in messages.enumerated() {
            count.add(message)
            if (index + 1).isMultiple(of: 1_024) { progress(1_024) }
        }
        let enabled = Set(book.rules.filter(\.isEnabled).map(\.name))
        self.rows = count.rows.filter { enabled.contains($0.rule) }
        self.messageCount = messages.count
        self.unansweredCount = count.unanswered
        let words = count.words.filter { $0.key.count >= 4 }.map { (word: $0.key, count: $0.value) }
        self.frequentWords = Array(words.sorted { ($1.count, $0.word) < ($0.count, $1.word) }.prefix(20))
        self.longGreetings = count.longGreetings
    }
}

/// The counts of a coverage while it runs.
private struct CoverageCount: ~Copyable {
    let set: RuleSet
    var rows: [RuleCoverage.Row]
    var unanswered = 0
    var words: [String: Int] = [:]
    var longGreetings: [RuleCoverage.LongGreeting] = []
    private var memory = ReplayMemory()
    private var scanner = Scanner()
    private let ranks: [String: Int]

    init(_ book: RuleBook) {
        self.set = book.set
        self.rows = book.rules.map { RuleCoverage.Row(rule: $0.name, place: $0.place) }
        self.ranks = Dictionary(uniqueKeysWithValues: book.rules.enumerated().map { ($1.name, $0) })
    }

    mutating func add(_ test: RuleBook.Test) {
        let (winner, _) = self.count(test.text, in: test.context)
        if let winner { self.rows[winner].tests += 1 }
    }

    mutating func add(_ message: LoggedMessage) {
        let (winner, result) = self.count(message.text, in: self.memory.context(of: message))
        self.memory.deliver(result, to: message)
        let words = Words(message.text)
        if let winner {
            self.rows[winner].messages += 1
            let name = self.rows[winner].rule
            if name.hasPrefix("greetings/"), words.count > 4 {
                self.longGreetings.append(RuleCoverage.LongGreeting(rule: name, text: message.text))
            }
        } else {
            self.unanswered += 1
            for word in words.distinct { self.words[word, default: 0] += 1 }
        }
    }

    /// Counts the losers, and gives the winner.
    private mutating func count(_ text: String, in context: RuleContext) -> (winner: Int?, result: RuleResult) {
        let result = self.set.answer(to: text, in: context, within: .seconds(1), using: &self.scanner)
        for rule in result.rulesAtLimit(self.scanner) { self.ranks[rule].map { self.rows[$0].limits += 1 } }
        guard let name = result.rule, let winner = self.ranks[name] else { return (nil, result) }
        for rank in self.set.matches(text, in: context, using: &self.scanner) where rank != winner {
            self.rows[rank].lostTo[name, default: 0] += 1
        }
        return (winner, result)
    }
}
