import Diagnostics
import Testing

@testable import Rules

/// What is tried on a pattern before it may answer anybody.
@Suite("the probe of patterns")
struct LimitProbeTests {
    private static let options: Pattern.Options = [.caseless, .ucp]

    /// The cost of a pattern on a machine where each search takes `time`.
    private func cost(_ pattern: String, _ time: Duration) -> PatternCost {
        let clock = SteppingClock(step: time).nanoseconds
        return PatternCost(of: pattern, Self.options, known: KnownCosts(), probe: LoadProbe(clock: clock))
    }

    @Test("says which text took how long and which repeat to bound")
    func messages() {
        #expect(
            self.cost("[a-z]*[a-z]*[0-9]", .milliseconds(7))
                == .slow(
                    problem: #"4,000 x "a" took 7 ms (limit 1 ms)"#,
                    hint: "replace one of the two [a-z]* by a bounded repeat"
                )
        )
        #expect(
            self.cost(#"error\s*#?\s+code"#, .microseconds(1_260))
                == .slow(
                    problem: #"4,000 x " " took 1.3 ms (limit 1 ms)"#,
                    hint: #"replace \s* or \s+ by a bounded repeat"#
                )
        )
        #expect(
            self.cost("(?:[a-z]+ ?)+[0-9]", .milliseconds(3))
                == .slow(
                    problem: #"4,000 x "a" took 3 ms (limit 1 ms)"#,
                    hint: "replace [a-z]+ by a bounded repeat"
                )
        )
    }

    @Test("guards what can meet, even if no text was slow, and lets the rest run as it is")
    func kinds() {
        #expect(self.cost("[a-z]*[a-z]*[0-9]", .zero) == .guarded)
        #expect(self.cost("error.{0,60}?login", .zero) == .fine)
        #expect(self.cost(#"\bhello\b"#, .seconds(1)) == .fine)
    }

    @Test("a measured text is really slow, and what bounds the repeat really helps")
    func measured() {
        guard case .slow(let problem, let hint) = PatternCost(of: "[a-z]+[0-9]", Self.options, known: KnownCosts())
        else {
            Issue.record("not slow")
            return
        }
        #expect(problem.hasPrefix(#"4,000 x "a" took "#), "\(problem)")
        #expect(hint == "replace [a-z]+ by a bounded repeat")
        #expect(PatternCost(of: "[a-z]{1,9}[0-9]", Self.options, known: KnownCosts()) == .fine)
    }

    @Test("tries a pattern once, however often it is loaded")
    func once() {
        let known = KnownCosts()
        let still = LoadProbe(clock: SteppingClock().nanoseconds)
        #expect(PatternCost(of: "x[ab]*y", Self.options, known: known, probe: still) == .fine)
        let slow = LoadProbe(clock: SteppingClock(step: .seconds(1)).nanoseconds)
        #expect(PatternCost(of: "x[ab]*y", Self.options, known: known, probe: slow) == .fine)
        // Other options make another pattern.
        #expect(PatternCost(of: "x[ab]*y", [.ucp], known: known, probe: slow) != .fine)
    }

    @Test("a rule with a slow pattern is refused with its place, the text and what to write")
    func loading() throws {
        try withRules("  - {id: one, match: '[a-z]*[a-z]*[0-9]', reply: Hi}\n") { folder in
            let rejection = #expect(throws: Rejection.self) { try RuleSet.load(folder: folder) }
            let text = "\(rejection!.diagnostics[0])".replacing(folder + "/", with: "")
            #expect(text.hasPrefix(#"a.yaml:3:22: 4,000 x "a" took "#), "\(text)")
            #expect(
                text.hasSuffix(
                    " ms (limit 1 ms); replace one of the two [a-z]* by a bounded repeat [slow-pattern]"
                ),
                "\(text)"
            )
        }
    }

    @Test("a rule may be slow if it says so, and runs under a clock then")
    func allowed() throws {
        try withRules("  - {id: one, match: '[a-z]*[a-z]*[0-9]', reply: Hi, allow: [slow]}\n") { folder in
            let rules = try RuleSet.load(folder: folder)
            var scanner = Scanner.stepping(by: .microseconds(100))
            let text = String(repeating: "a", count: 4_000)
            #expect(rules.answer(to: text, in: RuleContext(), using: &scanner).outcome == .pass(nil))
            #expect(scanner.skipped.map(\.limit) == [.time])
        }
    }

    @Test(
        "looks ahead as far as a lookahead does, with what it looks for at the end and without",
        arguments: [
            (#"\bfoo\b(?!.*\bbar\b)"#, AttackText(unit: "foo ", tail: "bar")),
            (#"\bfoo\b(?!.*\bbar\b)"#, AttackText(unit: "foo ", tail: "!")),
            (#"\b(?:foo|bar)\b(?=.*(?:no|yes))"#, AttackText(unit: "foo ", tail: "no")),
            (#"(?!.*\bbar\b)foo"#, AttackText(unit: "foo ", tail: "bar")),
            (#"x(?:(?!\s+y)z)"#, AttackText(unit: "xz ", tail: " y")),
        ]
    )
    func lookaheads(pattern: String, text: AttackText) {
        let texts = AttackTexts.texts(
            for: PatternOutline(pattern, isExtended: false),
            nil,
            needsCharacter: false,
            CharacterOracle(Self.options)
        )
        #expect(texts.contains(text), "\(texts)")
    }

    @Test("a lookahead is a repeat like any other: what repeats only there is tried, too", arguments: ["=", "!"])
    func lookaheadsAlone(kind: String) {
        #expect(self.cost(#"\bfoo\b(?\#(kind).*\bbar\b)"#, .milliseconds(2)).isSlow)
    }

    @Test(
        "the whole pattern can't be called, since more stands in it than was written",
        arguments: ["(?R)", "(?0)", #"\g<0>"#]
    )
    func wholeCalls(call: String) throws {
        let keys = "match: '\\((?:[^()]|\(call))*\\)'\nallow: [recursion]\nreply: Hi"
        let diagnostics = try RuleFixture.diagnostics(ofRule: keys)
        #expect(
            diagnostics == [
                "a.yaml:4:24: \"\(call)\" calls the whole pattern; name a group, (?<name>...), and call that: (?&name) "
                    + "[rejected-pattern]"
            ]
        )
    }

    @Test("a group may be called, and takes what it takes elsewhere")
    func groupCalls() throws {
        let keys = #"match: '(?<pair>\((?:[^()]|(?&pair))*\))'"# + "\nallow: [recursion, slow]\nreply: '{{pair}}'"
        let rules = try RuleFixture.load(["a.yaml": RuleFixture.rule(keys)])
        guard case .reply(let reply) = rules.result("see ((a)b) there").outcome else {
            Issue.record("no reply")
            return
        }
        #expect(reply.text == "((a)b)")
    }

    @Test("a pattern that is too large to run under a clock is refused where it has to")
    func tooLarge() throws {
        let pattern = String(repeating: "b", count: 9_000)
        #expect(try RuleFixture.diagnostics(ofRule: "match: '\(pattern)'\nreply: Hi").isEmpty)
        let diagnostics = try RuleFixture.diagnostics(ofRule: "match: '\(pattern)'\nallow: [slow]\nreply: Hi")
        #expect(
            diagnostics == [
                "a.yaml:4:12: the pattern is too large to be run under a clock; split it into several under any: "
                    + "[pattern-too-large]"
            ]
        )
    }

    @Test(
        "a mistake in a text that doesn't stand there as it is read has the place where the text starts",
        arguments: [
            ("match: 'first\n     (second'", "a.yaml:4:12"), ("match: first\n     (second", "a.yaml:4:12"),
            ("match: &p '(second'", "a.yaml:4:12"), ("match: 'it''s (second'", "a.yaml:4:26"),
            ("match: b(second", "a.yaml:4:20"),
        ]
    )
    func places(keys: String, place: String) throws {
        let rule = "version: 1\nrules:\n  - id: one\n    \(keys)\n    reply: Hi\n"
        let diagnostics = try RuleFixture.diagnostics(["a.yaml": rule])
        #expect(diagnostics.count == 1)
        #expect(diagnostics[0].hasPrefix("\(place): missing closing"), "\(diagnostics)")
    }

    @Test("macros that double at each level are refused where they become too large")
    func doubling() throws {
        let macros = (0..<26).map { "  m\($0): '{{m\($0 + 1)}}{{m\($0 + 1)}}'\n" }.joined() + "  m26: 'ab'\n"
        let rules = "rules:\n  - {id: one, match: '{{m0}}', reply: Hi}\n"
        let diagnostics = try RuleFixture.diagnostics(["a.yaml": "version: 1\nmacros:\n\(macros)\(rules)"])
        #expect(diagnostics.count == 1)
        #expect(diagnostics[0].hasSuffix("is longer than 32 KiB when written out; shorten it [pattern-too-large]"))
    }

    @Test("aliases that double at each level are refused")
    func aliases() throws {
        let levels = (1..<30).map { "    k\($0): &a\($0) [*a\($0 - 1), *a\($0 - 1)]\n" }.joined()
        let file = "version: 1\nrules:\n  - id: one\n    k0: &a0 x\n\(levels)"
        let diagnostics = try RuleFixture.diagnostics(["a.yaml": file])
        #expect(diagnostics.count == 1)
        #expect(diagnostics[0].hasSuffix("[yaml-too-large]"), "\(diagnostics)")
    }

    // MARK: Repeats that can meet

    @Test(
        "two repeats can meet where each may take what stands between them",
        arguments: [
            (#"\w*\d*"#, #"\w* \d*"#), (".*x.*", ".* .*"), (#"(\w+)+"#, #"\w+ \w+"#),
            (#"\s*(?:#|no)?\s*"#, #"\s* \s*"#),
            (#"(?:a|\w+)(?:b|\d{2,})"#, #"\w+ \d{2,}"#), (".{0,999}a.{0,999}", ".{0,999} .{0,999}"),
            ("[a-z]+(?=[a-f]+)", "[a-z]+ [a-f]+"), ("[a-z]+(?![a-f]+)", "[a-z]+ [a-f]+"), ("(?:a*b*)*", "a* a*"),
            ("é*É+", "é* É+"),
            ("(?x) a* # one \n a*", "a* a*"), (#"\Qa*\E[*]*\**"#, #"[*]* \**"#),
        ]
    )
    func meeting(pattern: String, pair: String) {
        let outline = PatternOutline(pattern, isExtended: false)
        let meeting = MeetingRepeats(in: outline, CharacterOracle(Self.options))
        #expect(meeting.map { "\($0.first.written) \($0.second.written)" } == pair)
    }

    @Test(
        "two repeats don't meet where something holds them apart",
        arguments: [
            #"\w+\s+\w+"#, ".{0,60}?x.{0,60}?", #"\d+x\d+"#, "a*|a*", #"(?:two\s+factor|big\s+data)"#,
            #".*takes\s+long"#, "^(?=.*a)(?=.*b)", #"\bfoo\b.{0,60}?\bbar\s+baz"#, "[^,]*,[^;]{0,9}", "(?i)a*b+c*",
        ]
    )
    func apart(pattern: String) {
        let outline = PatternOutline(pattern, isExtended: false)
        let meeting = MeetingRepeats(in: outline, CharacterOracle(Self.options))
        #expect(meeting.map { "\($0.first.written) \($0.second.written)" } == nil)
    }

    @Test(
        "deep nesting is read in bounded time, and what isn't read to its end runs under a clock",
        arguments: [(8, PatternCost.fine), (100, .guarded), (240, .guarded)]
    )
    func nesting(depth: Int, cost: PatternCost) {
        let pattern = String(repeating: "(?:", count: depth) + "a*b" + String(repeating: ")*", count: depth)
        #expect(self.cost(pattern, .zero) == cost)
    }

    @Test(
        "a quantifier counts behind white space, a comment and a quotation",
        arguments: [
            "(?x)[a-z] * [a-z] * [0-9]", "(?x)[a-z] # one\n* [a-z]*[0-9]", "[a-z](?#c)*[a-z](?#c)*[0-9]",
            #"\Qa\E*\Qa\E*[0-9]"#, #"\Qba\E+\Qa\E*[0-9]"#, #"a\E*a\Q\E*[0-9]"#,
        ]
    )
    func quantifiers(pattern: String) {
        #expect(self.cost(pattern, .zero) == .guarded)
        #expect((try? Pattern(pattern)) != nil)
    }

    @Test("repeats in repeats make no endless text")
    func repeatsInRepeats() {
        let pattern = "(?:(?:(?:(?:a{90}b){90}c){90}d){90}e){90}"
        let outline = PatternOutline(pattern, isExtended: false)
        let texts = AttackTexts.texts(for: outline, nil, needsCharacter: true, CharacterOracle(Self.options))
        #expect(texts.allSatisfy { $0.text(length: 4_000).unicodeScalars.count <= 5_000 })
    }

    @Test(
        "an attack text is at most as long as what is looked at of a message",
        arguments: [AttackText(unit: "a"), AttackText(head: "foo\n", unit: "ab ", tail: "!"), AttackText(unit: "中")]
    )
    func lengths(text: AttackText) {
        #expect(text.text(length: 4_000).unicodeScalars.count <= 4_000)
        #expect(text.text(length: 4_000).unicodeScalars.count > 3_990)
    }
}
