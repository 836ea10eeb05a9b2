/// Finds the rules that may match a message by the texts that their patterns require.
///
/// It may name a rule that doesn't match and never misses one that does. All texts are searched at once, by an
/// automaton of Aho and Corasick over the bytes of the message; its cost doesn't depend on the number of rules.
struct Prefilter: Sendable {
    /// More sets of one rule cost more than they rule out.
    private static let maximumSetsOfRule = 3

    /// The sets that each rule needs, by rank; none for a rule that always has to be tried.
    let required: [[RequiredLiterals]]
    /// A bit for each rule that always has to be tried.
    let always: [UInt64]
    /// How many sets each rule needs.
    let neededCount: [UInt8]
    /// The rank of the rule that each set belongs to.
    let ruleOfSet: [UInt32]
    private let automaton: LiteralAutomaton

    /// - Parameter required: For each rule, by rank, its sets. `nil` for a rule that is never tried, none for one that
    ///   always is.
    init(_ required: [[RequiredLiterals]?]) {
        self.required = required.map { sets in
            let best = (sets ?? []).sorted { ($0.shortest, -$0.texts.count) > ($1.shortest, -$1.texts.count) }
            return Array(best.prefix(Self.maximumSetsOfRule))
        }
        var always = [UInt64](repeating: 0, count: (required.count + 63) / 64)
        for (rank, sets) in required.enumerated() where sets?.isEmpty == true { always[rank / 64] |= 1 << (rank % 64) }
        self.always = always
        self.neededCount = self.required.map { UInt8($0.count) }
        self.ruleOfSet = self.required.enumerated().flatMap { rank, sets in sets.map { _ in UInt32(rank) } }
        self.automaton = LiteralAutomaton(self.required.joined().map(\.texts))
    }

    /// Sets a bit in `scanner.candidates` for each rule that has to be tried.
    func findCandidates(in bytes: UnsafeBufferPointer<UInt8>, using scanner: inout Scanner) {
        scanner.prepare(self)
        guard !self.ruleOfSet.isEmpty else { return }
        self.automaton.scan(bytes) { set in scanner.mark(set, of: self) }
    }
}

extension Scanner {
    /// Makes room for `prefilter`'s rules and forgets the last message.
    fileprivate mutating func prepare(_ prefilter: Prefilter) {
        if self.setStamps.count < prefilter.ruleOfSet.count {
            self.setStamps = [UInt32](repeating: 0, count: prefilter.ruleOfSet.count)
        }
        if self.ruleStamps.count < prefilter.neededCount.count {
            self.ruleStamps = [UInt32](repeating: 0, count: prefilter.neededCount.count)
            self.foundCounts = [UInt8](repeating: 0, count: prefilter.neededCount.count)
        }
        if self.stamp == .max {
            for index in self.setStamps.indices { self.setStamps[index] = 0 }
            for index in self.ruleStamps.indices { self.ruleStamps[index] = 0 }
            self.stamp = 0
        }
        // Marks with an older stamp don't count, so that nothing has to be cleared.
        self.stamp += 1
        self.candidates.removeAll(keepingCapacity: true)
        self.candidates.append(contentsOf: prefilter.always)
    }

    /// A text of `set` was found.
    fileprivate mutating func mark(_ set: Int, of prefilter: Prefilter) {
        guard self.setStamps[set] != self.stamp else { return }
        self.setStamps[set] = self.stamp
        let rank = Int(prefilter.ruleOfSet[set])
        if self.ruleStamps[rank] != self.stamp {
            self.ruleStamps[rank] = self.stamp
            self.foundCounts[rank] = 0
        }
        self.foundCounts[rank] += 1
        if self.foundCounts[rank] == prefilter.neededCount[rank] { self.candidates[rank / 64] |= 1 << (rank % 64) }
    }

    /// Whether the rule of this rank has to be tried.
    func isCandidate(_ rank: Int) -> Bool { self.candidates[rank / 64] & (1 << (rank % 64)) != 0 }

    /// The first rank from `rank` on that has to be tried.
    func candidate(from rank: Int) -> Int? {
        var word = rank / 64
        guard word < self.candidates.count else { return nil }
        var bits = self.candidates[word] & (UInt64.max << (rank % 64))
        while bits == 0 {
            word += 1
            guard word < self.candidates.count else { return nil }
            bits = self.candidates[word]
        }
        return word * 64 + bits.trailingZeroBitCount
    }
}
