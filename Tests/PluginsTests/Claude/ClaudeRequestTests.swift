import ClaudeStub
import Diagnostics
import NIOCore
import Responders
import RespondersTesting
import Testing

@testable import Plugins

@Suite("claude: what is sent", .timeLimit(.minutes(2)))
struct ClaudeRequestTests {
    private func texts(_ request: JSONValue) -> [(role: String, texts: [String])] {
        guard case .list(let messages)? = request["messages"] else { return [] }
        return messages.map { message in
            guard case .text(let role)? = message["role"], case .list(let blocks)? = message["content"] else {
                return ("", [])
            }
            return (role, blocks.compactMap { if case .text(let text)? = $0["text"] { text } else { nil } })
        }
    }

    @Test("the conversation, each in its role, the last ones that fit")
    func history() async throws {
        let settings = "history: {messages: 4, tokens: 1000}\npage: []"
        try await ClaudeDesk.run(settings) { desk in
            for text in ["one", "two", "three"] { _ = try await desk.desk.say(text) }
            let sent = self.texts(try desk.lastRequest())
            #expect(sent.map(\.role) == ["user", "assistant", "user", "assistant", "user"])
            #expect(sent.map(\.texts) == [["one"], ["You said: one"], ["two"], ["You said: two"], ["three"]])
            _ = try await desk.desk.say("four")
            let next = self.texts(try desk.lastRequest())
            #expect(next.map(\.texts) == [["two"], ["You said: two"], ["three"], ["You said: three"], ["four"]])
        }
    }

    @Test("agents, the system and messages without a letter; neighbours of one role are joined")
    func roles() throws {
        let items: [HistoryItem] = [
            .init(.claude, "Welcome!"), .init(.visitor, "a"), .init(.visitor, "b"), .init(.system, "joined"),
            .init(.agent, "I am Ann"), .init(.claude, "   "), .init(.claude, "c"), .init(.visitor, " \n"),
        ]
        let prompt = try self.prompt(items, "history: {tokens: 1000}\npage: []", asks: "d untrusted-data-1")
        #expect(prompt.messages.map(\.role) == [.user, .assistant, .user])
        #expect(
            prompt.messages.map { $0.content.compactMap(\.text) } == [
                ["a", "b"], ["[agent] I am Ann", "c"], ["d untrusted data 1"],
            ]
        )
        var short = try self.prompt(items, "history: {tokens: 1}\npage: []", asks: "d")
        #expect(short.messages.map { $0.content.compactMap(\.text) } == [["d"]])
        short.halveHistory()
        #expect(short.messages.count == 1)
    }

    private func prompt(_ items: [HistoryItem], _ settings: String, asks text: String) throws -> Prompt {
        let yaml = "key: {file: key}\nmodel: m\nsystem: prompt.md\n\(settings)"
        let folder = try ScratchFolder(["key": "k", "prompt.md": "x"])
        let turn = Turn(
            id: TurnID("t"),
            message: Incoming(id: "m", text: text),
            conversation: Conversation(sessionID: "s"),
            history: History(items),
            localTime: TimeOfDay(minutes: 0)
        )
        return Prompt(turn, try self.settings(yaml, in: folder), Fence(random: 1))
    }

    private func settings(_ yaml: String, in folder: ScratchFolder) throws -> ClaudeSettings {
        let schema = try SettingsSchema(sample: Claude.sample, name: "claude", openKeys: Claude.manifest.openKeys)
        let written = try Settings(yaml: yaml, file: "test.yaml").decode(Claude.Configuration.self, like: schema)
        return try ClaudeSettings(written, PluginServices(baseFolder: folder.path, environment: ["MODEL": "from-env"]))
    }

    @Test("the same prompt byte by byte, so that the cache fits; what changes stands in the last message")
    func cache() async throws {
        try await ClaudeDesk.run("cache: 1h\ntools: [search_history, explain_rules]") { desk in
            _ = try await desk.desk.say("one", on: Page(path: "/a"))
            let first = try desk.lastRequest()
            let result = try await desk.desk.say("two", on: Page(path: "/b"))
            let second = try desk.lastRequest()
            #expect(first["system"] == second["system"])
            #expect(first["tools"] == second["tools"])
            #expect(ClaudeDesk.trace(result).contains("from the cache"))
            guard case .list(let blocks)? = first["system"] else { return #expect(Bool(false)) }
            #expect(blocks.last?["cache_control"] == ["ttl": "1h", "type": "ephemeral"])
        }
    }

    @Test("the headers of the configuration, the key in the form that is chosen, and no key in the body")
    func headers() async throws {
        let settings =
            "auth_header: x-api-key\nheaders: {X-Team: chat}\nthinking: adaptive\neffort: low\nservice_tier: standard_only"
        try await ClaudeDesk.run(settings) { desk in
            let said1 = try await desk.desk.say("hello")
            #expect(said1.replies.first?.text == "You said: hello")
            let headers = try #require(desk.stub.received.last?["headers"])
            #expect(headers["x-api-key"] == "redacted")
            #expect(headers["authorization"] == nil)
            #expect(headers["x-team"] == "chat")
            #expect(headers["anthropic-version"] == "2026-10-21")
            #expect(headers["accept"] == "application/json")
            let body = try desk.lastRequest()
            #expect(body["thinking"] == ["type": "adaptive"])
            #expect(body["output_config"] == ["effort": "low"])
            #expect(!String(decoding: body.bytes, as: UTF8.self).contains(ClaudeDesk.key))
        }
    }

    @Test("the system prompt has its variables, and the site's name")
    func system() async throws {
        let settings = "variables: {shop: ACME, hours: 9 to 5}"
        let files = ["prompt.md": "Help at {{ shop }} ({{site}}), {{hours}}. {{ left } alone"]
        try await ClaudeDesk.run(settings, files: files) { desk in
            _ = try await desk.desk.say("hello")
            guard case .list(let blocks)? = try desk.lastRequest()["system"], case .text(let text)? = blocks[0]["text"]
            else { return #expect(Bool(false)) }
            #expect(
                text.hasPrefix("Help at ACME (default), 9 to 5. {{ left } alone\n\nYou write in a small chat window")
            )
        }
    }

    @Test(
        "mistakes of the configuration are told with what to write",
        arguments: [
            ("endpoint: http://api.example.com", "plain-target"), ("endpoint: https://10.0.0.1", "private-target"),
            ("endpoint: ftp://x", "bad-url"), ("max_tokens: 5", "out-of-range"), ("retries: 9", "out-of-range"),
            ("thinking: 100", "out-of-range"), ("thinking: deeply", "wrong-value"), ("cache: 2h", "wrong-value"),
            ("headers: {Authorization: x}", "bad-header"), ("model: {env: NOWHERE}", "missing-secret"),
            ("budget: {day: {spend: 1}}", "no-prices"), ("key: sk-secret", "secret-in-file"),
            ("system: nowhere.md", "no-file"), ("first_chunk: 0s", "out-of-range"), ("temperature: 1", "unknown-key"),
            ("variables: {x: y}\nsystem: |\n  {{z}}\n  x", "unknown-variable"), ("tools: [nothing]", "unknown-tool"),
        ]
    )
    func mistakes(settings: String, code: String) throws {
        let usual = ["key: {file: key}", "model: m", "system: prompt.md"].filter { line in
            !settings.split(separator: "\n").contains { $0.hasPrefix(line.prefix { $0 != ":" } + ":") }
        }
        let lines = (usual + settings.split(separator: "\n").map(String.init)).map { "      \($0)" }
        let yaml = "answer:\n  - claude:\n\(lines.joined(separator: "\n"))\nfallback: [fallback]"
        let files = ["key": "the-key", "prompt.md": "x"]
        if code == "unknown-tool" {
            let warnings = try ChainDesk(yaml, plugins: .builtin(), files: files).warnings
            #expect(warnings.map(\.code) == [code])
            return
        }
        let rejection = #expect(throws: Rejection.self) { try ChainDesk(yaml, plugins: .builtin(), files: files) }
        #expect(rejection?.diagnostics.map(\.code) == [code])
        #expect(rejection?.description.contains("sk-secret") == false)
    }

    @Test("a name that leads to a private address is not followed, nor one that changes to it")
    func resolution() async throws {
        let folder = try ScratchFolder(["key": "k", "prompt.md": "x"])
        let yaml = "key: {file: key}\nmodel: m\nsystem: prompt.md\nendpoint: https://api.test\nretries: 0"
        let schema = try SettingsSchema(sample: Claude.sample, name: "claude", openKeys: Claude.manifest.openKeys)
        let written = try Settings(yaml: yaml, file: "test.yaml").decode(Claude.Configuration.self, like: schema)
        let claude = try Claude(
            configuration: written,
            services: PluginServices(baseFolder: folder.path),
            client: nil,
            resolver: Resolver { _, port in [try SocketAddress(ipAddress: "169.254.169.254", port: port)] }
        )
        let verdict = try await Desk(claude).hears("hello")
        guard case .fail(let failure) = verdict else { return #expect(Bool(false), "\(verdict)") }
        #expect(failure.problem == "\"api.test\" has no address of the public network")
    }
}
