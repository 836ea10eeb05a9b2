import ClaudeStub
import Responders
import RespondersTesting
import Synchronization
import Testing

@testable import Plugins

@Suite("claude: tools", .timeLimit(.minutes(2)))
struct ClaudeToolTests {
    /// What a plugin of somebody else's offers.
    final class Probe: Tool, ResponderPlugin {
        static let manifest = PluginManifest(
            name: "probe",
            summary: "Offers a tool",
            stages: [.answer],
            sample: "word: x",
            examples: []
        )
        struct Configuration: Decodable { var word: String }
        struct Input: ToolInput {
            var mode: Mode
            enum Mode: String, CaseIterable, Decodable { case fine, fails, refuses, hangs, long }
            static let descriptions = ["mode": "What it does."]
        }

        let name = "probe"
        let description = "A tool for tests."
        let running = Mutex((now: 0, most: 0))
        init(configuration: Configuration, services: PluginServices) {}
        var tools: [any Tool] { [self] }
        func respond(to turn: Turn) -> Verdict { .pass() }

        struct Secret: Error, CustomStringConvertible { let description = "secret inner workings" }

        func call(_ input: Input, in turn: Turn) async throws -> String {
            switch input.mode {
            case .fine: return "found for \(turn.conversation.sessionID)"
            case .fails: throw Secret()
            case .refuses: throw ToolError("the tracker is closed")
            case .long: return String(repeating: "x", count: 20_000)
            case .hangs:
                // Ignores its cancellation.
                let (never, source) = AsyncStream<Never>.makeStream()
                await Task { for await _ in never {} }.value
                source.finish()
                return ""
            }
        }
    }

    private func result(_ mode: String, _ settings: String = "") async throws -> (
        text: String, trace: String, request: JSONValue
    ) {
        let found = Mutex<(String, String, JSONValue)?>(nil)
        try await ClaudeDesk.run("tools: [probe]\n\(settings)", others: "- probe: {word: x}", plugins: [Probe.self]) {
            desk in
            let result = try await desk.desk.say("tool probe \(mode)")
            let text = result.replies.first?.text ?? ""
            let request = try desk.lastRequest()
            found.withLock { $0 = (text, ClaudeDesk.trace(result), request) }
        }
        return try #require(found.withLock { $0 })
    }

    @Test("another plugin's tool is declared with the schema of its type, called, and its result goes back")
    func roundTrip() async throws {
        let (text, trace, request) = try await self.result(#"{"mode": "fine"}"#)
        #expect(text.hasPrefix("Let me look that up.\n\ntool said: <untrusted-data-"))
        #expect(text.contains("found for test"))
        #expect(trace.contains("tool probe: 15 bytes ("))
        #expect(
            request["tools"] == [
                [
                    "description": "A tool for tests.",
                    "input_schema": [
                        "additionalProperties": false,
                        "properties": [
                            "mode": [
                                "description": "What it does.", "enum": ["fine", "fails", "refuses", "hangs", "long"],
                                "type": "string",
                            ]
                        ], "required": ["mode"], "type": "object",
                    ], "name": "probe",
                ]
            ]
        )
        guard case .list(let messages)? = request["messages"] else { return #expect(Bool(false)) }
        #expect(messages.suffix(2).map { $0["role"] } == ["assistant", "user"])
    }

    @Test(
        "what goes wrong is told to the model as an error, without the inner workings",
        arguments: [
            (#"{"mode": "fails"}"#, "the tool failed", "failed: error"),
            (#"{"mode": "refuses"}"#, "the tracker is closed", "failed: tool-error"),
            (#"{"mode": "dances"}"#, "mode: expected one of fine, fails, refuses, hangs, long", "failed: bad-input"),
            (#"{"mode": 5, "more": 1}"#, "more: unknown; mode: expected one of", "failed: bad-input"),
            ("{}", "mode: missing", "failed: bad-input"),
            (#"{"mode": "hangs"}"#, "the tool did not answer within 50ms", "failed: timeout"),
        ]
    )
    func errors(input: String, text: String, trace: String) async throws {
        let result = try await self.result(input, "tool_timeout: 50ms")
        #expect(result.text.contains("tool said: \(text)"), "\(result.text)")
        #expect(result.trace.contains(trace), "\(result.trace)")
        #expect(!result.text.contains("secret inner workings") && !result.trace.contains("secret inner workings"))
        let body = String(decoding: result.request.bytes, as: UTF8.self)
        #expect(body.contains(#""is_error":true"#))
    }

    @Test("a result is cut at 8 KiB")
    func long() async throws {
        let (text, trace, _) = try await self.result(#"{"mode": "long"}"#)
        #expect(trace.contains("8192 bytes back"))
        #expect(text.utf8.count < 9_000)
    }

    @Test("two calls of one response both get their result, in order")
    func parallel() async throws {
        try await ClaudeDesk.run("tools: [search_history]") { desk in
            _ = try await desk.desk.say("one little thing")
            let result = try await desk.desk.say("two-tools")
            let text = try #require(result.replies.first?.text)
            #expect(text.contains("one little thing") && text.contains("no message has these words"))
            #expect(
                ClaudeDesk.trace(result).split(separator: "\n").filter { $0.hasPrefix("tool search_history") }.count
                    == 2
            )
        }
    }

    @Test("a model that never stops calling is asked four times, the last time without tools")
    func rounds() async throws {
        try await ClaudeDesk.run("tools: [search_history]\nheaders: {x-stub-scenario: two-tools}") { desk in
            let result = try await desk.desk.say("go")
            #expect(desk.stub.received.count == 4)
            #expect(
                result.replies.first?.text
                    == Array(repeating: "I look at two things.", count: 4).joined(separator: "\n\n")
            )
            #expect(try desk.lastRequest()["tool_choice"] == ["type": "none"])
            #expect(ClaudeDesk.trace(result).contains("failed: limit"))
        }
    }

    @Test("the rules can be asked, by words")
    func rules() async throws {
        let rule =
            "version: 1\nrules:\n  - id: greeting\n    match: '^hello'\n    reply: Hi!\n    tests: [{say: hello}]\n"
        let others = "- rules: {path: rules/}"
        try await ClaudeDesk.run("tools: [explain_rules]", others: others, files: ["rules/greetings.yaml": rule]) {
            desk in
            let result = try await desk.desk.say(#"tool explain_rules {"message": "hello there"}"#)
            let text = try #require(result.replies.first?.text)
            #expect(text.contains("reply: Hi!") && text.contains("rule: greetings/greeting"), "\(text)")
        }
    }

    @Test("the search finds what is too old to be sent, and says who said it")
    func search() throws {
        let items = (1...60).map { HistoryItem($0 % 2 == 0 ? .claude : .visitor, "message \($0) about INVOICES") }
        let turn = Turn(
            id: TurnID("t"),
            message: Incoming(id: "m", text: "x"),
            conversation: Conversation(sessionID: "s"),
            history: History(items),
            localTime: TimeOfDay(minutes: 0)
        )
        let tool = SearchHistory()
        #expect(
            try tool.call(.init(query: "invoices 7", limit: nil), in: turn).split(separator: "\n").last
                == "visitor: message 57 about INVOICES"
        )
        #expect(
            try tool.call(.init(query: "message 2 about", limit: 1), in: turn) == "claude: message 52 about INVOICES"
        )
        #expect(try tool.call(.init(query: "pears", limit: 3), in: turn) == "no message has these words")
        #expect(throws: ToolError("limit: write 1 to 10")) { try tool.call(.init(query: "x", limit: 11), in: turn) }
        #expect(throws: ToolError("query: write at least one word")) {
            try tool.call(.init(query: "?!", limit: 1), in: turn)
        }
    }
}
