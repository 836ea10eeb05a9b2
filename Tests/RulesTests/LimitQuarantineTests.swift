import Diagnostics
import Synchronization
import Testing

@testable import Rules

/// What happens to rules that hit limits while a server runs.
@Suite("limits of rules")
struct LimitQuarantineTests {
    /// The events of a ``RuleHealth``.
    private final class Events: Sendable {
        private let list = Mutex<[RuleHealth.Event]>([])
        var all: [RuleHealth.Event] { self.list.withLock { $0 } }
        func append(_ event: RuleHealth.Event) { self.list.withLock { $0.append(event) } }
    }

    private let clock = HandClock()
    private let events = Events()
    private let health: RuleHealth

    init() {
        let (clock, events) = (self.clock, self.events)
        self.health = RuleHealth(clock: { clock.now }, report: { events.append($0) })
    }

    // MARK: Quarantine

    /// Each reading of the clock is so much later that every confirm is slow.
    private func ask(_ rules: RuleSet, from session: String, step: Duration = .microseconds(1_100)) -> RuleResult {
        var scanner = Scanner.stepping(by: step)
        return rules.answer(to: "hello", in: RuleContext(session: session), using: &scanner)
    }

    private static let greeting = "  - {id: one, match: '\\bhello\\b', reply: Hi}\n"

    @Test("three slow confirms from two sessions take a rule out for ten minutes")
    func quarantine() throws {
        try withRules(Self.greeting) { folder in
            let rules = try RuleSet.load(folder: folder, health: self.health)
            for session in ["a", "a", "b"] { #expect(self.ask(rules, from: session).rule == "a/one") }
            #expect(self.events.all == [.quarantined(rule: "a/one")])
            #expect(self.ask(rules, from: "c").outcome == .pass(nil))
            let why = rules.explain("hello", in: RuleContext())
            #expect(why.entries[0].fate == .quarantine(left: .seconds(600)))
            #expect(why.result.outcome == .pass(nil))
            self.clock.advance(by: .seconds(599))
            #expect(self.ask(rules, from: "c").outcome == .pass(nil))
            #expect(
                "\(rules.explain("hello", in: RuleContext()).entries[0].fate)" == "quarantine: slow too often, 1s left"
            )
            self.clock.advance(by: .seconds(1))
            #expect(self.ask(rules, from: "c", step: .zero).rule == "a/one")
            #expect(self.health.records["a/one"]?.slowCount == 3)
            #expect(self.health.records["a/one"]?.quarantineCount == 1)
        }
    }

    @Test("one visitor alone can't take a rule out")
    func oneSession() throws {
        try withRules(Self.greeting) { folder in
            let rules = try RuleSet.load(folder: folder, health: self.health)
            for _ in 0..<10 { #expect(self.ask(rules, from: "a").rule == "a/one") }
            #expect(self.events.all.isEmpty)
            #expect(self.health.records["a/one"]?.slowCount == 10)
            // But what that visitor saw counts as soon as somebody else sees it, too.
            #expect(self.ask(rules, from: "b").rule == "a/one")
            #expect(self.events.all == [.quarantined(rule: "a/one")])
        }
    }

    @Test("slow confirms are forgotten after ten minutes")
    func forgotten() throws {
        try withRules(Self.greeting) { folder in
            let rules = try RuleSet.load(folder: folder, health: self.health)
            _ = self.ask(rules, from: "a")
            _ = self.ask(rules, from: "b")
            self.clock.advance(by: .seconds(600))
            _ = self.ask(rules, from: "c")
            #expect(self.events.all.isEmpty)
            _ = self.ask(rules, from: "d")
            _ = self.ask(rules, from: "e")
            #expect(self.events.all == [.quarantined(rule: "a/one")])
        }
    }

    @Test("a rule stays out when its files are loaded again")
    func reload() throws {
        try withRules(Self.greeting) { folder in
            let rules = try RuleSet.load(folder: folder, health: self.health)
            for session in ["a", "b", "c"] { _ = self.ask(rules, from: session) }
            let again = try RuleSet.load(folder: folder, health: self.health)
            #expect(self.ask(again, from: "d").outcome == .pass(nil))
        }
    }

    @Test("a rule comes back when its pattern was changed, and only then")
    func mended() throws {
        let other = "  - {id: two, match: '\\bbye\\b', reply: Bye}\n"
        try withRules(Self.greeting + other) { folder in
            let rules = try RuleSet.load(folder: folder, health: self.health)
            for session in ["a", "b", "c"] { _ = self.ask(rules, from: session) }
            #expect(self.health.quarantine(of: "a/one") != nil)
            try withRules(Self.greeting + other.replacing("bye", with: "by")) { folder in
                try RuleSet.load(folder: folder, health: self.health).replace(rules)
                #expect(self.health.quarantine(of: "a/one") != nil)
            }
            try withRules(Self.greeting.replacing("hello", with: "hell")) { folder in
                try RuleSet.load(folder: folder, health: self.health).replace(rules)
                #expect(self.health.quarantine(of: "a/one") == nil)
            }
        }
    }

    @Test("a machine that is busy with something else takes no rule out")
    func busyMachine() throws {
        try withRules(Self.greeting) { folder in
            let rules = try RuleSet.load(folder: folder, health: self.health)
            for session in ["a", "b", "c", "d", "e"] {
                let clock = SteppingClock(step: .milliseconds(3))
                var scanner = Scanner(clock: clock.nanoseconds, processor: SteppingClock(step: .zero).nanoseconds)
                _ = rules.answer(to: "hello", in: RuleContext(session: session), using: &scanner)
            }
            // The first one can't be told from a slow confirm; the others were measured by what the thread computed.
            #expect(self.health.records["a/one"]?.slowCount == 1)
            #expect(self.events.all.isEmpty)
        }
    }

    @Test("the translation of a pattern to machine code is no slow confirm of its rule")
    func translation() throws {
        try withRules(Self.greeting) { folder in
            let rules = try RuleSet.load(folder: folder, health: self.health)
            let rule = try #require(rules.rule(named: "a/one"))
            guard case .any(let patterns) = rule.condition else {
                Issue.record("no pattern")
                return
            }
            // It takes a second, and everything else no time.
            let clock = NanosecondClock { patterns[0].isReady ? 1_000_000_000 : 0 }
            var scanner = Scanner(clock: clock, processor: clock)
            #expect(rules.answer(to: "hello", in: RuleContext(session: "a"), using: &scanner).rule == "a/one")
            #expect(self.health.records.isEmpty)
        }
    }

    @Test("suspicion that rests on the passing of time alone ends after 64 quick confirms")
    func acquittal() throws {
        try withRules(Self.greeting) { folder in
            let rules = try RuleSet.load(folder: folder, health: self.health)
            let readings = Atomic<Int>(0)
            let processor = NanosecondClock {
                readings.wrappingAdd(1, ordering: .relaxed)
                return 0
            }
            func ask(step: Duration) {
                var scanner = Scanner(clock: SteppingClock(step: step).nanoseconds, processor: processor)
                _ = rules.answer(to: "hello", in: RuleContext(session: "a"), using: &scanner)
            }
            ask(step: .milliseconds(3))
            for _ in 0..<Quarantine.acquittalCount { ask(step: .zero) }
            let measured = readings.load(ordering: .relaxed)
            #expect(measured >= Quarantine.acquittalCount)
            for _ in 0..<10 { ask(step: .zero) }
            // The clock that costs more than the rule is read no more.
            #expect(readings.load(ordering: .relaxed) == measured)
            #expect(self.health.records["a/one"]?.slowCount == 1)
        }
    }

    @Test("to ask why a rule wins or loses counts nothing")
    func explaining() throws {
        try withRules("  - {id: one, match: '(?:a|b)+[0-9]', reply: Hi}\n") { folder in
            let rules = try RuleSet.load(folder: folder, health: self.health)
            _ = rules.explain(Self.text, in: RuleContext())
            #expect(self.health.records.isEmpty)
        }
    }

    // MARK: Limits

    private static let slow = "'(?:a|b)+[0-9]'"
    private static let text = "hello " + String(repeating: "a", count: 400)

    @Test("a rule that hits a limit is skipped, counted and named, and the next one answers")
    func skip() throws {
        let rules = """
              - {id: slow, match: \(Self.slow), reply: Slow, priority: 200}
              - {id: one, match: '\\bhello\\b', reply: Hi}

            """
        try withRules(rules) { folder in
            let rules = try RuleSet.load(folder: folder, health: self.health)
            var scanner = Scanner.stepping(by: .zero)
            #expect(rules.answer(to: Self.text, in: RuleContext(), using: &scanner).rule == "a/one")
            #expect(scanner.skipped.map(\.rule) == ["a/slow"])
            #expect(scanner.skipped.map(\.limit) == [.steps])
            #expect(scanner.skipped.map(\.place.line) == [3])
            #expect(self.health.records == ["a/slow": RuleHealth.Record(limits: ["steps": 1])])
            // The next message starts anew.
            #expect(rules.answer(to: "hello", in: RuleContext(), using: &scanner).rule == "a/one")
            #expect(scanner.skipped.isEmpty)
        }
    }

    @Test("with on_limit: fail nothing else is tried")
    func fail() throws {
        let rules = """
              - {id: slow, match: \(Self.slow), reply: Slow, priority: 200, on_limit: fail}
              - {id: one, match: '\\bhello\\b', reply: Hi}

            """
        try withRules(rules) { folder in
            let rules = try RuleSet.load(folder: folder, health: self.health)
            var scanner = Scanner.stepping(by: .zero)
            guard case .limit(let hit) = rules.answer(to: Self.text, in: RuleContext(), using: &scanner).outcome else {
                Issue.record("no limit")
                return
            }
            #expect(hit.rule == "a/slow")
            #expect(hit.limit == .steps)
            #expect(scanner.skipped.isEmpty)
            #expect(self.health.records["a/slow"]?.limits == ["steps": 1])
        }
    }

    @Test("a limit in unless is a limit of the rule, and never lets it win")
    func veto() throws {
        try withRules("  - {id: one, match: '\\bhello\\b', unless: \(Self.slow), reply: Hi}\n") { folder in
            let rules = try RuleSet.load(folder: folder, health: self.health)
            var scanner = Scanner.stepping(by: .zero)
            #expect(rules.answer(to: Self.text, in: RuleContext(), using: &scanner).outcome == .pass(nil))
            #expect(scanner.skipped.map(\.rule) == ["a/one"])
            #expect(rules.explain(Self.text, in: RuleContext()).entries[0].fate == .limit(.steps))
        }
    }

    @Test("when the time for the message is spent, no further rule is tried and the result says so")
    func budget() throws {
        let rules = (1...9).map { "  - {id: r\($0), match: 'hello\($0 == 9 ? "" : "\\d")', reply: Hi}\n" }.joined()
        try withRules(rules) { folder in
            let rules = try RuleSet.load(folder: folder, health: self.health)
            // The first message translates the patterns, which takes nothing from its time.
            var fast = Scanner.stepping(by: .microseconds(100))
            #expect(Self.answer(of: rules, using: &fast).rule == "a/r9")
            var scanner = Scanner.stepping(by: .milliseconds(2))
            guard case .limit(let hit) = Self.answer(of: rules, using: &scanner).outcome else {
                Issue.record("no limit")
                return
            }
            // Three searches of 2 ms are more than 5 ms.
            #expect(hit.rule == "a/r4")
            #expect(hit.limit == .budget)
        }
    }

    private static func answer(of rules: RuleSet, using scanner: inout Rules.Scanner) -> RuleResult {
        rules.answer(to: "hello", in: RuleContext(), within: .milliseconds(5), using: &scanner)
    }

    @Test("a reply is chosen whatever count of earlier replies it is told", arguments: [-1, -3, .min, .max])
    func counts(count: Int) throws {
        let reply = "{pick: rotate, variants: [{text: A}, {text: B}, {text: C}]}"
        try withRules("  - {id: one, match: '\\bhello\\b', reply: \(reply)}\n") { folder in
            let rules = try RuleSet.load(folder: folder)
            var scanner = Scanner()
            let context = RuleContext(pastReplies: { _ in .init(count: count, lastVariant: 1) })
            #expect(rules.answer(to: "hello", in: context, using: &scanner).rule == "a/one")
        }
    }

    @Test("the time is also read between the patterns of one rule")
    func budgetInside() throws {
        let patterns = (1...9).map { "'hello\($0 == 9 ? "" : "\\d")'" }.joined(separator: ", ")
        try withRules("  - {id: one, match: {any: [\(patterns)]}, reply: Hi}\n") { folder in
            let rules = try RuleSet.load(folder: folder, health: self.health)
            var fast = Scanner.stepping(by: .microseconds(100))
            #expect(Self.answer(of: rules, using: &fast).rule == "a/one")
            var scanner = Scanner.stepping(by: .milliseconds(2))
            guard case .limit(let hit) = Self.answer(of: rules, using: &scanner).outcome else {
                Issue.record("no limit")
                return
            }
            #expect(hit.rule == "a/one")
            #expect(hit.limit == .budget)
        }
    }
}
