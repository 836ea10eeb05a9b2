internal import Diagnostics

/// Runs the inline tests of a whole set and reports those that fail.
struct InlineTestRun: ~Copyable {
    let set: RuleSet
    /// What the tests of earlier loads have shown, and those of this one.
    var memory: LoadMemory
    var scanner = Scanner.loading()

    init(set: RuleSet, memory: LoadMemory = LoadMemory()) {
        self.set = set
        self.memory = memory
    }

    /// Runs the tests of one rule.
    mutating func run(_ written: WrittenRule, _ rule: CompiledRule, into findings: inout Findings) {
        // A rule that is turned off has no behaviour to test.
        guard rule.isEnabled else { return }
        for (index, test) in (written.tests ?? []).enumerated() {
            var failures = Findings()
            let answer = self.answer(test, of: rule, LoadMemory.TestKey(rule: written.sources, index: index))
            self.check(answer, test, of: rule, into: &failures)
            let others = self.changes(of: answer.result.rule, test.namedRule)
            for failure in failures.diagnostics { findings.add(Self.named(failure, written.changes, others)) }
        }
    }

    /// A failure that says which local file has changed the rule, where the test isn't in it.
    private static func named(_ failure: Diagnostic, _ changes: [Place], _ others: [LocalChange]) -> Diagnostic {
        if changes.isEmpty, failure.hint == nil, let other = others.first {
            var failure = failure
            failure.hint = "\(other.place.fileAndLine) changes \(other.rule)"
            return failure
        }
        guard let change = changes.last(where: { $0.file != failure.place.file }), failure.hint == nil,
            !changes.contains(where: { $0.file == failure.place.file })
        else { return failure }
        var failure = failure
        failure.hint = "\(change.fileAndLine) changes the rule: give it tests of its own there"
        return failure
    }

    /// The local changes of the rule that won a message and of the one that its test names.
    private func changes(of rules: String?...) -> [LocalChange] {
        self.set.localChanges.filter { change in rules.contains(change.rule) }
    }

    private func check(
        _ answer: Answer,
        _ test: InlineTest,
        of rule: CompiledRule,
        into findings: inout Findings
    ) {
        let result = answer.result
        let winner = result.rule
        let sentence = "\"\(test.text)\""
        switch test.expectation {
        case .wins(let expected):
            if self.isWon(test, by: rule, result, expected, into: &findings) {
                self.check(result, of: rule, test, expected, into: &findings)
            }
        case .doesNotMatch(let expected):
            // Whether the rule matches isn't known then, so the test has shown nothing.
            if case .limit(let limit) = answer.ownTrial {
                return findings.failedTest(test.place, "\(rule.name) hits a limit (\(limit)) on \(sentence)")
            }
            if case .matched(let text, _) = answer.ownTrial {
                return findings.failedTest(
                    test.place,
                    "\(sentence) is under not, but \(rule.name) matches \"\(text)\""
                )
            }
            if let expected, expected.value != winner {
                self.reportWinner(sentence, expected.value, winner, at: expected.place, into: &findings)
            }
        case .loses(let expected):
            if expected.value == rule.name {
                let problem = "\(rule.name) can't lose \(sentence) to itself"
                findings.failedTest(expected.place, problem, hint: "name the rule that wins, or write say")
            } else if expected.value != winner {
                self.reportWinner(sentence, expected.value, winner, at: expected.place, into: &findings)
            }
        }
    }

    /// Whether the rule wins, or takes part where it is said to.
    private func isWon(
        _ test: InlineTest,
        by rule: CompiledRule,
        _ result: RuleResult,
        _ expected: InlineTest.Result,
        into findings: inout Findings
    ) -> Bool {
        let sentence = "\"\(test.text)\""
        let goesOn = if case .continue = rule.outcome { true } else { false }
        guard goesOn == expected.isContinued else {
            let hint = goesOn ? "write via: continue in the test" : "leave via: continue out"
            let problem = "\(rule.name) has \(goesOn ? "continue: true and never wins" : "an outcome of its own")"
            findings.error("test-failed", at: test.place, problem, hint: hint)
            return false
        }
        if goesOn {
            if result.effects.continued.contains(where: { $0.rule == rule.name }) { return true }
            findings.failedTest(test.place, "\(sentence) should be taken up by \(rule.name), but it is not")
            return false
        }
        if result.rule == rule.name { return true }
        let instead = result.rule.map { "\($0) wins" } ?? "no rule does"
        findings.failedTest(test.place, "\(sentence) should be won by \(rule.name), but \(instead)")
        return false
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

    /// Checks what comes of a message that the rule has won or taken part in.
    private func check(
        _ result: RuleResult,
        of rule: CompiledRule,
        _ test: InlineTest,
        _ expected: InlineTest.Result,
        into findings: inout Findings
    ) {
        let match = result.effects.continued.first { $0.rule == rule.name } ?? result.match
        for capture in expected.captures {
            let found = match?[capture.value.name]
            guard found != capture.value.value else { continue }
            let got = found.map { "\"\($0)\"" } ?? "not set"
            let names = rule.captureNames
            findings.failedTest(
                capture.place,
                "{{\(capture.value.name)}} should be \"\(capture.value.value)\", but it is \(got)",
                hint: names.contains(capture.value.name) ? nil : suggestion(for: capture.value.name, among: names)
            )
        }
        if let reply = expected.reply, result.text != reply.value {
            let got = result.text.map { "it is \"\($0)\"" } ?? "there is none"
            findings.failedTest(reply.place, "the reply should be \"\(reply.value)\", but \(got)")
        }
        if let tags = expected.tags, Set(result.effects.tags) != Set(tags.value) {
            let (wanted, got) = (Self.listed(tags.value), Self.listed(result.effects.tags))
            findings.failedTest(tags.place, "the tags should be \(wanted), but they are \(got)")
        }
        if let topic = expected.topic {
            let got = result.effects.topic(after: test.context.topic)
            guard got != topic.value else { return }
            let problem = "the topic should be \(topic.value ?? "none") afterwards, but it is \(got ?? "none")"
            findings.failedTest(topic.place, problem)
        }
    }

    private static func listed(_ tags: [String]) -> String { tags.isEmpty ? "none" : tags.joined(separator: ", ") }
}

extension CompiledRule {
    /// The named groups of its patterns.
    fileprivate var captureNames: Set<String> {
        switch self.condition {
        case .any(let patterns), .all(let patterns): Set(patterns.flatMap(\.captureNames))
        case .always: []
        }
    }
}

extension Findings {
    fileprivate mutating func failedTest(_ place: Place, _ problem: String, hint: String? = nil) {
        self.error("test-failed", at: place, problem, hint: hint)
    }
}

extension InlineTest {
    /// The rule that the test says wins, where that isn't its own.
    fileprivate var namedRule: String? {
        switch self.expectation {
        case .wins: nil
        case .doesNotMatch(let winner): winner?.value
        case .loses(let winner): winner.value
        }
    }
}
