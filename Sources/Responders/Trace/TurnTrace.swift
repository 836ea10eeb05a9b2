internal import Diagnostics
internal import Messages

/// Why a turn ended as it did: what is kept of it for the people who run the site.
///
/// It has no word of the visitor and none of a reply. Cheap to make: ``json`` does the work, when somebody wants it.
public struct TurnTrace: Sendable {
    /// The turn's id.
    public let turn: String
    /// How it ended.
    public let outcome: Outcome
    /// From the message to the outcome.
    public let elapsed: Duration
    /// How much of that the messages before it took.
    private let waited: Duration
    /// Whether a responder failed, or the visitor was told that something did.
    public let hasFailed: Bool
    private let message: String
    private let session: String
    private let site: String
    /// Who answered in the conversation when the turn began.
    private let state: ConversationState
    private let chain: String
    private let generation: Int
    private let attempt: Int
    private let started: Timestamp
    private let responder: String?
    private let replyCount: Int
    private let steps: [TraceStep]
    /// Who left a note, and how large it is.
    private let notes: [(name: String, bytes: Int)]
    private let topic: TopicChange?
    private let severity: Augmentation.Severity?
    private let queue: String?
    private let tags: [String]
    private let keepsContent: Bool
    private let shadowedChain: ShadowedChain?
    /// Counts what comes too late, also after the turn.
    private let probe: TraceProbe?

    /// - Parameters:
    ///   - result: What came of the turn.
    ///   - elapsed: From the message to the outcome.
    ///   - waited: How much of that the messages before it took.
    ///   - keepsContent: Whether what errors say that plugins threw is kept: they may quote the visitor or a service
    ///     outside.
    ///   - shadows: Steps of entries that were asked beside the others.
    ///   - shadowedChain: What a whole chain said that was run beside.
    public init(
        _ result: ChainResult,
        elapsed: Duration = .zero,
        waited: Duration = .zero,
        keepsContent: Bool = false,
        shadows: [TraceStep] = [],
        shadowedChain: ShadowedChain? = nil
    ) {
        self.shadowedChain = shadowedChain
        let (turn, effects) = (result.turn, result.effects)
        let (message, conversation) = (turn.message, turn.conversation)
        self.turn = turn.id.rawValue
        self.outcome = result.outcome
        self.elapsed = elapsed
        self.waited = waited
        self.hasFailed = result.outcome == .failedAndTold || !result.failures.isEmpty
        self.message = message.id
        self.session = conversation.sessionID
        self.site = conversation.site
        self.state = conversation.state
        self.chain = turn.place.chain
        self.generation = turn.place.generation
        self.attempt = turn.attempt
        self.started = Timestamp(milliseconds: message.serverTime)
        self.responder = result.responder
        self.replyCount = result.replies.count
        self.steps = shadows.isEmpty ? result.steps : result.steps.filter { $0.reason != .shadow } + shadows
        let notes = turn.notes
        self.notes = notes.isEmpty ? [] : notes.names.map { ($0, notes[$0]?.bytes ?? 0) }
        self.topic = effects.topic
        self.severity = effects.severity
        self.queue = effects.handoff?.queue
        self.tags = effects.tags
        self.keepsContent = keepsContent
        self.probe = turn.probe
    }

    /// Whether the turn was one of a session.
    public func isOf(session: String, site: String) -> Bool { self.session == session && self.site == site }

    /// The step that gave the last reply or ended the turn.
    private var decisiveStep: Int? {
        self.steps.lastIndex { step in
            step.shadow == nil && step.responder == self.responder
                && ["reply", "stream", "suppress", "handoff"].contains(step.verdict)
        }
    }

    /// About how many bytes it takes in memory.
    var size: Int { 384 + (self.probe == nil ? 0 : 160) + self.steps.reduce(0) { $0 + $1.size } }
}

extension TurnTrace {
    /// The record as one JSON object.
    public var json: [UInt8] {
        var writer = JSONWriter(reserving: 512 + 128 * self.steps.count)
        writer.object { record in
            record.text("turn", self.turn)
            record.text("message", self.message)
            record.text("session", self.session)
            record.text("site", self.site)
            record.text("chain", self.chain)
            record.integer("generation", self.generation)
            record.integer("attempt", self.attempt)
            record.text("state", self.state.rawValue)
            record.timestamp("started", self.started)
            record.thousandths("elapsedMs", self.elapsed.microseconds)
            if self.waited > .zero { record.thousandths("waitedMs", self.waited.microseconds) }
            record.text("outcome", self.outcome.rawValue)
            if let responder { record.text("responder", responder) }
            record.list("replies") { replies in
                for number in 0..<self.replyCount {
                    // As the hub names them.
                    replies.text(number == 0 ? "re:\(self.message)" : "re:\(self.message):\(number + 1)")
                }
            }
            if !self.steps.isEmpty { record.list("steps") { self.write(to: &$0) } }
            if !self.notes.isEmpty {
                record.object("notes") { notes in
                    for note in self.notes { notes.text(named: note.name, "\(note.bytes) bytes") }
                }
            }
            if let shadowedChain { record.object("shadow") { Self.write(shadowedChain, to: &$0) } }
            if let late = self.probe?.lateCount, late > 0 { record.integer("late", late) }
            record.object("effects") { self.writeEffects(to: &$0) }
        }
        return writer.bytes
    }

    private func write(to steps: inout JSONWriter) {
        let decisive = self.decisiveStep
        for (index, step) in self.steps.enumerated() {
            steps.object { object in
                object.integer("n", index + 1)
                object.text("stage", step.stage.rawValue)
                object.text("responder", step.responder)
                if let verdict = step.verdict {
                    object.text("verdict", verdict)
                    object.integer("us", step.duration.microseconds)
                } else if step.duration > .zero {
                    // It was asked, and came too late to count.
                    object.integer("us", step.duration.microseconds)
                }
                if let reason = step.reason {
                    object.text(step.verdict == "fail" ? "code" : "reason", reason.rawValue)
                }
                if let problem = step.problem, self.keepsContent || step.reason != .error {
                    object.text("problem", problem)
                }
                if let onFailure = step.onFailure { object.text("onError", onFailure.rawValue) }
                if let breaker = step.breaker { object.text("breaker", breaker.rawValue) }
                if let rule = step.rule ?? step.explanation?.decisive?.name { object.text("rule", rule) }
                if let place = step.place {
                    object.text("at", "\(place.file):\(place.line)")
                } else if let place = step.explanation?.decisive?.place {
                    object.text("at", place)
                }
                if !step.redacted.isEmpty {
                    object.object("redacted") { counts in
                        for (kind, count) in step.redacted.sorted(by: { $0.key < $1.key }) {
                            counts.integer(named: kind, count)
                        }
                    }
                }
                if !step.actions.isEmpty { Self.write(step.actions, to: &object) }
                Self.write(step.candidates, of: step.contentGeneration, to: &object)
                if let stream = step.stream { Self.write(stream, to: &object) }
                if let shadow = step.shadow {
                    object.text("mode", "shadow")
                    object.integer("textBytes", shadow.textBytes)
                    object.bool("same", shadow.isSame)
                }
                if index == decisive { object.bool("elected", true) }
            }
        }
    }

    private static func write(_ actions: [TraceStep.Action], to object: inout JSONWriter) {
        object.list("actions") { list in
            for action in actions {
                list.object { object in
                    object.text("responder", action.responder)
                    object.text("operation", action.operation)
                    object.integer("us", action.duration.microseconds)
                    if let reason = action.reason { object.text("code", reason.rawValue) }
                }
            }
        }
    }

    private static func write(_ candidates: TraceCandidates?, of generation: Int?, to object: inout JSONWriter) {
        guard candidates != nil || generation != nil else { return }
        object.object("detail") { detail in
            if let generation { detail.integer("generation", generation) }
            guard let candidates else { return }
            detail.list("candidates") { list in
                for candidate in candidates.list {
                    list.object { object in
                        object.text("rule", candidate.name)
                        if let place = candidate.place { object.text("at", "\(place.file):\(place.line)") }
                        object.text("lost", candidate.lost)
                    }
                }
            }
        }
    }

    private static func write(_ shadow: ShadowedChain, to object: inout JSONWriter) {
        object.text("chain", shadow.chain)
        object.text("outcome", shadow.outcome.rawValue)
        if let responder = shadow.responder { object.text("responder", responder) }
        if let rule = shadow.rule { object.text("rule", rule) }
        object.integer("us", shadow.duration.microseconds)
        object.integer("textBytes", shadow.textBytes)
        object.bool("same", shadow.isSame)
    }

    private static func write(_ stream: TraceStep.Stream, to object: inout JSONWriter) {
        if let first = stream.firstPiece { object.thousandths("firstChunkMs", first.microseconds) }
        object.integer("chunks", stream.pieceCount)
        object.text("finish", stream.finish.rawValue)
    }

    private func writeEffects(to object: inout JSONWriter) {
        switch self.topic {
        case .open(let topic, _): object.text("topic", topic)
        case .close: object.json("topic", "null")
        case nil: break
        }
        if let severity { object.text("severity", severity.rawValue) }
        if let queue { object.text("queue", queue) }
        if !self.tags.isEmpty {
            object.list("tags") { tags in for tag in self.tags { tags.text(tag) } }
        }
    }
}

extension Duration {
    /// Whole microseconds, what is left over cut off.
    var microseconds: Int {
        let (seconds, attoseconds) = self.components
        return Int(seconds) * 1_000_000 + Int(attoseconds / 1_000_000_000_000)
    }
}
