/// Texts of which at least one occurs in every text that a pattern matches.
///
/// Lower case, ASCII only, in the order of the pattern.
struct RequiredLiterals: Hashable, Sendable {
    /// At most this many texts; a longer list is found in nearly every message.
    static let maximumCount = 256
    /// A run of characters that may be one of several is spelt out up to this many texts.
    private static let maximumSpellings = 16

    let texts: [String]

    /// What a pattern requires: of each set one text, all of them at once.
    ///
    /// Nothing where nothing is certain.
    ///
    /// A set that would be found in nearly every message is left out.
    static func required(by node: PatternNode) -> [RequiredLiterals] {
        var collector = Collector()
        collector.collect(node)
        collector.flush()
        return collector.sets
    }

    /// The set that rules out most messages: the one whose shortest text is longest.
    static func best(of sets: [RequiredLiterals]) -> RequiredLiterals? {
        sets.max { ($0.shortest, -$0.texts.count) < ($1.shortest, -$1.texts.count) }
    }

    /// The length of the shortest text.
    var shortest: Int { self.texts.map(\.utf8.count).min() ?? 0 }

    private init?(_ texts: [String]) {
        var seen: Set<String> = []
        let unique = texts.filter { seen.insert($0).inserted }
        let isUseful = unique.allSatisfy { text in
            // One letter is in nearly every message.
            text.utf8.count > 1
                || text.utf8.first.map { !(UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) } ?? false
        }
        guard !unique.isEmpty, unique.count <= Self.maximumCount, isUseful else { return nil }
        self.texts = unique
    }

    /// Walks over a pattern from left to right.
    private struct Collector {
        var sets: [RequiredLiterals] = []
        /// The spellings of the characters that stand directly before this place.
        private var run = [""]

        mutating func collect(_ node: PatternNode) {
            switch node {
            case .literal(let scalar): self.append([scalar])
            case .oneOf(let scalars): self.append(scalars)
            case .something, .assertion: self.flush()
            case .sequence(let parts): for part in parts { self.collect(part) }
            case .capture(_, let part): self.collect(part)
            case .alternation(let branches):
                self.flush()
                self.collect(branches: branches)
            case .lookaround(let part):
                self.flush()
                self.collect(part)
                self.flush()
            case .repeated(let part, let minimum):
                // The first repetition stands directly behind what comes before.
                if minimum > 0 { self.collect(part) }
                self.flush()
            }
        }

        /// One set of the best of each branch: whichever branch matches, one of its texts is there.
        private mutating func collect(branches: [PatternNode]) {
            let best = branches.map { RequiredLiterals.best(of: RequiredLiterals.required(by: $0)) }
            guard best.allSatisfy({ $0 != nil }) else { return }
            if let set = RequiredLiterals(best.flatMap { $0?.texts ?? [] }) { self.sets.append(set) }
        }

        private mutating func append(_ scalars: [Unicode.Scalar]) {
            // Of the characters beyond ASCII only these two equal an ASCII letter; `Prefilter` knows them too. All
            // others are left to PCRE2.
            guard scalars.allSatisfy(\.isASCII) else { return self.flush() }
            let letters = Set(scalars.map { String($0).lowercased() }).sorted()
            if self.run.count * letters.count > RequiredLiterals.maximumSpellings { self.flush() }
            self.run = self.run.flatMap { text in letters.map { text + $0 } }
        }

        /// Ends the run: what comes next need not stand directly behind it.
        mutating func flush() {
            defer { self.run = [""] }
            if self.run != [""], let set = RequiredLiterals(self.run) { self.sets.append(set) }
        }
    }
}
