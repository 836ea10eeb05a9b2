/// What may be spent.
struct BudgetLimits: Sendable, Hashable {
    /// Turns and tokens of one conversation; nothing means any number.
    var sessionTurns: Int?
    var sessionTokens: Int?
    /// Tokens of a day.
    var dayTokens: Int?
    /// Money of a day, in millionths of the operator's currency.
    var daySpend: Int?
}

/// What a model costs, in millionths of the operator's currency for a million tokens.
struct Prices: Sendable, Hashable {
    var input = 0
    var output = 0
    var cacheWrite = 0
    var cacheWriteHour = 0
    var cacheRead = 0

    /// What a response costs, in millionths, rounded up.
    func cost(of usage: Usage) -> Int {
        let hour = min(usage.cacheWriteHour, usage.cacheWrite)
        let sum =
            usage.input * self.input + usage.output * self.output + (usage.cacheWrite - hour) * self.cacheWrite
            + hour * self.cacheWriteHour + usage.cacheRead * self.cacheRead
        return (sum + 999_999) / 1_000_000
    }

    /// The most that a token of input may cost.
    var dearestInput: Int { max(self.input, self.cacheWrite, self.cacheWriteHour, self.cacheRead) }
}

/// Tokens and money.
struct Amount: Sendable, Hashable {
    var tokens = 0
    /// In millionths.
    var spend = 0

    static func += (left: inout Amount, right: Amount) {
        left.tokens += right.tokens
        left.spend += right.spend
    }

    static func -= (left: inout Amount, right: Amount) {
        left.tokens -= right.tokens
        left.spend -= right.spend
    }
}

/// What was spent, and what is reserved for calls that run.
///
/// A value without a clock and without a file. Nothing is counted too low: a reservation is at least what a call can cost,
/// and stays until somebody says what it did cost.
struct Budget: Sendable {
    /// Below that many tokens a reply makes no sense.
    static let fewestTokens = 64

    /// Why a call must not be made.
    enum Refusal: Error, Sendable, Hashable { case session, day }

    /// What a call may use.
    struct Reservation: Sendable, Hashable {
        var id: Int
        var session: String
        var day: Int
        var amount: Amount
        /// At most as many as were wanted.
        var maxTokens: Int
    }

    struct Session: Sendable, Hashable {
        var turns = 0
        var tokens = 0
        /// The last day on which it spent something.
        var day = 0
    }

    let limits: BudgetLimits
    private(set) var sessions: [String: Session] = [:]
    private(set) var days: [Int: Amount] = [:]
    private(set) var open: [Int: Reservation] = [:]
    private var nextID = 1

    init(limits: BudgetLimits) { self.limits = limits }

    /// Counts a turn of a conversation.
    ///
    /// - Throws: ``Refusal/session`` where it has had all of its turns.
    mutating func beginTurn(of session: String, on day: Int) throws(Refusal) {
        var known = self.sessions[session] ?? Session()
        if let limit = self.limits.sessionTurns, known.turns >= limit { throw .session }
        known.turns += 1
        known.day = day
        self.sessions[session] = known
    }

    /// Reserves what a call can cost at most.
    ///
    /// - Parameters:
    ///   - input: Tokens of the request, estimated too high rather than too low.
    ///   - wanted: How many tokens the reply should have.
    ///   - session: Whose conversation.
    ///   - day: The day at the site.
    ///   - prices: What the model costs.
    /// - Returns: The reservation, perhaps with fewer tokens for the reply.
    /// - Throws: Which budget is spent.
    mutating func reserve(
        input: Int,
        wanted: Int,
        session: String,
        on day: Int,
        prices: Prices
    ) throws(Refusal) -> Reservation {
        var maxTokens = wanted
        if let limit = self.limits.sessionTokens {
            maxTokens = min(maxTokens, limit - (self.sessions[session]?.tokens ?? 0) - input)
            guard maxTokens >= Self.fewestTokens else { throw .session }
        }
        let spent = self.days[day] ?? Amount()
        if let limit = self.limits.dayTokens { maxTokens = min(maxTokens, limit - spent.tokens - input) }
        let inputCost = Self.cost(input, prices.dearestInput)
        if let limit = self.limits.daySpend {
            let left = limit - spent.spend - inputCost
            if left <= 0 { throw .day }
            if prices.output > 0 { maxTokens = min(maxTokens, left * 1_000_000 / prices.output) }
        }
        guard maxTokens >= Self.fewestTokens else { throw .day }
        let amount = Amount(tokens: input + maxTokens, spend: inputCost + Self.cost(maxTokens, prices.output))
        let reservation = Reservation(
            id: self.nextID,
            session: session,
            day: day,
            amount: amount,
            maxTokens: maxTokens
        )
        self.nextID += 1
        self.hold(reservation)
        return reservation
    }

    /// Replaces a reservation by what the call did cost.
    mutating func settle(_ id: Int, _ amount: Amount) {
        guard let reservation = self.open.removeValue(forKey: id) else { return }
        self.days[reservation.day, default: Amount()] -= reservation.amount
        self.days[reservation.day, default: Amount()] += amount
        self.sessions[reservation.session, default: Session()].tokens += amount.tokens - reservation.amount.tokens
    }

    /// Takes a reservation over as it was made.
    mutating func hold(_ reservation: Reservation) {
        self.nextID = max(self.nextID, reservation.id + 1)
        self.open[reservation.id] = reservation
        self.days[reservation.day, default: Amount()] += reservation.amount
        var session = self.sessions[reservation.session] ?? Session()
        session.tokens += reservation.amount.tokens
        session.day = max(session.day, reservation.day)
        self.sessions[reservation.session] = session
    }

    /// Takes over a reservation that is in the sums already.
    mutating func adopt(_ reservation: Reservation) {
        self.nextID = max(self.nextID, reservation.id + 1)
        self.open[reservation.id] = reservation
    }

    /// Takes over what was spent before; what is still reserved of it stays spent.
    mutating func restore(session: String, _ known: Session) { self.sessions[session] = known }
    mutating func restore(day: Int, _ amount: Amount) { self.days[day] = amount }

    /// Forgets days before the last, conversations of a month ago, and, where there are too many, the oldest.
    mutating func forget(before day: Int, atMost count: Int = 100_000) {
        self.days = self.days.filter { $0.key >= day - 1 }
        self.sessions = self.sessions.filter { $0.value.day >= day - 31 }
        guard self.sessions.count > count else { return }
        let latest = self.sessions.sorted { ($0.value.day, $0.key) > ($1.value.day, $1.key) }.prefix(count)
        self.sessions = Dictionary(uniqueKeysWithValues: Array(latest))
    }

    /// How much of a day's budgets is used, from 0 through 1 and beyond; nothing where there is none.
    func used(on day: Int) -> (tokens: Double?, spend: Double?) {
        let spent = self.days[day] ?? Amount()
        func share(_ amount: Int, _ limit: Int?) -> Double? { limit.map { Double(amount) / Double(max(1, $0)) } }
        return (share(spent.tokens, self.limits.dayTokens), share(spent.spend, self.limits.daySpend))
    }

    private static func cost(_ tokens: Int, _ price: Int) -> Int { (tokens * price + 999_999) / 1_000_000 }
}
