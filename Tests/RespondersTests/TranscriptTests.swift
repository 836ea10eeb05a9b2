import Diagnostics
import Responders
import Testing

@Suite("conversations that are written down")
struct TranscriptTests {
    private func mistakes(in text: String) -> String? {
        #expect(throws: Rejection.self) { try Transcript(parsing: text, file: "a.chat") }?.description
    }

    @Test("has settings, messages, replies, checks, pauses and disturbances, each with its line")
    func whole() throws {
        let transcript = try Transcript(
            parsing: """
                # A greeting comes from the rules.
                page: /shop/cart
                time: 2026-03-02 10:00

                > hello
                >> there
                < /^(Hi|Hello)/
                < ~ help you
                < *
                <-
                < What can I do?
                << And when?
                < "~ literally \\"so\\"\\n"
                = from: rules greetings/greeting
                = note docs
                = note docs: refund
                = within: 100ms
                + 10m
                ! fail claude timeout
                ! delay claude 3s
                ! drop claude
                ! reload
                ! restart
                agent> I am here.
                >> Really.
                > # not a comment
                """,
            file: "a.chat"
        )
        #expect(transcript.setting(.page)?.value == "/shop/cart")
        #expect(transcript.setting(.time)?.place == Place(file: "a.chat", line: 3, column: 7))
        #expect(
            transcript.steps.map(\.action) == [
                .says("hello\nthere"), .expects(.matches("^(Hi|Hello)")), .expects(.contains("help you")),
                .expects(.anything), .expectsNoReply, .expects(.exactly("What can I do?\nAnd when?")),
                .expects(.exactly("~ literally \"so\"\n")), .checks(.from, "rules greetings/greeting"),
                .checks(.note("docs"), ""), .checks(.note("docs"), "refund"), .checks(.within, "100ms"),
                .passes(.seconds(600)), .disturbs(.fail("claude", code: "timeout")),
                .disturbs(.delay("claude", .seconds(3))), .disturbs(.drop("claude")), .disturbs(.reload),
                .disturbs(.restart), .agentSays("I am here.\nReally."), .says("# not a comment"),
            ]
        )
        #expect(transcript.steps[0].place.line == 5 && transcript.steps[1].place.line == 7)
    }

    @Test("all mistakes are told at once, each at its line and column")
    func mistakes() {
        let found = self.mistakes(
            in: """
                pgae: /
                lang:
                lang: de
                lang: fr
                = outcome: answered
                > hello
                page: /late
                < hi there
                << and more
                <
                < ~
                <- no
                < "open
                = outcmoe: answered
                = outcome
                = note
                = within: soon
                + 10
                ! fial a b
                ! fail a
                ! delay a soon
                ! say a
                ! do a number
                >> more
                > bye
                hello?
                << more
                """
        )
        #expect(
            found == """
                a.chat:1:1: unknown key "pgae"; did you mean "page"? [unknown-key]
                a.chat:2:1: no value; write lang: VALUE [wrong-value]
                a.chat:4:1: a second "lang" [duplicate-key]
                a.chat:5:1: nobody has said anything yet; write it under a line with > [no-turn]
                a.chat:7:1: "page" stands behind a message; write it before the first > [late-setting]
                a.chat:10:1: no reply is named; write the reply, /a pattern/, ~ a part of it, or * for any; <- for none \
                [wrong-value]
                a.chat:11:3: no part is named; write it behind the ~ [wrong-value]
                a.chat:12:3: text behind "<-"; "<-" stands alone; for a reply that begins with it write < "-…" [wrong-value]
                a.chat:13:3: the quoted reply doesn't end; end it with a quotation mark; inside write \\" for one, \\\\ and \\n \
                [wrong-value]
                a.chat:14:3: unknown key "outcmoe"; did you mean "outcome"? [unknown-key]
                a.chat:15:3: no value; write = outcome: VALUE [wrong-value]
                a.chat:16:3: whose note?; write = note NAME, or = note NAME: a part of it [wrong-value]
                a.chat:17:3: "soon" is no duration; write a number and a unit: 100ms, 2s [bad-duration]
                a.chat:18:3: "10" is no duration; write a number and a unit: 250ms, 2s, 10m, 2h, 30d [bad-duration]
                a.chat:19:3: unknown word "fial"; did you mean "fail"? [unknown-key]
                a.chat:20:3: "fail" has other words behind it; write ! fail NAME CODE, ! delay NAME 3s, ! drop NAME, \
                ! say NAME TEXT, ! do NAME KEY=VALUE, ! reload or ! restart [wrong-value]
                a.chat:21:3: "soon" is no duration; write 3s [bad-duration]
                a.chat:22:3: "say" has other words behind it; write ! fail NAME CODE, ! delay NAME 3s, ! drop NAME, \
                ! say NAME TEXT, ! do NAME KEY=VALUE, ! reload or ! restart [wrong-value]
                a.chat:23:3: "number" are no values by name; write ! do a number=17, state=open [wrong-value]
                a.chat:24:1: ">>" stands under no line with > or agent> [nothing-to-continue]
                a.chat:26:1: a line without a mark; a line begins with >, <, =, +, ! or # [no-mark]
                a.chat:27:1: "<<" stands under no line with < with a whole text [nothing-to-continue]
                """
        )
    }

    @Test("what others answer is taken as it is written")
    func answers() throws {
        let transcript = try Transcript(
            parsing: "! say orders  On its  way. \n! do issues number=17, title=a = b,url=\n! do issues\n> hello\n",
            file: "a.chat"
        )
        #expect(
            transcript.steps.map(\.action) == [
                .disturbs(.say("orders", text: "On its  way.")),
                .disturbs(.perform("issues", values: ["number": "17", "title": "a = b", "url": ""])),
                .disturbs(.perform("issues", values: [:])), .says("hello"),
            ]
        )
        for text in ["", "a", "a=1,,b=2", "=1", "a=1, a=2", "a=1,"] {
            #expect(Transcript.pairs(text) == nil, "\(text)")
        }
    }

    @Test("a file in which nobody says anything is a mistake", arguments: ["", "\n\n", "# nothing\n", "page: /\n"])
    func empty(text: String) {
        #expect(self.mistakes(in: text)?.contains("nobody says anything") == true)
    }

    @Test(
        "strange files end in mistakes or in conversations, and soon",
        arguments: [
            String(repeating: "> a\n", count: 50_000), String(repeating: ">", count: 100_000),
            String(repeating: "x\n", count: 100_000), String(repeating: "> a\n>> b\n", count: 10_000),
            "> a\r\n< *\r\n= outcome: answered\r\n", "> \u{0}\u{202E}\u{1B}[31m\n", "> a\n< /(/\n", "\u{FEFF}> a\n",
            String(repeating: "= within: 1s\n", count: 10_000) + "> a",
        ]
    )
    func hostile(text: String) {
        do throws(Rejection) {
            let transcript = try Transcript(parsing: text, file: "a.chat")
            #expect(transcript.steps.count <= Transcript.maximumSteps)
        } catch {
            #expect(1...50 ~= error.diagnostics.count)
        }
    }

    @Test("one that is too long is refused before it is read")
    func tooLong() {
        #expect(
            self.mistakes(in: String(repeating: "> aaaaaaa\n", count: 200_000))?.contains("[file-too-large]") == true
        )
    }
}
