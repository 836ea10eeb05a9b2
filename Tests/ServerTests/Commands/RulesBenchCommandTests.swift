import Foundation
import Testing

@Suite("claude-chat rules bench")
struct RulesBenchCommandTests {
    private static let files = [
        "rules.tsv": "one\t\\berror\\s+(?<code>\\d+)\\b\ntwo\t\\b(?:größe|size)\\b\n",
        "messages.txt": "I see error 502\nwelche GRÖSSE\nsomething else\n",
    ]

    private static func run(_ arguments: String...) async throws -> CommandRun {
        try await CommandRun(
            ["rules", "bench", "--rules", "{folder}/rules.tsv", "--messages", "{folder}/messages.txt"] + arguments,
            files: Self.files
        )
    }

    @Test("prints one object with all figures, and counts what the engine misses of a table")
    func json() async throws {
        let run = try await Self.run("--verify", "--json")
        #expect(run.status == 0)
        #expect(run.output.split(separator: "\n").count == 1)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
        #expect(object["rules"] as? Int == 2)
        #expect(object["messages"] as? Int == 3)
        #expect(object["missed"] as? Int == 0)
        let dearest = try #require(object["dearest"] as? [[String: Any]])
        let one = try #require(dearest.first { $0["rule"] as? String == "one" })
        #expect(one["line"] as? Int == 1)
        #expect(one["tried"] as? Int == 1)
        for key in ["mean_us", "p50_us", "p99_us", "mean_candidates", "load_ms", "rss_mb"] {
            #expect(object[key] as? Double != nil, "\(key)")
        }
        // Without --verify it isn't known.
        #expect(try await Self.run("--json").output.hasSuffix("\"missed\":null}\n"))
    }

    @Test("prints three lines for people, and a table of the dearest rules")
    func text() async throws {
        let run = try await Self.run("--verify", "--runs", "2")
        let lines = run.output.replacing(/[0-9][0-9,.]*/, with: "N").split(separator: "\n")
        #expect(
            lines.prefix(3) == [
                "N rules, N messages, the fastest of N runs of each",
                "mean N µs, pN N µs, pN N µs a message; N candidates a message; N missed",
                "loaded in N ms; the process holds N MB",
            ]
        )
        #expect(lines.dropFirst(3).first?.hasPrefix("dearest rules  ") == true)
        #expect(lines.dropFirst(3).first?.hasSuffix("share") == true)
        #expect(lines.contains { $0.hasPrefix("one") && $0.contains("rules.tsv:N") && $0.hasSuffix(" %") })
    }

    @Test("answers the sentences of the tests of a folder")
    func folder() async throws {
        let rules = "version: 1\nrules: [{id: one, match: hello, reply: Hi, tests: [{say: hello}, {not: bye}]}]"
        let run = try await CommandRun(["rules", "bench"], files: ["rules/a.yaml": rules])
        #expect(run.output.hasPrefix("1 rule, 2 messages, the fastest of 7 runs of each\n"))
        #expect(run.status == 0)
    }

    @Test("shows where a table can't be read")
    func mistakes() async throws {
        let run = try await CommandRun(
            ["rules", "bench", "--rules", "{folder}/rules.tsv", "--messages", "{folder}/messages.txt"],
            files: ["rules.tsv": "one\t(\ntwo", "messages.txt": "hello"]
        )
        #expect(run.complaint.hasPrefix("rules.tsv:2:1: the line has no TAB; write NAME, TAB, PATTERN [no-tab]\n"))
        #expect(run.status == 1)
    }

    @Test(
        "calls wrong usage by its exit status",
        arguments: [
            ["--verify"], ["--rules", "a.tsv"], ["--log", "a", "--messages", "b"], ["--runs", "0"],
            ["--rules", "no-such.tsv", "--messages", "no-such.txt"],
        ]
    )
    func wrongUsage(arguments: [String]) async throws {
        let run = try await CommandRun(["rules", "bench"] + arguments)
        #expect(run.status == 2)
        #expect(run.output.isEmpty)
    }
}
