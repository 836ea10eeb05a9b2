internal import Messages
internal import Observability
internal import Responders
internal import Store
internal import Synchronization
internal import Transport

/// One configuration while it answers: it lasts until another one has taken its place and its last turn has ended.
///
/// Any thread.
final class Generation: Sendable {
    /// Counts the configurations that the server has worked by, from 1.
    let number: Int
    let desks: Desks
    /// Whether the sites' chains redact messages before they are stored.
    let redacts: Bool
    /// How much is kept of turns.
    let tracing: TraceSettings
    /// Who may join which room.
    let admission: Admission
    /// What is removed from the store, and when.
    let retention: RetentionPolicy
    /// By the name of the chain.
    let metrics: [String: TurnMetrics]
    /// One for each who holds it, and one while it is the current one.
    private let holds = Atomic<Int>(1)
    private let interruptions = Mutex<[ObjectIdentifier: Interruption]>([:])
    private let end: AsyncStream<Void>
    private let endSource: AsyncStream<Void>.Continuation

    init(
        _ desks: Desks,
        as number: Int = 1,
        redacts: Bool = false,
        tracing: TraceSettings = TraceSettings(),
        admission: Admission,
        retention: RetentionPolicy = RetentionPolicy(),
        metrics: MetricsRegistry
    ) {
        self.number = number
        self.desks = desks
        self.redacts = redacts
        self.tracing = tracing
        self.admission = admission
        self.retention = retention
        self.metrics = Dictionary(desks.answeringChains.map { ($0.name, TurnMetrics($0, in: metrics)) }) { first, _ in
            first
        }
        (self.end, self.endSource) = AsyncStream.makeStream()
    }

    /// The generation by a configuration that was checked.
    convenience init(
        by configuration: Configuration,
        _ desks: Desks,
        as number: Int = 1,
        admission: Admission,
        metrics: MetricsRegistry
    ) {
        var retention = configuration.storage.retention ?? RetentionPolicy()
        retention.traceDays = configuration.tracing.keptDays
        self.init(
            desks,
            as: number,
            redacts: configuration.storage.redacts,
            tracing: configuration.tracing,
            admission: admission,
            retention: retention,
            metrics: metrics
        )
    }

    /// Whether a turn is traced step by step: always the same for the same turn.
    func traces(_ turnID: String) -> Bool { self.tracing.sample.includes(turnID, for: "trace") }

    /// The parts of its chains that something runs beside the turns, each once.
    var parts: [any RunningPart] {
        var seen: Set<ObjectIdentifier> = []
        return self.desks.chains.flatMap(\.runningParts).filter { seen.insert(ObjectIdentifier($0)).inserted }
    }
}

// MARK: Who needs it

extension Generation {
    /// Has it last until ``release()``; for whoever knows that it hasn't ended.
    func hold() { self.holds.wrappingAdd(1, ordering: .relaxed) }

    func release() {
        if self.holds.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue == 0 { self.endSource.finish() }
    }

    /// Has a turn that waits be cancelled where it takes too long after another generation has come.
    func note(_ interruption: Interruption) {
        self.interruptions.withLock { $0[ObjectIdentifier(interruption)] = interruption }
    }

    /// A turn that waited has ended.
    func forget(_ interruption: Interruption) {
        self.interruptions.withLock { $0[ObjectIdentifier(interruption)] = nil }
    }

    /// Cancels the calls of all turns that still wait: each ends at once, in an outcome.
    func cancelTurns() {
        for interruption in self.interruptions.withLock({ Array($0.values) }) { interruption.cancel(.reload) }
    }

    /// Waits until nobody holds it.
    ///
    /// For one caller.
    func untilUnused() async { for await _ in self.end {} }
}

/// The configuration that counts now.
///
/// Any thread.
final class Generations: Sendable {
    private let state: Mutex<Generation>

    init(_ first: Generation) { self.state = Mutex(first) }

    var current: Generation { self.state.withLock { $0 } }

    /// The current one, which lasts until whoever asks has released it.
    func hold() -> Generation {
        self.state.withLock { generation in
            generation.hold()
            return generation
        }
    }

    /// Has another one count from now on.
    ///
    /// - Returns: The one before, which lasts until its last turn has ended.
    func replace(with next: Generation) -> Generation {
        let old = self.state.withLock { generation in
            defer { generation = next }
            return generation
        }
        old.release()
        return old
    }
}
