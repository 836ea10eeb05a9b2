/// A whole response of the Messages API.
struct MessagesResponse: Sendable, Hashable {
    var id = ""
    var model = ""
    /// The blocks of known types, in order.
    var content: [ContentBlock] = []
    /// Nothing while it is on its way.
    var stopReason: StopReason?
    /// Why the model refused, where it did.
    var refusal: Refusal?
    var usage = Usage()
    /// The blocks whose type is not known, which are left out.
    var unknownBlocks = 0

    /// The text of all blocks.
    var text: String { self.content.compactMap(\.text).joined() }

    /// The calls of tools, in order.
    var toolUses: [ContentBlock.ToolUse] { self.content.compactMap(\.toolUse) }

    /// What `stop_details` says.
    struct Refusal: Sendable, Hashable {
        var category: String?
    }
}

/// Why a response ends: a word of the API, which may gain new ones.
struct StopReason: RawRepresentable, Sendable, Hashable {
    let rawValue: String

    init(rawValue: String) { self.rawValue = rawValue }

    static let endTurn = StopReason(rawValue: "end_turn")
    static let stopSequence = StopReason(rawValue: "stop_sequence")
    static let maxTokens = StopReason(rawValue: "max_tokens")
    static let toolUse = StopReason(rawValue: "tool_use")
    static let pauseTurn = StopReason(rawValue: "pause_turn")
    static let refusal = StopReason(rawValue: "refusal")
    static let contextWindowExceeded = StopReason(rawValue: "model_context_window_exceeded")
}

/// The tokens of one response.
struct Usage: Sendable, Hashable {
    /// Without those that the cache read or was filled with.
    var input = 0
    /// With those of thinking.
    var output = 0
    /// Written to the cache, for five minutes and for an hour.
    var cacheWrite = 0
    /// Those of ``cacheWrite`` that are kept for an hour.
    var cacheWriteHour = 0
    var cacheRead = 0
    /// A part of ``output``.
    var thinking = 0

    /// Everything that the model read.
    var totalInput: Int { self.input + self.cacheWrite + self.cacheRead }
    /// Everything that counts against a budget.
    var total: Int { self.totalInput + self.output }

    /// Takes over what `usage` of an event or a response says: a field that is there replaces, another one stays.
    mutating func replace(from value: JSONValue) throws(WireProblem) {
        self.input = try value.count("input_tokens") ?? self.input
        self.output = try value.count("output_tokens") ?? self.output
        self.cacheWrite = try value.count("cache_creation_input_tokens") ?? self.cacheWrite
        self.cacheRead = try value.count("cache_read_input_tokens") ?? self.cacheRead
        if let created = try value.object("cache_creation") {
            self.cacheWriteHour = try created.count("ephemeral_1h_input_tokens") ?? self.cacheWriteHour
        }
        if let details = try value.object("output_tokens_details") {
            self.thinking = try details.count("thinking_tokens") ?? self.thinking
        }
    }
}

extension MessagesResponse {
    /// Reads a response that came in one piece.
    ///
    /// - Throws: What is wrong with a field that is known.
    init(_ value: JSONValue) throws(WireProblem) {
        try self.init(head: value)
        guard case .list(let blocks)? = value["content"] else {
            throw WireProblem("bad-response", "content: expected a list")
        }
        guard blocks.count <= EventStreamReader.maximumBlocks else {
            throw WireProblem("response-too-large", "more than \(EventStreamReader.maximumBlocks) blocks")
        }
        for block in blocks {
            if let block = try ContentBlock(response: block) {
                self.content.append(block)
            } else {
                self.unknownBlocks += 1
            }
        }
        try self.take(ending: value)
        guard self.stopReason != nil else { throw WireProblem("bad-response", "stop_reason: missing") }
    }

    /// Reads what a response begins with.
    init(head value: JSONValue) throws(WireProblem) {
        guard try value.requiredText("role") == "assistant" else {
            throw WireProblem("bad-response", "role: not assistant")
        }
        self.id = try value.requiredText("id")
        self.model = try value.requiredText("model")
        guard let usage = try value.object("usage") else { throw WireProblem("bad-response", "usage: missing") }
        try self.usage.replace(from: usage)
    }

    /// Takes over why it ends, from the response or from the `delta` of `message_delta`.
    mutating func take(ending value: JSONValue) throws(WireProblem) {
        if let reason = try value.textField("stop_reason") { self.stopReason = StopReason(rawValue: reason) }
        if let details = try value.object("stop_details") {
            self.refusal = Refusal(category: try details.textField("category"))
        }
    }
}
