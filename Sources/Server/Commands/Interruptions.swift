internal import ArgumentParser
internal import UnixSignals

/// The ways to end a command before it is done.
enum Interruptions {
    /// Ctrl+C and what a supervisor sends.
    static func signals() async -> AsyncStream<Void> {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        let task = Task {
            for await _ in signals { continuation.yield() }
        }
        continuation.onTermination = { _ in task.cancel() }
        return stream
    }
}

/// Does long work that a person may end: the first Ctrl+C cancels it, so that it ends after the step that it is at; a
/// second one ends the process.
///
/// - Parameter body: The work, in a task of its own.
/// - Returns: What `body` returns.
/// - Throws: What `body` throws.
func interruptible<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
    let terminal = Terminal.current
    let interruptions = await terminal.interruptions()
    let work = Task { try await body() }
    let result = await withTaskGroup(of: Void.self) { group in
        group.addTask {
            var count = 0
            for await _ in interruptions {
                count += 1
                guard count == 1 else { endProcess(with: ExitStatus.interrupted) }
                work.cancel()
                terminal.progress?("")
                terminal.complain("ending after this step; once more ends at once")
            }
        }
        defer { group.cancelAll() }
        return await withTaskCancellationHandler {
            await work.result
        } onCancel: {
            work.cancel()
        }
    }
    return try result.get()
}
