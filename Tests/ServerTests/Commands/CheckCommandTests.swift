import Testing

@Suite("claude-chat check")
struct CheckCommandTests {
    @Test("says what was loaded where all is well")
    func fine() async throws {
        let run = try await CommandRun(
            ["check"],
            files: [
                "claude-chat.yaml": """
                version: 1
                default_chain: second
                chains:
                  demo: {answer: [claude-stub: {script: answers.yaml}], fallback: [fallback]}
                  second: {answer: [claude-stub: {script: answers.yaml}], fallback: [fallback]}
                """,
                "answers.yaml": "answers: [{match: hi, text: Hello}]",
            ]
        )
        #expect(run.output == "claude-chat.yaml is fine: chains second, demo; claude-stub: 1 answer\n")
        #expect(run.complaint.isEmpty)
        #expect(run.status == 0)
    }

    @Test("shows each mistake with its line and a caret under it, and counts them")
    func mistakes() async throws {
        let run = try await CommandRun(
            ["check"],
            files: [
                "claude-chat.yaml": """
                version: 1
                default_chain: dmeo
                chains:
                  demo:
                    answer:
                      - claude-stub: {script: answers.yaml}
                        timout: 2s
                """,
                "answers.yaml": "answers:\n\t- match: hi",
            ]
        )
        #expect(
            run.output == """
                claude-chat.yaml:2:1: default_chain: unknown chain "dmeo"; did you mean "demo"? [unknown-chain]
                   2 | default_chain: dmeo
                     | ^
                claude-chat.yaml:7:9: chains.demo.answer[0].timout: unknown key "timout"; did you mean "timeout"? [unknown-key]
                   7 |         timout: 2s
                     |         ^
                answers.yaml:2:1: found character that cannot start any token; indent with spaces, and quote a text that starts \
                with @ or ` [yaml-syntax]
                   2 | \t- match: hi
                     | ^
                warnings:
                claude-chat.yaml:4:3: chains.demo.fallback: empty; the built-in sentence will answer; add "- fallback" \
                [no-fallback]
                   4 |   demo:
                     |   ^
                3 errors, 1 warning; nothing would start

                """
        )
        #expect(run.status == 1)
    }

    @Test("takes a configuration with warnings, and shows them")
    func warnings() async throws {
        let run = try await CommandRun(
            ["check"],
            files: [
                "claude-chat.yaml": """
                version: 1
                default_chain: demo
                chains: {demo: {answer: [claude-stub: {script: answers.yaml}]}}
                """,
                "answers.yaml": "answers: [{match: hi, text: Hello}]",
            ]
        )
        #expect(
            run.output == """
                warnings:
                claude-chat.yaml:3:10: chains.demo.fallback: empty; the built-in sentence will answer; add "- fallback" \
                [no-fallback]
                   3 | chains: {demo: {answer: [claude-stub: {script: answers.yaml}]}}
                     |          ^
                claude-chat.yaml is fine, with 1 warning: chains demo; claude-stub: 1 answer

                """
        )
        #expect(run.status == 0)
    }

    @Test("shows the part of a long line that the mistake is in")
    func longLine() async throws {
        let run = try await CommandRun(
            ["check"],
            files: [
                "claude-chat.yaml": "version: 1\ndefault_chain: demo\nchains: {demo: {fallback: [fallback: {text: '"
                    + String(repeating: "é", count: 300) + "', txet: no}]}}"
            ]
        )
        let lines = run.output.split(separator: "\n")
        #expect(lines[0].hasPrefix("claude-chat.yaml:3:349: "))
        #expect(lines[1].hasPrefix("   3 | ééé"))
        #expect(lines[1].hasSuffix("', txet: no}]}}"))
        // The caret is under the t of txet.
        #expect(
            lines[2].count - 1 == lines[1].distance(from: lines[1].startIndex, to: lines[1].firstIndex(of: "x")!) - 1
        )
    }

    @Test("says which file it misses")
    func noFile() async throws {
        let run = try await CommandRun(["check", "--config", "no/such.yaml"])
        #expect(
            run.output == """
                no/such.yaml:1:1: "no/such.yaml" can't be read; name another file with --config, or work in the folder that \
                has it [no-file]
                1 error; nothing would start

                """
        )
        #expect(run.status == 1)
    }

    @Test(
        "calls wrong usage by its exit status",
        arguments: [
            ["chek"], ["check", "--colour"], ["explain"], ["plugins", "sample", "rulse"], ["check", "--config"],
        ]
    )
    func wrongUsage(arguments: [String]) async throws {
        let run = try await CommandRun(arguments)
        #expect(run.status == 2)
        #expect(run.complaint.hasPrefix("Error: "))
        #expect(run.output.isEmpty)
    }

    @Test(
        "explains itself, with an example",
        arguments: ["check", "explain", "plugins", "plugins list", "plugins sample"]
    )
    func help(command: String) async throws {
        let run = try await CommandRun(command.split(separator: " ").map(String.init) + ["--help"])
        #expect(run.status == 0)
        #expect(run.output.hasPrefix("OVERVIEW: "))
        #expect(run.output.contains("\n  "))
        let lines = run.output.split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= 80 || $0.hasPrefix("USAGE: ") })
    }
}
