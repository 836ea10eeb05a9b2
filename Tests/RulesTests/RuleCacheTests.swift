import Diagnostics
import Foundation
import Testing

@testable import Rules

@Suite("What a load takes over from the one before")
struct RuleCacheTests {
    @Test(
        "after any edit of a folder a load with a cache says and answers what a load without one does",
        arguments: 1...6
    )
    func sameAsFresh(seed: Int) throws {
        var edits = EditedFolder(seed: "edits \(seed)")
        let cache = RuleCache()
        for step in 1...40 {
            let edit = try edits.edit()
            let (kept, fresh) = (Outcome(of: edits.folder.path, cache), Outcome(of: edits.folder.path, nil))
            #expect(kept == fresh, "step \(step): \(edit)")
            let again = Outcome(of: edits.folder.path, cache)
            #expect(again == fresh, "step \(step), once more: \(edit)")
        }
    }

    @Test("a rule stays the same object while neither its lines nor its words are edited")
    func kept() throws {
        let folder = try ToolsFolder(EditedFolder.files)
        let cache = RuleCache()
        let first = try RuleSet.load(folder: folder.path, cache: cache)
        try folder.write("b.yaml", EditedFolder.file("b.yaml").replacing("Slow", with: "Lame"))
        let second = try RuleSet.load(folder: folder.path, cache: cache)
        #expect(try Self.rule("a/broken", first) === Self.rule("a/broken", second))
        #expect(try Self.rule("b/far", first) === Self.rule("b/far", second))
        let (old, new) = try (Self.rule("b/slow", first), Self.rule("b/slow", second))
        #expect(old !== new)
        let isSame = old.patterns.elementsEqual(new.patterns, by: ===)
        #expect(isSame)
        try folder.write("words.yaml", EditedFolder.file("words.yaml").replacing("error]", with: "error, fault]"))
        let third = try RuleSet.load(folder: folder.path, cache: cache)
        #expect(try Self.rule("a/broken", second) !== Self.rule("a/broken", third))
    }

    @Test("what a whole file says of a rule is noticed in lines that stay the same")
    func defaults() throws {
        func file(_ defaults: String, _ flag: String) -> String {
            "version: 1\ndefaults: {priority: \(defaults)}\nrules:\n  - id: one\n    match: 'hello'\n    reply: 'Hi'\n"
                + "    enabled: \(flag)\n"
        }
        let folder = try ToolsFolder(["a.yaml": file("10", "true")])
        let cache = RuleCache()
        let first = try Self.rule("a/one", RuleSet.load(folder: folder.path, cache: cache))
        try folder.write("a.yaml", file("20", "true"))
        let second = try Self.rule("a/one", RuleSet.load(folder: folder.path, cache: cache))
        #expect((first.priority, second.priority) == (10, 20))
    }

    /// A rule of two lines, so that edits leave all places as they are.
    private static func rule(_ id: String, _ match: String, _ reply: String, _ tests: String = "[]") -> String {
        "  - {id: \(id), match: '\(match)',\n     reply: \(reply), tests: \(tests)}\n"
    }

    @Test("an alias is what its anchor is, wherever that stands")
    func anchors() throws {
        func text(_ reply: String) -> String {
            "version: 1\nrules:\n" + Self.rule("one", "hello", "&hi '\(reply)'") + Self.rule("two", "morning", "*hi")
        }
        let folder = try ToolsFolder(["a.yaml": text("Hi")])
        let cache = RuleCache()
        #expect(try RuleSet.load(folder: folder.path, cache: cache).result("morning").text == "Hi")
        try folder.write("a.yaml", text("Ho"))
        #expect(try RuleSet.load(folder: folder.path, cache: cache).result("morning").text == "Ho")
    }

    @Test("an inline test runs again where a rule that came before is another one")
    func tests() throws {
        func text(_ pattern: String) -> String {
            let tests = "[{lose: 'alpha beta', to: a/one}]"
            return "version: 1\nrules:\n" + Self.rule("one", pattern, "One")
                + Self.rule("two", "alpha beta", "Two", tests)
        }
        let folder = try ToolsFolder(["a.yaml": text("alphabet|alpha")])
        let cache = RuleCache()
        _ = try RuleSet.load(folder: folder.path, cache: cache)
        try folder.write("a.yaml", text("alpha(?!.beta)"))
        let rejection = #expect(throws: Rejection.self) { try RuleSet.load(folder: folder.path, cache: cache) }
        #expect(rejection?.diagnostics.map(\.code) == ["test-failed"])
    }

    @Test("a place is counted in the characters that stand there, not in those that look the same")
    func places() throws {
        func file(_ letter: String) -> [String: String] {
            ["a.yaml": "version: 1\nrules:\n" + Self.rule("one", "caf\(letter) {{nobody}}", "Hi")]
        }
        let folder = try ToolsFolder(file("\u{E9}"))
        let cache = RuleCache()
        let columns = try ["\u{E9}", "e\u{301}"].map { letter in
            for (name, text) in file(letter) { try folder.write(name, text) }
            let rejection = #expect(throws: Rejection.self) { try RuleSet.load(folder: folder.path, cache: cache) }
            return rejection?.diagnostics.first?.place.column
        }
        #expect(columns == [28, 29])
    }

    @Test("files with the same bytes give the set that is there, and a file that can't be read is noticed")
    func unchanged() throws {
        let folder = try ToolsFolder(EditedFolder.files)
        let first = try RuleSet.load(folder: folder.path)
        #expect(try RuleSet.load(folder: folder.path, after: first) === first)
        // A folder can't be read as a file, and the digest is the same with it.
        let unreadable = folder.path + "/z.yaml"
        try FileManager.default.createDirectory(atPath: unreadable, withIntermediateDirectories: true)
        let rejection = #expect(throws: Rejection.self) { try RuleSet.load(folder: folder.path, after: first) }
        #expect(rejection?.diagnostics.map(\.code) == ["unreadable-file"])
    }

    @Test("a pattern that no rule has is forgotten after two loads, and too many at once are forgotten")
    func bounded() throws {
        let pattern = CheckedPattern(
            pattern: try Pattern("hello"),
            node: .something,
            required: [],
            written: WrittenPattern(
                text: "hello",
                node: YAMLNode(content: .scalar("hello", .plain), place: Place(file: "a.yaml")),
                file: 0
            )
        )
        func key(_ number: Int) -> PatternKey { PatternKey(text: "\(number)", options: [], allowances: []) }
        var memory = LoadMemory()
        memory.keep(pattern, as: key(1))
        memory.endLoad(isRejected: false)
        memory.endLoad(isRejected: true)
        memory.endLoad(isRejected: false)
        // Asked for, it is used.
        #expect(memory.pattern(key(1)) != nil)
        for _ in 0..<3 { memory.endLoad(isRejected: false) }
        #expect(memory.pattern(key(1)) == nil)
        for number in 0...RuleCache.maximumPatternCount { memory.keep(pattern, as: key(number)) }
        memory.endLoad(isRejected: true)
        #expect(memory.pattern(key(1)) == nil)
    }

    private static func rule(_ name: String, _ set: RuleSet) throws -> CompiledRule {
        try #require(set.rule(named: name))
    }
}

/// All that a load says, and what its rules answer.
private struct Outcome: Equatable {
    var diagnostics: [Diagnostic]
    var digest = ""
    var counts: [Int] = []
    var places: [Place] = []
    var requests: [String] = []
    var answers: [RuleResult] = []

    static let messages = [
        "hello", "the login is broken", "error 502 at the checkout", "it is slow and kaput",
        "the cart hangs, fixed now",
        "slow", "HELLO there", "reset the password", "broken broken error 12", "nothing", "naïve café", "call me",
    ]

    init(of folder: String, _ cache: RuleCache?) {
        do throws(Rejection) {
            let set = try RuleSet.load(folder: folder, cache: cache)
            self.diagnostics = set.warnings
            self.digest = set.digest
            self.counts = [set.ruleCount, set.testCount, set.fileCount, set.localChanges.count]
            self.places = set.rules.map(\.place)
            self.requests = set.requests.map { "\($0)" }
            self.answers = Self.messages.map { set.result($0) }
        } catch {
            self.diagnostics = error.diagnostics
        }
    }
}

/// A folder that somebody edits: now with sense, now a line at a time without.
private struct EditedFolder {
    let folder: ToolsFolder
    private var texts = Self.files
    private var generator: SeededGenerator

    init(seed: String) {
        guard let folder = try? ToolsFolder(Self.files) else { fatalError("no folder for temporary files") }
        self.folder = folder
        self.generator = SeededGenerator(seed)
    }

    static func file(_ name: String) -> String { self.files[name] ?? "" }

    /// Words that are written in the place of others, wherever the first of them stands.
    private static let changes = [
        ("kaput", "kaputt"), ("broken", "defect"), ("Noted", "Seen"), ("priority: 120", "priority: 80"),
        ("(?<code>", "("), ("{{code}}", "{{kode}}"), ("{{problem}}", "{{problem~}}"), ("{{problem}}", "{{problems}}"),
        ("say: 'slow'", "say: 'fast'"), ("wins: none", "wins: a/broken"), ("id: slow", "id: broken"),
        ("'\\bslow", "'(?:slow)?"), ("reply:", "replay:"), ("unless:", "any:"), ("[words.yaml]", "[b.yaml]"),
        ("{{near}}", "{{near}}{{far}}"), ("'.{0,20}?'", "'.{0,20}?{{far}}'"), ("'[0-9]{1,3}'", "'([0-9]){1,3}'"),
        ("enabled: false", "enabled: true"), ("é", "e\u{301}"), ("e\u{301}", "é"), ("'\\bhello", "\"\\bhello"),
    ]

    /// Edits the folder once.
    ///
    /// - Returns: What was done.
    mutating func edit() throws -> String {
        let names = Self.files.keys.sorted()
        let name = names[self.below(names.count)]
        let lines = self.texts[name, default: ""].split(separator: "\n", omittingEmptySubsequences: false)
        var edited = lines.map(String.init)
        let line = self.below(max(1, lines.count))
        switch self.below(10) {
        case 0...3:
            // Otherwise mistakes pile up and nothing is ever answered.
            self.texts = Self.files
            if self.below(2) == 0 { edited = Self.file(name).components(separatedBy: "\n") }
        case 4...6:
            let (old, new) = Self.changes[self.below(Self.changes.count)]
            edited = lines.joined(separator: "\n").replacingOccurrences(of: old, with: new).components(
                separatedBy: "\n"
            )
        case 7: if edited.indices.contains(line) { edited.remove(at: line) }
        case 8: edited.insert("", at: min(line, edited.count))
        default: if edited.indices.contains(line) { edited.insert(edited[line], at: line) }
        }
        self.texts[name] = edited.joined(separator: "\n")
        if self.below(12) == 0 { self.texts[name] = nil }
        for (name, text) in self.texts { try self.folder.write(name, text) }
        for name in names where self.texts[name] == nil {
            try? FileManager.default.removeItem(atPath: self.folder.path + "/" + name)
        }
        return "\(name)\n\(self.texts[name] ?? "removed")"
    }

    private mutating func below(_ count: Int) -> Int { Int(self.generator.next() % UInt64(count)) }

    static let files = [
        "words.yaml": """
        version: 1
        words:
          problem: [broken, kaput, error]
          place: {list: [login, cart, café], endings: [s]}
        macros:
          near: '.{0,20}?'
          number: '[0-9]{1,3}'
          far: '{{near}}{{number}}'
        """,
        "a.yaml": """
        version: 1
        include: [words.yaml]
        rules:
          - id: broken
            priority: 120
            match:
              any: ['{{problem}}\\s+(?<code>{{number}})', '{{place}}{{near}}{{problem}}']
            unless: '{{solved}}'
            reply:
              variants:
                - {when: code, text: 'Error {{code}}: noted.'}
                - text: 'Noted.'
            tags: [bug]
            tests:
              - say: 'error 502'
                captures: {code: '502'}
              - {not: 'nothing', wins: none}
              - {not: 'it is fixed, the login is broken'}
          - id: greeting
            match: '\\bhello\\b'
            continue: true
            tests:
              - {say: 'hello', via: continue}
        words:
          solved: [fixed]
        """,
        "b.yaml": """
        version: 1
        include: [words.yaml]
        rules:
          - id: slow
            match: {all: ['\\bslow\\b', '\\b(?:it|slow)\\b']}
            when: {topic: none}
            reply: 'Slow where?'
            tests:
              - say: 'slow'
              - {not: 'the login is broken', wins: a/broken}
          - id: password
            match: '(?:naïve|\\bpassword\\b)'
            reply: {pick: rotate, variants: [{text: 'One'}, {text: 'Two'}]}
          - id: far
            match: '{{place}}{{far}}'
            silent: 'unused'
        """,
        "local/c.yaml": """
        version: 1
        rules:
          - id: password
            enabled: false
          - id: slow
            reply: 'Tell me more.'
          - id: call
            match: 'call me'
            handoff: {queue: people}
            tests:
              - say: 'call me'
              - {lose: 'hello, call me, error 7', to: a/broken}
        words:
          problem: {add: [defect], remove: [kaput]}
        """,
    ]
}
