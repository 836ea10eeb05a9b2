/// Who answers in a conversation.
///
/// The raw values are those of the wire.
public enum ConversationState: String, Sendable, Hashable, CaseIterable {
    /// The responders of the chain.
    case bot
    /// Nobody: a person is awaited.
    case waiting
    /// A person.
    case human
    /// Nobody any more; the visitor's next message begins anew.
    case closed

    /// Whether it is a person's, now or soon, so that no responder answers.
    public var isAttended: Bool { self == .waiting || self == .human }
}
