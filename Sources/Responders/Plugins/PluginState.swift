internal import Diagnostics
internal import FoundationEssentials
internal import Synchronization

/// A small store of a plugin's own, for what has to outlive a restart: counts, cursors, when something was done last.
///
/// Each entry ends by itself. Bounded: where there is no room those are forgotten that end first. Any thread; nothing waits
/// but ``keep(in:)``: what is set is there at once, and on the disk a moment later, so that a crash may lose the last of it. It is neither encrypted nor erased with a visitor: keep digests of what visitors are known
/// by, and nothing that they wrote.
public final class PluginState: Sendable {
    /// A value under its key.
    public struct Entry: Sendable, Hashable {
        public var value: String
        /// When it ends, in milliseconds since 1970-01-01T00:00:00Z.
        public var end: Int64

        public init(_ value: String, until end: Int64) {
            self.value = value
            self.end = end
        }
    }

    /// How many entries there are at most.
    public static let maximumCount = 10_000
    /// The longest key, in bytes of UTF-8.
    public static let maximumKeyBytes = 256
    /// The longest value, in bytes of UTF-8.
    public static let maximumValueBytes = 16_384
    /// How long all keys and values are together at most.
    public static let maximumBytes = 4_194_304
    /// How long an entry lives at most: a year.
    public static let longestTime = Duration.seconds(365 * 86_400)

    private struct State {
        var entries: [String: Entry] = [:]
        var bytes = 0
        var file: (any PluginStateFile)?
    }

    private let state = Mutex(State())
    private let now: @Sendable () -> Int64

    /// - Parameter now: Milliseconds since 1970-01-01T00:00:00Z; those of the system by default.
    public init(now: (@Sendable () -> Int64)? = nil) {
        self.now = now ?? { Int64(Date().timeIntervalSince1970 * 1_000) }
    }

    /// Takes over what a file has, and has it keep the entries from now on; until then they are in memory alone.
    ///
    /// Waits for ``PluginStateFile/entries()``. What was set before counts.
    public func keep(in file: any PluginStateFile) {
        let now = self.now()
        let kept = file.entries()
        self.state.withLock { state in
            state.file = file
            for (key, entry) in state.entries { file.write(key, entry) }
            // Whoever wrote the file may have had other bounds.
            for (key, entry) in kept
            where state.entries[key] == nil && 1...Self.maximumKeyBytes ~= key.utf8.count
                && entry.value.utf8.count <= Self.maximumValueBytes
            {
                Self.makeRoom(for: Self.bytes(key, entry.value), at: now, &state)
                state.entries[key] = entry
                state.bytes += Self.bytes(key, entry.value)
            }
        }
    }

    /// What was set and has not ended.
    public subscript(key: String) -> String? {
        let now = self.now()
        return self.state.withLock { state in state.entries[key].flatMap { $0.end > now ? $0.value : nil } }
    }

    /// Everything that has not ended.
    public var entries: [String: Entry] {
        let now = self.now()
        return self.state.withLock { state in state.entries.filter { $0.value.end > now } }
    }

    /// Sets a value.
    ///
    /// - Parameters:
    ///   - value: At most ``maximumValueBytes``.
    ///   - key: From 1 through ``maximumKeyBytes``.
    ///   - duration: After that it is forgotten; at most ``longestTime``.
    /// - Returns: Whether it is kept: not where key or value is too long, or no time is left.
    @discardableResult
    public func set(_ value: String, for key: String, during duration: Duration) -> Bool {
        guard 1...Self.maximumKeyBytes ~= key.utf8.count, value.utf8.count <= Self.maximumValueBytes, duration > .zero
        else { return false }
        let now = self.now()
        let entry = Entry(value, until: now + min(duration, Self.longestTime).milliseconds)
        self.state.withLock { state in
            Self.remove(key, &state)
            Self.makeRoom(for: Self.bytes(key, value), at: now, &state)
            state.entries[key] = entry
            state.bytes += Self.bytes(key, value)
            // With the lock held, so that the file has the changes in their order.
            state.file?.write(key, entry)
        }
        return true
    }

    /// Forgets a value.
    public func remove(_ key: String) {
        self.state.withLock { state in if Self.remove(key, &state) { state.file?.write(key, nil) } }
    }

    private static func bytes(_ key: String, _ value: String) -> Int { key.utf8.count + value.utf8.count }

    @discardableResult
    private static func remove(_ key: String, _ state: inout State) -> Bool {
        guard let entry = state.entries.removeValue(forKey: key) else { return false }
        state.bytes -= Self.bytes(key, entry.value)
        return true
    }

    /// Forgets those that have ended, and then a quarter of the rest at a time, those that end first.
    private static func makeRoom(for bytes: Int, at now: Int64, _ state: inout State) {
        func isFull() -> Bool { state.entries.count >= Self.maximumCount || state.bytes + bytes > Self.maximumBytes }
        guard isFull() else { return }
        func forget(until end: Int64) {
            for (key, entry) in state.entries where entry.end <= end {
                Self.remove(key, &state)
                state.file?.write(key, nil)
            }
        }
        forget(until: now)
        while isFull() {
            let ends = state.entries.values.map(\.end).sorted()
            forget(until: ends[(ends.count - 1) / 4])
        }
    }
}

/// Keeps the entries of a ``PluginState`` beyond the process.
public protocol PluginStateFile: Sendable {
    /// What was kept and has not ended; may read the disk.
    func entries() -> [String: PluginState.Entry]

    /// Keeps an entry, or forgets it where there is none.
    ///
    /// Doesn't wait; changes of one key count in the order of the calls.
    func write(_ key: String, _ entry: PluginState.Entry?)
}
