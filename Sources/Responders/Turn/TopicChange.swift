/// What a responder makes of a conversation's topic.
public enum TopicChange: Sendable, Hashable, ExpressibleByStringLiteral {
    /// From now on the conversation is about this.
    ///
    /// The time counts from the message on; without one the topic stays until it is replaced.
    case open(String, for: Duration? = nil)
    /// The conversation is about nothing in particular.
    case close

    /// A topic that stays until it is replaced.
    public init(stringLiteral topic: String) { self = .open(topic) }
}

/// Something that a responder doesn't want to do again for a while.
public struct Cooldown: Sendable, Hashable {
    /// For whom.
    public enum Scope: String, Sendable, CaseIterable {
        /// In the conversation: kept in ``Conversation/cooldowns``.
        case session
        /// In all conversations of the visitor: kept by the responder itself, see ``Responder/remember(_:of:)``.
        case visitor
        /// In all conversations of the site: kept by the responder itself.
        case site
    }

    /// What it is, such as the id of a rule.
    public var key: String
    public var scope: Scope
    /// How long, from the message on.
    public var duration: Duration

    public init(_ key: String, scope: Scope = .session, for duration: Duration) {
        self.key = key
        self.scope = scope
        self.duration = duration
    }
}
