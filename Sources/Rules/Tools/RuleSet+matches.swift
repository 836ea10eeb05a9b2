extension RuleSet {
    /// All rules that match a message, not only the winner.
    ///
    /// - Parameters:
    ///   - text: The message.
    ///   - context: What conditions are about.
    ///   - scanner: The calling thread's.
    /// - Returns: Their ranks, in the order of evaluation. A rule that hits a limit is not among them.
    func matches(_ text: String, in context: RuleContext, using scanner: inout Scanner) -> [Int] {
        var text = Self.readable(text).text
        return text.withUTF8 { bytes in
            scanner.startMessage(within: nil)
            self.prefilter.findCandidates(in: bytes, using: &scanner)
            var ranks: [Int] = []
            var next = scanner.candidate(from: 0)
            while let rank = next {
                if case .matched = self.rules[rank].trial(on: bytes, in: context, at: rank, of: self, using: &scanner) {
                    ranks.append(rank)
                }
                next = scanner.candidate(from: rank + 1)
            }
            return ranks
        }
    }
}
