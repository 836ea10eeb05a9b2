import Diagnostics
import Testing

@testable import Rules

@Suite("what the commands for authors are told")
struct ToolsArgumentTests {
    @Test("values of the site are a name, =, and any text")
    func vars() throws {
        #expect(
            try RuleContext.vars(["plan=pro", "note=a=b", "empty=", "plan=team"]) == [
                "plan": "team", "note": "a=b", "empty": "",
            ]
        )
        for argument in ["plan", "=pro", ""] {
            let problem = #expect(throws: RuleContext.ArgumentProblem.self) { try RuleContext.vars([argument]) }
            #expect(
                "\(problem?.description ?? "")"
                    == "\"\(argument)\" is no value of the site; write a name and a text, plan=pro"
            )
        }
    }

    @Test(
        "mistakes of a revision name its files, with and without a slash behind the folder",
        arguments: ["rules", "rules/"]
    )
    func revision(folder: String) throws {
        let copy = try ToolsFolder([
            "a.yaml": "version: 1\nrules:\n  - {id: one, match: '(', reply: Hi}\n",
            "b.yaml": "version: 1\nrules:\n  - {id: one, match: hello, reply: Hi}\n",
        ])
        let rejection = #expect(throws: Rejection.self) { try RuleBook.load(folder: copy.path) }
        let named = try #require(rejection).naming("HEAD~1", of: folder, copiedTo: copy.path)
        #expect(
            named.diagnostics.map(\.place.description).sorted() == [
                "HEAD~1:rules/a.yaml:3:24", "HEAD~1:rules/b.yaml:3:10",
            ]
        )
        // The other place of the same id stands in the text.
        #expect(named.description.contains("HEAD~1:rules/a.yaml:3"))
        #expect(!named.description.contains(copy.path))
    }

    @Test("the dearest rules are those that were tried, with their places and shares")
    func dearest() throws {
        let folder = try ToolsFolder([
            "a.yaml": """
            version: 1
            rules:
              - {id: one, match: 'hello\\b', reply: Hi}
              - {id: two, match: 'good\\w*', reply: Bye}
              - {id: three, match: never, reply: No}
            """
        ])
        let path = folder.path
        let benchmark = try RuleBenchmark(loading: { () throws(Rejection) in try RuleSet.load(folder: path) })
        let costs = benchmark.dearestRules(["hello", "hello, goodbye", "good", "nothing"], runCount: 2)
        #expect(Set(costs.map(\.rule)) == ["a/one", "a/two"])
        let one = try #require(costs.first { $0.rule == "a/one" })
        // "hello, goodbye" is won by the first rule, so the second isn't tried.
        #expect(one.triedCount == 2)
        #expect(one.line == 3)
        #expect(folder.short(one.file) == "a.yaml")
        #expect(costs.first { $0.rule == "a/two" }?.triedCount == 1)
        #expect(costs.map(\.meanMicroseconds) == costs.map(\.meanMicroseconds).sorted(by: >))
        #expect(costs.reduce(0) { $0 + $1.share } > 0.999)
        #expect(benchmark.dearestRules(["hello", "good"], runCount: 1, limit: 1).count == 1)
        #expect(benchmark.dearestRules([]).isEmpty)
    }
}
