internal import Crypto
internal import FoundationEssentials
internal import Responders
internal import Synchronization

/// Until when rules stay out for a visitor or a whole site, longer than any conversation.
///
/// Bounded: past ``capacity`` those that end first are forgotten, so that a rule may fire early but memory doesn't grow.
/// They outlive the process where the plugin's ``PluginState`` does.
final class CooldownStore: Sendable {
    /// For whom a rule stays out.
    struct Key: Hashable, Sendable {
        /// The rule's id.
        var id: String
        var site: String
        /// Nothing where the whole site is meant.
        var visitor: String?

        /// The key in what outlives the process, which must not have the visitor's name.
        fileprivate var digest: String {
            let text = "\(self.id)\n\(self.site)\n\(self.visitor ?? "")"
            let digest = SHA256.hash(data: Data(text.utf8)).prefix(16)
            let prefix = self.visitor == nil ? "cooldown/site/" : "cooldown/visitor/"
            return prefix + digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        }
    }

    private let state: PluginState

    /// How many are kept at most.
    let capacity: Int
    /// The moments when they end, in milliseconds since 1970-01-01T00:00:00Z.
    private let ends = Mutex<[Key: Int64]>([:])

    /// - Parameters:
    ///   - capacity: How many are kept at most.
    ///   - state: Has them after a restart.
    init(capacity: Int = 10_000, state: PluginState = PluginState()) {
        self.capacity = max(1, capacity)
        self.state = state
    }

    /// How many are kept.
    var count: Int { self.ends.withLock { $0.count } }

    /// How much longer a rule stays out; nothing where it may fire.
    func left(of key: Key, at time: Int64) -> Duration? {
        // What isn't known here may be from before the last start.
        let known = self.ends.withLock { $0[key] }
        guard let end = known ?? self.state[key.digest].flatMap(Int64.init), end > time else { return nil }
        return .milliseconds(end - time)
    }

    /// From now on a rule stays out until `end`.
    func start(_ key: Key, until end: Int64, at time: Int64) {
        self.ends.withLock { ends in
            if ends.count >= self.capacity, ends[key] == nil { Self.shrink(&ends, below: self.capacity, at: time) }
            ends[key] = end
        }
        self.state.set("\(end)", for: key.digest, during: .milliseconds(end - time))
    }

    /// Forgets those that have ended, and a quarter of the rest where that isn't enough.
    private static func shrink(_ ends: inout [Key: Int64], below capacity: Int, at time: Int64) {
        ends = ends.filter { $0.value > time }
        guard ends.count >= capacity else { return }
        let last = ends.values.sorted()[(ends.count - 1) / 4]
        ends = ends.filter { $0.value > last }
    }
}
