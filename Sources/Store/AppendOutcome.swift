/// What the store does with an entry, known at once.
public enum AppendResult: Hashable, Sendable {
    /// It will be written; the completion is called once.
    case queued
    /// Nothing can be written and the chat goes on: it is in no file, and the completion isn't called.
    case memoryOnly
    /// It isn't taken, and the completion isn't called: too much waits, nothing can be written, or the store is stopped.
    case refused
}

/// What has become of an entry that was queued.
public enum AppendOutcome: Hashable, Sendable {
    /// It is on the disk.
    case committed
    /// It was on the disk before: a message at this number, or the outcome of a turn that had one.
    case duplicate(seq: Int?)
    /// Nothing could be written and the chat goes on: it is in no file.
    case memoryOnly
    /// It is in no file and won't be.
    case failed(StoreError)
}
