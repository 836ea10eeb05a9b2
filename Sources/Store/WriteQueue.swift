internal import Messages
import Synchronization

/// What waits to be written, in the order in which it came.
///
/// Safe on any thread. Nothing in here waits for the disk, so that event loops may append.
final class WriteQueue: Sendable {
    typealias Completion = @Sendable (AppendOutcome) -> Void

    struct Pending: Sendable {
        let entry: StoreEntry
        let size: Int
        let completion: Completion?
    }

    /// What becomes of the next entry.
    enum Mode: Sendable {
        case accepting, refusing, memoryOnly, finished
    }

    private struct State: Sendable {
        var mode = Mode.accepting
        /// What no transaction has taken yet.
        var pending: [Pending] = []
        /// Entries and bytes that aren't settled: those in ``pending`` and those of the batch that is being written.
        var entries = 0
        var bytes = 0
        /// How many entries were taken and how many of them are settled, since the start.
        var taken = 0
        var settled = 0
        /// How many entries of each room aren't settled; no room that has none.
        var rooms: [RoomName: Int] = [:]
        /// The writer, if it has nothing to do.
        var idle: CheckedContinuation<Void, Never>?
        /// Readers that wait until what was taken before them is settled.
        var barriers: [(until: Int, continuation: CheckedContinuation<Bool, Never>)] = []
        var refused = 0
        var memoryOnly = 0
    }

    private let maximumEntries: Int
    private let maximumBytes: Int
    private let batchEntries: Int
    private let state = Mutex(State())

    init(_ options: StoreOptions) {
        self.maximumEntries = options.queuedEntries
        self.maximumBytes = options.queuedBytes
        self.batchEntries = options.batchEntries
    }

    func append(_ entry: StoreEntry, _ completion: Completion?) -> AppendResult {
        let pending = Pending(entry: entry, size: entry.size, completion: completion)
        let (result, idle) = self.state.withLock { state -> (AppendResult, CheckedContinuation<Void, Never>?) in
            switch state.mode {
            case .accepting: break
            case .memoryOnly:
                state.memoryOnly += 1
                return (.memoryOnly, nil)
            case .refusing, .finished:
                state.refused += 1
                return (.refused, nil)
            }
            guard state.entries < self.maximumEntries, state.bytes + pending.size <= self.maximumBytes else {
                state.refused += 1
                return (.refused, nil)
            }
            state.pending.append(pending)
            state.entries += 1
            state.bytes += pending.size
            state.taken += 1
            if let room = entry.room { state.rooms[room, default: 0] += 1 }
            return (.queued, state.idle.take())
        }
        idle?.resume()
        return result
    }

    /// The next entries to be written; none once the queue is finished and empty.
    ///
    /// Called by the writer alone. What it gets is to be settled by ``settle(_:)``.
    func next() async -> [Pending] {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isReady = self.state.withLock { state in
                guard state.pending.isEmpty, state.mode != .finished else { return true }
                state.idle = continuation
                return false
            }
            if isReady { continuation.resume() }
        }
        return self.take()
    }

    /// What waits at the moment, as much as one transaction takes.
    func take() -> [Pending] {
        self.state.withLock { state in
            guard state.pending.count > self.batchEntries else {
                defer { state.pending = [] }
                return state.pending
            }
            defer { state.pending.removeFirst(self.batchEntries) }
            return Array(state.pending.prefix(self.batchEntries))
        }
    }

    /// Strikes off entries of which it is known what has become of them.
    func settle(_ batch: [Pending]) {
        let reached = self.state.withLock { state -> [CheckedContinuation<Bool, Never>] in
            state.entries -= batch.count
            state.bytes -= batch.reduce(0) { $0 + $1.size }
            state.settled += batch.count
            for room in batch.lazy.compactMap(\.entry.room) {
                guard let count = state.rooms[room] else { continue }
                state.rooms[room] = count > 1 ? count - 1 : nil
            }
            let settled = state.settled
            let reached = state.barriers.filter { $0.until <= settled }
            state.barriers.removeAll { $0.until <= settled }
            return reached.map(\.continuation)
        }
        for continuation in reached { continuation.resume(returning: true) }
    }

    /// Waits until everything that was taken so far is settled.
    ///
    /// - Parameter room: Whose entries matter; nothing for those of all rooms and of none.
    /// - Returns: Whether it is; not if nothing can be written at the moment.
    func barrier(for room: RoomName? = nil) async -> Bool {
        await withCheckedContinuation { continuation in
            let answer = self.state.withLock { state -> Bool? in
                if state.settled == state.taken { return true }
                if let room, state.rooms[room] == nil { return true }
                if state.mode == .refusing { return false }
                state.barriers.append((state.taken, continuation))
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    /// Changes what becomes of the next entries.
    ///
    /// A queue that is finished stays so.
    func change(to mode: Mode) {
        let (idle, barriers) = self.state.withLock {
            state -> (CheckedContinuation<Void, Never>?, [CheckedContinuation<Bool, Never>]) in
            guard state.mode != .finished else { return (nil, []) }
            state.mode = mode
            // Nobody knows when a commit will succeed again.
            let barriers = mode == .refusing ? state.barriers.map(\.continuation) : []
            if mode == .refusing { state.barriers = [] }
            return (mode == .finished ? state.idle.take() : nil, barriers)
        }
        idle?.resume()
        for continuation in barriers { continuation.resume(returning: false) }
    }

    var isFinished: Bool { self.state.withLock { $0.mode == .finished } }

    /// What is counted here.
    func fill(_ health: inout StoreHealth) {
        self.state.withLock { state in
            health.queuedEntries = state.entries
            health.queuedBytes = state.bytes
            health.refusedEntries = state.refused
            health.memoryOnlyEntries = state.memoryOnly
        }
    }

    /// Counts entries that were taken and are in no file.
    func noteMemoryOnly(_ count: Int) { self.state.withLock { $0.memoryOnly += count } }
}

/// Which room an entry changes.
struct RoomName: Hashable, Sendable {
    let site: SiteID
    let session: SessionID
}

extension StoreEntry {
    /// Nothing for an entry that is no part of what a room is restored from.
    var room: RoomName? {
        switch self {
        case .message(let message): RoomName(site: message.site, session: message.session)
        case .turnOpened(_, let site, let session, _): RoomName(site: site, session: session)
        case .conversation(let conversation): RoomName(site: conversation.site, session: conversation.session)
        case .feedback(let feedback): RoomName(site: feedback.site, session: feedback.session)
        case .turnEnded, .access, .followUp, .followUpEnded: nil
        }
    }
}
