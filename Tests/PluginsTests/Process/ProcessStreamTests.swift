import Plugins
import Responders
import RespondersTesting
import Testing

@Suite("a reply that a process writes piece by piece", .timeLimit(.minutes(1)))
struct ProcessStreamTests {
    /// Begins a story, and ends it as the next message says.
    private static let program =
        ProcessDesk.prelude + """
            story = None
            for line in sys.stdin:
                frame = json.loads(line)
                if frame["type"] == "hello":
                    send(type="ready", protocol=1, name="test", stages=["answer"], streams=True, maxConcurrency=2)
                elif frame["type"] == "cancel":
                    send(type="log", level="notice", text="given up " + frame["id"])
                elif frame["type"] == "turn":
                    text = frame["turn"]["message"]["text"]
                    if text == "story":
                        story = frame
                        send(type="delta", id=frame["id"], index=0, text="Once ")
                    elif text == "die":
                        os._exit(3)
                    elif text == "long":
                        for index in range(40):
                            send(type="delta", id=frame["id"], index=index, text="0123456789abcdef" * 64)
                        reply(frame, "0123456789abcdef" * 64 * 40)
                    else:
                        send(type="delta", id=story["id"], index=1, text="upon a time.")
                        if text == "fail": send(type="verdict", id=story["id"], verdict="fail", code="no-more")
                        elif text == "pass": send(type="verdict", id=story["id"], verdict="pass")
                        else: reply(story, "Once upon a time.")
                        reply(frame, "said")

            """

    private func run(
        _ body: @escaping @Sendable (ChainDesk, IncidentLog) async throws -> Void
    ) async throws {
        let incidents = IncidentLog()
        let desk = try ChainDesk(
            "answer: [{process: {command: [python3, program.py]}, timeout: 60s, next_chunk: 60s}]\nfallback: [fallback]",
            plugins: .builtin(),
            files: ["program.py": Self.program],
            // It stands still: a slow machine is no program that is late.
            clock: TurnClock(ManualClock()),
            report: { incidents.record($0) }
        )
        try await running(desk.chain.runningParts) { try await body(desk, incidents) }
    }

    /// Begins the story, and says something else once its first piece is shown.
    private func story(_ desk: ChainDesk, _ then: @escaping @Sendable (ChainDesk) async throws -> Void) async throws
        -> ChainResult
    {
        async let told = {
            var desk = desk
            return try await desk.say("story")
        }()
        await desk.screen.events(atLeast: 2)
        #expect(desk.screen.events.prefix(2) == [.began(number: 1), .piece("Once ")])
        try await then(desk)
        return try await told
    }

    private func say(_ text: String, to desk: ChainDesk) async throws {
        var desk = desk
        try await desk.say(text)
    }

    @Test("is shown while it comes, and the whole text counts")
    func shown() async throws {
        try await self.run { desk, _ in
            let result = try await self.story(desk) { try await self.say("go on", to: $0) }
            try result.expectReply("Once upon a time.", from: "process").expectExactlyOne()
            #expect(desk.screen.events.contains(.piece("upon a time.")))
            #expect(desk.screen.events.contains(.ended("Once upon a time.", .complete)))
            #expect(result.steps[0].verdict == "stream")
        }
    }

    @Test("keeps what was shown where the program dies, fails, or takes it back", arguments: ["die", "fail", "pass"])
    func cut(end: String) async throws {
        try await self.run { desk, _ in
            let result = try await self.story(desk) { try await self.say(end, to: $0) }
            let text = end == "die" ? "Once " : "Once upon a time."
            try result.expectReply(text, from: "process").expectOutcome(.answered).expectExactlyOne()
            #expect(desk.screen.events.contains(.ended(text, .error)))
            let reasons: [String: TraceReason] = ["die": "crashed", "fail": "no-more", "pass": "bad-frame"]
            #expect(result.steps[0].reason == reasons[end])
        }
    }

    @Test("ends where the visitor wants no more, and the program is told")
    func stopped() async throws {
        try await self.run { desk, incidents in
            let result = try await self.story(desk) { $0.screen.stop() }
            try result.expectReply("Once ", from: "process").expectExactlyOne()
            #expect(desk.screen.events.last == .ended("Once ", .stopped))
            _ = await incidents.first(with: "given up c1")
        }
    }

    @Test("ends where it is as long as a reply may be")
    func long() async throws {
        try await self.run { desk, _ in
            var desk = desk
            let result = try await desk.say("long")
            #expect(result.replies.map(\.text.utf8.count) == [Reply.maximumTextBytes])
            #expect(result.steps[0].reason == .truncated)
        }
    }
}
