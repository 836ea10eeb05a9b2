internal import Diagnostics
internal import Messages

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

/// Whether a visitor is a program: one that only says what it is told would do so for ever, and so would one that writes
/// faster than anybody can.
public struct EchoWatch: Sendable, Hashable {
    /// How many messages in a row were equal to the reply before them.
    var count = 0
    /// Until when the visitor gets no answer, as in ``Incoming/serverTime``.
    var quietUntil: Int64?
    /// Whether many messages at once count, too.
    let watchesFloods: Bool
    /// When the last messages came, of those that came within ``floodTime`` of the one after them.
    private var times: [Int64] = []

    /// So many echoes in a row are too many.
    static let limit = 3
    /// More messages than these in ``floodTime`` are too many.
    static let floodLimit = 20
    static let floodTime = Duration.seconds(10)
    static let quietTime = Duration.seconds(60)

    public init(watchesFloods: Bool = false) { self.watchesFloods = watchesFloods }

    /// What to do about a message.
    enum Finding { case none, echoes, flood, quiet }

    func finding(of turn: Turn) -> Finding {
        let time = turn.message.serverTime
        // A server's clock that was set back must not silence a visitor for longer.
        if let end = self.quietUntil, end > time, end - time <= Self.quietTime.milliseconds { return .quiet }
        if self.times.count >= Self.floodLimit, Self.isRecent(self.times[0], at: time) { return .flood }
        return self.count + 1 >= Self.limit && turn.isEcho ? .echoes : .none
    }

    private static func isRecent(_ earlier: Int64, at time: Int64) -> Bool {
        0..<Self.floodTime.milliseconds ~= time - earlier
    }

    mutating func note(_ result: ChainResult) {
        let time = result.turn.message.serverTime
        if result.effects.silencesEchoes {
            self.quietUntil = time + Self.quietTime.milliseconds
            self.count = 0
            self.times = []
            return
        }
        self.count = result.turn.isEcho ? self.count + 1 : 0
        guard self.watchesFloods else { return }
        if let last = self.times.last, !Self.isRecent(last, at: time) { self.times = [] }
        if self.times.count == Self.floodLimit { self.times.removeFirst() }
        self.times.append(time)
    }
}

extension Turn {
    fileprivate var isEcho: Bool { self.conversation.lastReply?.text == self.message.text }
}

extension ChainRun {
    /// Ends the turn where the visitor is a program: the first time it is told so.
    mutating func stopEchoes() {
        // Whoever talks to a person may do so as they like.
        guard !self.isForPeople,
            self.turn.conversation.lastReply != nil || self.turn.conversation.echoes.watchesFloods,
            let entry = self.chain.entries.first
        else { return }
        switch self.turn.conversation.echoes.finding(of: self.turn) {
        case .none: return
        case .quiet: self.end(.suppressed, by: entry)
        case .echoes: self.silence(by: entry, saying: self.turn.sentence(\.echoes))
        case .flood: self.silence(by: entry, saying: self.turn.sentence(\.flood))
        }
        self.noteNobodyAsked(because: .loop)
    }

    private mutating func silence(by entry: Chain.Entry, saying sentence: Reply) {
        self.end(.refused, by: entry)
        self.replies = [sentence]
        self.effects.silencesEchoes = true
    }

    fileprivate mutating func noteNobodyAsked(because reason: TraceReason) {
        self.endIndex = 0
        self.responder = nil
        self.endReason = reason
    }
}

extension Chain {
    /// A turn about which nobody is asked.
    ///
    /// - Parameters:
    ///   - turn: The message.
    ///   - reason: Why not, for each entry.
    ///   - sentence: What the visitor reads.
    ///   - tracing: Whether the result says so of each entry.
    /// - Returns: An outcome, ``Outcome/refused``.
    public func refused(
        _ turn: Turn,
        because reason: TraceReason,
        saying sentence: String,
        tracing: Bool
    ) -> ChainResult {
        self.unasked(turn, .refused, because: reason, saying: Reply(sentence, format: .plain), tracing: tracing)
    }

    /// A turn that was begun too often, or too long ago, to be begun again.
    ///
    /// - Parameters:
    ///   - turn: The message.
    ///   - tracing: Whether the result says so of each entry.
    /// - Returns: An outcome, ``Outcome/failedAndTold``, with what the visitor reads.
    public func abandoned(_ turn: Turn, tracing: Bool) -> ChainResult {
        let sentence = turn.sentence { "\($0.wasNotAnswered) \($0.reference(turn.id.reference))" }
        return self.unasked(turn, .aborted, because: .abandoned, saying: sentence, tracing: tracing)
    }

    private func unasked(
        _ turn: Turn,
        _ ending: ChainRun.Ending,
        because reason: TraceReason,
        saying sentence: Reply,
        tracing: Bool
    ) -> ChainResult {
        var run = ChainRun(chain: self, turn: turn, startedAt: nil, isTracing: tracing, isExplaining: false)
        if let entry = self.entries.first { run.end(ending, by: entry) }
        run.replies = [sentence]
        run.noteNobodyAsked(because: reason)
        while run.next() != nil {}
        return run.result()
    }
}

extension TraceReason {
    /// Too many messages of the conversation wait to be answered.
    public static let queueFull: TraceReason = "queue-full"
    /// The server stopped before the message was answered, three times or an hour ago.
    public static let abandoned: TraceReason = "abandoned"
}
