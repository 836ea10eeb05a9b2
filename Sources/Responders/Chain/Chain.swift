/// An ordered list of responders that turns a message into exactly one outcome.
///
/// Immutable: any number of turns run at once. A turn first runs on the caller's thread with ``begin(_:tracing:explaining:)``;
/// a chain of immediate responders that are asked in order always ends there, without a task.
public final class Chain: Sendable {
    /// The chain's name in `claude-chat.yaml`.
    public let name: String
    /// Of the configuration that it is from, from 1.
    public let generation: Int
    /// From a turn's begin to its outcome, or to the first piece of a streamed reply, at most.
    public let deadline: Duration
    /// From a turn's begin to the end of a streamed reply, at most.
    public let streamDeadline: Duration
    /// The entries in the order in which they are asked: stage by stage, as in the file.
    public let entries: [Entry]
    /// The entries that are asked beside the others, and change nothing.
    public let shadows: [Entry]
    /// How the reply is found among those of `answer` where all are asked at once; nothing where they are asked in order.
    public let election: Election?
    /// Whether the entries of `enrich` are asked at once.
    public let asksEnrichTogether: Bool
    /// How many of the entries decide about a turn: those of `after` don't.
    let decidingCount: Int
    /// How many of them are in ``Stage/guard``.
    let guardCount: Int
    /// How many of them come before ``Stage/answer``.
    let preparingCount: Int
    /// Look at the turns that have ended.
    let observers: [Observer]
    /// The clock of all time limits.
    public let clock: TurnClock
    /// The tools that the responders offer.
    let tools: ToolBox
    /// Those that others can ask to do something, by their names.
    private let performers: [String: (entry: Entry, performer: any ActionPerformer)]
    /// Whether a turn may have to wait, so that its time must be known.
    private let mayWait: Bool

    /// How many replies a turn has at most.
    public static let maximumReplies = 3
    /// The limits that a configuration may set for a call.
    static let shortestLimit = Duration.milliseconds(1)
    static let longestLimit = Duration.seconds(3_600)

    /// - Parameters:
    ///   - name: The chain's name.
    ///   - entries: The responders; those of one stage are asked in this order.
    ///   - deadline: From a turn's begin to its outcome, or to the first piece of a streamed reply, at most.
    ///   - streamDeadline: From a turn's begin to the end of a streamed reply, at most.
    ///   - election: How the reply is found among those of `answer`; without it they are asked in order.
    ///   - asksEnrichTogether: Whether the entries of `enrich` are asked at once.
    ///   - generation: Of the configuration that it is from, from 1.
    ///   - clock: The clock of all time limits.
    public init(
        name: String,
        entries: [Entry],
        deadline: Duration = Chain.defaultDeadline,
        streamDeadline: Duration = Chain.defaultStreamDeadline,
        election: Election? = nil,
        asksEnrichTogether: Bool = false,
        generation: Int = 1,
        clock: TurnClock = .continuous
    ) {
        self.name = name
        self.generation = generation
        self.deadline = deadline
        self.streamDeadline = max(deadline, streamDeadline)
        self.clock = clock
        self.election = election
        self.asksEnrichTogether = asksEnrichTogether
        self.entries = Stage.allCases.flatMap { stage in entries.filter { $0.stage == stage } }
        self.tools = ToolBox(self.entries.filter(\.isEnabled).flatMap(\.responder.tools))
        let performers = self.entries.compactMap { entry -> (String, (entry: Entry, performer: any ActionPerformer))? in
            guard entry.isEnabled, let performer = entry.responder as? any ActionPerformer else { return nil }
            return (entry.name, (entry, performer))
        }
        self.performers = Dictionary(performers) { first, _ in first }
        self.shadows = self.entries.filter { $0.isEnabled && $0.mode == .shadow }
        self.decidingCount = self.entries.count { $0.stage != .after }
        self.guardCount = self.entries.count { $0.stage == .guard }
        self.preparingCount = self.entries.count { $0.stage == .guard || $0.stage == .enrich }
        self.observers = self.entries.filter { $0.stage == .after && $0.isEnabled }.enumerated().map {
            Observer($1, position: $0, clock: clock)
        }
        let mayWait = self.entries.contains { if case .waiting = $0.call { true } else { false } }
        self.mayWait = mayWait || election != nil || asksEnrichTogether
    }

    public static let defaultDeadline = Duration.seconds(8)
    public static let defaultStreamDeadline = Duration.seconds(45)

    /// Runs a turn on the caller's thread as far as that goes.
    ///
    /// - Parameters:
    ///   - turn: The message.
    ///   - tracing: Whether the result says what each entry did; costs nothing otherwise.
    ///   - explaining: Whether a traced entry is also asked how it decided, which takes it longer than to decide.
    ///   - rehearsing: Whether nothing may remain of the turn, as ``Turn/isRehearsal`` says; by default where it is explained.
    /// - Returns: The result, or the turn in front of a responder that may wait, for ``finish(_:)``.
    public func begin(
        _ turn: Turn,
        tracing: Bool = false,
        explaining: Bool = true,
        rehearsing: Bool? = nil
    ) -> ChainProgress {
        let startedAt = self.mayWait || tracing ? self.clock.now : nil
        var run = ChainRun(
            chain: self,
            turn: turn,
            startedAt: startedAt,
            isTracing: tracing,
            isExplaining: tracing && explaining
        )
        run.turn.isRehearsal = rehearsing ?? run.isExplaining
        run.stopEchoes()
        while let entry = run.next() {
            guard !self.asksTogether(entry.stage) else { return .waiting(run) }
            guard case .immediate(let responder) = entry.call else { return .waiting(run) }
            run.ask(responder)
            // Its text comes with time, or others have to do something first.
            if run.isBusy { return .waiting(run) }
        }
        return .finished((consume run).result())
    }

    /// Goes on where ``begin(_:tracing:explaining:)`` stopped.
    ///
    /// Called in a task that somebody owns; cancelling it makes every responder that waits fail at once, so the turn
    /// still ends in an outcome.
    ///
    /// - Parameters:
    ///   - run: What `begin` returned. Each is finished once.
    ///   - sink: Where the pieces of a streamed reply are shown, and the replies before it. Without one everything is in
    ///     the result alone.
    /// - Returns: The turn's only outcome.
    public func finish(_ run: ChainRun, showing sink: (any ReplySink)? = nil) async -> ChainResult {
        await self.finish(run, showing: sink) { _ in }
    }

    /// Goes on to the end.
    ///
    /// - Parameters:
    ///   - run: What `begin` returned.
    ///   - sink: As above.
    ///   - note: Told how far the turn is, before it waits for anybody.
    /// - Returns: The turn's only outcome.
    func finish(
        _ run: ChainRun,
        showing sink: (any ReplySink)?,
        noting note: @Sendable (ChainRun) -> Void
    ) async -> ChainResult {
        var run = run
        while true {
            note(run)
            if run.isStreaming { await run.play(to: sink) }
            await run.performActions()
            guard let entry = run.next() else { return run.result() }
            guard !self.asksTogether(entry.stage) else {
                await run.askTogether(showing: sink)
                continue
            }
            switch entry.call {
            case .immediate(let responder): run.ask(responder)
            case .waiting(let responder): await run.wait(for: responder)
            }
        }
    }
}

extension Chain {
    /// Who performs actions under a name in a conversation: one that answers there.
    func performer(_ name: String, for session: String) -> (entry: Entry, performer: any ActionPerformer)? {
        guard let found = self.performers[name] else { return nil }
        switch found.entry.mode {
        case .live: return found
        case .shadow: return nil
        case .canary(let share): return share.includes(session, for: name) ? found : nil
        }
    }

    /// Whether all entries of a stage are asked at once.
    private func asksTogether(_ stage: Stage) -> Bool {
        switch stage {
        case .enrich: self.asksEnrichTogether
        case .answer: self.election != nil
        case .guard, .fallback, .after: false
        }
    }

    /// Tells the responders what a turn leaves behind that reaches beyond its conversation, and those of `after` the turn.
    ///
    /// Called once for each result whose replies were delivered, beside ``Conversation/remember(_:)``. Doesn't wait.
    ///
    /// - Parameters:
    ///   - result: What came of the turn.
    ///   - failed: Told of each responder of `after` that fails, later and on any thread.
    public func delivered(
        _ result: ChainResult,
        failed: @escaping @Sendable (ResponderFailure) -> Void = { _ in }
    ) {
        for observer in self.observers { observer.observe(result, failed: failed) }
        let wide = result.effects.cooldowns.filter { $0.scope != .session }
        guard !wide.isEmpty else { return }
        for entry in self.entries { entry.responder.remember(wide, of: result.turn) }
    }
}

/// How far a turn came without waiting.
public enum ChainProgress: Sendable {
    case finished(ChainResult)
    /// The next responder may wait: the turn needs a task and ``Chain/finish(_:)``.
    case waiting(ChainRun)
}

extension Chain {
    /// One responder of a chain.
    public final class Entry: Sendable {
        /// The name in traces and notes; unique in its chain.
        public let name: String
        public let stage: Stage
        public let isEnabled: Bool
        /// Which conversations it answers, if it answers.
        public let mode: Mode
        public let onFailure: OnFailure
        /// How long one call may take; means nothing for an immediate responder.
        public let timeout: Duration
        /// From the begin of a streamed reply to its first piece, at most.
        public let firstPiece: Duration
        /// From one piece of a streamed reply to the next, at most.
        public let nextPiece: Duration
        /// Stands in front of the responder; nothing in front of an immediate one, which doesn't wait.
        public let gate: CallGate?
        /// When the responder is asked; nothing where that is always.
        public let condition: (any EntryCondition)?
        /// Where all of `answer` are asked at once: a reply of a higher one wins.
        public let priority: Int
        /// Where all of `answer` are asked at once: what the responder's own confidence is multiplied by.
        public let weight: Double
        let call: Call
        /// Takes out of other texts what it takes out of messages; nothing outside of `guard`.
        let redactor: (any TextRedactor)?

        /// - Parameters:
        ///   - responder: Who is asked.
        ///   - name: The name in traces and notes; unique in its chain.
        ///   - stage: Where it stands.
        ///   - isEnabled: Whether it is asked at all.
        ///   - onFailure: What a failure does; by default ``OnFailure/abort`` in `guard`, ``OnFailure/skip`` elsewhere.
        ///   - timeout: How long one call may take; a streamed reply is a part of it.
        ///   - firstPiece: From the begin of a streamed reply to its first piece, at most.
        ///   - nextPiece: From one piece of a streamed reply to the next, at most.
        ///   - gate: Stands in front of the responder where that may wait; each instance has one of its own.
        ///   - condition: When the responder is asked; by default always.
        ///   - priority: Where all of `answer` are asked at once: a reply of a higher one wins.
        ///   - weight: What the responder's own confidence is multiplied by there.
        ///   - mode: Which conversations it answers, if it answers.
        public init(
            _ responder: any Responder,
            name: String,
            stage: Stage,
            isEnabled: Bool = true,
            onFailure: OnFailure? = nil,
            timeout: Duration = .seconds(2),
            firstPiece: Duration = .seconds(5),
            nextPiece: Duration = .seconds(10),
            gate: CallGate? = nil,
            condition: (any EntryCondition)? = nil,
            priority: Int = Election.defaultPriority,
            weight: Double = 1,
            mode: Mode = .live
        ) {
            self.condition = condition
            self.priority = priority
            self.weight = weight
            self.mode = mode
            self.name = name
            self.stage = stage
            self.isEnabled = isEnabled
            self.onFailure = onFailure ?? (stage == .guard ? .abort : .skip)
            self.timeout = timeout
            self.firstPiece = firstPiece
            self.nextPiece = nextPiece
            self.redactor = stage == .guard ? responder as? any TextRedactor : nil
            let immediate = responder as? any ImmediateResponder
            self.call = immediate.map(Call.immediate) ?? .waiting(responder)
            self.gate = immediate == nil ? gate : nil
        }

        /// The responder.
        public var responder: any Responder {
            switch self.call {
            case .immediate(let responder): responder
            case .waiting(let responder): responder
            }
        }
    }

    /// Which conversations a responder answers: `mode` and `share`.
    public enum Mode: Sendable, Hashable {
        /// All of them.
        case live
        /// None: it is asked beside the others, and what it says is in the record of the turn alone.
        case shadow
        /// A share of them; a conversation keeps its side.
        case canary(Share)
    }

    /// What a failure does to the turn: the value of `on_error`.
    public enum OnFailure: String, Sendable, CaseIterable, Decodable {
        /// As if the responder had passed.
        case skip
        /// The stages up to `answer` are skipped, `fallback` runs.
        case fallback
        /// A person goes on where somebody is there; otherwise as `fallback`.
        case handoff
        /// The turn ends as ``Outcome/failedAndTold``.
        case abort
    }

    enum Call: Sendable {
        case immediate(any ImmediateResponder)
        case waiting(any Responder)
    }
}
