/// The literals of all rules while the tables of a ``Prefilter`` are made.
struct LiteralVocabulary {
    private(set) var literals: [RequiredLiterals.Literal] = []
    private var numbers: [RequiredLiterals.Literal: Int] = [:]
    /// In how many sets each literal occurs.
    private var useCounts: [Int] = []

    mutating func number(_ set: RequiredLiterals) -> [Int] {
        set.literals.map { literal in
            if let number = self.numbers[literal] {
                self.useCounts[number] += 1
                return number
            }
            self.numbers[literal] = self.literals.count
            self.literals.append(literal)
            self.useCounts.append(1)
            return self.literals.count - 1
        }
    }

    /// The sets in the order in which they are likely to rule out a message.
    ///
    /// What many rules look out for is what visitors write about, so it is found more often than its letters say.
    func rarestFirst(_ sets: [[Int]]) -> [[Int]] {
        sets.map { set in (set: set, frequency: self.frequency(of: set)) }
            .sorted { $0.frequency < $1.frequency }.map(\.set)
    }

    private func frequency(of set: [Int]) -> Double {
        set.reduce(0) { $0 + self.literals[$1].frequency * Double(self.useCounts[$1]) }
    }
}
