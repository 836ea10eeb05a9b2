internal import Plugins

/// A request that the API would take.
struct StubRequest: Sendable {
    var model: String
    var maxTokens: Int
    var isStreamed: Bool
    /// The last text of the last message, which a scenario or the script is chosen by.
    var text: String
    /// The results of tools in the last message.
    var toolResults: [String]
    var toolNames: [String]
    /// Bytes of text in the messages.
    var messageBytes: Int
    /// Tools and system prompt, where a mark of the cache stands behind them.
    var cachedPrefix: [UInt8]
    var cachesForAnHour: Bool
    /// Bytes of text in tools and system prompt.
    var prefixBytes: Int

    /// The longest body, in bytes.
    static let maximumBytes = 8_388_608
    static let versions: Set<String> = ["2026-10-21", "2023-06-01"]
    /// What may stand in a request: of the API's version 2026-10-21, in which `temperature` and its kin are gone.
    private static let keys: Set<String> = [
        "model", "max_tokens", "messages", "system", "stream", "tools", "tool_choice", "stop_sequences", "metadata",
        "thinking", "output_config", "service_tier", "cache_control", "container", "diagnostics", "inference_geo",
        "speed",
    ]

    /// Reads a body.
    ///
    /// - Throws: Status 400 for the first mistake.
    init(_ body: JSONValue) throws(StubError) {
        guard case .object(let members) = body else { throw .invalid("the body is no object") }
        for member in members where !Self.keys.contains(member.key) {
            throw .invalid("\(member.key): Extra inputs are not permitted")
        }
        for key in ["model", "max_tokens", "messages"] where body[key] == nil {
            throw .invalid("\(key): Field required")
        }
        guard case .text(let model)? = body["model"], !model.isEmpty else { throw .invalid("model: expected a text") }
        guard case .number(let tokens)? = body["max_tokens"], let maxTokens = Int(exactly: tokens), maxTokens >= 1
        else {
            throw .invalid("max_tokens: expected a whole number from 1")
        }
        self.model = model
        self.maxTokens = maxTokens
        self.isStreamed = try Self.flag(body["stream"])
        let messages = try StubMessages(body["messages"] ?? .null)
        self.text = messages.lastText
        self.toolResults = messages.lastResults
        self.messageBytes = messages.bytes
        let tools = try StubTools(body["tools"], choice: body["tool_choice"])
        self.toolNames = tools.names
        let system = try StubSystem(body["system"])
        self.prefixBytes = tools.bytes + system.bytes
        self.cachesForAnHour = system.isForAnHour
        self.cachedPrefix =
            system.isMarked ? (body["tools"] ?? .null).bytes + (body["system"] ?? .null).bytes : []
        try Self.check(thinking: body["thinking"], maxTokens: maxTokens)
        if case .object(let members)? = body["metadata"], members.contains(where: { $0.key != "user_id" }) {
            throw .invalid("metadata: only user_id may stand here")
        }
    }

    private static func flag(_ value: JSONValue?) throws(StubError) -> Bool {
        switch value {
        case nil: false
        case .flag(let flag)?: flag
        default: throw .invalid("stream: expected true or false")
        }
    }

    private static func check(thinking: JSONValue?, maxTokens: Int) throws(StubError) {
        guard let thinking else { return }
        switch thinking["type"] {
        case "adaptive", "disabled", "between_tools": return
        case "enabled":
            guard case .number(let budget)? = thinking["budget_tokens"], 1_024..<Double(maxTokens) ~= budget else {
                throw .invalid("thinking.budget_tokens: at least 1024 and less than max_tokens")
            }
        default: throw .invalid("thinking.type: unknown")
        }
    }
}

/// The field `system`.
private struct StubSystem {
    var bytes = 0
    var isMarked = false
    var isForAnHour = false

    init(_ value: JSONValue?) throws(StubError) {
        switch value {
        case nil: break
        case .text(let text)?: self.bytes = text.utf8.count
        case .list(let blocks)?:
            for block in blocks {
                guard block["type"] == "text", case .text(let text)? = block["text"], !text.isEmpty else {
                    throw .invalid("system: text content blocks must be non-empty")
                }
                self.bytes += text.utf8.count
                guard let mark = block["cache_control"] else { continue }
                guard mark["type"] == "ephemeral", [nil, "5m", "1h"].contains(mark["ttl"]) else {
                    throw .invalid("system.cache_control: expected type ephemeral and ttl 5m or 1h")
                }
                self.isMarked = true
                self.isForAnHour = mark["ttl"] == "1h"
            }
        default: throw .invalid("system: expected a text or blocks")
        }
    }
}

/// The fields `tools` and `tool_choice`.
private struct StubTools {
    var names: [String] = []
    var bytes = 0

    init(_ value: JSONValue?, choice: JSONValue?) throws(StubError) {
        if let value {
            guard case .list(let tools) = value else { throw .invalid("tools: expected a list") }
            for tool in tools { try self.take(tool) }
        }
        guard let choice else { return }
        guard !self.names.isEmpty else { throw .invalid("tool_choice: there are no tools") }
        switch choice["type"] {
        case "auto", "any", "none": return
        case "tool":
            guard case .text(let name)? = choice["name"], self.names.contains(name) else {
                throw .invalid("tool_choice.name: no such tool")
            }
        default: throw .invalid("tool_choice.type: unknown")
        }
    }

    private mutating func take(_ tool: JSONValue) throws(StubError) {
        guard case .text(let name)? = tool["name"], 1...128 ~= name.utf8.count,
            name.utf8.allSatisfy({
                0x30...0x39 ~= $0 || 0x41...0x5A ~= $0 || 0x61...0x7A ~= $0 || $0 == UInt8(ascii: "_")
                    || $0 == UInt8(ascii: "-")
            })
        else { throw .invalid("tools.name: expected 1 to 128 of A-Z a-z 0-9 _ -") }
        guard !self.names.contains(name) else { throw .invalid("tools: two are called \(name)") }
        guard tool["input_schema"]?["type"] == "object" else {
            throw .invalid("tools.input_schema.type: expected object")
        }
        self.names.append(name)
        self.bytes += tool.bytes.count
    }
}
