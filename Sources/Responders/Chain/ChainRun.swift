internal import Diagnostics
internal import Messages

/// One turn on its way through a chain.
///
/// A value with one owner. `next` says who is asked, `ask` or `wait` asks and takes the verdict, `result` is the end.
public struct ChainRun: Sendable {
    let chain: Chain
    var turn: Turn
    /// When the turn began; nothing as long as nobody needs to know.
    private var start: Duration?
    let isTracing: Bool
    let isExplaining: Bool

    /// The clock, as it was read last, where nothing has waited since.
    var lastReading: Duration?

    /// The entry that is asked now.
    var index = 0
    /// The position of that entry within its stage.
    var position = 0
    /// Set once; nobody is asked afterwards.
    private(set) var ending: Ending?
    /// Why nobody is asked any more.
    var endReason = TraceReason.alreadyAnswered
    /// Whether a failure sent the turn to the fallback.
    private(set) var skipsToFallback = false
    /// Whether the fallback is asked though a part of a reply was shown.
    private(set) var isCutToFallback = false
    /// What became of the entries of `answer`: how many could have answered, how many failed, and where the last of these is.
    var answerers = (all: 0, failed: 0, lastFailed: 0)
    /// Until when `enrich` may take, from its first wait on.
    private var enrichEnd: Duration?
    /// Until when `fallback` may take, from its first wait on.
    private var fallbackEnd: Duration?
    /// How many entries were gone through when the turn was ended.
    var endIndex: Int?
    var failures: [ResponderFailure] = []
    var replies: [Reply] = []
    /// How many of ``replies`` the sink has shown already.
    var shownCount = 0
    var responder: String?
    var effects = ChainResult.Effects()
    var steps: [TraceStep] = []
    /// The rule behind the verdict that is taken at the moment.
    private var rule: (name: String, place: Place?)?
    /// The reply that is to be played next.
    var streaming: Streaming?
    /// The verdict that waits for what others do first.
    var asking: Asking?
    /// How many actions the turn has asked for.
    var actionCount = 0
    /// What was done for the verdict that is taken at the moment.
    var performed: [TraceStep.Action] = []

    /// A streamed reply that a responder has returned.
    struct Streaming: Sendable {
        let stream: StreamedReply
        let found: Augmentation
        let askedAt: Duration
        /// The place of the call, which the text takes until its end.
        var permit: CallGate.Permit?
        /// Whether its text is written already, so that the place is free without our doing.
        var isHeld = false
    }

    /// How a verdict ended the turn.
    enum Ending { case answered, fellBack, refused, suppressed, handedOver, aborted }

    private static func ending(ofReplyIn stage: Stage) -> Ending {
        switch stage {
        case .guard: .refused
        case .enrich, .answer: .answered
        case .fallback, .after: .fellBack
        }
    }

    init(chain: Chain, turn: Turn, startedAt start: Duration?, isTracing: Bool, isExplaining: Bool) {
        self.chain = chain
        self.turn = turn
        self.start = start
        self.lastReading = start
        self.isTracing = isTracing
        self.isExplaining = isExplaining
        self.turn.place.chain = chain.name
        self.turn.place.generation = chain.generation
        self.turn.tools = chain.tools
        guard isTracing else { return }
        self.steps.reserveCapacity(chain.entries.count)
        self.turn.probe = TraceProbe()
    }

    /// When the turn began.
    var startedAt: Duration { self.start ?? self.chain.clock.now }

    /// Begins to count the turn's time, unless that has begun.
    mutating func startClock(at now: Duration) { self.start = self.start ?? now }

    /// Goes to the next entry that is to be asked.
    ///
    /// - Returns: The entry, the same one until it was asked; nothing at the end.
    mutating func next() -> Chain.Entry? {
        while self.index < self.chain.decidingCount {
            let entry = self.chain.entries[self.index]
            if entry.stage != self.turn.place.stage { self.enter(entry.stage) }
            guard let reason = self.reasonToSkip(entry) else {
                if self.skips(entry) { continue }
                self.turn.place.position = self.position
                return entry
            }
            if self.ending != nil, !self.isTracing { return nil }
            if entry.stage == .answer, reason.isOfEntryThatAnswers { self.answerers.all += 1 }
            self.record(nil, reason)
            self.advance()
        }
        return nil
    }

    private mutating func enter(_ stage: Stage) {
        if stage == .fallback { self.handOverWhereAllFailed() }
        self.turn.place.stage = stage
        self.position = 0
    }

    func reasonToSkip(_ entry: Chain.Entry) -> TraceReason? {
        if let reason = entry.reasonToSkip(self.turn.conversation) { return reason }
        if self.ending != nil { return self.endReason }
        if self.isForPeople, entry.stage == .answer || entry.stage == .fallback { return .withPerson }
        if entry.stage == .fallback {
            return self.replies.isEmpty || self.isCutToFallback ? nil : .alreadyAnswered
        }
        return self.skipsToFallback ? .stageSkipped : nil
    }

    /// Passes over an entry whose condition doesn't hold.
    mutating func skips(_ entry: Chain.Entry) -> Bool {
        guard let refusal = entry.condition?.refusal(of: self.turn) else { return false }
        // It quotes the site's values, which may be somebody's name: for those who ask, not for the record.
        self.record(nil, .condition, problem: self.isExplaining ? refusal : nil)
        self.advance()
        return true
    }

    /// Whether a person answers, now or soon, so that no responder does.
    var isForPeople: Bool { self.turn.conversation.state.isAttended }

    mutating func advance() {
        self.index += 1
        self.position += 1
    }
}

// MARK: Asking

extension ChainRun {
    /// Asks an immediate responder and takes its verdict.
    mutating func ask(_ responder: any ImmediateResponder) {
        // Little happens since the last one was asked, and reading the clock takes its time.
        let askedAt = self.isTracing ? self.lastReading ?? self.chain.clock.now : .zero
        let verdict = responder.verdict(on: self.turn)
        // A guard may have more to say than its verdict.
        if case .pass = verdict, !self.isTracing, self.turn.place.stage != .guard { return self.passOn() }
        if case .stream = verdict {
            // Its time has to be known, also where nothing else of the chain may wait.
            let now = self.chain.clock.now
            self.startClock(at: now)
            if self.streams(verdict, askedAt: now) { return }
        }
        guard self.isTracing else { return self.takeOrAsk(verdict, after: .zero) }
        let now = self.chain.clock.now
        self.lastReading = now
        self.takeOrAsk(verdict, after: now - askedAt)
    }

    /// Goes on after a pass of which nobody wants to know more: by far the most frequent verdict.
    private mutating func passOn() {
        if self.turn.place.stage == .answer { self.answerers.all += 1 }
        self.advance()
    }

    /// Asks a responder that may wait, within its time limit, and takes its verdict.
    mutating func wait(for responder: any Responder) async {
        self.lastReading = nil
        let askedAt = self.chain.clock.now
        let limit = self.timeLimit(of: self.chain.entries[self.index], at: askedAt)
        let answer: LimitedCall.Answer
        if limit > .zero {
            answer = await LimitedCall.answer(
                of: responder,
                through: self.chain.entries[self.index].gate,
                for: self.turn,
                within: limit,
                on: self.chain.clock
            )
        } else {
            answer = LimitedCall.Answer(verdict: .fail(Failure(.timeout)))
        }
        guard !self.streams(answer.verdict, askedAt: askedAt, answer.permit) else { return }
        // Its text is not wanted.
        if case .stream = answer.verdict { answer.permit?.release() }
        await self.settle(answer.verdict, after: self.chain.clock.now - askedAt, counting: answer.permit)
    }

    /// Notes a streamed reply, which is to be played before anything else happens.
    private mutating func streams(
        _ verdict: Verdict,
        askedAt: Duration,
        _ permit: CallGate.Permit? = nil
    ) -> Bool {
        guard case .stream(let stream, _, let found) = verdict, self.chain.entries[self.index].stage == .answer,
            self.replies.count < Chain.maximumReplies
        else { return false }
        self.streaming = Streaming(stream: stream, found: found, askedAt: askedAt, permit: permit)
        return true
    }

    /// The smaller of the entry's own limit and what its stage has left of the turn's time.
    mutating func timeLimit(of entry: Chain.Entry, at now: Duration) -> Duration {
        let left = self.startedAt + self.chain.deadline - now
        switch entry.stage {
        case .enrich:
            let end = self.enrichEnd ?? now + Self.enrichTime
            self.enrichEnd = end
            return min(entry.timeout, left - Self.fallbackReserve, end - now)
        case .fallback:
            let end = self.fallbackEnd ?? now + Self.fallbackReserve
            self.fallbackEnd = end
            return min(entry.timeout, left, end - now)
        case .guard, .answer, .after: return min(entry.timeout, left - Self.fallbackReserve)
        }
    }

    /// What all of `enrich` may take of the deadline.
    static let enrichTime = Duration.milliseconds(1_500)

    /// Kept back from the deadline, so that the fallback always has its turn; all of it may take as long.
    static let fallbackReserve = Duration.milliseconds(250)
}

// MARK: Taking a verdict

extension ChainRun {
    mutating func take(
        _ verdict: Verdict,
        after duration: Duration,
        counting permit: CallGate.Permit? = nil
    ) {
        let failureCount = self.failures.count
        let entry = self.chain.entries[self.index]
        let explanation = self.isExplaining ? entry.responder.explanation(of: self.turn) : nil
        switch verdict {
        case .pass(let reason):
            self.record(verdict.word, reason, took: duration, explanation)
        case .augment(let found) where entry.stage != .fallback:
            if let failure = self.redact(found.replacements, in: entry.stage) {
                self.take(failure, of: entry, after: duration, explanation)
            } else {
                let reason = self.keep(found, of: entry)
                self.record(verdict.word, reason, took: duration, explanation, redacting: found.replacements)
            }
        case .reply(let reply, _, let then, let found) where entry.stage.allows(reply: then):
            self.take(reply, then, found, of: entry, after: duration, explanation)
        case .suppress(let reason, let found) where entry.stage == .guard || entry.stage == .answer:
            self.end(entry.stage == .guard ? .refused : .suppressed, by: entry)
            _ = self.keep(found, of: entry)
            self.record(verdict.word, reason, took: duration, explanation)
        case .handoff(let handoff, let found) where entry.stage != .enrich:
            self.take(handoff, of: entry)
            self.record(verdict.word, self.keep(found, of: entry), took: duration, explanation)
        case .fail(let failure):
            self.take(failure, of: entry, after: duration, explanation)
        case .stream where entry.stage == .answer:
            self.record("pass", .replyLimit, took: duration, explanation)
        case .augment, .reply, .stream, .suppress, .handoff:
            self.take(Failure(.verdictNotAllowed, "\(verdict.word) in \(entry.stage)"), of: entry, after: duration)
        }
        let failure = self.failures.count > failureCount ? self.failures.last?.failure : nil
        permit?.count(CircuitBreaker.Result(verdict, failure: failure))
        if entry.stage == .answer { self.noteAnswerer(verdict, failure) }
        if let redactor = entry.redactor { self.turn.hide(by: redactor) }
        self.advance()
    }

    private mutating func take(
        _ reply: Reply,
        _ then: Verdict.Then,
        _ found: Augmentation,
        of entry: Chain.Entry,
        after duration: Duration,
        _ explanation: Explanation?
    ) {
        guard !reply.isEmpty else {
            return self.take(Failure(.emptyReply), of: entry, after: duration, explanation)
        }
        guard self.hasRoom(for: reply) else {
            return self.record("pass", .replyLimit, took: duration, explanation)
        }
        var reply = reply
        let isCut = reply.bound()
        let reason = self.keep(found, of: entry)
        self.replies.append(reply)
        self.responder = entry.name
        if then == .continue {
            self.turn.drafts.append(reply)
        } else {
            self.end(Self.ending(ofReplyIn: entry.stage), by: entry)
        }
        self.record("reply", isCut ? .truncated : reason, took: duration, explanation)
    }

    /// Whether there is room for a reply, and for the one that it or an earlier one promises.
    private func hasRoom(for reply: Reply) -> Bool {
        let promises = reply.followUp != nil || self.replies.contains { $0.followUp != nil }
        return self.replies.count + (promises ? 1 : 0) < Chain.maximumReplies
    }

    private mutating func take(_ handoff: Handoff, of entry: Chain.Entry) {
        self.end(.handedOver, by: entry)
        self.effects.handoff = handoff
        guard var text = handoff.text, !text.isEmpty, self.replies.count < Chain.maximumReplies else { return }
        _ = text.bound()
        self.replies.append(text)
    }

    private mutating func take(
        _ failure: Failure,
        of entry: Chain.Entry,
        after duration: Duration,
        _ explanation: Explanation? = nil
    ) {
        self.failures.append(ResponderFailure(responder: entry.name, failure: failure))
        // Nobody knows what would have been taken out.
        if entry.redactor != nil { self.turn.hideMessage() }
        switch entry.onFailure {
        case .skip: break
        case .fallback: self.skipsToFallback = true
        case .handoff: if self.turn.isStaffed { self.handOver(by: entry) } else { self.skipsToFallback = true }
        case .abort: self.end(.aborted, by: entry)
        }
        self.record("fail", failure.code, took: duration, explanation, problem: failure.problem)
    }

    /// Ends the turn; the first end counts.
    mutating func end(_ ending: Ending, by entry: Chain.Entry) {
        guard self.ending == nil else { return }
        self.ending = ending
        self.endIndex = self.index + 1
        self.responder = entry.name
    }

    /// Keeps what a responder found.
    ///
    /// - Returns: Why a part of it is not kept.
    private mutating func keep(_ found: Augmentation, of entry: Chain.Entry) -> TraceReason? {
        self.effects.merge(found)
        if self.isTracing { self.rule = found.rule.map { ($0, found.place) } }
        guard let note = found.note, !self.turn.notes.keep(note, of: entry.name) else { return nil }
        return .noteTooLarge
    }

    /// Notes what an entry did.
    ///
    /// - Parameters:
    ///   - verdict: As of ``Verdict/word``; nothing where the entry wasn't asked.
    ///   - reason: Why.
    ///   - duration: How long the call took.
    ///   - explanation: What decided inside the responder.
    ///   - problem: What a failure's error said.
    ///   - stream: How a streamed reply came.
    ///   - replacements: What it took out of the message.
    mutating func record(
        _ verdict: String?,
        _ reason: TraceReason?,
        took duration: Duration = .zero,
        _ explanation: Explanation? = nil,
        problem: String? = nil,
        stream: TraceStep.Stream? = nil,
        redacting replacements: [Replacement] = []
    ) {
        guard self.isTracing else { return }
        let entry = self.chain.entries[self.index]
        var step = TraceStep(
            stage: entry.stage,
            responder: entry.name,
            verdict: verdict,
            reason: reason,
            duration: duration
        )
        let noted = self.turn.probe?.take(at: self.turn.place)
        var redacted: [String: Int] = [:]
        for replacement in replacements { redacted[replacement.kind, default: 0] += 1 }
        let isFailure = verdict == "fail"
        if isFailure || self.rule != nil || noted?.candidates != nil || problem != nil || explanation != nil
            || stream != nil
            || !redacted.isEmpty || !self.performed.isEmpty
        {
            step.detail {
                $0.problem = problem
                if isFailure {
                    $0.onFailure = entry.onFailure
                    $0.breaker = entry.gate?.current.breaker
                }
                $0.explanation = explanation
                $0.stream = stream
                ($0.rule, $0.place) = (self.rule?.name, self.rule?.place)
                $0.candidates = noted?.candidates
                $0.contentGeneration = noted?.generation
                $0.redacted = redacted
                $0.actions = self.performed
            }
            self.rule = nil
            self.performed = []
        }
        self.steps.append(consume step)
    }
}

extension Chain.Entry {
    /// Why the entry is no part of a conversation, whatever is said in it.
    func reasonToSkip(_ conversation: Conversation) -> TraceReason? {
        guard self.isEnabled else { return .disabled }
        switch self.mode {
        case .live: return nil
        case .shadow: return .shadow
        case .canary(let share): return share.includes(conversation.sessionID, for: self.name) ? nil : .notInCanary
        }
    }
}

extension Stage {
    /// Whether a reply may be given here.
    fileprivate func allows(reply then: Verdict.Then) -> Bool {
        switch self {
        case .guard, .fallback: then == .stop
        case .enrich, .after: false
        case .answer: true
        }
    }
}

// MARK: Playing a streamed reply

extension ChainRun {
    /// Whether a streamed reply is to be played.
    var isStreaming: Bool { self.streaming != nil }

    /// Whether something takes its time before anybody else is asked.
    var isBusy: Bool { self.streaming != nil || self.asking != nil }

    /// Takes what came of a streamed reply.
    ///
    /// - Parameters:
    ///   - played: What came of it.
    ///   - streaming: The reply.
    mutating func take(_ played: StreamedCall.Played, of streaming: Streaming) {
        self.streaming = nil
        let entry = self.chain.entries[self.index]
        let duration = self.chain.clock.now - streaming.askedAt
        let explanation = self.isExplaining ? entry.responder.explanation(of: self.turn) : nil
        streaming.permit?.count(played.result)
        guard let (reply, finish) = played.reply else {
            self.noteAnswerer(nil, played.failure)
            self.take(played.failure, of: entry, after: duration, explanation)
            return self.advance()
        }
        var reason = self.keep(streaming.found, of: entry)
        if played.isTruncated { reason = .truncated }
        self.replies.append(reply)
        self.responder = entry.name
        switch played.end {
        case .complete: self.end(.answered, by: entry)
        case .stopped:
            reason = .stopped
            self.end(.answered, by: entry)
        case .failed(let failure):
            reason = failure.code
            self.failures.append(ResponderFailure(responder: entry.name, failure: failure))
            self.isCutToFallback = entry.onFailure == .fallback
            if self.isCutToFallback { self.skipsToFallback = true } else { self.end(.answered, by: entry) }
        }
        self.record(
            "stream",
            reason,
            took: duration,
            explanation,
            problem: played.problem,
            stream: TraceStep.Stream(
                firstPiece: played.firstPiece,
                pieceCount: played.pieceCount,
                finish: finish
            )
        )
        self.advance()
    }
}
