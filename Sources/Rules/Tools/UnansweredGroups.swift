/// The messages that no rule answers, in groups that one new rule each could answer.
public struct UnansweredGroups: Sendable {
    /// Messages that share words which are rare in the whole log.
    public struct Group: Sendable {
        /// What its messages share, the rarest word first; at most three.
        public var words: [String]
        /// The texts of its messages, equal ones once, the most frequent first.
        public var texts: [(text: String, count: Int)]
        /// A message of another kind that comes close to the first of them.
        var neighbour: String?

        public var count: Int { self.texts.reduce(0) { $0 + $1.count } }
    }

    public let messageCount: Int
    public let unansweredCount: Int
    /// How many messages no rule answers that somebody else answered when they came.
    public let answeredElsewhereCount: Int
    /// The largest first.
    public let groups: [Group]
    /// The same in the order in which they were made: no message of one has the first word of an earlier one.
    let made: [Group]

    /// Answers all messages and groups those that are left, but for those of which it is known that somebody had an answer.
    ///
    /// Again and again the word is taken that many of the remaining messages have and few of all: the product of the
    /// count and of the logarithm of the word's rarity is largest. Its messages are a group.
    ///
    /// - Parameters:
    ///   - set: The rules.
    ///   - messages: In the order in which they came.
    ///   - limit: How many groups are made at most.
    ///   - progress: Called now and then with the number of messages since the last call.
    public init(of set: RuleSet, on messages: [LoggedMessage], limit: Int = 20, progress: (Int) -> Void = { _ in }) {
        var scanner = Scanner()
        var memory = ReplayMemory()
        var grouping = Grouping()
        var elsewhere = 0
        for (index, message) in messages.enumerated() {
            let context = memory.context(of: message)
            let result = set.answer(to: message.text, in: context, within: .seconds(1), using: &scanner)
            memory.deliver(result, to: message)
            let isElsewhere = result.rule == nil && message.isAnswered == true
            if isElsewhere { elsewhere += 1 }
            grouping.add(message.text, isAnswered: result.rule != nil || isElsewhere)
            if (index + 1).isMultiple(of: 1_024) { progress(1_024) }
        }
        self.messageCount = messages.count
        self.unansweredCount = grouping.unanswered.count
        self.answeredElsewhereCount = elsewhere
        self.made = grouping.groups(limit: limit)
        self.groups = self.made.sorted { ($1.count, $0.words[0]) < ($0.count, $1.words[0]) }
    }
}

private struct Grouping {
    /// The messages that no rule won, with their words.
    private(set) var unanswered: [(text: String, words: Set<String>)] = []
    /// For each word the number of messages that have it, of all.
    private var frequencies: [String: Int] = [:]
    private var total = 0
    /// Messages of any kind, among which neighbours are looked for.
    private var samples: [(text: String, words: Set<String>)] = []
    private static let maximumSampleCount = 2_000

    /// Whether a word may tell what a message is about.
    private static func isTelling(_ word: String) -> Bool {
        word.count >= 3 && word.contains(where: \.isLetter) && !FunctionWords.all.contains(word)
    }

    mutating func add(_ text: String, isAnswered: Bool) {
        let words = Words(text).distinct.filter(Self.isTelling)
        self.total += 1
        if self.samples.count < Self.maximumSampleCount { self.samples.append((text, words)) }
        for word in words { self.frequencies[word, default: 0] += 1 }
        if !isAnswered { self.unanswered.append((text, words)) }
    }

    func groups(limit: Int) -> [UnansweredGroups.Group] {
        var groups: [UnansweredGroups.Group] = []
        var counts: [String: Int] = [:]
        for message in self.unanswered { for word in message.words { counts[word, default: 0] += 1 } }
        var rest = self.unanswered
        while groups.count < limit, let word = self.best(counts) {
            let members = rest.filter { $0.words.contains(word) }
            rest.removeAll { $0.words.contains(word) }
            for member in members { for word in member.words { counts[word, default: 0] -= 1 } }
            groups.append(self.group(word, members))
        }
        return groups
    }

    /// The word that at least two messages share and that tells most; ties are decided by the alphabet.
    private func best(_ counts: [String: Int]) -> String? {
        let scored = counts.lazy.filter { $0.value > 1 }.map { word, count in
            (word: word, score: self.weight(of: word) * count)
        }
        return scored.max { ($0.score, $1.word) < ($1.score, $0.word) }?.word
    }

    /// Twice the binary logarithm of how rare a word is among all messages, rounded: whole, so that every machine
    /// makes the same groups.
    private func weight(of word: String) -> Int {
        let frequency = max(1, self.frequencies[word] ?? 1)
        let square = (self.total / frequency) * (self.total / frequency)
        return square == 0 ? 0 : Int.bitWidth - 1 - square.leadingZeroBitCount
    }

    private func group(_ word: String, _ members: [(text: String, words: Set<String>)]) -> UnansweredGroups.Group {
        var shared: [String: Int] = [:]
        for member in members { for other in member.words { shared[other, default: 0] += 1 } }
        let common = shared.filter {
            $0.key != word && 10 * $0.value >= 8 * members.count && self.weight(of: $0.key) > 4
        }
        let others = common.keys.sorted { (self.weight(of: $1), $0) < (self.weight(of: $0), $1) }
        var texts: [String: Int] = [:]
        for member in members { texts[member.text, default: 0] += 1 }
        var group = UnansweredGroups.Group(
            words: [word] + others.prefix(2),
            texts: texts.map { (text: $0.key, count: $0.value) }.sorted { ($1.count, $0.text) < ($0.count, $1.text) }
        )
        group.neighbour = self.neighbour(of: group)
        return group
    }

    /// The message without the group's first word that shares most words with the group's first text.
    private func neighbour(of group: UnansweredGroups.Group) -> String? {
        let words = Words(group.texts[0].text).distinct
        let others = self.samples.filter { !$0.text.lowercased().contains(group.words[0]) && !$0.words.isEmpty }
        let scored = others.map { (text: $0.text, score: Words($0.text).distinct.intersection(words).count) }
        return scored.max { ($0.score, $1.text) < ($1.score, $0.text) }?.text
    }
}
