/// A responder that has something running beside its calls: a child process, connections to a service.
///
/// A reference, so that those who stand in several chains are run once.
public protocol RunningResponder: Responder, AnyObject {
    /// Called right before ``run()``: from now on calls wait for what is being started.
    func prepareToRun()

    /// Starts what the responder needs, and keeps it until the task is cancelled; then it ends all of that and returns.
    ///
    /// Called once at a time. Outside of it the responder passes with ``TraceReason/notRunning``: a command that only
    /// looks at a configuration reaches nobody.
    func run() async
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
}

/// Runs responders while `body` does.
///
/// - Parameters:
///   - responders: Those to run, each once.
///   - body: What needs them.
/// - Returns: What `body` returns, after everything that ran has ended.
/// - Throws: What `body` throws.
public func running<R: Sendable>(
    _ responders: [any RunningResponder],
    _ body: @Sendable () async throws -> R
) async rethrows -> R {
    for responder in responders { responder.prepareToRun() }
    return try await withThrowingTaskGroup(of: Void.self) { group in
        for responder in responders { group.addTask { await responder.run() } }
        defer { group.cancelAll() }
        return try await body()
    }
}
