import Diagnostics
import Plugins
import Responders
import RespondersTesting
import Testing

@Suite("claude-stub")
struct ClaudeStubTests {
    private func mistakes(in script: String) -> String? {
        let rejection = #expect(throws: Rejection.self) {
            try Desk(ClaudeStub.self, "script: answers.yaml", files: ["answers.yaml": script])
        }
        // The folder of the test's files is different each time.
        return rejection?.diagnostics.map { diagnostic in
            var diagnostic = diagnostic
            diagnostic.place.file = String(diagnostic.place.file.split(separator: "/").last ?? "")
            return diagnostic.description
        }
        .joined(separator: "\n")
    }

    @Test("gives the first answer whose pattern is anywhere in the message, and passes where none is")
    func firstMatch() async throws {
        let script = "answers: [{match: '\\bprice', text: A}, {match: 'PRICES?', text: B}]"
        let desk = try Desk(ClaudeStub.self, "script: answers.yaml", files: ["answers.yaml": script])
        try await desk.hears("What are your PRICES?").expect(.reply("A"))
        try await desk.hears("caprice").expect(.reply("B"))
        try await desk.hears("ÜBERprice").expect(.reply("B"))
        try await desk.hears("nothing").expect(.pass(reason: "no-answer"))
    }

    @Test("takes its time, by the clock that it was given")
    func delay() async throws {
        let clock = ManualClock()
        let desk = try Desk(
            ClaudeStub.self,
            "script: answers.yaml",
            files: ["answers.yaml": "answers: [{match: hi, text: Hello, delay: 400ms}]"],
            clock: TurnClock(clock)
        )
        async let verdict = desk.hears("hi")
        await clock.sleepers(atLeast: 1)
        clock.advance(by: .milliseconds(400))
        try await verdict.expect(.reply("Hello"))
    }

    @Test("says all that is wrong with a script, at its places")
    func brokenScript() {
        let script = """
            answers:
              - match: 'a(b'
                text: A
              - match: b
                txt: B
              - {match: c, text: C, tool: {nam: search}}
              - {match: d, text: D, delay: long}
            """
        #expect(
            self.mistakes(in: script) == """
                answers.yaml:4:5: answers[1]: "text" is missing [missing-key]
                answers.yaml:5:5: answers[1].txt: unknown key "txt"; did you mean "text"? [unknown-key]
                answers.yaml:6:25: answers[2].tool: "name" is missing [missing-key]
                answers.yaml:6:32: answers[2].tool.nam: unknown key "nam"; did you mean "name"? [unknown-key]
                answers.yaml:7:25: answers[3].delay: "long" is not a duration; write a number and a unit: 250ms, 2s, 10m, 2h \
                [bad-duration]
                """
        )
    }

    @Test("shows where in a pattern the mistake is")
    func brokenPattern() {
        #expect(
            self.mistakes(in: "answers:\n  - match: 'a(b'\n    text: A\n  - match: '[z-a]'\n    text: B\n") == """
                answers.yaml:2:16: answers[0].match: missing closing parenthesis: "a(b" [pattern-syntax]
                answers.yaml:4:16: answers[1].match: range out of order in character class: "[z-a]" [pattern-syntax]
                """
        )
    }

    @Test("says that a script is not there")
    func noScript() throws {
        let rejection = #expect(throws: Rejection.self) {
            try ChainDesk("answer: [claude-stub: {script: /no/such.yaml}]\nfallback: [fallback]", plugins: .builtin())
        }
        #expect(
            rejection?.description == """
                test.yaml:1:24: chains.test.answer[0].claude-stub.script: "/no/such.yaml" can't be read; paths start at the \
                configuration's folder [no-file]
                """
        )
    }
}
