import Foundation
import Plugins
import Responders
import RespondersTesting
import Testing

@testable import Server

@Suite("claude-chat test")
struct TestCommandTests {
    private static let configuration = """
        version: 1
        default_chain: demo
        sites:
          shop: {origins: ['https://shop.example.com'], time_zone: Europe/Berlin, chain: demo}
        chains:
          demo:
            answer:
              - rules: {path: rules/}
              - claude-stub: {script: stub.yaml}
                timeout: 5s
              - webhook: {url: 'https://orders.example.com/chat', secret: {file: key}}
                as: orders
            fallback:
              - fallback: {text: I do not know.}
          short:
            answer: [claude-stub: {script: stub.yaml}]
            fallback: [fallback: {text: Short.}]
        """

    private static let files = [
        "claude-chat.yaml": Self.configuration,
        "key": String(repeating: "k", count: 48),
        "stub.yaml": """
        answers:
          - match: refund
            text: Within 30 days.
            delay: 2s
          - match: slowly
            text: one two three
            pace: 1s
        """,
        "rules/greetings.yaml": """
        version: 1
        rules:
          - id: greeting
            match: '^hello\\W*$'
            set: {topic: greeting, expires: 5m}
            tags: [friendly]
            reply:
              text: Hi!
              choices: [Prices, Refunds]
            tests: [{say: hello}, {not: goodbye}]
          - id: again
            when: {topic: greeting}
            match: '^and now$'
            reply: As you like.
            tests: [{not: goodbye}]
          - id: quiet
            match: '^psst$'
            silent: nothing to say
            tests: [{say: psst}, {not: goodbye}]
        """,
    ]

    private func run(_ chat: String, _ arguments: [String] = []) async throws -> CommandRun {
        try await CommandRun(
            ["test", "{folder}/a.chat"] + arguments,
            files: Self.files.merging(["a.chat": chat]) { $1 }
        )
    }

    @Test("a conversation may begin with a person, whom no responder answers for")
    func state() async throws {
        let files = Self.files.merging([
            "a.chat": """
            state: human
            > hello
            <-
            = outcome: handed-over
            = state: human
            """, "b.chat": "state: closed\n> hello\n< *\n= state: bot\n",
        ]) { $1 }
        let run = try await CommandRun(["test", "{folder}/a.chat", "{folder}/b.chat"], files: files)
        #expect(run.status == 0, "\(run.output)")
    }

    @Test("services answer what the conversation says, for one message")
    func services() async throws {
        let files = Self.files.merging([
            "claude-chat.yaml": Self.configuration.replacing(
                "      - claude-stub: {script: stub.yaml}\n        timeout: 5s",
                with: "      - process: {command: [python3, desk.py]}\n        as: desk"
            ),
            "rules/booking.yaml": """
            version: 1
            rules:
              - id: book
                match: '^book (?<what>\\w+)$'
                actions: [{responder: desk, op: book, as: ticket, fields: {what: '{{what}}'}}]
                reply:
                  variants:
                    - {when: ticket, text: 'Booked as {{ticket.number}}, {{ctx.vars.plan|or:"none"}}.'}
                    - {text: 'Booked, soon.'}
                tests: [{say: book it}, {not: goodbye}]
            """,
            "a.chat": """
            session: s17
            vars: plan=gold plan, cart=3

            ! say orders Your parcel is *on its way*.
            > where is it
            < Your parcel is *on its way*.
            = from: orders

            > where is it
            < I do not know.

            ! do desk number=B-17, url=https://example.com/17
            > book chair
            < Booked as B-17, gold plan.

            > book chair
            < Booked, soon.
            """,
        ]) { $1 }
        let run = try await CommandRun(["test", "{folder}/a.chat"], files: files)
        #expect(run.status == 0, "\(run.output)\(run.complaint)")
    }

    @Test("who can't be asked, and settings that are none, are mistakes of the file")
    func wrongAnswers() async throws {
        let run = try await self.run(
            """
            session: a b
            vars: plan
            staffed: perhaps
            ! say rules Hi!
            ! do rules number=1
            ! do ordesr number=1
            > hello
            < Hi!
            = from: rulez greetings/greeting
            """
        )
        #expect(run.status == 1)
        #expect(
            run.output.split(separator: "\n").filter { $0.hasPrefix("a.chat:") }.joined(separator: "\n") == """
                a.chat:1:10: session: "a b" can't name a session; use 1 to 64 of A-Z a-z 0-9 _ - [wrong-value]
                a.chat:2:7: vars: no values by name; write vars: plan=pro, cart=3 [wrong-value]
                a.chat:3:10: staffed: "perhaps" is neither; write yes or no [wrong-value]
                a.chat:4:1: what "rules" says comes from its own files; leave the line out [wrong-value]
                a.chat:5:1: "rules" can't be asked to do anything; leave the line out [wrong-value]
                a.chat:6:1: the chain "demo" has no "ordesr"; did you mean "orders"? [unknown-responder]
                a.chat:9:1: the chain "demo" has no "rulez"; did you mean "rules"? [unknown-responder]
                """,
            "\(run.output)"
        )
    }

    @Test("somebody may be there to whom a conversation is handed over")
    func staffed() async throws {
        let configuration = """
            version: 1
            default_chain: demo
            chains: {demo: {answer: [handoff: {text: A person comes.}], fallback: [fallback: {text: Nobody is there.}]}}

            """
        for (setting, reply) in [("staffed: yes\n", "A person comes."), ("", "Nobody is there.")] {
            let run = try await CommandRun(
                ["test", "{folder}/a.chat"],
                files: ["claude-chat.yaml": configuration, "a.chat": "\(setting)> a person, please\n< \(reply)\n"]
            )
            #expect(run.status == 0, "\(run.output)\(run.complaint)")
        }
    }

    @Test("a conversation that comes out as it is written passes, on a clock that doesn't wait")
    func passes() async throws {
        let run = try await self.run(
            """
            site: shop
            page: /cart
            time: 2026-03-02 10:00

            > hello
            < Hi!
            = from: rules greetings/greeting
            = from: rules
            = topic: greeting
            = tags: friendly
            = choices: Refunds, Prices
            = outcome: answered
            = within: 0ms

            + 4m
            > and now
            < ~ you like
            + 2m
            > and now
            < I do not know.
            = outcome: fell-back
            = topic: none

            > a refund, please
            < /^Within \\d+ days/
            = within: 2s
            = from: claude-stub

            > slowly
            < one two three
            > psst
            <-
            = outcome: silent
            """
        )
        #expect(run.output == "passed  a.chat  6 messages\n1 conversation, 6 messages: it holds\n")
        #expect(run.status == 0)
    }

    @Test("what differs is shown at its line, with what came instead and from whom")
    func differs() async throws {
        let run = try await self.run(
            """
            > hello
            < ~ noted
            = from: claude-stub
            > a refund
            = within: 1s
            > psst
            < *
            > hello
            < Hi!
            < *
            > what
            < "Sorry"
            """
        )
        #expect(
            run.output == """
                FAILED  a.chat  5 of 5 messages
                a.chat:2:1: expected a reply with "noted", got "Hi!" from rules greetings/greeting [transcript-mismatch]
                   2 | < ~ noted
                     | ^
                a.chat:3:1: expected an answer from "claude-stub", got "rules greetings/greeting" [transcript-mismatch]
                   3 | = from: claude-stub
                     | ^
                a.chat:5:1: took 2s, which is more than 1s [transcript-mismatch]
                   5 | = within: 1s
                     | ^
                a.chat:4:1: a reply that is not listed: "Within 30 days." from claude-stub refund [unlisted-reply]
                   4 | > a refund
                     | ^
                a.chat:7:1: no reply: the turn ended as silent [no-reply]
                   7 | < *
                     | ^
                a.chat:10:1: no further reply: the turn ended as answered [no-reply]
                  10 | < *
                     | ^
                a.chat:12:1: expected "Sorry", got "I do not know." from fallback [transcript-mismatch]
                  12 | < "Sorry"
                     | ^
                1 conversation, 5 messages: 1 fails

                """
        )
        #expect(run.status == 1)
    }

    @Test("responders fail, are late or never answer where that is written, for one message")
    func disturbed() async throws {
        let run = try await self.run(
            """
            ! fail claude-stub out-of-credit
            > a refund
            < *
            = outcome: failed-and-told
            > a refund
            < Within 30 days.
            ! delay claude-stub 2s
            > a refund
            < Within 30 days.
            = within: 4s
            ! delay claude-stub 3s
            > a refund
            < *
            = from: fallback
            ! drop claude-stub
            > a refund
            < *
            = from: fallback
            = within: 5s
            ! fail rules limit
            > hello
            < I do not know.
            ! reload
            > hello
            < Hi!
            = topic: greeting
            ! restart
            > and now
            < I do not know.
            """
        )
        // The chain's fallback speaks where something failed, too.
        #expect(
            run.output.hasPrefix("FAILED  a.chat  1 of 8 messages\na.chat:4:1: expected the outcome"),
            "\(run.output)"
        )
        #expect(run.status == 1)
    }

    @Test("whose time is over in the moment in which it answers is late, each time", arguments: 0..<20)
    func tie(round: Int) async throws {
        let run = try await self.run("! delay claude-stub 3s\n> a refund\n< *\n= from: fallback\n= within: 5s\n")
        #expect(run.status == 0, "\(run.output)")
    }

    @Test("nobody outside is asked")
    func offline() async throws {
        let run = try await self.run("> where is A-17?\n< I do not know.\n= outcome: fell-back\n")
        #expect(run.status == 0, "\(run.output)")
        let failing = try await self.run(
            "! fail orders timeout\n> where is A-17?\n< I do not know.\n= outcome: fell-back\n"
        )
        #expect(failing.status == 0, "\(failing.output)")
    }

    @Test("the chain is that of the file, of the option, or of the site")
    func chain() async throws {
        #expect(try await self.run("chain: short\n> hello\n< Short.\n").status == 0)
        #expect(try await self.run("> hello\n< Short.\n", ["--chain", "short"]).status == 0)
        #expect(try await self.run("chain: demo\n> hello\n< Hi!\n", ["--chain", "short"]).status == 0)
        let run = try await self.run("> hello\n< *\n", ["--chain", "shrot"])
        #expect(run.status == 2 && run.complaint.contains(#"unknown chain "shrot"; did you mean "short"?"#))
    }

    @Test("mistakes of a file are told at their places, and other files are run all the same")
    func mistakes() async throws {
        let files = Self.files.merging([
            "a.chat": """
            chain: dmeo
            site: shpo
            time: noon
            state: asleep
            > hello
            ! fail clude x
            ! delay rules 1s
            < /(/
            = outcome: fine
            """, "b.chat": "> hello\n< Hi!\n", "c.chat": "hello\n",
        ]) { $1 }
        let names = ["a", "b", "c", "none"].map { "{folder}/\($0).chat" }
        let run = try await CommandRun(["test"] + names, files: files)
        #expect(run.status == 1)
        #expect(run.output.contains(#"a.chat:1:8: chain: unknown chain "dmeo"; did you mean "demo"? [unknown-chain]"#))
        #expect(run.output.contains(#"a.chat:2:7: site: unknown site "shpo"; did you mean "shop"? [unknown-site]"#))
        #expect(
            run.output.contains(#"a.chat:3:7: time: "noon" is no time; write 2026-03-02 10:00, or 10:00 [wrong-value]"#)
        )
        #expect(
            run.output.contains(#"a.chat:4:8: state: a conversation can't begin as "asleep"; known: bot, closed"#)
        )
        #expect(run.output.contains("\npassed  b.chat  1 message\n"))
        #expect(run.output.contains("\nFAILED  c.chat  can't be run\nc.chat:1:1: a line without a mark;"))
        #expect(run.output.contains("none.chat:1:1: it can't be read; name a .chat file [no-file]"))
        #expect(run.output.hasSuffix("4 conversations, 1 message: 3 fail\n"), "\(run.output)")
        let later = try await self.run("> a\n! fail clude x\n! delay rules 1s\n< /(/\n= outcome: fine\n")
        #expect(later.output.contains(#"a.chat:2:1: the chain "demo" has no "clude"; known:"#), "\(later.output)")
        #expect(
            later.output.contains(#"a.chat:3:1: "rules" answers at once and can't be late; write ! fail rules CODE"#)
        )
        #expect(later.output.contains("a.chat:4:1: missing closing parenthesis"))
        #expect(later.output.contains(#"a.chat:5:1: unknown outcome "fine"; known: answered,"#))
    }

    @Test("build servers get a case for each message, whatever stands in it")
    func junit() async throws {
        let folder = try ScratchFolder()
        let path = "\(folder.path)/report.xml"
        let run = try await self.run("> hello\n< Hi!\n> <&\"\u{1B}[31m\u{FFFF}\n< *x\n", ["--junit", path])
        #expect(run.status == 1)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let parser = XMLTestParser(text)
        #expect(parser.isWhole)
        #expect(parser.names == ["1: hello", "2: <&\" [31m\u{FFFD}"])
        #expect(parser.failures == ["transcript-mismatch"])
        #expect(text.contains(#"tests="2" failures="1""#))
        // A build server keeps what an earlier run wrote.
        let again = try await self.run("> hello\n< Hi!\n", ["--junit", path])
        #expect(again.status == 0, "\(again.complaint)")
        #expect(try String(contentsOfFile: path, encoding: .utf8).contains(#"tests="1" failures="0""#))
    }

    @Test("check runs the conversations that a chain names, and says which don't come out")
    func check() async throws {
        let configuration = Self.configuration.replacing("  short:\n", with: "    tests: ['chats/*.chat']\n  short:\n")
        var files = Self.files.merging([
            "claude-chat.yaml": configuration, "chats/a.chat": "> hello\n< Hi!\n", "chats/b.chat": "> what\n< *\n",
        ]) { $1 }
        let good = try await CommandRun(["check"], files: files)
        #expect(good.status == 0 && good.output.contains("; 2 conversations, 2 messages\n"), "\(good.output)")
        files["chats/b.chat"] = "> what\n< Nothing.\n"
        let bad = try await CommandRun(["check"], files: files)
        #expect(bad.status == 1)
        #expect(
            bad.output.contains(
                #"chats/b.chat:2:1: expected "Nothing.", got "I do not know." from fallback [transcript-mismatch]"#
            ),
            "\(bad.output)"
        )
        files["claude-chat.yaml"] = configuration.replacing("chats/*.chat", with: "chat/*.chat")
        let none = try await CommandRun(["check"], files: files)
        #expect(none.output.contains("[no-file]") && none.status == 1, "\(none.output)")
    }

    @Test("wrong usage is told")
    func usage() async throws {
        for arguments in [
            [], ["a.chat", "--record", "s"], ["--record", "s", "--chain", "demo"], ["a.chat", "--site", "x"],
        ] {
            #expect(try await CommandRun(["test"] + arguments).status == 2, "\(arguments)")
        }
    }
}

/// The cases of a report.
private final class XMLTestParser {
    let isWhole: Bool
    let names: [String]
    let failures: [String]

    init(_ text: String) {
        let data = Data(text.utf8)
        func attributes(_ name: String, of element: String) -> [String] {
            text.split(separator: "<\(element) ").dropFirst().compactMap { part in
                part.firstRange(of: "\(name)=\"").map { String(part[$0.upperBound...].prefix { $0 != "\"" }) }
            }
        }
        func unescaped(_ text: String) -> String {
            text.replacing("&lt;", with: "<").replacing("&gt;", with: ">").replacing("&quot;", with: "\"")
                .replacing("&amp;", with: "&")
        }
        let controls = text.unicodeScalars.filter { $0.value < 0x20 && $0 != "\n" }
        self.isWhole = data.starts(with: Data("<?xml".utf8)) && text.hasSuffix("</testsuites>\n") && controls.isEmpty
        self.names = attributes(" name", of: "testcase").map(unescaped)
        self.failures = attributes("type", of: "failure").map(unescaped)
    }
}
