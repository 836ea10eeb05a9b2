internal import Diagnostics
internal import Responders

/// What one call of the model was like, for the trace.
struct CallRecord: Sendable, Hashable {
    /// From 1.
    var number: Int
    var model: String
    var status: Int?
    /// What a vendor's support asks for.
    var requestID: String?
    var stopReason: StopReason?
    /// What the model refused for.
    var refusal: String?
    /// What the response cost.
    var usage = Usage()
    /// What attempts cost that didn't become a response.
    var lost = Usage()
    /// Events and deltas whose type isn't known.
    var unknownEvents = 0
    /// Whether a part of ``charged`` is a guess, since the response wasn't whole.
    var isEstimated = false
    var firstChunk: Duration?
    var total: Duration = .zero
    /// Why an attempt was repeated, and after what pause.
    var retries: [Retry] = []
    /// Why there was no response.
    var failure: String?
    var tools: [ToolRecord] = []

    struct Retry: Sendable, Hashable {
        var code: String
        var pause: Duration
    }

    /// One call of a tool: nothing of its input but its length and a part of its digest.
    struct ToolRecord: Sendable, Hashable {
        var name: String
        var inputBytes: Int
        var inputDigest: String
        var duration: Duration
        var resultBytes: Int
        var failure: TraceReason?
    }

    /// Ready to print.
    var lines: [String] {
        var parts = ["call \(self.number): \(self.model)"]
        if let status { parts.append("status \(status)") }
        if let stopReason { parts.append("\(stopReason.rawValue)\(self.refusal.map { " (\($0))" } ?? "")") }
        if let failure { parts.append("failed: \(failure)") }
        parts.append(
            "\(self.charged.totalInput) tokens in, \(self.charged.output) out\(self.isEstimated ? " (estimated)" : "")"
        )
        if self.usage.cacheRead > 0 { parts.append("\(self.usage.cacheRead) from the cache") }
        if self.usage.cacheWrite > 0 { parts.append("\(self.usage.cacheWrite) into the cache") }
        if let firstChunk { parts.append("first text after \(firstChunk.milliseconds) ms") }
        parts.append("\(self.total.milliseconds) ms")
        if let requestID { parts.append(requestID) }
        let retries = self.retries.map { "repeated after \($0.pause.milliseconds) ms: \($0.code)" }
        return [parts.joined(separator: ", ")] + retries + self.tools.map(\.line)
    }
}

extension CallRecord.ToolRecord {
    fileprivate var line: String {
        let outcome = self.failure.map { "failed: \($0)" } ?? "ok"
        return "tool \(logged(self.name)): \(self.inputBytes) bytes (\(self.inputDigest)), "
            + "\(self.duration.milliseconds) ms, \(outcome), \(self.resultBytes) bytes back"
    }
}

/// The calls of the last turns.
struct RecordTable: Sendable {
    /// How many turns are kept.
    static let maximumTurns = 256

    private var records: [TurnID: [CallRecord]] = [:]
    private var order: [TurnID] = []

    mutating func add(_ call: CallRecord, of turn: TurnID) {
        if self.records[turn] == nil { self.order.append(turn) }
        self.records[turn, default: []].append(call)
        while self.order.count > Self.maximumTurns { self.records[self.order.removeFirst()] = nil }
    }

    subscript(turn: TurnID) -> [CallRecord]? { self.records[turn] }
}
