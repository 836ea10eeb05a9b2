internal import Diagnostics
internal import Responders

/// What an entry `claude` says, checked.
struct ClaudeSettings: Sendable {
    typealias Configuration = Claude.Configuration
    typealias AuthHeader = Configuration.AuthHeader

    let target: HTTPTarget
    let policy: TargetPolicy
    let version: String
    let authHeader: AuthHeader
    let headers: [(String, String)]
    let model: String
    let maxTokens: Int
    let isStreamed: Bool
    let cache: MessagesRequest.CacheLifetime?
    let thinking: MessagesRequest.Thinking?
    let effort: MessagesRequest.Effort?
    let serviceTier: MessagesRequest.ServiceTier?
    let historyMessages: Int
    let historyTokens: Int
    let pageFields: [Configuration.PageField]
    let notes: [String]
    let tools: [String]
    let connect: Duration
    let firstChunk: Duration
    let nextChunk: Duration
    let toolTimeout: Duration
    let retries: Int
    let limits: BudgetLimits
    let prices: Prices
    let refused: String
    let shortened: String
    let budgetSpent: String?
    /// The reply where Claude can't answer; nothing asks the next responder.
    let whenUnavailable: String?
    private let prompt: PromptTemplate

    init(_ written: Configuration, _ services: PluginServices) throws(ConfigurationProblem) {
        let endpoint = written.endpoint ?? "https://api.anthropic.com"
        let policy = try TargetPolicy(allowing: written.allow ?? [], for: endpoint)
        let target = try HTTPTarget(endpoint, policy: policy, hasNetworks: !policy.allowed.isEmpty, key: "endpoint")
        self.target = target.appending("/v1/messages")
        self.policy = policy
        self.version = written.version ?? "2026-10-21"
        self.authHeader = written.authHeader ?? .authorization
        self.headers = try Self.headers(written, services)
        self.model = try Self.text(written.model, key: "model", services)
        self.maxTokens = try Self.number(written.maxTokens ?? 1_024, 64...128_000, key: "max_tokens")
        self.isStreamed = written.stream ?? true
        self.cache = MessagesRequest.CacheLifetime(rawValue: (written.cache ?? .fiveMinutes).rawValue)
        self.thinking = try Self.thinking(written.thinking, below: self.maxTokens)
        self.effort = written.effort.flatMap { MessagesRequest.Effort(rawValue: $0.rawValue) }
        self.serviceTier = written.serviceTier.flatMap { MessagesRequest.ServiceTier(rawValue: $0.rawValue) }
        self.historyMessages = try Self.number(written.history?.messages ?? 20, 0...100, key: "history.messages")
        self.historyTokens = try Self.number(written.history?.tokens ?? 5_000, 0...1_000_000, key: "history.tokens")
        self.pageFields = written.page ?? [.path, .title]
        self.notes = written.useNotes ?? []
        self.tools = written.tools ?? []
        self.connect = try Self.time(written.connect ?? .seconds(5), key: "connect")
        self.firstChunk = try Self.time(written.firstChunk ?? .seconds(5), key: "first_chunk")
        self.nextChunk = try Self.time(written.nextChunk ?? .seconds(10), key: "next_chunk")
        self.toolTimeout = try Self.time(written.toolTimeout ?? .seconds(2), key: "tool_timeout")
        self.retries = try Self.number(written.retries ?? 2, 0...5, key: "retries")
        (self.limits, self.prices) = try Self.budget(written, model: self.model)
        self.refused = written.texts?.refused ?? "I can't help with that here."
        self.shortened = written.texts?.shortened ?? "(shortened)"
        self.budgetSpent = written.texts?.budgetSpent
        self.whenUnavailable = written.whenUnavailable.flatMap { $0 == "pass" ? nil : $0 }
        self.prompt = try PromptTemplate(written, services)
    }

    /// What the model is told, for a site.
    func system(for site: String) -> String { self.prompt.text(site: site) }
}

// MARK: Checks

extension ClaudeSettings {
    private static func number(
        _ number: Int,
        _ range: ClosedRange<Int>,
        key: String
    ) throws(ConfigurationProblem) -> Int {
        guard range.contains(number) else {
            let hint = "write \(range.lowerBound) to \(range.upperBound)"
            throw ConfigurationProblem("out-of-range", key: key, "\(number) is out of range", hint: hint)
        }
        return number
    }

    private static func time(_ time: Duration, key: String) throws(ConfigurationProblem) -> Duration {
        guard .milliseconds(1)...(.seconds(600)) ~= time else {
            throw ConfigurationProblem("out-of-range", key: key, "the time is out of range", hint: "write 1ms to 10m")
        }
        return time
    }

    static func text(
        _ text: Claude.NamedText,
        key: String,
        _ services: PluginServices
    ) throws(ConfigurationProblem) -> String {
        switch text {
        case .text(let text):
            guard !text.isEmpty else { throw ConfigurationProblem("empty-text", key: key, "there is no text") }
            return text
        case .environment: return try services.secret(.environment(text.variable), key: key)
        }
    }

    /// Headers that this server writes itself.
    private static let reserved: Set<String> = [
        "accept", "anthropic-version", "authorization", "connection", "content-length", "content-type", "host",
        "transfer-encoding", "user-agent", "x-api-key",
    ]

    private static func headers(
        _ written: Configuration,
        _ services: PluginServices
    ) throws(ConfigurationProblem) -> [(String, String)] {
        var headers: [String: String] = [:]
        for (name, value) in written.headers ?? [:] {
            headers[name] = try Self.text(value, key: "headers.\(name)", services)
        }
        return try checked(headers: headers, reserved: Self.reserved)
    }

    private static func thinking(
        _ written: String?,
        below maxTokens: Int
    ) throws(ConfigurationProblem) -> MessagesRequest.Thinking? {
        switch written {
        case nil: return nil
        case "off"?: return .disabled
        case "adaptive"?: return .adaptive
        case "between_tools"?: return .betweenTools
        case let text?:
            guard let tokens = Int(text) else {
                let hint = "write off, adaptive, between_tools or a number of tokens"
                throw ConfigurationProblem("wrong-value", key: "thinking", "\"\(text)\" is not known", hint: hint)
            }
            guard 1_024..<max(maxTokens, 1_025) ~= tokens else {
                let hint = "write at least 1024, and less than max_tokens, which is \(maxTokens)"
                throw ConfigurationProblem("out-of-range", key: "thinking", "\(tokens) is out of range", hint: hint)
            }
            return .enabled(budgetTokens: tokens)
        }
    }

    private static func budget(
        _ written: Configuration,
        model: String
    ) throws(ConfigurationProblem) -> (BudgetLimits, Prices) {
        var limits = BudgetLimits()
        let positive = 1...1_000_000_000_000
        if let turns = written.budget?.session?.turns {
            limits.sessionTurns = try Self.number(turns, positive, key: "budget.session.turns")
        }
        if let tokens = written.budget?.session?.tokens {
            limits.sessionTokens = try Self.number(tokens, positive, key: "budget.session.tokens")
        }
        if let tokens = written.budget?.day?.tokens {
            limits.dayTokens = try Self.number(tokens, positive, key: "budget.day.tokens")
        }
        if let spend = written.budget?.day?.spend {
            limits.daySpend = try Self.micros(spend, key: "budget.day.spend")
        }
        var prices = Prices()
        for (name, price) in (written.prices ?? [:]).sorted(by: { $0.key < $1.key }) {
            let read = try Prices(price, key: "prices.\(name)")
            if name == model { prices = read }
        }
        guard limits.daySpend == nil || prices.output > 0 else {
            let hint = "write them under prices, for a million tokens"
            let problem = "the prices of \"\(model)\" are not known"
            throw ConfigurationProblem("no-prices", key: "budget.day.spend", problem, hint: hint)
        }
        return (limits, prices)
    }

    /// An amount of money in millionths.
    static func micros(_ amount: Double, key: String) throws(ConfigurationProblem) -> Int {
        guard 0...1_000_000_000 ~= amount else {
            throw ConfigurationProblem("out-of-range", key: key, "\(amount) is no amount", hint: "write 0 or more")
        }
        return Int((amount * 1_000_000).rounded(.up))
    }
}

extension Prices {
    fileprivate init(_ written: Claude.Configuration.Price, key: String) throws(ConfigurationProblem) {
        self.input = try ClaudeSettings.micros(written.input, key: "\(key).input")
        self.output = try ClaudeSettings.micros(written.output, key: "\(key).output")
        self.cacheWrite = try ClaudeSettings.micros(written.cacheWrite ?? written.input, key: "\(key).cache_write")
        let hour = written.cacheWriteHour ?? written.cacheWrite ?? written.input
        self.cacheWriteHour = try ClaudeSettings.micros(hour, key: "\(key).cache_write_hour")
        self.cacheRead = try ClaudeSettings.micros(written.cacheRead ?? written.input, key: "\(key).cache_read")
    }
}

extension Claude.NamedText {
    /// The name of the variable; empty where it is a text.
    fileprivate var variable: String { if case .environment(let name) = self { name } else { "" } }
}
