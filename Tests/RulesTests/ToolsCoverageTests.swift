import Foundation
import Testing

@testable import Rules

@Suite("the coverage of rules")
struct ToolsCoverageTests {
    private static let bugs = """
        version: 1
        rules:
          - {id: broken, match: '\\\\b(?:broken|hangs)\\\\b', reply: Sorry, tests: [{say: it hangs}, {not: it works}]}
          - {id: hangs, match: '\\\\bhangs\\\\b', reply: Oh}
          - {id: crash, match: '\\\\bcrash\\\\b', reply: Oh, tests: [{say: a crash}]}
          - {id: never, match: '\\\\bnever\\\\b', reply: Oh}
          - {id: off, match: '\\\\boff\\\\b', reply: Oh, enabled: false}
        """
    private static let greetings = """
        version: 1
        rules: [{id: hello, priority: 10, match: '\\\\bhello\\\\b', reply: Hi}]
        """

    private static func book(_ files: [String: String] = ["bugs.yaml": bugs, "greetings.yaml": greetings]) throws
        -> RuleBook
    {
        let folder = try ToolsFolder(files.mapValues { $0.replacing("\\\\", with: "\\") })
        return try withExtendedLifetime(folder) { try RuleBook.load(folder: folder.path) }
    }

    private static func log(_ texts: String...) -> [LoggedMessage] {
        texts.map { LoggedMessage(session: "s", text: $0) }
    }

    @Test("what somebody else had an answer to is counted, and in no group")
    func elsewhere() throws {
        var log = Self.log("my invoice", "an invoice", "the invoice", "it hangs")
        log[1].isAnswered = true
        log[2].isAnswered = false
        let found = UnansweredGroups(of: try Self.book().set, on: log)
        #expect(found.unansweredCount == 2 && found.answeredElsewhereCount == 1)
        #expect(found.groups.map(\.words) == [["invoice"]] && found.groups[0].count == 2)
    }

    @Test("counts what each rule wins of messages and of the sentences of tests, and to which rule it loses")
    func counts() throws {
        let log = Self.log(
            "it is broken",
            "it hangs",
            "hello",
            "the crash",
            "what is my invoice?",
            "an invoice, please"
        )
        let coverage = RuleCoverage(of: try Self.book(), on: log)
        let rows = coverage.rows.map {
            "\($0.rule) \($0.messages) \($0.tests) \($0.lostTo.sorted { $0.key < $1.key }.map(\.key))"
        }
        #expect(
            rows == [
                "bugs/broken 2 1 []", #"bugs/hangs 0 0 ["bugs/broken"]"#, "bugs/crash 1 1 []", "bugs/never 0 0 []",
                "greetings/hello 1 0 []",
            ]
        )
        #expect(coverage.idle.map(\.rule) == ["bugs/never"])
        #expect(coverage.shadowed.map(\.shadow) == ["bugs/broken"])
        #expect(coverage.unansweredCount == 2)
        #expect(coverage.frequentWords.map { "\($0.word) \($0.count)" } == ["invoice 2", "please 1", "what 1"])
    }

    @Test("finds greetings that answered a message of more than four words")
    func longGreetings() throws {
        let log = Self.log("hello my dear old friends", "hello my dear friends", "well, hello you there again")
        let coverage = RuleCoverage(of: try Self.book(), on: log)
        #expect(coverage.longGreetings.map(\.text) == ["hello my dear old friends", "well, hello you there again"])
    }

    @Test("needs no log")
    func testsOnly() throws {
        let coverage = RuleCoverage(of: try Self.book())
        #expect(coverage.idle.map(\.rule) == ["bugs/never", "greetings/hello"])
        #expect(coverage.messageCount == 0)
    }

    @Test("groups what no rule answers by the rare words that messages share, the largest group first")
    func groups() throws {
        let log = Self.log(
            "where is my invoice",
            "my invoice is wrong",
            "an invoice for march",
            "a refund for the shoes",
            "the refund is late",
            "the weather",
            "hello for the first time",
            "the page is broken",
            "where is the bug? it hangs for the user",
            "for me the page hangs"
        )
        let found = UnansweredGroups(of: try Self.book().set, on: log)
        #expect(found.messageCount == 10)
        #expect(found.unansweredCount == 6)
        #expect(found.groups.map { "\($0.words[0]) \($0.count)" } == ["invoice 3", "refund 2"])
        #expect(
            found.groups[0].texts.map(\.text) == ["an invoice for march", "my invoice is wrong", "where is my invoice"]
        )
    }

    @Test("skeletons of rules hold their own tests, whatever visitors write")
    func skeletons() throws {
        let log = Self.log(
            "where's the user's invoice\n\u{7}?",
            "my invoice: {{name}}",
            "don't # it's 'quoted'",
            "don’t ask",
            "größe 42",
            "GRÖSSE",
            "größe?",
            "ПРИВЕТ мир",
            "привет"
        )
        let book = try Self.book()
        let skeletons = UnansweredGroups(of: book.set, on: log).skeletons
        let on = skeletons.replacing("    enabled: false # Take this line out once the reply is written.\n", with: "")
        let folder = try ToolsFolder(["local/new.yaml": on])
        let check = RuleCheck(folder: folder.path)
        #expect(check.isFine, "\(check.diagnostics)")
        #expect(check.book?.rules.map(\.name) == ["new/new-gre", "new/new-invoice", "new/new"])
        #expect(check.book?.set.testCount == 9)
    }
}
