import Testing

@testable import Rules

@Suite("what became of the rules of a running server")
struct RuleActivityTests {
    private static let rules = """
          - {id: hello, match: hello there, reply: Hi}
          - {id: loud, match: '[!]', continue: true, tags: [loud]}
          - {id: bye, match: goodbye, reply: Bye}

        """

    private let clock = HandClock()

    private func folder(_ rules: String = Self.rules) throws -> ToolsFolder {
        try ToolsFolder(["a.yaml": "version: 1\nrules:\n" + rules])
    }

    private func health() -> RuleHealth {
        let clock = self.clock
        return RuleHealth(clock: { clock.now })
    }

    private func ask(_ set: RuleSet, _ text: String, step: Duration = .zero, from session: String = "s") {
        var scanner = Rules.Scanner.stepping(by: step)
        _ = set.answer(to: text, in: RuleContext(session: session), using: &scanner)
    }

    @Test("counts the messages that a rule answered or added to, not those that somebody asked about")
    func hits() throws {
        let folder = try self.folder()
        let set = try RuleSet.load(folder: folder.path, health: self.health())
        #expect(set.activity().map(\.hitCount) == [0, 0, 0])
        for text in ["hello there", "goodbye!", "goodbye", "nothing"] { self.ask(set, text) }
        _ = set.explain("hello there", in: RuleContext())
        let activity = set.activity()
        #expect(activity.map(\.rule) == ["a/bye", "a/hello", "a/loud"])
        #expect(activity.map(\.hitCount) == [2, 1, 1])
        #expect(folder.short(activity[0].file) == "a.yaml")
        #expect(activity.allSatisfy { $0.limitCount == 0 && !$0.isQuarantined })
    }

    @Test("goes on after an edit, forgets what is gone, and tells of so many rules at most")
    func reload() throws {
        let folder = try self.folder()
        let health = self.health()
        let old = try RuleSet.load(folder: folder.path, health: health)
        self.ask(old, "hello there")
        self.ask(old, "goodbye")
        try folder.write("a.yaml", "version: 1\nrules:\n  - {id: hello, match: hello, reply: Hey}\n")
        let new = try RuleSet.load(folder: folder.path, health: health)
        new.replace(old)
        self.ask(new, "hello")
        #expect(new.activity().map(\.hitCount) == [2])
        // The rule comes back, and what it did before is forgotten.
        try folder.write("a.yaml", "version: 1\nrules:\n" + Self.rules)
        let again = try RuleSet.load(folder: folder.path, health: health)
        #expect(again.activity().map(\.hitCount) == [2, 0, 0])
        #expect(again.activity(ofAtMost: 1).map(\.rule) == ["a/hello"])
        #expect(again.activity(ofAtMost: 0).isEmpty)
    }

    @Test("shows the rules first that are out, then those that hit limits")
    func order() throws {
        let folder = try self.folder()
        let health = self.health()
        let set = try RuleSet.load(folder: folder.path, health: health)
        for session in ["a", "a", "b"] { self.ask(set, "goodbye", step: .microseconds(1_100), from: session) }
        health.count(.steps, of: "a/loud")
        for _ in 0..<9 { self.ask(set, "hello there") }
        let activity = set.activity()
        #expect(activity.map(\.rule) == ["a/bye", "a/loud", "a/hello"])
        #expect(activity.map(\.isQuarantined) == [true, false, false])
        #expect(activity.map(\.limitCount) == [0, 1, 0])
        #expect(activity[0].slowCount == 3)
    }

    @Test("is nothing where nobody counts")
    func uncounted() throws {
        let folder = try self.folder()
        let set = try RuleSet.load(folder: folder.path)
        self.ask(set, "hello there")
        #expect(set.activity().isEmpty)
    }
}
