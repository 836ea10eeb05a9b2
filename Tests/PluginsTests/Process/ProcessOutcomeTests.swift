import Plugins
import Responders
import RespondersTesting
import Testing

@Suite("outcomes with a process that misbehaves", .timeLimit(.minutes(3)))
struct ProcessOutcomeTests {
    /// Does what the message says.
    private static let program =
        ProcessDesk.prelude + """
            def answer(frame, text):
                if text == "die": os._exit(3)
                if text == "twice": reply(frame, "a reply"); reply(frame, "late")
                elif text == "late": send(type="verdict", id="t_other", verdict="reply", text="late")
                elif text == "garbage": print("secret inner workings", flush=True)
                elif text == "fail": send(type="verdict", id=frame["id"], verdict="fail", code="broken", reason="secret inner workings")
                elif text == "empty": send(type="verdict", id=frame["id"], verdict="reply", text="  ")
                elif text == "pass": send(type="verdict", id=frame["id"], verdict="pass")
                else: reply(frame, "a reply")
            run(answer)

            """

    @Test(
        "each message has one, whatever the program does and however often it dies",
        arguments: [
            ["reply", "die", "reply", "reply"], ["twice", "pass", "twice"], ["late", "reply"],
            ["garbage", "reply"], ["fail", "empty", "fail", "reply"], ["die", "die", "die", "pass"],
        ]
    )
    func outcomes(texts: [String]) async throws {
        let clock = ManualClock()
        let yaml = """
            answer:
              - process: {command: [python3, program.py]}
                breaker: {failures: 3}
            fallback:
              - fallback: {text: nobody}
            """
        let files = ["program.py": Self.program]
        let desk = try ChainDesk(yaml, plugins: .builtin(), files: files, clock: TurnClock(clock))
        try await running(desk.chain.runningParts) {
            try await self.say("reply", to: desk).expectReply("a reply", from: "process")
            // The program's one place stays taken for a while, or it has to be started again.
            var mustTick = false
            for text in texts {
                mustTick = mustTick || ["die", "late", "garbage"].contains(text)
                let result = try await self.say(text, to: desk, moving: mustTick ? clock : nil)
                #expect(result.replies.count == 1, "\(text)")
                #expect(["a reply", "nobody"].contains(result.replies.first?.text), "\(text): \(result.replies)")
                #expect(result.outcome == .answered || result.outcome == .fellBack, "\(text)")
                if text == "twice" { #expect(result.outcome == .answered) }
                if ["die", "fail", "late", "garbage"].contains(text) { #expect(result.outcome == .fellBack) }
            }
        }
    }

    @Test("an answer that comes after the chain went on is counted in the record of its turn, and nobody sees it")
    func late() async throws {
        let clock = ManualClock()
        let program =
            ProcessDesk.prelude + """
                waiting = None
                for line in sys.stdin:
                    frame = json.loads(line)
                    if frame["type"] == "hello":
                        send(type="ready", protocol=1, name="test", stages=["answer"])
                    elif frame["type"] == "cancel":
                        reply(waiting, "too late")
                    elif frame["type"] == "turn" and frame["turn"]["message"]["text"] == "wait":
                        waiting = frame
                    elif frame["type"] == "turn":
                        reply(frame, "a reply")

                """
        let yaml = "answer: [process: {command: [python3, program.py]}]\nfallback: [fallback: {text: nobody}]"
        let files = ["program.py": program]
        let desk = try ChainDesk(yaml, plugins: .builtin(), files: files, clock: TurnClock(clock))
        try await running(desk.chain.runningParts) {
            try await self.say("hello", to: desk).expectReply("a reply", from: "process")
            let given = try await self.say("wait", to: desk, moving: clock)
            try given.expectReply("nobody", from: "fallback").expectExactlyOne().expectOutcome(.fellBack)
            #expect(given.steps[0].reason == .timeout)
            // The program has one place, so the late answer is there before this one.
            try await self.say("hello", to: desk).expectReply("a reply", from: "process").expectExactlyOne()
            let record = String(decoding: TurnTrace(given).json, as: UTF8.self)
            #expect(record.contains(#""late":1"#) && !record.contains("too late"), "\(record)")
            #expect(!desk.screen.events.contains { "\($0)".contains("too late") })
        }
    }

    /// Asks, and lets time pass where the program leaves the chain waiting.
    private func say(_ text: String, to desk: ChainDesk, moving clock: ManualClock? = nil) async throws -> ChainResult {
        try await withThrowingTaskGroup(of: ChainResult?.self) { group in
            group.addTask {
                var desk = desk
                return try await desk.say(text)
            }
            if let clock {
                group.addTask {
                    // A real process needs real time.
                    while (try? await ContinuousClock().sleep(for: .milliseconds(20))) != nil {
                        clock.advance(by: .milliseconds(100))
                    }
                    return nil
                }
            }
            defer { group.cancelAll() }
            guard let result = try await group.next() ?? nil else { throw Mismatch("no result") }
            return result
        }
    }
}
