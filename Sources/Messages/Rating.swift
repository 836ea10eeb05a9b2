/// What a visitor thinks of a reply.
public struct Rating: Hashable, Sendable {
    public enum Value: String, Sendable, CaseIterable {
        case up, down
        /// Takes back what was thought.
        case none
    }

    /// The id of the reply.
    public var reply: String
    public var value: Value
    /// In the visitor's words, at most ``Limits/commentBytes`` bytes; nothing where none were given.
    public var comment: String?

    public init(reply: String, value: Value, comment: String? = nil) {
        self.reply = reply
        self.value = value
        self.comment = comment
    }
}
