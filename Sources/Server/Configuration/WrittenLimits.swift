internal import Diagnostics
internal import Hub
internal import Messages
internal import Responders
internal import Transport

/// `limits:` of `claude-chat.yaml`: how much of something may happen in a time.
struct WrittenLimits: Decodable {
    /// One limit: `{rate: 2/s, burst: 10}`; a rate of 0 turns it off.
    struct Limit: Decodable {
        /// Nothing where it is turned off.
        let rate: (count: Int, seconds: Int)?
        let burst: Int

        private enum CodingKeys: String, CodingKey { case rate, burst }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            let text = try container.decode(String.self, forKey: .rate)
            self.burst = try container.decodeIfPresent(Int.self, forKey: .burst) ?? 1
            if text == "0" {
                self.rate = nil
                return
            }
            guard let rate = Self.rate(text) else {
                let hint = "write 2/s, 10/min, or 1/5s for one in five seconds; 0 turns it off"
                throw ConfigurationProblem("wrong-value", key: "rate", "\"\(text)\" is no rate", hint: hint)
            }
            guard 1...1_000_000 ~= self.burst else {
                let hint = "write how many may come at once, 1 to 1000000"
                throw ConfigurationProblem("wrong-value", key: "burst", "\(self.burst) is no burst", hint: hint)
            }
            self.rate = rate
        }

        /// Reads `2/s`, `10/min`, `1/5s`; nothing where it is none.
        static func rate(_ text: String) -> (count: Int, seconds: Int)? {
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 2, let count = Int(parts[0]), 1...1_000_000 ~= count else { return nil }
            let units = [("min", 60), ("s", 1), ("h", 3_600)]
            guard let unit = units.first(where: { parts[1].hasSuffix($0.0) }) else { return nil }
            let times = parts[1].dropLast(unit.0.count)
            guard let factor = times.isEmpty ? 1 : Int(times), 1...86_400 ~= factor * unit.1 else { return nil }
            return (count, factor * unit.1)
        }

        var limit: RateLimit? { self.rate.map { RateLimit($0.count, perSeconds: $0.seconds, burst: self.burst) } }
    }

    var connectionFrames: Limit?
    var sessionMessages: Limit?
    var sessionTyping: Limit?
    var sessionHistory: Limit?
    var sessionPolls: Limit?
    var sessionResume: Limit?
    var addressMessages: Limit?
    var addressHandshakes: Limit?
    var addressSessions: Limit?
    var addressFailures: Limit?
    var siteMessages: Limit?
    var nodeAccepts: Limit?

    /// All of them with their defaults, as they may stand in the file.
    static let sample = """
        limits:
          connection_frames: {rate: 50/s, burst: 200}
          session_messages: {rate: 2/s, burst: 10}
          session_typing: {rate: 1/s, burst: 4}
          session_history: {rate: 2/s, burst: 5}
          session_polls: {rate: 5/s, burst: 20}
          session_resume: {rate: 1/5s, burst: 2}
          address_messages: {rate: 20/s, burst: 100}
          address_handshakes: {rate: 10/s, burst: 60}
          address_sessions: {rate: 10/min, burst: 20}
          address_failures: {rate: 20/min, burst: 20}
          site_messages: {rate: 200/s, burst: 1000}
          node_accepts: {rate: 500/s, burst: 1000}
        """
}

/// `bounds:` of `claude-chat.yaml`: how much of something there may be.
struct WrittenBounds: Decodable {
    var sessionConnections: Int?
    var addressConnections: Int?
    var nodeConnections: Int?
    var rooms: Int?
    var addresses: Int?
    var waitingMessages: Int?
    /// In MiB.
    var historyMemory: Int?

    /// All of them with their defaults, as they may stand in the file.
    static let sample = """
        bounds:
          session_connections: 10
          address_connections: 200
          node_connections: 20000
          rooms: 50000
          addresses: 100000
          waiting_messages: 20
          history_memory: 256
        """

    /// The keys that are no sensible number, each with what to write.
    var mistakes: [(key: String, hint: String)] {
        let all: [(String, Int?, ClosedRange<Int>)] = [
            ("session_connections", self.sessionConnections, 1...1_000),
            ("address_connections", self.addressConnections, 1...1_000_000),
            ("node_connections", self.nodeConnections, 1...1_000_000),
            ("rooms", self.rooms, 1...10_000_000), ("addresses", self.addresses, 1_000...10_000_000),
            ("waiting_messages", self.waitingMessages, 1...1_000),
            ("history_memory", self.historyMemory, 1...1_048_576),
        ]
        return all.compactMap { key, value, range in
            guard let value, !range.contains(value) else { return nil }
            return (key, "write \(range.lowerBound) to \(range.upperBound)")
        }
    }
}

/// What may happen, and how much of it there may be.
struct ServerLimits: Sendable {
    var hub = HubOptions()
    var addresses = AddressLimitOptions()
    var frames: RateLimit? = ChatServer.Options.defaultFrameRate

    /// The defaults, but for what is written.
    init(_ limits: WrittenLimits?, _ bounds: WrittenBounds?) {
        if let limits { self.take(limits) }
        guard let bounds else { return }
        if let count = bounds.sessionConnections { self.hub.connectionsPerRoom = count }
        if let count = bounds.rooms { self.hub.rooms = count }
        if let count = bounds.waitingMessages { self.hub.waitingMessages = count }
        if let mebibytes = bounds.historyMemory { self.hub.historyBytes = mebibytes * 1_048_576 }
        if let count = bounds.addressConnections { self.addresses.connections = count }
        if let count = bounds.nodeConnections { self.addresses.allConnections = count }
        if let count = bounds.addresses { self.addresses.addresses = count }
    }

    private mutating func take(_ limits: WrittenLimits) {
        if let written = limits.connectionFrames { self.frames = written.limit }
        if let written = limits.sessionMessages { self.hub.messageRate = written.limit }
        if let written = limits.sessionTyping { self.hub.typingRate = written.limit }
        if let written = limits.sessionHistory { self.hub.historyRate = written.limit }
        if let written = limits.sessionPolls { self.hub.pollRate = written.limit }
        if let written = limits.sessionResume { self.hub.resumeRate = written.limit }
        if let written = limits.addressMessages { self.addresses.messages = written.limit }
        if let written = limits.addressHandshakes { self.addresses.handshakes = written.limit }
        if let written = limits.addressSessions { self.addresses.sessions = written.limit }
        if let written = limits.addressFailures { self.addresses.failures = written.limit }
        if let written = limits.siteMessages { self.addresses.siteMessages = written.limit }
        if let written = limits.nodeAccepts { self.addresses.accepts = written.limit }
    }

    /// No limit of rates and connections: for measurements.
    static var none: ServerLimits {
        var limits = ServerLimits(nil, nil)
        limits.hub = .unlimited
        limits.addresses = .none
        limits.frames = nil
        return limits
    }
}
