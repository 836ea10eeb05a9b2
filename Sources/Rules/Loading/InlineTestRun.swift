internal import Diagnostics

/// Runs the inline tests of a whole set and reports those that fail.
struct InlineTestRun {
    let set: RuleSet

    /// Runs the tests of one rule.
    func run(_ tests: [InlineTest], of rule: CompiledRule, into findings: inout Findings) {
        // A rule that is turned off has no behaviour to test.
        guard rule.isEnabled else { return }
        var scanner = Scanner()
        for test in tests { self.run(test, of: rule, &scanner, into: &findings) }
    }

    private func run(
        _ test: InlineTest,
        of rule: CompiledRule,
        _ scanner: inout Scanner,
        into findings: inout Findings
    ) {
        let result = self.set.answer(to: test.text, in: test.context, within: .seconds(10), using: &scanner)
        let winner = result.rule
        let sentence = "\"\(test.text)\""
        switch test.expectation {
        case .wins(let captures, let reply, let tags):
            guard winner == rule.name else {
                let instead = winner.map { "\($0) wins" } ?? "no rule does"
                return findings.failedTest(test.place, "\(sentence) should be won by \(rule.name), but \(instead)")
            }
            self.check(result, captures, reply, tags, into: &findings)
        case .doesNotMatch(let expected):
            let trial = self.set.trial(of: rule, on: test.text, using: &scanner)
            // Whether the rule matches isn't known then, so the test has shown nothing.
            if case .limit(let limit) = trial {
                return findings.failedTest(test.place, "\(rule.name) hits a limit (\(limit)) on \(sentence)")
            }
            if case .matched(let text, _) = trial {
                return findings.failedTest(
                    test.place,
                    "\(sentence) is under not, but \(rule.name) matches \"\(text)\""
                )
            }
            if let expected, expected.value != winner {
                self.reportWinner(sentence, expected.value, winner, at: expected.place, into: &findings)
            }
        case .loses(let expected):
            if expected.value != winner {
                self.reportWinner(sentence, expected.value, winner, at: expected.place, into: &findings)
            }
        }
    }

    private func reportWinner(
        _ sentence: String,
        _ expected: String?,
        _ winner: String?,
        at place: Place,
        into findings: inout Findings
    ) {
        if let expected, !self.set.names.contains(expected) {
            let hint = suggestion(for: expected, among: self.set.names)
            return findings.error("unknown-rule", at: place, "there is no rule \"\(expected)\"", hint: hint)
        }
        let wanted = expected ?? "no rule"
        findings.failedTest(place, "\(sentence) should be won by \(wanted), but \(winner ?? "no rule") wins")
    }

    private func check(
        _ result: RuleResult,
        _ captures: [Written<Capture>],
        _ reply: Written<String>?,
        _ tags: Written<[String]>?,
        into findings: inout Findings
    ) {
        for capture in captures {
            let found = result.match?[capture.value.name]
            guard found != capture.value.value else { continue }
            let got = found.map { "\"\($0)\"" } ?? "not set"
            findings.failedTest(
                capture.place,
                "{{\(capture.value.name)}} should be \"\(capture.value.value)\", but it is \(got)"
            )
        }
        if let reply {
            let text: String = if case .reply(let said) = result { said.text } else { "" }
            if text != reply.value { findings.failedTest(reply.place, "the reply is \"\(text)\"") }
        }
        if let tags, result.match?.tags != tags.value {
            findings.failedTest(tags.place, "the tags are \(result.match?.tags.joined(separator: ", ") ?? "none")")
        }
    }
}

extension Findings {
    fileprivate mutating func failedTest(_ place: Place, _ problem: String) {
        self.error("test-failed", at: place, problem)
    }
}

extension RuleResult {
    /// The rule that the result comes from.
    var match: RuleMatch? {
        switch self {
        case .reply(let reply): reply.match
        case .silent(let match, _): match
        case .pass(let match): match
        case .limit: nil
        }
    }

    /// Its full name.
    var rule: String? { self.match?.rule }
}
