extension RuleSet {
    /// The ranks of the rules that have to be tried on a message, in order.
    ///
    /// - Parameters:
    ///   - text: The message.
    ///   - scanner: The calling thread's.
    /// - Returns: What the search for required texts leaves.
    func candidates(in text: String, using scanner: inout Scanner) -> [Int] {
        var text = Self.readable(text).text
        text.withUTF8 { self.prefilter.findCandidates(in: $0, using: &scanner) }
        return self.rules.indices.filter { scanner.isCandidate($0) }
    }
}
