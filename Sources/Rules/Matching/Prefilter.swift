/// Finds the rules that may match a message by the texts that their patterns require.
///
/// It may name a rule that doesn't match and never misses one that does. All texts are searched at once; then only
/// those rules are looked at whose rarest set was found, so the cost hardly depends on the number of rules.
struct Prefilter: Sendable {
    /// More sets of one rule cost more than they rule out.
    private static let maximumSetsOfRule = 6
    /// A set with more texts is only used where a rule has no other.
    private static let maximumCountBesideTrigger = 64

    /// What any message holds that a rule matches.
    struct Needs: Hashable, Sendable {
        /// Of each set one text; without a set the rule is always tried.
        var rule: [RequiredLiterals]
        /// The same for each of its patterns, first those of `match`, then those that veto it.
        var patterns: [PatternNeeds] = []
    }

    /// What any text holds that a pattern matches.
    struct PatternNeeds: Hashable, Sendable {
        /// Of each set one text; empty where the pattern says no more than its rule.
        var sets: [RequiredLiterals] = []
        /// Texts with one of which a match starts, where that is known.
        var starts: RequiredLiterals?
        /// How many words the text has at most, as ``wordCount(of:)`` counts them, where that is known.
        var maximumWords: Int?
    }

    /// What the last message says about where a pattern matches.
    enum Outlook {
        case nowhere
        /// At one of ``FoundLiterals/starts`` or nowhere.
        case atStarts
        /// Perhaps anywhere.
        case anywhere
    }

    let ruleCount: Int
    /// A bit for each rule that always has to be tried.
    let always: [UInt64]
    /// Every text of any rule, once.
    private let literals: [RequiredLiterals.Literal]
    /// For each literal the range of `triggered` with the rules that look out for it: their ranks, with `otherSetsFlag`
    /// where a rule has more than this set.
    private let triggerStarts: [UInt32]
    private let triggered: [UInt32]
    /// For each rank the range of `sets` with its sets, each as the number of its literals and the literals.
    ///
    /// The first is the trigger.
    private let setStarts: [UInt32]
    private let sets: [UInt32]
    /// For each rank the range of `patternStarts` with its patterns, which for each says where in `sets` its own start and
    /// end.
    private let ruleStarts: [UInt32]
    private let patternStarts: [UInt32]
    /// For each pattern, numbered like ``patternStarts``, the range of `openings` with the literals that its match
    /// starts with; empty where that isn't known.
    private let openingStarts: [UInt32]
    private let openings: [UInt32]
    /// For each pattern, numbered like ``patternStarts``, how many words a text has at most that it matches.
    private let wordLimits: [UInt16]
    private let automaton: LiteralAutomaton

    private static let otherSetsFlag: UInt32 = 1 << 31

    /// - Parameter needs: What each rule needs, by rank; `nil` for a rule that is never tried.
    init(_ needs: [Needs?]) {
        var always = [UInt64](repeating: 0, count: (needs.count + 63) / 64)
        for (rank, needs) in needs.enumerated() where needs?.rule.isEmpty == true {
            always[rank / 64] |= 1 << (rank % 64)
        }
        var vocabulary = LiteralVocabulary()
        let numbered = needs.map { needs in (needs?.rule ?? []).map { vocabulary.number($0) } }
        let ordered = numbered.map { Self.selected(vocabulary.rarestFirst($0)) }
        // Numbered last: what only a single pattern looks out for says nothing about what is found often.
        let patterns = needs.map { needs in
            (needs?.patterns ?? []).map { pattern in
                let numbered = pattern.sets.map { vocabulary.number($0) }
                return Self.element(of: Self.selected(vocabulary.rarestFirst(numbered)))
            }
        }
        let openings = needs.flatMap { needs in
            (needs?.patterns ?? []).map { $0.starts.map { vocabulary.number($0) } ?? [] }
        }
        var triggered = [[UInt32]](repeating: [], count: vocabulary.literals.count)
        for (rank, sets) in ordered.enumerated() {
            let entry = UInt32(rank) | (sets.count > 1 ? Self.otherSetsFlag : 0)
            for literal in sets.first ?? [] { triggered[literal].append(entry) }
        }
        self.ruleCount = needs.count
        self.always = always
        self.literals = vocabulary.literals
        (self.triggerStarts, self.triggered) = Self.joined(triggered)
        let (starts, sets) = Self.joined(ordered.map(Self.element) + patterns.joined())
        (self.setStarts, self.sets) = (starts, sets)
        self.patternStarts = Array(starts[needs.count...])
        self.ruleStarts = patterns.reduce(into: [0]) { $0.append($0[$0.count - 1] + UInt32($1.count)) }
        (self.openingStarts, self.openings) = Self.joined(openings.map { $0.map(UInt32.init) })
        self.wordLimits = needs.flatMap { needs in
            (needs?.patterns ?? []).map { $0.maximumWords.flatMap(UInt16.init(exactly:)) ?? .max }
        }
        self.automaton = LiteralAutomaton(vocabulary.literals)
    }

    /// The sets of a rule or pattern that are worth looking at.
    private static func selected(_ rarestFirst: [[Int]]) -> [[Int]] {
        let others = rarestFirst.dropFirst().filter { $0.count <= Self.maximumCountBesideTrigger }
        return Array(rarestFirst.prefix(1)) + others.prefix(Self.maximumSetsOfRule - 1)
    }

    /// Sets as they stand in `sets`.
    private static func element(of sets: [[Int]]) -> [UInt32] {
        sets.flatMap { [UInt32($0.count)] + $0.map(UInt32.init) }
    }

    /// The lists one behind the other, and where each starts; one more start says where the last one ends.
    private static func joined(_ lists: [[UInt32]]) -> (starts: [UInt32], elements: [UInt32]) {
        var starts: [UInt32] = [0]
        starts.reserveCapacity(lists.count + 1)
        var elements: [UInt32] = []
        elements.reserveCapacity(lists.reduce(0) { $0 + $1.count })
        for list in lists {
            elements += list
            starts.append(UInt32(elements.count))
        }
        return (starts, elements)
    }

    /// How many bytes the tables of the search take.
    var byteCount: Int {
        self.automaton.byteCount + 4 * (self.triggerStarts.count + self.triggered.count)
            + 4 * (self.setStarts.count + self.sets.count + self.ruleStarts.count + self.patternStarts.count)
            + 4 * (self.openingStarts.count + self.openings.count) + 2 * self.wordLimits.count
    }

    /// Where a pattern may match.
    ///
    /// - Parameters:
    ///   - pattern: Its place among the patterns of its rule.
    ///   - rank: The rule's.
    ///   - bytes: The message that this prefilter has searched last with this scanner.
    ///   - scanner: The calling thread's.
    /// - Returns: ``Outlook/nowhere`` where the message lacks the texts of one of the pattern's sets, or has more words than
    ///   it can match.
    func outlook(
        for pattern: Int,
        of rank: Int,
        in bytes: UnsafeBufferPointer<UInt8>,
        using scanner: inout Scanner
    ) -> Outlook {
        let index = Int(self.ruleStarts[rank]) + pattern
        guard index < Int(self.ruleStarts[rank + 1]) else { return .anywhere }
        let limit = self.wordLimits[index]
        guard limit == .max || scanner.found.wordCount(of: bytes) <= Int(limit) else { return .nowhere }
        let (first, end) = (Int(self.patternStarts[index]), Int(self.patternStarts[index + 1]))
        guard self.missingSet(from: first, to: end, scanner.found) == nil else { return .nowhere }
        let openings = Int(self.openingStarts[index])..<Int(self.openingStarts[index + 1])
        guard !openings.isEmpty else { return .anywhere }
        return self.openings.withUnsafeBufferPointer { literals in
            scanner.found.findStarts(of: UnsafeBufferPointer(rebasing: literals[openings]))
        }
    }

    /// Sets a bit in `scanner.candidates` for each rule that has to be tried.
    ///
    /// - Parameters:
    ///   - bytes: Valid UTF-8.
    ///   - scanner: The calling thread's.
    func findCandidates(in bytes: UnsafeBufferPointer<UInt8>, using scanner: inout Scanner) {
        scanner.candidates.removeAll(keepingCapacity: true)
        scanner.candidates.append(contentsOf: self.always)
        scanner.found.prepare(for: self.literals.count, in: bytes.count)
        guard !self.literals.isEmpty else { return }
        self.search(bytes, &scanner.found)
        self.addTriggered(by: scanner.found, to: &scanner.candidates)
    }

    /// Notes which literals occur.
    private func search(_ bytes: UnsafeBufferPointer<UInt8>, _ found: inout FoundLiterals) {
        // ASCII needs no folding beyond what the automaton does: four messages of five are searched as they are.
        guard skipASCII(bytes, from: 0) < bytes.count else {
            return found.insert { self.automaton.scan(bytes, found: $0) }
        }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: bytes.count) { folded in
            let count = Folding.table.fold(bytes, into: folded)
            // No character gets longer, so where the text is as long as before each has kept its place.
            found.knowsPlaces = count == bytes.count
            found.insert { self.automaton.scan(UnsafeBufferPointer(rebasing: folded[..<count]), found: $0) }
        }
    }

    /// Sets the bits of the rules whose trigger was found and of whose other sets each was found too.
    private func addTriggered(by found: borrowing FoundLiterals, to candidates: inout [UInt64]) {
        candidates.withUnsafeMutableBufferPointer { candidates in
            self.triggered.withUnsafeBufferPointer { triggered in
                for literal in found.list {
                    let triggers = Int(self.triggerStarts[Int(literal)])..<Int(self.triggerStarts[Int(literal) + 1])
                    for entry in triggered[triggers] {
                        let rank = Int(entry & ~Self.otherSetsFlag)
                        // Most rules have one set, and nothing else has to be read for them.
                        guard entry & Self.otherSetsFlag == 0 || self.hasOtherSets(rank, found) else { continue }
                        candidates[rank / 64] |= 1 << UInt64(rank % 64)
                    }
                }
            }
        }
    }

    /// Whether of each set of a rule but the trigger a literal was found.
    private func hasOtherSets(_ rank: Int, _ found: borrowing FoundLiterals) -> Bool {
        let start = Int(self.setStarts[rank])
        return self.missingSet(from: start + Int(self.sets[start]) + 1, to: Int(self.setStarts[rank + 1]), found) == nil
    }

    /// Where in a range of `sets` the first set stands of which no literal was found.
    private func missingSet(from start: Int, to end: Int, _ found: borrowing FoundLiterals) -> Int? {
        self.sets.withUnsafeBufferPointer { sets in
            var start = start
            while start < end {
                let next = start + Int(sets[start]) + 1
                var index = start + 1
                while index < next, !found.contains(sets[index]) { index += 1 }
                if index == next { return start }
                start = next
            }
            return nil
        }
    }

    /// The texts of which a rule needs one and of which the scanner's last message has none, for people.
    ///
    /// - Parameters:
    ///   - rank: The rule's.
    ///   - scanner: Whose last message was searched by this prefilter.
    /// - Returns: The texts of the first such set; none where every set was found.
    func missingTexts(of rank: Int, in scanner: borrowing Scanner) -> [String] {
        let bounds = (Int(self.setStarts[rank]), Int(self.setStarts[rank + 1]))
        guard let start = self.missingSet(from: bounds.0, to: bounds.1, scanner.found) else { return [] }
        return self.sets[(start + 1)...(start + Int(self.sets[start]))].map { self.literals[Int($0)].text }
    }
}

extension Scanner {
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
