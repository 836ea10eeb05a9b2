/// The messages that no rule answers, in groups that one new rule each could answer.
public struct UnansweredGroups: Sendable {
    /// Messages that share words which are rare in the whole log.
    public struct Group: Sendable {
        /// What its messages share, the rarest word first; at most three.
        public var words: [String]
        /// The texts of its messages, equal ones once, the most frequent first.
        public var texts: [(text: String, count: Int)]

        public var count: Int { self.texts.reduce(0) { $0 + $1.count } }
    }

    public let messageCount: Int
    public let unansweredCount: Int
    /// How many messages no rule answers that somebody else answered when they came.
    public let answeredElsewhereCount: Int
    /// The largest first.
    public let groups: [Group]
    /// The same in the order in which they were made: no message of one has the first word of an earlier one.
    private let made: [Group]

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

    mutating func add(_ text: String, isAnswered: Bool) {
        let words = Words(text).distinct.filter { $0.count >= 3 && $0.contains(where: \.isLetter) }
        self.total += 1
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
        return UnansweredGroups.Group(
            words: [word] + others.prefix(2),
            texts: texts.map { (text: $0.key, count: $0.value) }.sorted { ($1.count, $0.text) < ($0.count, $1.text) }
        )
    }
}

extension UnansweredGroups {
    /// A file with a rule for each group to start from.
    ///
    /// Each rule finds the group's first word; its tests are two of the group's messages, and they hold.
    public var skeletons: String {
        var used: [String: Int] = [:]
        let rules = self.made.map { group in
            let count = used[group.id, default: 0] + 1
            used[group.id] = count
            return group.skeleton(id: count == 1 ? group.id : "\(group.id)-\(count)")
        }
        return (["version: 1", "rules:"] + rules).joined(separator: "\n")
    }
}

extension UnansweredGroups.Group {
    fileprivate var id: String {
        let plain = self.words[0].unicodeScalars.filter { ("a"..."z").contains($0) || ("0"..."9").contains($0) }
        return "new" + (plain.isEmpty ? "" : "-" + String(String.UnicodeScalarView(plain.prefix(40))))
    }

    fileprivate func skeleton(id: String) -> String {
        let pattern = "\\b" + self.words[0].replacing("'", with: "['\u{2019}]") + "\\b"
        let sentences = self.texts.map { Self.line($0.text) }.filter { Words($0).distinct.contains(self.words[0]) }
        let tests = sentences.prefix(2).map { "      - say: \(Self.quoted($0))" }
        let lines = [
            "  - id: \(id)", "    about: \(Self.quoted("Messages about \(self.words.joined(separator: ", "))"))",
            "    match: \(Self.quoted(pattern))", "    reply: 'Write here what the visitor shall read.'",
        ]
        return (lines + (tests.isEmpty ? [] : ["    tests:"] + tests)).joined(separator: "\n")
    }

    /// A message on one line, cut where it is long.
    private static func line(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        let shown = line.unicodeScalars.filter { $0.properties.generalCategory != .control }.prefix(200)
        return String(String.UnicodeScalarView(shown))
    }

    /// A text in single quotes, as YAML.
    private static func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "''") + "'" }
}
