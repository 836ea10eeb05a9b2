internal import Synchronization

/// What the loads of a folder leave for the next one, so that a reload costs what has changed and not what there is.
///
/// It makes a load faster and nothing else: all that is kept was made from the same bytes, so diagnostics, their order,
/// the digest and every answer are those of a load without it. It holds the files, rules and inline tests of the last
/// load and the patterns of the last two, never more than ``maximumPatternCount``. One for each folder; any number of
/// threads may load with it at once, and those that find it in use load as if it were new.
public final class RuleCache: Sendable {
    /// So many patterns are kept at most.
    public static let maximumPatternCount = LoadMemory.maximumPatternCount

    private let memory = Mutex(LoadMemory())

    public init() {}

    /// Takes out what is kept; it has to be brought back by ``keep(_:)``.
    func take() -> LoadMemory {
        self.memory.withLock { kept in
            let memory = kept
            kept = LoadMemory()
            return memory
        }
    }

    /// Keeps what a load has left.
    func keep(_ memory: LoadMemory) { self.memory.withLock { $0 = memory } }
}
