internal import Responders

/// How much is kept of turns: `trace` of `claude-chat.yaml`.
struct TraceSettings: Sendable, Hashable {
    /// How many days a record stays in the store; it goes with its message at the latest.
    var keptDays = 30
    /// Which turns are traced step by step; of the others is kept how they ended.
    var sample = Share.all
    /// Whether what errors say that plugins threw is kept.
    var keepsContent = false

    init() {}

    init(_ written: Written?) {
        self.keptDays = written?.keep?.days ?? self.keptDays
        self.sample = written?.sample ?? self.sample
        self.keepsContent = written?.content ?? self.keepsContent
    }

    /// The section as it is written.
    struct Written: Decodable {
        var keep: Duration?
        var sample: Share?
        var content: Bool?
    }

    /// All keys, with their defaults.
    static let sample = "trace: {keep: 30d, sample: 100%, content: false}"
}
