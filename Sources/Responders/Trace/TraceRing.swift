internal import Synchronization

/// The records of the last turns, in memory.
///
/// Any thread. What is oldest goes when there are too many, or when they have too many bytes.
public final class TraceRing: Sendable {
    /// How many turns are remembered.
    public static let defaultCapacity = 10_000
    /// About how many bytes they may take together.
    public static let defaultBytes = 33_554_432

    private struct State {
        /// A circle: the oldest stands at `start`, `count` follow each other from there.
        var entries: [TurnTrace?] = []
        var start = 0
        var count = 0
        var bytes = 0

        func index(_ offset: Int) -> Int { (self.start + offset) % self.entries.count }

        mutating func dropOldest() {
            self.bytes -= self.entries[self.start]?.size ?? 0
            self.entries[self.start] = nil
            self.start = self.index(1)
            self.count -= 1
        }

        /// Makes room for more of them.
        mutating func grow(to size: Int) {
            let ordered = (0..<self.count).map { self.entries[self.index($0)] }
            self.entries = ordered + Array(repeating: nil, count: size - self.count)
            self.start = 0
        }
    }

    private let capacity: Int
    private let maximumBytes: Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - capacity: How many turns, 1 or more.
    ///   - bytes: About how many bytes together; the last one stays, however large.
    public init(capacity: Int = TraceRing.defaultCapacity, bytes: Int = TraceRing.defaultBytes) {
        self.capacity = max(1, capacity)
        self.maximumBytes = bytes
    }

    /// Remembers a turn.
    public func append(_ entry: TurnTrace) {
        let size = entry.size
        self.state.withLock { state in
            while state.count > 0, state.count == self.capacity || state.bytes + size > self.maximumBytes {
                state.dropOldest()
            }
            if state.count == state.entries.count { state.grow(to: min(self.capacity, max(16, 2 * state.count))) }
            state.entries[state.index(state.count)] = entry
            state.count += 1
            state.bytes += size
        }
    }

    /// Forgets turns that a condition holds for.
    ///
    /// - Parameter isUnwanted: The condition; called with the ring's lock held.
    public func remove(where isUnwanted: (TurnTrace) -> Bool) {
        self.state.withLock { state in
            let kept = (0..<state.count).compactMap { state.entries[state.index($0)] }.filter { !isUnwanted($0) }
            state = State(entries: kept, count: kept.count, bytes: kept.reduce(0) { $0 + $1.size })
        }
    }

    /// The record of a turn; nothing where it isn't remembered.
    public func record(of turn: String) -> TurnTrace? { self.newest(1) { $0.turn == turn }.first }

    /// The record of the last turn with a reference, as ``TurnID/reference`` has it, in any case; nothing where none is
    /// remembered.
    public func record(ofReference reference: String) -> TurnTrace? {
        let wanted = reference.uppercased()
        guard wanted.utf8.count == TurnID(wanted).reference.utf8.count else { return nil }
        return self.newest(1) { TurnID($0.turn).reference == wanted }.first
    }

    /// The last turns that a condition holds for, the newest first.
    ///
    /// - Parameters:
    ///   - limit: How many at most.
    ///   - isIncluded: The condition; called with the ring's lock held.
    /// - Returns: Their records.
    public func newest(_ limit: Int, where isIncluded: (TurnTrace) -> Bool = { _ in true }) -> [TurnTrace] {
        self.state.withLock { state in
            var found: [TurnTrace] = []
            for offset in (0..<state.count).reversed() {
                guard found.count < limit else { break }
                if let entry = state.entries[state.index(offset)], isIncluded(entry) { found.append(entry) }
            }
            return found
        }
    }
}
