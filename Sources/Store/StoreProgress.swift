/// How far long work has come.
public struct StoreProgress: Hashable, Sendable {
    /// What is done: records, or pages of a backup.
    public var done: Int
    /// What there is to do, as far as it is known; grows while messages come.
    public var total: Int
    /// How many records were written, changed, removed or handed out so far, for work that does so: what it has done even
    /// if it fails in its next step.
    public var records: Int

    public init(done: Int, total: Int, records: Int = 0) {
        self.done = done
        self.total = total
        self.records = records
    }

    /// Learns how far work has come, on any thread.
    ///
    /// Work ends after the step that it is at when its task is cancelled, and what it has done so far stays done.
    public typealias Report = @Sendable (StoreProgress) -> Void
}
