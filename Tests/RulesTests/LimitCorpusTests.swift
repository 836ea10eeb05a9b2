import Testing

@testable import Rules

/// Patterns that would keep a server busy, and what stops each of them.
@Suite("slow patterns")
struct LimitCorpusTests {
    /// What stops a pattern first.
    enum Layer: String {
        /// It is refused when it is loaded.
        case probe
        /// It is loaded, and a clock ends its searches, since two of its repeats can meet.
        case clock
        /// It is loaded, and the limit of steps for the whole text ends its searches early.
        case steps
        /// The stack of the machine code is too small, and then the depth of the interpreter is.
        case stack
    }

    struct SlowPattern: CustomStringConvertible, Sendable {
        let pattern: String
        let text: AttackText
        let layer: Layer
        var description: String { "\(self.pattern) on \(self.text)" }

        init(_ pattern: String, _ head: String = "", _ unit: String, _ tail: String = "!", _ layer: Layer) {
            self.pattern = pattern
            self.text = AttackText(head: head, unit: unit, tail: tail)
            self.layer = layer
        }
    }

    private static let options: Pattern.Options = [.caseless, .ucp]

    private static let exponential: [SlowPattern] = [
        .init("(a+)+[0-9]", "", "a", "!", .clock),
        .init("(a*)*[0-9]", "", "a", "!", .clock),
        .init("(x+x+)+y", "y", "x", "!", .clock),
        .init(#"^(?:\w+\s?)*$"#, "", "word ", "!", .clock),
        .init("^(?:[a-z]+)*[0-9]$", "", "a", "!", .clock),
        .init(#"(?:\d+,?)+;"#, ";\n", "1,", "!", .clock),
        .init("(?:a|a)+[0-9]", "", "a", "!", .steps),
        .init("(?:a|aa)+[0-9]", "", "a", "!", .steps),
        .init("(?:a|b|ab)*[0-9]", "", "ab", "!", .steps),
        .init("(a|a?)+[0-9]", "", "a", "!", .steps),
        .init("(?:a?){40}a{40}[0-9]", "", "a", "!", .steps),
        .init("(?:(?:ab)+)+[0-9]", "", "ab", "!", .steps),
        .init("(?:(?:a|b)+|c)+[0-9]", "", "ab", "!", .steps),
        .init("(?:.*,){20}x", "x\n,\n", "a", "!", .probe),
    ]

    private static let polynomial: [SlowPattern] = [
        .init("[a-z]*[a-z]*[0-9]", "", "a", "!", .probe),
        .init("[a-z]*[a-z]*[a-z]*[0-9]", "", "a", "!", .clock),
        .init("[a-z]+[0-9]", "", "a", "!", .probe),
        .init(#"\w+\d"#, "", "a", "!", .steps),
        .init(#"\S+@\S+"#, "@ ", "a", " ", .probe),
        .init(#"\S+@\S+\.com"#, "@.com ", "a", " ", .probe),
        .init(".*x.*y", "y\n", "x", "", .probe),
        .init(#"error\s*#?\s*\d+"#, "error", " ", "!", .probe),
        .init("[^,]*,[^,]*,[^,]*;", "; ,", "a", "", .probe),
        .init("[^;]+;", ";\n", "a", "", .probe),
        .init("(?:[a-z]+1|[a-z]+2|[a-z]+3|[a-z]+4)", "", "a", "!", .probe),
        .init(#"\d+(?:\.\d+)*x"#, "x\n.\n", "0", "!", .probe),
        .init("#[0-9a-f]*[a-z]*;", ";\n#", "a", "!", .probe),
        .init(#"\w+\s*,\s*\w+;"#, ";\n,\n", "a", "!", .probe),
        .init(#"(?:foo|bar)\s+.*\s+baz"#, "baz\nfoo", " ", "!", .probe),
        .init(#"[a-z]+\s*:"#, ":\n", "a", "!", .steps),
        .init(#"\s+$"#, "", " ", "a", .steps),
        .init(#"^\s*(?:a|b)?\s*$"#, "", " ", "x", .clock),
        .init("[a-z]++[0-9]", "", "a", "!", .probe),
        .init("(?>[a-z]+)[0-9]", "", "a", "!", .probe),
        .init(#"\p{L}+\p{N}"#, "", "é", "!", .probe),
        .init(#"[^\x00-\x7f]+;"#, ";", "中", "!", .probe),
    ]

    private static let lazyGaps: [SlowPattern] = [
        .init("a.{0,80}?a.{0,80}?[yz]", "", "a", "!", .steps),
        .init("[a-z]*?[a-z]*?[a-z]*?[0-9]", "", "a", "!", .probe),
        .init("error.{0,200}?login.{0,200}?page", "page login\n", "error ", "!", .steps),
        .init("(?:a|b).{0,60}?(?:c|d).{0,60}?(?:e|f)", "", "ac", "!", .steps),
        .init(#"\b\w+\b.{0,90}?\b\w+\b.{0,90}?;"#, ";\n", "ab ", "!", .clock),
        .init("(?s)a.*?b.*?c", "c\n", "ab", "!", .clock),
    ]

    private static let stack: [SlowPattern] = [
        .init(#"^(?:((((((((((.))))))))))|b)*\d"#, "", "a", "!", .stack),
        .init(#"(?:((((((((((.))))))))))|b)*\d"#, "", "a", "!", .stack),
        .init("^(?:(((((((((([a-z]))))))))))|(x))+[0-9]", "", "a", "!", .stack),
        .init(#"(?<a>(?<b>(?<c>(?<d>(?<e>(?<f>(?<g>(?<h>\w))))))))+[0-9]"#, "", "a", "!", .stack),
    ]

    private static let lookaround: [SlowPattern] = [
        .init("(?=.*a.*b.*c).*d", "d\nc\nb\na\n", "a", "", .probe),
        .init("^(?=.*a.*a.*a.*[0-9])", "", "a", "!", .clock),
        .init("(?<=a)[a-z]*[a-z]*[0-9]", "", "a", "!", .probe),
        .init("(?!.*x)[a-z]*[0-9]", "", "a", "!", .probe),
        .init(#"\bfoo\b(?!.*\bbar\b)"#, "", "foo ", "bar", .probe),
        .init(#"\b(?:form|field)\b(?!.*\bsaved\b)"#, "", "form ", "saved", .probe),
        .init(#"\bfoo\b(?!.*\bbar\b)\s+qux"#, "qux\n", "foo ", "", .probe),
        .init("[a-z]+(?![a-f]+)[0-9]", "", "a", "!", .probe),
        .init("(?=[a-z]+[0-9])a", "", "a", "!", .probe),
        .init(#"^(?:(?=\w+)\w)+[0-9]"#, "", "a", "!", .probe),
        .init("(?:(?!x).)*[0-9]", "", "a", "!", .steps),
    ]

    private static let references: [SlowPattern] = [
        .init(#"(a*)\1*[0-9]"#, "", "a", "!", .probe),
        .init(#"(.+)\1+[0-9]"#, "", "a", "!", .probe),
        .init(#"(\w+)\s+\1\s+\1;"#, ";\n", "a", "!", .probe),
        .init(#"\b(\w+)\b.*\b\1\b.*\b\1\b;"#, ";\n", "ab cd ", "!", .clock),
        .init("(a)?(?(1)[a-z]*|b)[a-z]*[0-9]", "", "a", "!", .probe),
    ]

    private static let all =
        Self.exponential + Self.polynomial + Self.lazyGaps + Self.stack + Self.lookaround + Self.references

    /// The limit that ends a search, and how long it took by the scanner's clock.
    private func search(
        _ slow: SlowPattern,
        _ build: Pattern.Build,
        step: Duration
    ) throws -> (limit: MatchLimit?, time: Duration) {
        let pattern = try Pattern(slow.pattern, options: Self.options, build: build)
        let scanner = Scanner.stepping(by: step)
        scanner.startMessage(within: nil)
        let start = scanner.now
        var text = slow.text.text(length: RuleSet.textLimit)
        let outcome = text.withUTF8 { pattern.search($0, in: scanner.scratch, using: scanner) }
        let time = Duration.nanoseconds(Int64(scanner.now - start))
        guard case .limit(let limit) = outcome else { return (nil, time) }
        return (limit, time)
    }

    /// What a pattern may cost by its shape alone: to this probe every search takes no time.
    private func shape(_ pattern: String) -> PatternCost {
        let probe = LoadProbe(clock: SteppingClock(step: .zero).nanoseconds)
        return PatternCost(of: pattern, Self.options, known: KnownCosts(), probe: probe)
    }

    /// So many characters are walked over in a millisecond or more, on any machine that there is.
    private static let longWalk = 2_000_000

    /// The longest walk of a pattern on the texts that the probe tries.
    private func longestWalk(_ source: String) throws -> Int {
        let oracle = CharacterOracle(Self.options)
        let outline = PatternOutline(source, isExtended: false)
        let texts = AttackTexts.texts(
            for: outline,
            MeetingRepeats(in: outline, oracle),
            needsCharacter: try Pattern(source, options: Self.options).needsCharacter,
            oracle
        )
        return try texts.map { try WalkTally.walk(of: source, Self.options, on: $0) }.max() ?? 0
    }

    @Test("G10: are each stopped by the layer that is meant for them", arguments: Self.all)
    func layers(slow: SlowPattern) throws {
        switch slow.layer {
        case .probe:
            #expect(try self.longestWalk(slow.pattern) > Self.longWalk)
        case .clock:
            #expect(self.shape(slow.pattern) == .guarded)
            #expect(try self.search(slow, .guarded, step: .microseconds(100)).limit == .time)
        case .steps:
            #expect(self.shape(slow.pattern) == .fine)
            #expect(try self.search(slow, [], step: .zero).limit == .steps)
        case .stack:
            #expect(self.shape(slow.pattern) == .fine)
            #expect(try self.search(slow, [], step: .zero).limit == .depth)
        }
    }

    @Test(
        "have little in common with ordinary ones, which never walk over a message for long",
        arguments: [
            #"\berror\s?#?(?<code>\d{3,5})\b"#, "^hello", #"\b(?:form|field)\b(?!.{0,80}?\bsaved\b)"#,
            "error.{0,60}?login", #"\d{1,4}\s{0,9}seconds"#, "(?:not|never) work(?:s|ing)?",
        ]
    )
    func ordinary(pattern: String) throws {
        #expect(try self.longestWalk(pattern) < Self.longWalk / 2)
        #expect(self.shape(pattern) == .fine)
    }

    @Test("are stopped by the clock within a millisecond where a rule says allow: [slow]", arguments: Self.all)
    func allowed(slow: SlowPattern) throws {
        // From one reading of the clock to the next at most 16 parts of the pattern are passed; the last one is the end.
        let search = try self.search(slow, .guarded, step: .microseconds(100))
        #expect(search.time <= .microseconds(1_400))
    }

    @Test("are stopped by the clock within a millisecond where machine code is refused", arguments: Self.all)
    func refused(slow: SlowPattern) throws {
        let search = try self.search(slow, .interpreted, step: .microseconds(100))
        #expect(search.time <= .microseconds(1_400))
    }

    @Test("show every layer, more than forty of them")
    func coverage() {
        #expect(Self.all.count > 40)
        #expect(Set(Self.all.map(\.layer)).count == 4)
    }
}

extension PatternCost {
    var isSlow: Bool { if case .slow = self { true } else { false } }
}
