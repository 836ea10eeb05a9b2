internal import Responders

/// Lets the model find what was said earlier in the conversation than what it is shown.
struct SearchHistory: Tool {
    struct Input: ToolInput {
        var query: String
        var limit: Int?

        static let descriptions = [
            "query": "Words that the message has, in any order: \"invoice number\".",
            "limit": "How many messages at most, from 1 through 10; 5 if not given.",
        ]
    }

    /// How far back it looks, in messages.
    static let depth = 100

    let name = "search_history"
    let description = """
        Searches the earlier messages of this conversation, also those that are too old to be shown to you. Use it when the \
        visitor refers to something that was said before.
        """

    func call(_ input: Input, in turn: Turn) throws -> String {
        let words = input.query.lowercased().split { !$0.isLetter && !$0.isNumber }
        guard !words.isEmpty else { throw ToolError("query: write at least one word") }
        guard let limit = Optional(input.limit ?? 5), 1...10 ~= limit else {
            throw ToolError("limit: write 1 to 10")
        }
        // The latest count most; they are told in the order in which they were said.
        let found = turn.history.items(atMost: Self.depth).reversed().lazy
            .filter { item in
                let text = item.text.lowercased()
                return words.allSatisfy { text.contains($0) }
            }
            .prefix(limit)
        guard !found.isEmpty else { return "no message has these words" }
        return found.reversed().map { "\($0.author.rawValue): \(cut($0.text, toBytes: 700))" }.joined(separator: "\n")
    }
}
