/// What a stream says, as far as somebody has to act on it.
enum StreamEvent: Sendable, Hashable {
    /// The response has begun, and this is what it costs so far.
    case started(Usage)
    /// The next piece of text, never empty.
    case text(String)
    /// The model begins to call a tool.
    case toolUseBegan(name: String)
    /// A block is whole.
    case block(ContentBlock)
    /// Something else that shows that the stream lives: a ping, thinking, a piece of a tool's input.
    case alive
    /// The response is whole.
    case ended(MessagesResponse)
}
