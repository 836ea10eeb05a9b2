/// One block of a message, as it is sent and as it is answered.
enum ContentBlock: Sendable, Hashable {
    case text(String)
    case toolUse(ToolUse)
    case toolResult(ToolResult)
    /// Never shown and never logged; goes back unchanged with the results of tools.
    case thinking(text: String, signature: String)
    /// As `thinking`, unreadable for everybody but the API.
    case redactedThinking(data: String)

    /// The model asks for a tool.
    struct ToolUse: Sendable, Hashable {
        var id: String
        var name: String
        /// An object.
        var input: JSONValue
    }

    /// What a tool said.
    struct ToolResult: Sendable, Hashable {
        /// The id of the ``ToolUse``.
        var id: String
        var text: String
        var isError = false
    }

    /// The text, where the block is one.
    var text: String? { if case .text(let text) = self { text } else { nil } }

    /// The call, where the block is one.
    var toolUse: ToolUse? { if case .toolUse(let use) = self { use } else { nil } }
}

extension ContentBlock {
    /// The block of a response; nothing for a type that is not known.
    ///
    /// - Throws: What is wrong with a known one.
    init?(response value: JSONValue) throws(WireProblem) {
        guard case .object = value else { throw WireProblem("bad-response", "content: expected an object") }
        switch try value.requiredText("type") {
        case "text": self = .text(try value.requiredText("text"))
        case "thinking":
            self = .thinking(text: try value.requiredText("thinking"), signature: try value.requiredText("signature"))
        case "redacted_thinking": self = .redactedThinking(data: try value.requiredText("data"))
        case "tool_use":
            guard case .object? = value["input"] else {
                throw WireProblem("bad-response", "tool_use.input: expected an object")
            }
            self = .toolUse(
                ToolUse(
                    id: try value.requiredText("id"),
                    name: try value.requiredText("name"),
                    input: value["input"] ?? .object([])
                )
            )
        default: return nil
        }
    }

    /// The block as a request has it, its keys sorted.
    var json: JSONValue {
        switch self {
        case .text(let text): ["text": .text(text), "type": "text"]
        case .thinking(let text, let signature):
            ["signature": .text(signature), "thinking": .text(text), "type": "thinking"]
        case .redactedThinking(let data): ["data": .text(data), "type": "redacted_thinking"]
        case .toolUse(let use):
            ["id": .text(use.id), "input": use.input, "name": .text(use.name), "type": "tool_use"]
        case .toolResult(let result):
            .present([
                "content": .text(result.text), "is_error": result.isError ? true : nil,
                "tool_use_id": .text(result.id), "type": "tool_result",
            ])
        }
    }
}
