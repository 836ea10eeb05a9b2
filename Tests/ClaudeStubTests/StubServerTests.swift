import AsyncHTTPClient
import NIOCore
import Plugins
import Responders
import Testing

@testable import ClaudeStub

@Suite("claude-chat stub", .timeLimit(.minutes(2)))
struct StubServerTests {
    /// Runs a stub and asks it.
    private func asking(
        _ options: StubServer.Options = .init(),
        _ body: @escaping @Sendable (StubClient) async throws -> Void
    ) async throws {
        let server = try await StubServer.listening(options)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            defer { group.cancelAll() }
            try await body(StubClient(port: server.port))
        }
    }

    @Test("says back what was said, in the order of events of the API")
    func echo() async throws {
        try await self.asking { client in
            let answer = try await client.say("Hello there")
            #expect(answer.status == 200)
            #expect(answer.header("content-type") == "text/event-stream; charset=utf-8")
            #expect(answer.header("request-id") == "req_stub_0001")
            #expect(
                answer.eventNames == [
                    "message_start", "ping", "content_block_start", "content_block_delta", "content_block_delta",
                    "content_block_delta", "content_block_delta", "content_block_delta", "content_block_stop",
                    "message_delta", "message_stop",
                ]
            )
            #expect(answer.text == "You said: Hello there")
            let whole = try await client.say("Hello there", isStreamed: false)
            #expect(
                try whole.json["content"] == [["type": "text", "text": "You said: Hello there", "citations": .null]]
            )
            #expect(try whole.json["stop_reason"] == "end_turn")
        }
    }

    @Test("gives the same requests the same bytes, after a reset too")
    func deterministic() async throws {
        try await self.asking { client in
            let texts = ["one", "tool search {\"q\":1}", "two-tools", "thinking", "err:529:times=1", "crlf"]
            var first: [[UInt8]] = []
            for text in texts { first.append(try await client.say(text).body) }
            try await client.post("/_stub/reset")
            for (text, body) in zip(texts, first) { #expect(try await client.say(text).body == body, "\(text)") }
        }
    }

    @Test(
        "refuses what the API refuses",
        arguments: [
            (#"{"max_tokens":1,"messages":[{"role":"user","content":"x"}]}"#, "model: Field required"),
            (#"{"model":"m","messages":[{"role":"user","content":"x"}]}"#, "max_tokens: Field required"),
            (#"{"model":"m","max_tokens":1}"#, "messages: Field required"),
            (#"{"model":"m","max_tokens":1,"messages":[]}"#, "messages: at least one message is required"),
            (
                #"{"model":"m","max_tokens":1,"temperature":1,"messages":[{"role":"user","content":"x"}]}"#,
                "temperature: Extra inputs are not permitted"
            ),
            (
                #"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[]}]}"#,
                "messages.0.content: must not be empty"
            ),
            (
                #"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"  "}]}"#,
                "messages.0.content.0: text content blocks must be non-empty"
            ),
            (
                #"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"y"}]}"#,
                "messages: the last message must be from the user"
            ),
            (
                #"{"model":"m","max_tokens":1,"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"1","name":"n","input":{}}]},{"role":"user","content":"x"}]}"#,
                "messages.1: each tool_use must have its tool_result in the next message"
            ),
            (
                #"{"model":"m","max_tokens":1,"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"1","name":"n","input":{}}]},{"role":"user","content":[{"type":"text","text":"x"},{"type":"tool_result","tool_use_id":"1","content":"y"}]}]}"#,
                "messages.1.content.1: tool results come first"
            ),
            (
                #"{"model":"m","max_tokens":2000,"thinking":{"type":"enabled","budget_tokens":2000},"messages":[{"role":"user","content":"x"}]}"#,
                "thinking.budget_tokens: at least 1024 and less than max_tokens"
            ),
            ("[1]", "the body can't be read: the line is JSON, but no object"),
        ]
    )
    func refusals(body: String, problem: String) async throws {
        try await self.asking { client in
            let answer = try await client.post("/v1/messages", body)
            #expect(answer.status == 400)
            #expect(try answer.json["error"]?["message"] == .text(problem))
            #expect(try answer.json["error"]?["type"] == "invalid_request_error")
        }
    }

    @Test("wants a key, a version and JSON, and takes no more than 8 MiB")
    func heads() async throws {
        try await self.asking(.init(key: "right")) { client in
            let right = ["authorization": "Bearer right"]
            let cases: [([String: String], Int)] = [
                (right, 200), (["authorization": "", "x-api-key": "right"], 200),
                (["authorization": "Bearer wrong"], 401), (["authorization": ""], 401),
                (right.merging(["anthropic-version": "1999"]) { $1 }, 400),
                (right.merging(["content-type": "text/plain"]) { $1 }, 400),
            ]
            for (headers, status) in cases {
                let answer = try await client.say("x", headers: headers)
                #expect(answer.status == status, "\(headers)")
            }
            let large = String(repeating: " ", count: StubRequest.maximumBytes + 1)
            let refused = try await client.post("/v1/messages", large, headers: right)
            #expect(refused.status == 413)
            #expect(try await client.post("/elsewhere", headers: right).status == 404)
        }
    }

    @Test("keeps keys out of the list of requests")
    func log() async throws {
        try await self.asking { client in
            _ = try await client.say(
                "x",
                headers: ["authorization": "Bearer my-secret-key", "x-api-key": "my-secret-key"]
            )
            let log = try await client.get("/_stub/requests")
            #expect(!String(decoding: log.body, as: UTF8.self).contains("my-secret-key"))
            #expect(try log.json["requests"] != .list([]))
        }
    }

    @Test("counts what a cache would have written and read")
    func cache() async throws {
        try await self.asking { client in
            let body =
                #"{"model":"m","max_tokens":9,"system":[{"type":"text","text":"12345678","cache_control":{"type":"ephemeral","ttl":"1h"}}],"messages":[{"role":"user","content":"1234"}]}"#
            let first = try await client.post("/v1/messages", body).json["usage"]
            let second = try await client.post("/v1/messages", body).json["usage"]
            #expect(first?["input_tokens"] == 1)
            #expect(first?["cache_creation_input_tokens"] == 2)
            #expect(first?["cache_creation"]?["ephemeral_1h_input_tokens"] == 2)
            #expect(second?["cache_creation_input_tokens"] == 0)
            #expect(second?["cache_read_input_tokens"] == 2)
        }
    }

    @Test("answers from a script, with its tools where the request has them")
    func script() async throws {
        let text = "answers: [{match: refund, text: Within 30 days., tool: {name: find, input: {query: refund}}}]"
        try await self.asking(.init(script: AnswerScript(text, file: "answers.yaml"))) { client in
            #expect(try await client.say("A REFUND please").text == "Within 30 days.")
            let tool = #""tools":[{"name":"find","input_schema":{"type":"object"}}]"#
            let answer = try await client.say("A refund please", with: tool)
            #expect(answer.eventNames.filter { $0 == "content_block_start" }.count == 2)
            #expect(String(decoding: answer.body, as: UTF8.self).contains(#""stop_reason":"tool_use""#))
        }
    }

    @Test("stops at max_tokens")
    func maxTokens() async throws {
        try await self.asking { client in
            let answer = try await client.say("A long sentence that is said back", maxTokens: 3)
            #expect(answer.text == "You said: A ")
            #expect(String(decoding: answer.body, as: UTF8.self).contains(#""stop_reason":"max_tokens""#))
        }
    }
}
