extension ServerFrame {
    /// Who answers from now on.
    ///
    /// - Parameters:
    ///   - state: The state of the conversation.
    ///   - agent: The name of the person who has it.
    /// - Returns: One JSON object.
    public static func conversation(_ state: ConversationState, agent: String? = nil) -> [UInt8] {
        json(reserving: 96) { frame in
            frame.text("type", "conversation")
            frame.text("state", state.rawValue)
            if let agent { frame.text("agent", agent) }
        }
    }

    /// Conversations that wait for a person, have one, or have been given back, for those who answer them.
    ///
    /// - Parameters:
    ///   - items: Which.
    ///   - isWhole: Whether there are no others.
    ///   - left: How many more there are that were left out.
    /// - Returns: One JSON object.
    public static func conversations(_ items: [ListedConversation], isWhole: Bool, left: Int = 0) -> [UInt8] {
        json { frame in
            frame.text("type", "conversations")
            frame.text("event", isWhole ? "sync" : "update")
            frame.array("items", ofJSON: items.map(\.json))
            if left > 0 { frame.integer("left", left) }
        }
    }
}

/// A conversation as it stands in the list of those who answer.
public struct ListedConversation: Hashable, Sendable {
    public var session: SessionID
    public var state: ConversationState
    /// Since when it is in that state.
    public var since: Timestamp
    /// Who has it.
    public var agent: String?
    /// Whom it is for.
    public var queue: String?
    /// What the responder that handed it over says about it.
    public var note: String?

    public init(
        _ session: SessionID,
        _ state: ConversationState,
        since: Timestamp,
        agent: String? = nil,
        queue: String? = nil,
        note: String? = nil
    ) {
        self.session = session
        self.state = state
        self.since = since
        self.agent = agent
        self.queue = queue
        self.note = note
    }

    fileprivate var json: [UInt8] {
        ServerFrame.json { object in
            object.text("sessionId", self.session.rawValue)
            object.text("state", self.state.rawValue)
            object.timestamp("since", self.since)
            if let agent { object.text("agent", agent) }
            if let queue { object.text("queue", queue) }
            if let note { object.text("note", note) }
        }
    }
}
