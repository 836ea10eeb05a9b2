internal import Diagnostics

extension InlineTestRun {
    /// What the rules say to the sentence of a test.
    struct Answer: Sendable {
        var result: RuleResult
        /// What became of the test's own rule, where it must not match.
        var ownTrial: RuleTrial?
        /// The test's own rule.
        fileprivate var rule: CompiledRule
        /// The rules that were tried, in this order: down to the winner, or all that come into question.
        fileprivate var tried: [CompiledRule] = []

        /// Whether no limit has ended a search, so that it will be the same again.
        fileprivate var isCertain: Bool {
            if case .limit = self.ownTrial { return false }
            if case .limit = self.result.outcome { return false }
            return true
        }
    }

    /// The answer to a test's sentence: the one of an earlier load where the same rules would be tried again.
    mutating func answer(_ test: InlineTest, of rule: CompiledRule, _ key: LoadMemory.TestKey) -> Answer {
        if let known = self.memory.test(key), known.rule === rule, self.isStillTrue(known, test) {
            self.memory.keep(known, as: key)
            return known
        }
        let result = self.set.answer(to: test.text, in: test.context, within: .seconds(10), using: &self.scanner)
        var answer = Answer(result: result, rule: rule)
        let isWithoutLimits = self.scanner.skipped.isEmpty
        answer.tried = self.candidates(downTo: result.rule)
        if case .doesNotMatch = test.expectation {
            answer.ownTrial = self.set.trial(of: rule, on: test.text, in: test.context, using: &self.scanner)
        }
        if isWithoutLimits, answer.isCertain { self.memory.keep(answer, as: key) }
        return answer
    }

    /// Whether the rules that were tried are those that would be tried now.
    private mutating func isStillTrue(_ known: Answer, _ test: InlineTest) -> Bool {
        var text = RuleSet.readable(test.text).text
        text.withUTF8 { self.set.prefilter.findCandidates(in: $0, using: &self.scanner) }
        var next = self.scanner.candidate(from: 0)
        for rule in known.tried {
            guard let rank = next, self.set.rules[rank] === rule else { return false }
            next = self.scanner.candidate(from: rank + 1)
        }
        return known.result.rule != nil || next == nil
    }

    /// What comes into question for the last message, down to the rule of this name or to the end.
    private func candidates(downTo winner: String?) -> [CompiledRule] {
        var rules: [CompiledRule] = []
        var next = self.scanner.candidate(from: 0)
        while let rank = next {
            rules.append(self.set.rules[rank])
            if self.set.rules[rank].name == winner { break }
            next = self.scanner.candidate(from: rank + 1)
        }
        return rules
    }
}
