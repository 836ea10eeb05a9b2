internal import Responders

/// What the model sees of a turn.
struct Prompt: Sendable {
    private let settings: ClaudeSettings
    private let turn: Turn
    private let fence: Fence
    /// How many tokens the history may have; halved where it turns out to be too long.
    private var historyTokens: Int

    init(_ turn: Turn, _ settings: ClaudeSettings, _ fence: Fence) {
        self.turn = turn
        self.settings = settings
        self.fence = fence
        self.historyTokens = settings.historyTokens
    }

    /// Leaves out the older half of the history.
    mutating func halveHistory() {
        let kept = self.history.reduce(0) { $0 + Self.tokens($1.text) }
        self.historyTokens = min(self.historyTokens, kept) / 2
    }

    /// The operator's text and what belongs to it.
    ///
    /// Nothing of the moment: what is equal is cached.
    var system: String { self.settings.system(for: self.turn.conversation.site) }

    /// The conversation, neighbours of one role joined, from a message of the visitor to the current one.
    var messages: [MessagesRequest.Message] {
        var messages: [MessagesRequest.Message] = []
        for item in self.history.drop(while: { $0.author != .visitor }) {
            let text = item.author == .agent ? "[agent] \(item.text)" : item.text
            messages.add(.text(self.fence.harmless(text)), of: item.author == .visitor ? .user : .assistant)
        }
        if let context = self.context { messages.add(.text(context), of: .user) }
        messages.add(.text(self.fence.harmless(self.turn.message.text)), of: .user)
        return messages
    }

    /// The messages that are sent: whole ones, from the newest backwards.
    private var history: [HistoryItem] {
        guard self.settings.historyMessages > 0 else { return [] }
        var tokens = 0
        return self.turn.history.items(atMost: self.settings.historyMessages)
            .filter { $0.author != .system && $0.text.contains { !$0.isWhitespace } }
            .reversed()
            .prefix { item in
                tokens += Self.tokens(item.text)
                return tokens <= self.historyTokens
            }
            .reversed()
    }

    /// What strangers may have written, fenced: the page, and what earlier responders found.
    private var context: String? {
        var parts: [String] = []
        let page = self.page
        if !page.isEmpty { parts.append(self.fence.around(page.joined(separator: "\n"), source: "page")) }
        for name in self.settings.notes {
            guard let note = self.turn.notes[name] else { continue }
            parts.append(self.fence.around(cut(note.json, toBytes: 8_192), source: "notes of \(name)"))
        }
        return parts.isEmpty ? nil : parts.joined(separator: "\n")
    }

    private var page: [String] {
        let page = self.turn.page
        return self.settings.pageFields.flatMap { field -> [String] in
            switch field {
            case .path: ["path: \(cleaned(page.path, toBytes: 512))"]
            case .title: page.title.map { ["title: \(cleaned($0, toBytes: 256))"] } ?? []
            case .url: page.url.map { ["url: \(cleaned(String($0.prefix { $0 != "?" }), toBytes: 512))"] } ?? []
            case .selectedElement:
                page.selectedElement.map { ["selected element: \(cleaned($0.description, toBytes: 512))"] } ?? []
            case .errors: page.errors.prefix(3).map { "error: \(cleaned($0, toBytes: 256))" }
            case .vars:
                page.vars.sorted { $0.key < $1.key }.prefix(20).map {
                    "\(cleaned($0.key, toBytes: 64)): \(cleaned($0.value, toBytes: 256))"
                }
            }
        }
    }

    /// A token for each three bytes, which is more than any language needs.
    private static func tokens(_ text: String) -> Int { (text.utf8.count + 2) / 3 }
}

extension [MessagesRequest.Message] {
    /// Adds a block, to the last message where that is of the same role.
    fileprivate mutating func add(_ block: ContentBlock, of role: MessagesRequest.Message.Role) {
        if self.last?.role == role {
            self[self.count - 1].content.append(block)
        } else {
            self.append(.init(role: role, content: [block]))
        }
    }
}

extension Note {
    /// As JSON, with its keys in order.
    var json: String { String(decoding: JSONValue(self).bytes, as: UTF8.self) }
}
