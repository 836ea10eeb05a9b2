internal import Diagnostics

/// The last thing that a conversation's visitor was told.
public struct LastReply: Sendable, Hashable {
    public var text: String
    /// When the message came that it answers, as in ``Incoming/serverTime``.
    public var time: Int64

    public init(_ text: String, at time: Int64) {
        self.text = text
        self.time = time
    }
}

/// Whether a visitor only says what it is told: a program that talks with a program would do so for ever.
public struct EchoWatch: Sendable, Hashable {
    /// How many messages in a row were equal to the reply before them.
    var count = 0
    /// Until when the visitor gets no answer, as in ``Incoming/serverTime``.
    var quietUntil: Int64?

    /// So many echoes in a row are too many.
    static let limit = 3
    static let quietTime = Duration.seconds(60)

    public init() {}

    /// What to do about a message.
    enum Finding { case none, tooMany, quiet }

    func finding(of turn: Turn) -> Finding {
        let time = turn.message.serverTime
        // A server's clock that was set back must not silence a visitor for longer.
        if let end = self.quietUntil, end > time, end - time <= Self.quietTime.milliseconds { return .quiet }
        return self.count + 1 >= Self.limit && turn.isEcho ? .tooMany : .none
    }

    mutating func note(_ result: ChainResult) {
        if result.effects.silencesEchoes {
            self.quietUntil = result.turn.message.serverTime + Self.quietTime.milliseconds
            self.count = 0
        } else {
            self.count = result.turn.isEcho ? self.count + 1 : 0
        }
    }
}

extension Turn {
    fileprivate var isEcho: Bool { self.conversation.lastReply?.text == self.message.text }
}

extension ChainRun {
    /// Ends the turn where the visitor only repeats what it is told: the first time it is told so.
    mutating func stopEchoes() {
        guard self.turn.conversation.lastReply != nil, let entry = self.chain.entries.first else { return }
        switch self.turn.conversation.echoes.finding(of: self.turn) {
        case .none: return
        case .quiet: self.end(.suppressed, by: entry)
        case .tooMany:
            self.end(.refused, by: entry)
            self.replies = [Reply(Self.echoSentence, format: .plain)]
            self.effects.silencesEchoes = true
        }
        self.responder = nil
        self.endReason = .loop
    }

    /// What a visitor reads who repeats the replies.
    static let echoSentence = "You are sending my own words back to me. I will be quiet for a minute."
}
