internal import Dispatch
internal import FoundationEssentials
internal import Synchronization

/// Results of work that is done by several threads; the calling one waits for them.
///
/// A reload must leave processors to the messages, so it takes four at most.
///
/// - Parameters:
///   - count: How many pieces of work there are.
///   - makeTools: Makes what one thread works with, from the number of threads.
///   - work: Does one piece with the tools of its thread.
/// - Returns: The results, in the order of the pieces.
func inParallel<Tools, Result: Sendable>(
    _ count: Int,
    with makeTools: @Sendable (_ threads: Int) -> Tools,
    _ work: @Sendable (Int, Tools) -> Result?
) -> [Result?] {
    // A thread is worth its tools only where it has something to do.
    let threads = max(1, min(4, ProcessInfo.processInfo.activeProcessorCount, count / 8))
    let results = Mutex([Result?](repeating: nil, count: count))
    let next = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: threads) { _ in
        guard count > 0 else { return }
        let tools = makeTools(threads)
        while true {
            let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
            guard index < count else { return }
            let result = work(index, tools)
            results.withLock { $0[index] = result }
        }
    }
    return results.withLock { $0 }
}
