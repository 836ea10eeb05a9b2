extension RuleSet {
    /// The ranks of the rules that have to be tried on a message, in order.
    func candidates(in text: String, using scanner: inout Scanner) -> [Int] {
        var text = Self.readable(text).text
        text.withUTF8 { self.prefilter.findCandidates(in: $0, using: &scanner) }
        return self.rules.indices.filter { scanner.isCandidate($0) }
    }

    /// The ranks of all rules that match a message, in order; a rule that hits a limit is none of them.
    func matches(in text: String, using scanner: inout Scanner) -> [Int] {
        self.candidates(in: text, using: &scanner).filter { rank in
            guard case .matched = self.trial(of: self.rules[rank], on: text, in: RuleContext(), using: &scanner) else {
                return false
            }
            return true
        }
    }
}
