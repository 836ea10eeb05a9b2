/// A content block on its way.
struct OpenBlock: Sendable {
    enum Kind: Sendable, Hashable {
        case text, thinking, unknown
        case redactedThinking(data: String)
        case toolUse(id: String, name: String)
    }

    let kind: Kind
    /// The text, the thinking, or the JSON of a tool's input, as far as it has come.
    private(set) var content = ""
    private var signature = ""

    /// Begins with what `content_block` of `content_block_start` says.
    init(_ value: JSONValue) throws(WireProblem) {
        switch try value.requiredText("type") {
        case "text":
            self.kind = .text
            self.content = try value.textField("text") ?? ""
        case "thinking":
            self.kind = .thinking
            self.content = try value.textField("thinking") ?? ""
            self.signature = try value.textField("signature") ?? ""
        case "redacted_thinking": self.kind = .redactedThinking(data: try value.requiredText("data"))
        case "tool_use":
            self.kind = .toolUse(id: try value.requiredText("id"), name: try value.requiredText("name"))
        default: self.kind = .unknown
        }
    }

    /// Takes a delta.
    ///
    /// - Returns: The piece that it brings; nothing for a type that isn't known.
    mutating func take(_ delta: JSONValue) throws(WireProblem) -> String? {
        let type = try delta.requiredText("type")
        let piece: String
        switch (type, self.kind) {
        case (_, .unknown): return ""
        case ("text_delta", .text): piece = try delta.requiredText("text")
        case ("thinking_delta", .thinking): piece = try delta.requiredText("thinking")
        case ("input_json_delta", .toolUse): piece = try delta.requiredText("partial_json")
        case ("signature_delta", .thinking):
            self.signature += try delta.requiredText("signature")
            return ""
        case ("citations_delta", .text): return ""
        case ("text_delta", _), ("thinking_delta", _), ("input_json_delta", _), ("signature_delta", _),
            ("citations_delta", _):
            throw WireProblem("bad-stream", "\(type) in another block")
        default: return nil
        }
        self.content += piece
        return piece
    }

    /// The whole block; nothing where its type isn't known.
    ///
    /// - Throws: `bad-stream` where the input of a tool is no object.
    func finished() throws(WireProblem) -> ContentBlock? {
        switch self.kind {
        case .unknown: return nil
        case .text: return .text(self.content)
        case .thinking: return .thinking(text: self.content, signature: self.signature)
        case .redactedThinking(let data): return .redactedThinking(data: data)
        case .toolUse(let id, let name):
            // No piece at all means an empty object.
            guard !self.content.isEmpty else {
                return .toolUse(.init(id: id, name: name, input: .object([])))
            }
            do throws(WireProblem) {
                return .toolUse(.init(id: id, name: name, input: try JSONValue(bytes: Array(self.content.utf8))))
            } catch {
                throw WireProblem("bad-stream", "the input of a tool: \(error.problem)")
            }
        }
    }
}
