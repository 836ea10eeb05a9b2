public import Messages

/// How a conversation stands: who answers in it, and since when.
public struct Standing: Hashable, Sendable {
    public var state: ConversationState
    /// Since when.
    public var since: Timestamp
    /// The name of whoever has it, where the state is ``ConversationState/human``.
    public var agent: String?
    /// Whom it was handed over to.
    public var queue: String?
    /// What the responder that handed it over says about it, for the person.
    public var note: String?
    /// Under which people find what the visitor said.
    public var reference: String?

    public init(
        _ state: ConversationState = .bot,
        since: Timestamp = Timestamp(milliseconds: 0),
        agent: String? = nil,
        queue: String? = nil,
        note: String? = nil,
        reference: String? = nil
    ) {
        self.state = state
        self.since = since
        self.agent = agent
        self.queue = queue
        self.note = note
        self.reference = reference
    }

    /// What may happen to a conversation.
    public enum Event: Hashable, Sendable {
        /// A responder or the visitor asks for a person.
        case handedOver(queue: String?, note: String?, reference: String?)
        /// An agent takes it, by name.
        case taken(by: String)
        /// An agent gives it back to the responders.
        case returned(by: String)
        /// An agent closes it, or the visitor, who has no name here.
        case closed(by: String?)
        /// No agent came in time, or the one who had it has gone.
        case nobodyCame
        /// Nothing was said for so long that it is over.
        case fellSilent
        /// The visitor says something.
        case spoken
    }

    /// How the conversation stands after an event; nothing where that can't happen to it as it stands.
    ///
    /// So of two who want the same thing one is the first, and the other one is told.
    public func after(_ event: Event, at time: Timestamp) -> Standing? {
        switch (event, self.state) {
        case (.handedOver(let queue, let note, let reference), .bot):
            return Standing(.waiting, since: time, queue: queue, note: note, reference: reference)
        case (.taken(let agent), .bot), (.taken(let agent), .waiting):
            var taken = self
            (taken.state, taken.since, taken.agent) = (.human, time, agent)
            return taken
        case (.returned, .human), (.nobodyCame, .waiting), (.nobodyCame, .human), (.spoken, .closed):
            return Standing(.bot, since: time)
        case (.closed, .bot), (.closed, .waiting), (.closed, .human),
            (.fellSilent, .bot), (.fellSilent, .waiting), (.fellSilent, .human):
            return Standing(.closed, since: time)
        default: return nil
        }
    }
}

/// After how long a conversation goes on by itself.
public struct ConversationTimes: Hashable, Sendable {
    /// How long a person is waited for before the responders answer again, in milliseconds.
    ///
    /// As long a conversation stays with an agent who has left it.
    public var returnMilliseconds: Int64
    /// After how long without a word it is over, in milliseconds.
    public var closeMilliseconds: Int64

    public init(returnMilliseconds: Int64 = 30 * 60_000, closeMilliseconds: Int64 = 24 * 3_600_000) {
        self.returnMilliseconds = returnMilliseconds
        self.closeMilliseconds = closeMilliseconds
    }
}

extension ServerTexts {
    /// What is said after an event; nothing after most.
    ///
    /// - Parameters:
    ///   - event: What happened.
    ///   - reference: Under which people find what the visitor said.
    /// - Returns: The text.
    func text(after event: Standing.Event, reference: String?) -> String? {
        switch event {
        case .taken(let name): self.joined(self.named(name))
        case .returned(let name): self.left(self.named(name))
        case .closed(let name?): self.closed(by: self.named(name))
        case .nobodyCame: self.nobodyIsFree(reference)
        case .fellSilent: self.closedInSilence
        case .handedOver, .closed(nil), .spoken: nil
        }
    }

    private func named(_ name: String) -> String { name == Self.nameless ? self.colleague : name }

    /// How an agent without a name is called where no language is known.
    static let nameless = ServerTexts.english.colleague
}
