/// A part of a chain that has something running beside the turns.
///
/// A reference, so that what stands in several chains is run once.
public protocol RunningPart: AnyObject, Sendable {
    /// Called right before ``run()``: from now on calls wait for what is being started.
    func prepareToRun()

    /// Starts what the part needs, and keeps it until the task is cancelled; then it ends all of that and returns.
    ///
    /// Called once at a time.
    func run() async

    /// Waits until it works, while ``run()`` runs.
    ///
    /// - Throws: A ``StartProblem`` where it doesn't; what is started goes on trying nevertheless.
    func waitUntilStarted() async throws

    /// What is wrong with what it runs, while ``run()`` runs; nothing where it works, or may still be starting.
    var ailment: Ailment? { get }

    /// Nobody will need it any more, though the task isn't cancelled yet.
    ///
    /// - Returns: Whether ``run()`` returns by itself, when everything is done that the part has taken on.
    func finish() -> Bool
}

extension RunningPart {
    public func waitUntilStarted() async throws {}
    public var ailment: Ailment? { nil }
    public func finish() -> Bool { false }
}

/// Why what a responder needs doesn't work.
public enum Ailment: String, Sendable, CaseIterable {
    /// It ended, and is started again in a while.
    case restarting
    /// It ended too often, or can't be what is wanted: nobody starts it again.
    case outOfService = "out-of-service"
    /// It can't be reached, or isn't what is wanted; that is tried again.
    case notReady = "not-ready"
}

/// Why something that a responder needs could not be started.
public struct StartProblem: Error, Sendable, Hashable {
    /// In kebab-case.
    public var code: String
    /// Lower case, no full stop.
    public var problem: String
    public var hint: String?
    /// Whether it may pass without anybody changing the configuration: a service that can't be reached.
    public var isPassing: Bool

    public init(_ code: String, _ problem: String, hint: String? = nil, isPassing: Bool = false) {
        self.isPassing = isPassing
        self.code = code
        self.problem = problem
        self.hint = hint
    }
}

/// A responder that has something running beside its calls: a child process, connections to a service.
public protocol RunningResponder: Responder, RunningPart {
    /// Starts what the responder needs, and keeps it until the task is cancelled; then it ends all of that and returns.
    ///
    /// Called once at a time. Outside of it the responder passes with ``TraceReason/notRunning``: a command that only
    /// looks at a configuration reaches nobody.
    func run() async

    /// Whether it can be asked in a stage, as far as that is known. Always by default.
    ///
    /// A program says so itself once it has been started.
    func offers(_ stage: Stage) -> Bool
}

extension RunningResponder {
    public func offers(_ stage: Stage) -> Bool { true }
}

extension TraceReason {
    /// The responder reaches beyond the server, and nobody runs it at the moment.
    public static let notRunning: TraceReason = "not-running"
}

extension Chain {
    /// The responders of the chain that have to be run, each once.
    public var runningResponders: [any RunningResponder] {
        var seen: Set<ObjectIdentifier> = []
        return self.entries.filter(\.isEnabled).compactMap { $0.responder as? any RunningResponder }
            .filter { seen.insert(ObjectIdentifier($0)).inserted }
    }

    /// Everything of the chain that has to be run, each once: its responders, and what has those of `after` look at turns.
    public var runningParts: [any RunningPart] { self.runningResponders + self.observers }
}

/// Waits until all parts have started, or won't.
///
/// - Parameters:
///   - parts: Parts that somebody runs.
///   - limit: How long they have together.
///   - clock: The clock.
/// - Returns: Why those that don't work don't; nothing is said of one that is late.
@discardableResult
public func waitUntilStarted(
    _ parts: [any RunningPart],
    within limit: Duration,
    on clock: TurnClock
) async -> [StartProblem] {
    await withTaskGroup(of: StartProblem?.self) { group in
        for part in parts {
            group.addTask {
                do { try await part.waitUntilStarted() } catch { return error as? StartProblem }
                return nil
            }
        }
        group.addTask {
            guard (try? await clock.sleep(for: limit)) != nil else { return nil }
            return .late
        }
        var problems: [StartProblem] = []
        for _ in parts {
            guard let next = await group.next(), next != .late else { break }
            if let next { problems.append(next) }
        }
        group.cancelAll()
        return problems
    }
}

extension StartProblem {
    /// Stands for the end of the time that all have.
    fileprivate static let late = StartProblem("start-timeout", "not everything has started")
}

/// Runs parts of chains while `body` does.
///
/// - Parameters:
///   - parts: Those to run, each once.
///   - body: What needs them.
/// - Returns: What `body` returns, after everything that ran has ended.
/// - Throws: What `body` throws.
public func running<R: Sendable>(
    _ parts: [any RunningPart],
    _ body: @Sendable () async throws -> R
) async rethrows -> R {
    for part in parts { part.prepareToRun() }
    return try await withThrowingTaskGroup(of: Void.self) { group in
        for part in parts { group.addTask { await part.run() } }
        defer { group.cancelAll() }
        return try await body()
    }
}
