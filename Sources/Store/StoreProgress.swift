/// How far long work has come.
public struct StoreProgress: Hashable, Sendable {
    /// What is done: records, or pages of a backup.
    public var done: Int
    /// What there is to do, as far as it is known; grows while messages come.
    public var total: Int

    public init(done: Int, total: Int) {
        self.done = done
        self.total = total
    }

    /// Learns how far work has come, on any thread.
    ///
    /// Work ends after the step that it is at when its task is cancelled, and what it has done so far stays done.
    public typealias Report = @Sendable (StoreProgress) -> Void
}
