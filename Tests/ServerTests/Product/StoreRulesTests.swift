import Foundation
import RespondersTesting
import Testing

extension ProductTests {
    @Suite("the tools for rules, on a store", .timeLimit(.minutes(5)))
    struct StoreRulesTests {
        private static func said(_ form: String) async throws -> BuiltProgram {
            let program = try BuiltProgram(store: form, environment: BuiltProgram.keys)
            try await program.serve { port in
                for (index, text) in [
                    "hello", "where is my invoice", "the invoice, please", "psst", "hello again",
                ].enumerated() {
                    try await BuiltProgram.say(text, "m\(index)", in: "s\(index % 2)", page: "/shop", port: port)
                }
            }
            return program
        }

        private static let rules = """
            version: 1
            rules:
              - {id: invoice, match: '\\binvoice\\b', when: {page: {path: /shop}}, reply: It comes by mail}
              - {id: hello, match: '^hello$', reply: Hi}
              - {id: quiet, match: '\\bpsst\\b', silent: asked to}
            """

        @Test(
            "replay compares with the rules that decided then, or with older files",
            arguments: StoreCommandTests.forms
        )
        func replay(form: String) async throws {
            let program = try await Self.said(form)
            let same = try await program.run("rules", "replay", "--config", "claude-chat.yaml")
            #expect(same.output.hasSuffix("5 messages, 0 changed winner, 0 changed text only\n"), "\(same.complaint)")
            try program.folder.write(Self.rules, to: "new/a.yaml")
            let changed = try await program.run(
                "rules",
                "replay",
                "--config",
                "claude-chat.yaml",
                "--rules",
                "new/",
                "--show",
                "gained,lost"
            )
            #expect(changed.status == 0, "\(changed.complaint)")
            #expect(changed.output.contains(#"  a/invoice  from no rule  "where is my invoice""#), "\(changed.output)")
            #expect(changed.output.contains(#"  a/hello  to no rule  "hello again""#), "\(changed.output)")
            #expect(changed.output.hasSuffix("5 messages, 3 changed winner, 0 changed text only\n"))
            let older = try await program.run(
                "rules",
                "replay",
                "--config",
                "claude-chat.yaml",
                "--rules",
                "new/",
                "--against",
                "rules/"
            )
            #expect(older.output.contains("5 messages, 3 changed winner, 0 changed text only"))
            let failing = try await program.run(
                "rules",
                "replay",
                "--config",
                "claude-chat.yaml",
                "--rules",
                "new/",
                "--fail-above",
                "50%"
            )
            #expect(failing.status == 1)
        }

        @Test("coverage and unanswered count what is in the store, from when to when and of which site")
        func coverage() async throws {
            let program = try await Self.said("")
            let store = ["--store", "data/chat.db"]
            let unanswered = try await program.run(["rules", "unanswered"] + store)
            #expect(
                unanswered.output == """
                    2  invoice  "the invoice, please", "where is my invoice"
                    no rule answers 2 of 5 messages; 1 group, 0 messages in none

                    """,
                "\(unanswered.complaint)"
            )
            try program.folder.write(Self.rules, to: "new/a.yaml")
            let rest = try await program.run(["rules", "unanswered", "--rules", "new/"] + store)
            // Somebody had an answer to "hello again", though no rule has one any more.
            #expect(
                rest.output
                    == "no rule answers 0 of 5 messages; 0 groups, 0 messages in none; others answered 1 more\n"
            )
            let coverage = try await program.run(["rules", "coverage", "--since", "1h", "--site", "default"] + store)
            #expect(coverage.output.contains("2 rules: 2 win a message"), "\(coverage.output)\(coverage.complaint)")
            let none = try await program.run(["rules", "coverage", "--until", "2026-01-01"] + store)
            #expect(none.status == 1 && none.output.contains("never fires"))
            let other = try await program.run(["rules", "unanswered", "--site", "shop"] + store)
            #expect(other.output == "no rule answers 0 of 0 messages; 0 groups, 0 messages in none\n")
            #expect(try await program.run("audit", "list").output.contains("  transcripts-read  "))
        }

        @Test("what can't be read, or makes no sense, is said")
        func mistakes() async throws {
            let program = try BuiltProgram()
            for (arguments, complaint) in [
                (["replay"], "write --log or --store, the messages to answer"),
                (["replay", "--log", "x"], "a log doesn't say which rules answered; write --against"),
                (["unanswered"], "write --log or --store, the messages to answer"),
                (["unanswered", "--log", "x", "--store", "y"], "write one of --log and --store"),
                (["coverage", "--since", "1d"], "--site, --since and --until need --store"),
                (["coverage", "--store", "x", "--since", "soon"], #""soon" is no time"#),
            ] {
                let run = try await program.run(["rules"] + arguments)
                #expect(run.status == 2 && run.complaint.contains(complaint), "\(arguments) \(run.complaint)")
            }
            let run = try await program.run("rules", "coverage", "--store", "nowhere.db")
            #expect(run.status == 1)
            #expect(run.complaint.hasPrefix("nowhere.db: there is no store; start a server first"), "\(run.complaint)")
        }
    }
}
