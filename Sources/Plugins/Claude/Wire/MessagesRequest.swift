/// One request to the Messages API.
///
/// Equal requests have equal bytes: keys are sorted and nothing of the moment is in them, so that what the API has cached
/// of an earlier one fits.
struct MessagesRequest: Sendable, Hashable {
    var model: String
    var maxTokens: Int
    /// The system prompt.
    var system: String
    var messages: [Message]
    var tools: [ToolDeclaration] = []
    /// Whether tools may be called; nothing where there are none.
    var toolChoice: ToolChoice?
    var isStreamed = true
    /// How long the API keeps what precedes the messages.
    var cache: CacheLifetime?
    /// Names the conversation to the API, which uses it against abuse.
    var userID: String?
    var thinking: Thinking?
    var effort: Effort?
    var serviceTier: ServiceTier?

    struct Message: Sendable, Hashable {
        enum Role: String, Sendable { case user, assistant }

        var role: Role
        var content: [ContentBlock]
    }

    struct ToolDeclaration: Sendable, Hashable {
        var name: String
        var description: String
        /// A JSON Schema of an object.
        var inputSchema: JSONValue
    }

    enum ToolChoice: String, Sendable { case auto, none }

    enum CacheLifetime: String, Sendable {
        case fiveMinutes = "5m"
        case hour = "1h"
    }

    enum Thinking: Sendable, Hashable {
        case adaptive, disabled, betweenTools
        /// At least 1,024 and less than ``maxTokens``.
        case enabled(budgetTokens: Int)
    }

    enum Effort: String, Sendable, CaseIterable, Decodable { case low, medium, high, xhigh, max }

    enum ServiceTier: String, Sendable, CaseIterable, Decodable {
        case auto
        case standardOnly = "standard_only"
    }
}

extension MessagesRequest {
    /// The body.
    var bytes: [UInt8] { self.json.bytes }

    private var json: JSONValue {
        .present([
            "max_tokens": JSONValue(self.maxTokens),
            "messages": .list(self.messages.map(\.json)),
            "metadata": self.userID.map { ["user_id": .text($0)] },
            "model": .text(self.model),
            "output_config": self.effort.map { ["effort": .text($0.rawValue)] },
            "service_tier": self.serviceTier.map { .text($0.rawValue) },
            "stream": .flag(self.isStreamed),
            // Tools come before the system prompt in what is cached, so one mark is for both.
            "system": self.system.isEmpty
                ? nil
                : [
                    .present([
                        "cache_control": self.cache.map { ["ttl": .text($0.rawValue), "type": "ephemeral"] },
                        "text": .text(self.system), "type": "text",
                    ])
                ],
            "thinking": self.thinking?.json,
            "tool_choice": self.tools.isEmpty ? nil : self.toolChoice.map { ["type": .text($0.rawValue)] },
            "tools": self.tools.isEmpty ? nil : .list(self.tools.map(\.json)),
        ])
    }

    /// What a budget reserves for the input: a token for each three bytes, which is more than any language needs.
    var estimatedInputTokens: Int { (self.bytes.count + 2) / 3 }
}

extension MessagesRequest.Message {
    fileprivate var json: JSONValue {
        ["content": .list(self.content.map(\.json)), "role": .text(self.role.rawValue)]
    }
}

extension MessagesRequest.ToolDeclaration {
    fileprivate var json: JSONValue {
        [
            "description": .text(self.description), "input_schema": self.inputSchema.sorted, "name": .text(self.name),
        ]
    }
}

extension MessagesRequest.Thinking {
    fileprivate var json: JSONValue {
        switch self {
        case .adaptive: ["type": "adaptive"]
        case .disabled: ["type": "disabled"]
        case .betweenTools: ["type": "between_tools"]
        case .enabled(let budgetTokens): ["budget_tokens": JSONValue(budgetTokens), "type": "enabled"]
        }
    }
}
