internal import Crypto
internal import FoundationEssentials
internal import Responders
internal import Synchronization

/// Keeps the budget of one `claude`: counts, writes down, warns.
///
/// Any thread.
final class BudgetKeeper: Sendable {
    private struct State {
        var budget: Budget
        var ledger: BudgetLedger?
        /// Whether there should be a ledger and is none: nothing is spent then.
        var isClosed = false
        /// The shares of a day's budget that were told of.
        var told: [Int: Double] = [:]
        /// Conversations whose visitor was told that their budget is spent.
        var informed: Set<String> = []
    }

    private let path: String?
    private let prices: Prices
    private let services: PluginServices
    private let state: Mutex<State>

    init(_ limits: BudgetLimits, path: String?, prices: Prices, services: PluginServices) {
        self.path = path
        self.prices = prices
        self.services = services
        var state = State(budget: Budget(limits: limits))
        state.isClosed = path != nil
        self.state = Mutex(state)
    }

    /// Opens the ledger.
    func open() {
        guard let path else { return }
        let problem = self.state.withLock { state -> String? in
            do {
                var budget = Budget(limits: state.budget.limits)
                let day = Int(self.services.wallClock() / 86_400_000)
                state.ledger = try BudgetLedger(path: path, into: &budget, on: day)
                state.budget = budget
                state.isClosed = false
                return nil
            } catch {
                return (error as? BudgetLedger.Problem)?.text ?? "the ledger can't be read"
            }
        }
        guard let problem else { return }
        self.services.report(Incident(.error, "Claude has no budget ledger", details: ["claude.problem": problem]))
    }

    /// What a day has cost so far, and how many calls run.
    func state(on day: Int) -> (spent: Amount, open: Int) {
        self.state.withLock { ($0.budget.days[day] ?? Amount(), $0.budget.open.count) }
    }

    /// Closes it.
    func close() {
        guard self.path != nil else { return }
        self.state.withLock { state in
            state.ledger?.close()
            state.ledger = nil
            state.isClosed = true
        }
    }

    /// Counts a turn.
    ///
    /// - Throws: Which budget is spent.
    func beginTurn(_ turn: Turn) throws(Budget.Refusal) {
        let (session, day) = (Self.session(of: turn), Self.day(of: turn))
        try self.change { state throws(Budget.Refusal) in
            try state.budget.beginTurn(of: session, on: day)
            return Self.written { try state.ledger?.began(session, on: day, state.budget) }
        }
    }

    /// Reserves what a request can cost.
    ///
    /// - Throws: Which budget is spent.
    func reserve(_ request: MessagesRequest, for turn: Turn) throws(Budget.Refusal) -> Budget.Reservation {
        let (session, day) = (Self.session(of: turn), Self.day(of: turn))
        let input = request.estimatedInputTokens
        var made: Budget.Reservation?
        do throws(Budget.Refusal) {
            try self.change { state throws(Budget.Refusal) in
                let reservation = try state.budget.reserve(
                    input: input,
                    wanted: request.maxTokens,
                    session: session,
                    on: day,
                    prices: self.prices
                )
                made = reservation
                return Self.written { try state.ledger?.reserved(reservation, state.budget) }
            }
        } catch {
            if error == .day { self.warn(on: day, isSpent: true) }
            throw error
        }
        guard let made else { throw .day }
        return made
    }

    /// Replaces a reservation by what the call did cost.
    func settle(_ reservation: Budget.Reservation, _ usage: Usage) {
        let amount = Amount(tokens: usage.total, spend: self.prices.cost(of: usage))
        try? self.change { state throws(Budget.Refusal) in
            state.budget.settle(reservation.id, amount)
            return Self.written { try state.ledger?.settled(reservation.id, amount, state.budget) }
        }
        self.warn(on: reservation.day, isSpent: false)
    }

    /// Whether the visitor of a turn has still to be told that the conversation's budget is spent.
    func informs(_ turn: Turn) -> Bool {
        self.state.withLock { state in
            // A set that never ends would be one more thing that fills up.
            if state.informed.count > 10_000 { state.informed = [] }
            return state.informed.insert(Self.session(of: turn)).inserted
        }
    }

    /// Changes the budget and its file together.
    ///
    /// - Parameter body: Gives whether the file could be written; without it nothing more is spent.
    /// - Throws: What `body` throws, or that of the day where there should be a ledger and is none.
    private func change(
        _ body: (inout State) throws(Budget.Refusal) -> Bool
    ) throws(Budget.Refusal) {
        let outcome = self.state.withLock { state -> Result<Bool, Budget.Refusal> in
            guard !state.isClosed else { return .failure(.day) }
            do throws(Budget.Refusal) {
                let isWritten = try body(&state)
                if !isWritten { state.isClosed = true }
                return .success(isWritten)
            } catch {
                return .failure(error)
            }
        }
        guard try !outcome.get() else { return }
        self.services.report(Incident(.error, "Claude's budget ledger can't be written; it is not asked any more"))
    }

    private static func written(_ body: () throws -> Void) -> Bool { (try? body()) != nil }

    /// Tells of 80 and of 100 per cent of a day's budget, once each, and shows the shares as a metric.
    private func warn(on day: Int, isSpent: Bool) {
        let (used, share) = self.state.withLock { state in
            let used = state.budget.used(on: day)
            let largest = isSpent ? 1 : max(used.tokens ?? 0, used.spend ?? 0)
            let reached = largest >= 1 ? 1 : largest >= 0.8 ? 0.8 : 0
            let told = state.told[day] ?? 0
            if reached > told { state.told = [day: reached] }
            return (used, reached > told ? reached : nil)
        }
        for (scope, value) in [("day-tokens", used.tokens), ("day-spend", used.spend)] {
            guard let value else { continue }
            let help = "How much of a budget is used, from 0 through 1."
            self.services.metrics.set(.init("claude_budget_used_ratio", help: help, labels: ["scope": scope]), value)
        }
        guard let share else { return }
        self.services.report(
            Incident(
                share >= 1 ? .error : .notice,
                share >= 1 ? "Claude's budget of the day is spent" : "Claude's budget of the day is nearly spent",
                details: ["claude.budget.percent": share >= 1 ? "100" : "80"]
            )
        )
    }

    /// Names a conversation in the ledger, which must not have its id.
    private static func session(of turn: Turn) -> String {
        let text = "\(turn.conversation.site)\n\(turn.conversation.sessionID)"
        return digest(Array(text.utf8))
    }

    /// The day at the site, counted from 1970-01-01: the time of day there says how far its clock is from UTC.
    static func day(of turn: Turn) -> Int {
        let minutes = Int(turn.message.serverTime / 60_000)
        var offset = (turn.localTime.minutes - minutes % 1_440) % 1_440
        // From twelve hours behind to twelve hours before; the two zones beyond have their midnight at the right time, too.
        if offset > 720 { offset -= 1_440 }
        if offset <= -720 { offset += 1_440 }
        return Int((Double(minutes + offset) / 1_440).rounded(.down))
    }
}

/// The first 16 digits of a SHA-256, to tell texts apart without having them.
func digest(_ bytes: [UInt8]) -> String {
    SHA256.hash(data: bytes).prefix(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
