import Foundation
import RespondersTesting
import Testing

@testable import Server

/// What `check`, `explain`, `test` and `status` tell somebody who looks closely.
@Suite("claude-chat rules, looked at closely")
struct RulesFindingsCommandTests {
    @Test("a failing check names the local change behind a failure, and lists all changes")
    func localChange() async throws {
        let files = [
            "rules/a.yaml": """
            version: 1
            rules:
              - {id: problem, priority: 120, match: problem, reply: Oh, tests: [{lose: slow problem, to: a/slow}]}
              - {id: slow, priority: 200, match: slow, reply: Ah}
            """,
            "rules/local/b.yaml": "version: 1\nrules:\n  - {id: slow, priority: 1}\n",
        ]
        let run = try await CommandRun(["rules", "check"], files: files)
        #expect(run.status == 1)
        #expect(run.output.contains("; rules/local/b.yaml:3 changes a/slow [test-failed]"), "\(run.output)")
        #expect(run.output.contains("\nrules/local/b.yaml:3 changes a/slow\n"), "\(run.output)")
        let json = try await CommandRun(["rules", "check", "--json"], files: files)
        #expect(
            json.output.contains(#""changes":[{"rule":"a/slow","file":"rules/local/b.yaml","line":3}]"#),
            "\(json.output)"
        )
    }

    @Test("explain leaves out rules whose condition fails and whose pattern does not match either")
    func conditions() async throws {
        let files = [
            "rules/a.yaml": """
            version: 1
            rules:
              - {id: seconds, when: {topic: slow}, match: '^\\d+$|seconds', reply: Thanks}
              - {id: hello, match: hello, reply: Hi}
            """
        ]
        let hello = try await CommandRun(["rules", "explain", "hello"], files: files)
        #expect(!hello.output.contains("a/seconds"), "\(hello.output)")
        let digits = try await CommandRun(["rules", "explain", "20"], files: files)
        #expect(digits.output.contains("a/seconds  no  rules/a.yaml:3  topic none is not \"slow\""), "\(digits.output)")
    }

    @Test("explain shows what a message leaves behind: tags, topic, severity, actions, the note for a person")
    func effects() async throws {
        let files = [
            "rules/a.yaml": """
            version: 1
            rules:
              - {id: angry, priority: 300, match: lawyer, continue: true, tags: [angry], severity: high}
              - id: bill
                match: bill
                handoff: {queue: billing, note: about money, text: One moment}
                actions: [{responder: tracker, op: create, fields: {kind: billing}}]
                tags: [billing]
                set: {topic: bill, expires: 10m}
            """
        ]
        let run = try await CommandRun(["rules", "explain", "my lawyer about the bill"], files: files)
        for line in [
            "handoff  billing: One moment", "note  about money", "tags  angry, billing", "topic  bill, for 10m",
            "severity  high",
            "action  tracker create kind=billing",
        ] {
            #expect(run.output.contains("\n\(line)\n"), "\(line): \(run.output)")
        }
        let json = try await CommandRun(["rules", "explain", "my lawyer about the bill", "--json"], files: files)
        #expect(
            json.output.contains(#""queue":"billing","note":"about money","tags":["angry","billing"],"#),
            "\(json.output)"
        )
    }

    @Test("test with nothing to run is no success")
    func noTest() async throws {
        let run = try await CommandRun(
            ["rules", "test"],
            files: ["rules/a.yaml": "version: 1\nrules: [{id: a, match: a, reply: b}]"]
        )
        #expect(run.output == "there is no test\n")
        #expect(run.status == 1)
    }

    @Test("a configuration that was named and can't be read does not stand for the defaults")
    func configuration() async throws {
        let missing = try await CommandRun(["rules", "status", "--config", "/nope.yaml"])
        #expect(missing.status == 2)
        #expect(missing.complaint.hasPrefix("Error: \"/nope.yaml\" can't be read; "), "\(missing.complaint)")
        let broken = try await CommandRun(["rules", "reload"], files: ["claude-chat.yaml": "server: ["])
        #expect(broken.status == 1)
        #expect(broken.complaint.contains("[yaml-syntax]"), "\(broken.complaint)")
    }

    @Test("a condition that demands a value sets it for the reply")
    func demanded() async throws {
        let rule =
            "  - {id: a, when: {vars: {plan: [pro, team]}, lang: en}, match: a, reply: 'Plan {{ctx.vars.plan}} {{ctx.lang}}'}"
        let fine = try await CommandRun(["rules", "check"], files: ["rules/a.yaml": "version: 1\nrules:\n\(rule)"])
        #expect(fine.status == 0, "\(fine.output)")
        let negated = rule.replacing(
            "when: {vars: {plan: [pro, team]}",
            with: "when: {not: {vars: {plan: [pro, team]}}"
        )
        let wrong = try await CommandRun(["rules", "check"], files: ["rules/a.yaml": "version: 1\nrules:\n\(negated)"])
        #expect(wrong.output.contains("[unset-capture]"), "\(wrong.output)")
    }

    @Test("a load that takes its time shows how far it is, and takes the line away at its end")
    func progress() async throws {
        let rules = (1...3).map { "  - {id: r\($0), match: 'word\($0) of many', reply: Hi}\n" }.joined()
        let files = ["rules/a.yaml": "version: 1\nrules:\n\(rules)"]
        let check = try await CommandRun(["rules", "check"], files: files, showsProgress: true)
        // Three new patterns and three rules.
        let shares = [16, 33, 50, 66, 83].map { "checking \($0) %" } + ["checking 6", ""]
        #expect(check.progress == shares)
        let explain = try await CommandRun(["rules", "explain", "hello"], files: files, showsProgress: true)
        #expect(explain.progress.first == "loading 16 %")
        #expect(explain.progress.last == "")
    }

    @Test("what is wrong with the usage ends with the command's own help, and doesn't list a hundred names")
    func usage() async throws {
        let rules = (1...40).map { "  - {id: rule-\($0), match: 'word\($0) of many', reply: Hi}\n" }.joined()
        let files = ["rules/a.yaml": "version: 1\nrules:\n\(rules)"]
        let run = try await CommandRun(["rules", "test", "--rule", "something-else"], files: files)
        #expect(run.status == 2)
        #expect(run.complaint.hasPrefix("Error: there is no rule \"something-else\"; known: rule-1, rule-10, "))
        #expect(run.complaint.hasSuffix(" and 20 more\nSee 'claude-chat rules test --help'\n"), "\(run.complaint)")
    }

    @Test("a table without a rule is nothing to measure")
    func emptyTable() async throws {
        let files = ["empty.tsv": "", "messages.txt": "hello\n"]
        let run = try await CommandRun(
            ["rules", "bench", "--rules", "{folder}/empty.tsv", "--messages", "{folder}/messages.txt"],
            files: files
        )
        #expect(run.status == 2)
        #expect(run.complaint.hasPrefix("Error: there is no rule in \"empty.tsv\"\n"), "\(run.complaint)")
    }

    @Test("the tags of a test may stand in any order")
    func tags() async throws {
        let rule = "{id: a, match: hello, reply: Hi, tags: [x, y], tests: [{say: hello, tags: [y, x]}]}"
        let run = try await CommandRun(["rules", "check"], files: ["rules/a.yaml": "version: 1\nrules: [\(rule)]\n"])
        #expect(run.status == 0, "\(run.output)")
    }
}
