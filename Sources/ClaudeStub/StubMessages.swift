internal import Plugins

/// The field `messages`, checked as the API does.
struct StubMessages {
    private(set) var lastText = ""
    private(set) var lastResults: [String] = []
    private(set) var bytes = 0
    /// The ids of calls that the next message has to answer.
    private var open: [String] = []

    init(_ value: JSONValue) throws(StubError) {
        guard case .list(let messages) = value, !messages.isEmpty else {
            throw .invalid("messages: at least one message is required")
        }
        for (index, message) in messages.enumerated() {
            guard case .text(let role)? = message["role"], ["user", "assistant", "system"].contains(role) else {
                throw .invalid("messages.\(index).role: expected user, assistant or system")
            }
            try self.take(message["content"] ?? .null, of: role, at: "messages.\(index)")
        }
        guard messages.last?["role"] == "user" else {
            throw .invalid("messages: the last message must be from the user")
        }
    }

    private mutating func take(_ content: JSONValue, of role: String, at place: String) throws(StubError) {
        var blocks: [JSONValue]
        switch content {
        case .text(let text): blocks = [["type": "text", "text": .text(text)]]
        case .list(let list): blocks = list
        default: throw .invalid("\(place).content: expected a text or blocks")
        }
        guard !blocks.isEmpty else { throw .invalid("\(place).content: must not be empty") }
        let awaited = self.open
        self.open = []
        self.lastText = ""
        self.lastResults = []
        var answered: [String] = []
        for (index, block) in blocks.enumerated() {
            let place = "\(place).content.\(index)"
            switch block["type"] {
            case "text": try self.takeText(block, of: role, at: place)
            case "tool_use" where role == "assistant":
                guard case .text(let id)? = block["id"], case .object? = block["input"], block["name"] != nil else {
                    throw .invalid("\(place): a tool_use has id, name and input")
                }
                self.open.append(id)
            case "tool_result" where role == "user":
                guard self.lastText.isEmpty else { throw .invalid("\(place): tool results come first") }
                guard case .text(let id)? = block["tool_use_id"], awaited.contains(id) else {
                    throw .invalid("\(place): no tool_use in the message before has this id")
                }
                answered.append(id)
                self.takeResult(block["content"] ?? .null)
            case "thinking" where role == "assistant", "redacted_thinking" where role == "assistant":
                guard block["signature"] != nil || block["data"] != nil else {
                    throw .invalid("\(place): thinking without its signature")
                }
            case "image" where role == "user", "document" where role == "user": break
            default: throw .invalid("\(place).type: not allowed for \(role)")
            }
        }
        guard Set(awaited) == Set(answered), answered.count == awaited.count else {
            throw .invalid("\(place): each tool_use must have its tool_result in the next message")
        }
    }

    private mutating func takeText(_ block: JSONValue, of role: String, at place: String) throws(StubError) {
        guard case .text(let text)? = block["text"], text.contains(where: { !$0.isWhitespace }) else {
            throw .invalid("\(place): text content blocks must be non-empty")
        }
        if role == "user", case .list(let citations)? = block["citations"], !citations.isEmpty {
            throw .invalid("\(place): citations on a user's text")
        }
        self.bytes += text.utf8.count
        if role == "user" { self.lastText = text }
    }

    private mutating func takeResult(_ content: JSONValue) {
        let texts: [String]
        switch content {
        case .text(let text): texts = [text]
        case .list(let blocks):
            texts = blocks.compactMap { if case .text(let text)? = $0["text"] { text } else { nil } }
        default: texts = []
        }
        let text = texts.joined(separator: "\n")
        self.bytes += text.utf8.count
        self.lastResults.append(text)
    }
}
