import NIOCore
import Responders
import RespondersTesting
import Synchronization
import Testing

@testable import Plugins

@Suite("a reply that a service writes line by line", .timeLimit(.minutes(1)))
struct WebhookStreamTests {
    /// Tells a story line by line; the second line waits for another request.
    private static let service = """
        READY["streams"] = True
        said, gone = threading.Event(), threading.Event()
        def turn(request, frame):
            text = frame["turn"]["message"]["text"]
            if text == "say":
                said.set()
                return request.reply(frame, "said")
            if text == "gone?":
                gone.wait(30)
                return request.reply(frame, "gone" if gone.is_set() else "there")
            request.send_response(200)
            request.send_header("Content-Type", "application/x-ndjson")
            request.send_header("Connection", "close")
            request.end_headers()
            def line(**frame):
                request.wfile.write(json.dumps(frame).encode() + b"\\n")
                request.wfile.flush()
            if text == "pass": return line(type="verdict", id=frame["id"], verdict="pass")
            if text == "endless":
                index = 0
                try:
                    while True:
                        line(type="delta", id=frame["id"], index=index, text="more ")
                        index += 1
                        time.sleep(0.01)
                except OSError:
                    gone.set()
                    return
            line(type="delta", id=frame["id"], index=0, text="")
            line(type="delta", id=frame["id"], index=1, text="Once ")
            said.wait(30)
            if text == "cut": return
            line(type="delta", id=frame["id"], index=2, text="upon a time.")
            if text == "fail": line(type="verdict", id=frame["id"], verdict="fail", code="no-more")
            else: line(type="verdict", id=frame["id"], verdict="reply", text="Once upon a time.")

        """

    /// A desk with the plugin, and what the visitor sees of its replies.
    private func run(_ body: @escaping @Sendable (WebhookDesk, ChainDesk) async throws -> Void) async throws {
        try await WebhookDesk.run(Self.service) { desk in
            let entry = Chain.Entry(desk.webhook, name: "story", stage: .answer, timeout: .seconds(60))
            let chain = Chain(name: "test", entries: [entry], deadline: .seconds(100))
            try await body(desk, ChainDesk(chain, clock: TurnClock(ManualClock())))
        }
    }

    /// Begins a story, and lets it go on once its first piece is shown.
    private func story(_ text: String, _ desk: ChainDesk) async throws -> ChainResult {
        async let told = {
            var desk = desk
            return try await desk.say(text)
        }()
        while !desk.screen.events.contains(.piece("Once ")) { await Task.yield() }
        var other = desk
        try await other.say("say").expectReply("said")
        return try await told
    }

    @Test("is shown while it comes")
    func streams() async throws {
        try await self.run { _, desk in
            let result = try await self.story("story", desk)
            try result.expectReply("Once upon a time.", from: "story").expectOutcome(.answered)
            #expect(result.steps.first?.stream?.finish == .complete, "\(result.steps)")
        }
    }

    @Test("whose end is missing stands as far as it came", arguments: ["cut", "fail"])
    func cut(text: String) async throws {
        try await self.run { _, desk in
            let result = try await self.story(text, desk)
            #expect(result.outcome == .answered)
            #expect(result.replies.first?.text.hasPrefix("Once ") == true, "\(result.replies)")
            #expect(result.failures.count == 1, "\(result.failures)")
        }
    }

    @Test("may begin with another verdict, as any answer may")
    func pass() async throws {
        try await self.run { _, desk in
            var desk = desk
            let result = try await desk.say("pass")
            #expect(result.outcome == .fellBack && desk.screen.events.isEmpty)
        }
    }

    @Test("is given up by closing the connection when the visitor wants no more of it")
    func stopped() async throws {
        try await self.run { _, desk in
            async let told = {
                var desk = desk
                return try await desk.say("endless")
            }()
            while !desk.screen.events.contains(.piece("more ")) { await Task.yield() }
            desk.screen.stop()
            #expect(try await told.outcome == .answered)
            var other = desk
            try await other.say("gone?").expectReply("gone")
        }
    }
}
