import Testing

@Suite("claude-chat explain")
struct ExplainCommandTests {
    private static let files = [
        "claude-chat.yaml": """
        version: 1
        default_chain: demo
        sites:
          shop: {origins: ['https://shop.example.com'], chain: short}
        chains:
          demo:
            answer:
              - rules: {path: rules/}
              - claude-stub: {script: answers.yaml}
              - claude-stub: {script: others.yaml}
                as: second-stub
                enabled: false
            fallback:
              - fallback: {text: I do not know., lang: {de: Keine Ahnung.}}
          short:
            answer: [claude-stub: {script: others.yaml}]
            fallback: [fallback: {text: Short.}]
        """,
        "answers.yaml": "answers:\n  - match: refund\n    text: Within 30 days.\n",
        "others.yaml": "answers:\n  - match: hello\n    text: Hello from another script.\n",
        "rules/greetings.yaml": """
        version: 1
        rules:
          - id: greeting
            match: '^hello\\W*$'
            reply:
              text: Hi!
              choices: [Prices, Refunds]
            tests:
              - say: hello
              - not: hello, the checkout is broken
          - id: hello-again
            priority: 50
            match: 'hello'
            reply: Hello again.
            tests:
              - say: say hello
              - {lose: hello, to: greetings/greeting}
              - not: goodbye
          - id: bye
            match: '^goodbye\\W*$'
            reply: See you.
            tests:
              - say: goodbye
              - not: hello
        """,
    ]

    @Test("knows the site's opening hours and whether somebody is there, as the server does and as transcripts do")
    func hours() async throws {
        let files = [
            "claude-chat.yaml": """
            version: 1
            default_chain: demo
            sites: {default: {origins: ['https://shop.example.com'], opening_hours: {mon-sun: '09:00-17:00'}}}
            chains:
              demo:
                answer: [{handoff: {words: [person]}}, {away-notice: {text: We are closed.}}]
                fallback: [fallback: {text: We are open.}]
            """,
            "a.chat": "time: 2026-03-02 16:59\n> hello\n< We are open.\n+ 1m\n> hello\n< We are closed.\n",
        ]
        for (time, text) in [("09:00", "We are open."), ("08:59", "We are closed."), ("23:00", "We are closed.")] {
            let run = try await CommandRun(["explain", "hello", "--time", time], files: files)
            #expect(run.output.hasSuffix("\(text)\n"), "\(run.output)")
        }
        let transcript = try await CommandRun(["test", "{folder}/a.chat"], files: files)
        #expect(transcript.status == 0, "\(transcript.output)")
        let alone = try await CommandRun(["explain", "a person", "--time", "10:00"], files: files)
        #expect(alone.output.contains("not-staffed"), "\(alone.output)")
        let staffed = try await CommandRun(["explain", "a person", "--time", "10:00", "--staffed"], files: files)
        #expect(staffed.output.hasPrefix("handed over by handoff"), "\(staffed.output)")
    }

    @Test("says which rule answered, where it stands, and why the others did not")
    func rule() async throws {
        let run = try await CommandRun(["explain", "hello"], files: Self.files)
        #expect(
            run.output == """
                answered by rules: greetings/greeting  rules/greetings.yaml:3

                answer    rules        reply  greetings/greeting      0 µs  <- wins
                answer    claude-stub  –      already-answered
                answer    second-stub  –      disabled
                fallback  fallback     –      already-answered

                rules
                  greetings/greeting     wins         rules/greetings.yaml:3   "hello"
                  greetings/hello-again  would match  rules/greetings.yaml:11  priority 50 < 100
                  3 rules, 2 with a word of the message; 5 characters

                outcome answered: Hi! [Prices] [Refunds]

                """
        )
        #expect(run.status == 0)
    }

    @Test("lists the rules that lack a word of the message where all are asked for")
    func all() async throws {
        let run = try await CommandRun(["explain", "hello", "--all"], files: Self.files)
        #expect(
            run.output.contains(
                "\n  greetings/bye  no  rules/greetings.yaml:19  literal missing: none of \"goodbye\"\n"
            )
        )
    }

    @Test("says which scripted answer was given")
    func script() async throws {
        let run = try await CommandRun(["explain", "a refund, please"], files: Self.files)
        #expect(
            run.output == """
                answered by claude-stub: refund  answers.yaml:2

                answer    rules        pass   no-rule               0 µs
                answer    claude-stub  reply  refund                0 µs  <- wins
                answer    second-stub  –      disabled
                fallback  fallback     –      already-answered

                rules
                  3 rules, 0 with a word of the message; 16 characters

                outcome answered: Within 30 days.

                """
        )
    }

    @Test("says that nobody answered, in the language of the page")
    func nobody() async throws {
        let run = try await CommandRun(["explain", "warum?", "--lang", "de"], files: Self.files)
        #expect(run.output.hasPrefix("nobody answered; fallback spoke\n"))
        #expect(run.output.hasSuffix("\noutcome fell-back: Keine Ahnung.\n"))
    }

    @Test(
        "takes the chain that is named, or that of the site",
        arguments: [["--chain", "short"], ["--site", "shop"], ["--chain", "short", "--site", "nowhere"]]
    )
    func chain(arguments: [String]) async throws {
        let run = try await CommandRun(["explain", "hello"] + arguments, files: Self.files)
        #expect(run.output.hasPrefix("answered by claude-stub: hello  others.yaml:2\n"))
    }

    @Test("refuses a chain that there is not, and suggests one")
    func unknownChain() async throws {
        let run = try await CommandRun(["explain", "hello", "--chain", "shrot"], files: Self.files)
        #expect(run.complaint.hasPrefix(#"Error: unknown chain "shrot"; did you mean "short"?"#))
        #expect(run.status == 2)
    }

    @Test("refuses a time that is none")
    func notATime() async throws {
        let run = try await CommandRun(["explain", "hello", "--time", "9"], files: Self.files)
        #expect(run.complaint.hasPrefix(#"Error: "9" is not a time like "09:00""#))
        #expect(run.status == 2)
    }

    @Test("shows the mistakes of a configuration that it can't ask")
    func broken() async throws {
        let run = try await CommandRun(
            ["explain", "hello"],
            files: ["claude-chat.yaml": "version: 1\ndefault_chain: demo"]
        )
        #expect(
            run.complaint == """
                claude-chat.yaml:1:1: "chains" is missing [missing-key]
                   1 | version: 1
                     | ^
                1 error; there is no chain to ask

                """
        )
        #expect(run.status == 1)
    }
}
