internal import Plugins

/// What the stub answers with, before it is written as a stream or in one piece.
struct StubAnswer: Sendable {
    var id: String
    var model: String
    var blocks: [Block]
    var stopReason = "end_turn"
    var stopDetails = JSONValue.null
    var usage: StubUsage

    enum Block: Sendable, Hashable {
        case text(String)
        case toolUse(id: String, name: String, input: JSONValue)
        case thinking(String, signature: String)
        /// One that no client knows.
        case unknown
    }

    /// Bytes of text, thinking and tools' inputs.
    var outputBytes: Int {
        self.blocks.reduce(0) { sum, block in
            switch block {
            case .text(let text): sum + text.utf8.count
            case .toolUse(_, _, let input): sum + input.bytes.count
            case .thinking(let text, _): sum + text.utf8.count
            case .unknown: sum
            }
        }
    }

    /// The object that a response is, or begins with.
    func json(isWhole: Bool) -> JSONValue {
        [
            "id": .text(self.id), "type": "message", "role": "assistant", "model": .text(self.model),
            "content": .list(isWhole ? self.blocks.map(\.json) : []),
            "stop_reason": isWhole ? .text(self.stopReason) : .null, "stop_sequence": .null,
            "stop_details": isWhole ? self.stopDetails : .null,
            "usage": self.usage.json(output: isWhole ? self.usage.output : 1),
        ]
    }
}

/// The tokens of an answer.
struct StubUsage: Sendable {
    var input: Int
    var output: Int
    var cacheWrite = 0
    var cacheRead = 0
    var isForAnHour = false

    func json(output: Int) -> JSONValue {
        [
            "input_tokens": JSONValue(self.input), "output_tokens": JSONValue(output),
            "cache_creation_input_tokens": JSONValue(self.cacheWrite),
            "cache_read_input_tokens": JSONValue(self.cacheRead),
            "cache_creation": [
                "ephemeral_5m_input_tokens": JSONValue(self.isForAnHour ? 0 : self.cacheWrite),
                "ephemeral_1h_input_tokens": JSONValue(self.isForAnHour ? self.cacheWrite : 0),
            ],
            "service_tier": "standard",
        ]
    }
}

extension StubAnswer.Block {
    var json: JSONValue {
        switch self {
        case .text(let text): ["type": "text", "text": .text(text), "citations": .null]
        case .toolUse(let id, let name, let input):
            ["type": "tool_use", "id": .text(id), "name": .text(name), "input": input]
        case .thinking(let text, let signature):
            ["type": "thinking", "thinking": .text(text), "signature": .text(signature)]
        case .unknown: ["type": "hologram", "hologram": ["of": "the stub"]]
        }
    }
}
