/// Old messages, answered again by two versions of the rules.
public struct Replay: Sendable {
    private let messages: [LoggedMessage]

    /// - Parameter messages: In the order in which they came. Sessions may be interleaved.
    public init(_ messages: [LoggedMessage]) { self.messages = messages }

    /// Answers all messages with both versions, at the same time on two threads.
    ///
    /// Each version carries its own memory of the sessions, so that a message is answered as a server with these rules
    /// would have answered it. No outside service is asked: the values of actions are not set. Where both have the same
    /// files, one of them answers for both.
    ///
    /// - Parameters:
    ///   - before: The rules as they were.
    ///   - after: The rules as they are.
    ///   - progress: Called now and then on both threads with the number of answers since the last call; there are
    ///     twice as many answers as messages.
    /// - Returns: What changed.
    public func compare(
        _ before: RuleSet,
        _ after: RuleSet,
        progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async -> ReplayReport {
        if !before.digest.isEmpty, before.digest == after.digest {
            let answers = ReplayedAnswers(of: after, to: self.messages) { progress(2 * $0) }
            return ReplayReport(before: answers, after: answers)
        }
        async let first = ReplayedAnswers(of: before, to: self.messages, progress)
        async let second = ReplayedAnswers(of: after, to: self.messages, progress)
        return await ReplayReport(before: first, after: second)
    }
}

extension Replay {
    /// Answers all messages, and compares with the rules that decided when they came.
    ///
    /// What was said then isn't known, so no text counts as changed.
    ///
    /// - Parameters:
    ///   - after: The rules as they are.
    ///   - progress: Called now and then with the number of answers since the last call.
    /// - Returns: What changed.
    public func compareWithRecord(_ after: RuleSet, progress: (Int) -> Void = { _ in }) -> ReplayReport {
        let answers = ReplayedAnswers(of: after, to: self.messages, progress)
        return ReplayReport(before: ReplayedAnswers(recordedOf: self.messages, texts: answers.texts), after: answers)
    }
}

/// What one version of the rules answered to all messages, in a form that is cheap to compare.
struct ReplayedAnswers: Sendable {
    /// The winners' names, without repetition.
    private(set) var names: [String] = []
    /// For each message the winner's place in ``names``; -1 for no rule.
    private(set) var winners: [Int32] = []
    /// For each message a hash of what was said; the same in both versions where the text is the same.
    private(set) var texts: [Int] = []
    /// What was said, by its hash.
    private(set) var said: [Int: String] = [:]
    /// For rules that hit a limit the number of messages.
    private(set) var limits: [String: Int] = [:]

    /// The name under which messages are counted whose evaluation a limit ended.
    static let limit = "limit"

    /// How many answers are given between two reports of progress.
    private static let stride = 4_096

    init(of set: RuleSet, to messages: [LoggedMessage], _ progress: (Int) -> Void) {
        var scanner = Scanner()
        var memory = ReplayMemory()
        var places: [String: Int32] = [:]
        self.winners.reserveCapacity(messages.count)
        self.texts.reserveCapacity(messages.count)
        for (index, message) in messages.enumerated() {
            // Patterns that are slower than a message's budget still have an answer, the same on a busy machine.
            let context = memory.context(of: message)
            let result = set.answer(to: message.text, in: context, within: .seconds(1), using: &scanner)
            memory.deliver(result, to: message)
            for rule in result.rulesAtLimit(scanner) { self.limits[rule, default: 0] += 1 }
            self.append(result, &places)
            if (index + 1).isMultiple(of: Self.stride) { progress(Self.stride) }
        }
        progress(messages.count % Self.stride)
    }

    /// What decided when the messages came.
    init(recordedOf messages: [LoggedMessage], texts: [Int]) {
        var places: [String: Int32] = [:]
        for message in messages { self.append(message.rule, &places) }
        self.texts = texts
    }

    private mutating func append(_ result: RuleResult, _ places: inout [String: Int32]) {
        let hash = result.text.hashValue
        self.texts.append(hash)
        if let text = result.text, self.said[hash] == nil { self.said[hash] = text }
        self.append(result.rule ?? (result.isLimit ? Self.limit : nil), &places)
    }

    private mutating func append(_ name: String?, _ places: inout [String: Int32]) {
        guard let name else { return self.winners.append(-1) }
        if let place = places[name] { return self.winners.append(place) }
        let place = Int32(self.names.count)
        places[name] = place
        self.names.append(name)
        self.winners.append(place)
    }

    /// The name of the winner of a message.
    func winner(of message: Int) -> String? {
        let place = Int(self.winners[message])
        return place < 0 ? nil : self.names[place]
    }
}

extension RuleResult {
    /// The rules that hit a limit: the one that ended the evaluation, and those that were passed over.
    func rulesAtLimit(_ scanner: borrowing Scanner) -> Set<String> {
        var rules = Set(scanner.skipped.map(\.rule))
        if case .limit(let hit) = self.outcome { rules.insert(hit.rule) }
        return rules
    }

    fileprivate var isLimit: Bool { if case .limit = self.outcome { true } else { false } }
}
