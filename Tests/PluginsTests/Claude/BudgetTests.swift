import ClaudeStub
import Messages
import Responders
import RespondersTesting
import Testing

@testable import Plugins

@Suite("claude: the budget", .timeLimit(.minutes(2)))
struct BudgetTests {
    private let prices = Prices(
        input: 1_000_000,
        output: 5_000_000,
        cacheWrite: 1_250_000,
        cacheWriteHour: 2_000_000,
        cacheRead: 100_000
    )

    @Test("prices every kind of token, rounded up")
    func cost() {
        let usage = Usage(input: 1_000, output: 100, cacheWrite: 30, cacheWriteHour: 10, cacheRead: 5)
        // 1000 + 500 + 20 * 1.25 + 10 * 2 + 5 * 0.1
        #expect(self.prices.cost(of: usage) == 1_546)
        #expect(Prices(input: 1).cost(of: Usage(input: 1)) == 1)
        #expect(Prices().cost(of: usage) == 0)
    }

    @Test("gives fewer tokens for the reply when there are fewer left, and none below 64")
    func lowered() throws {
        var budget = Budget(limits: BudgetLimits(sessionTokens: 1_000))
        let first = try budget.reserve(input: 100, wanted: 500, session: "s", on: 1, prices: Prices())
        #expect(first.maxTokens == 500)
        #expect(try budget.reserve(input: 100, wanted: 500, session: "s", on: 1, prices: Prices()).maxTokens == 300)
        #expect(throws: Budget.Refusal.session) {
            try budget.reserve(input: 1, wanted: 500, session: "s", on: 1, prices: Prices())
        }
        // What wasn't used comes back.
        budget.settle(first.id, Amount(tokens: 150))
        #expect(try budget.reserve(input: 100, wanted: 500, session: "s", on: 1, prices: Prices()).maxTokens == 350)
        #expect(try budget.reserve(input: 1, wanted: 90, session: "other", on: 1, prices: Prices()).maxTokens == 90)
    }

    @Test("calls at the same time can't spend together what each could alone; money counts like tokens")
    func reserved() throws {
        var budget = Budget(limits: BudgetLimits(dayTokens: 1_000_000, daySpend: 10_000))
        // 100 tokens of input for at most 200, 1,960 tokens of output for 9,800.
        let first = try budget.reserve(input: 100, wanted: 4_000, session: "a", on: 5, prices: self.prices)
        #expect(first.maxTokens == 1_960)
        #expect(first.amount.spend == 10_000)
        #expect(throws: Budget.Refusal.day) {
            try budget.reserve(input: 1, wanted: 100, session: "b", on: 5, prices: self.prices)
        }
        #expect(try budget.reserve(input: 1, wanted: 100, session: "b", on: 6, prices: self.prices).maxTokens == 100)
    }

    @Test("never lets more be spent than there is, whatever happens in which order")
    func model() {
        var random = SplitMix64(state: 7)
        for _ in 0..<200 {
            let limits = BudgetLimits(sessionTokens: 3_000, dayTokens: 8_000, daySpend: 20_000)
            var budget = Budget(limits: limits)
            var open: [Budget.Reservation] = []
            var real: [Int: Amount] = [:]
            var sessions: [String: Int] = [:]
            for _ in 0..<60 {
                if Bool.random(using: &random) || open.isEmpty {
                    let session = "s\(Int.random(in: 0..<4, using: &random))"
                    let day = Int.random(in: 1...2, using: &random)
                    let made = try? budget.reserve(
                        input: .random(in: 1...400, using: &random),
                        wanted: .random(in: 64...1_500, using: &random),
                        session: session,
                        on: day,
                        prices: self.prices
                    )
                    if let made { open.append(made) }
                } else {
                    let reservation = open.remove(at: .random(in: 0..<open.count, using: &random))
                    let tokens = Int.random(in: 0...reservation.amount.tokens, using: &random)
                    let amount = Amount(
                        tokens: tokens,
                        spend: reservation.amount.spend * tokens / reservation.amount.tokens
                    )
                    budget.settle(reservation.id, amount)
                    real[reservation.day, default: Amount()] += amount
                    sessions[reservation.session, default: 0] += tokens
                }
                for (day, amount) in budget.days {
                    #expect(amount.tokens <= 8_000 && amount.spend <= 20_000)
                    // Counted is what was spent and what may still be.
                    let held = open.filter { $0.day == day }.reduce(0) { $0 + $1.amount.tokens }
                    #expect(amount.tokens == (real[day]?.tokens ?? 0) + held)
                }
                for (name, session) in budget.sessions {
                    let held = open.filter { $0.session == name }.reduce(0) { $0 + $1.amount.tokens }
                    #expect(session.tokens == (sessions[name] ?? 0) + held)
                    #expect(session.tokens <= 3_000)
                }
            }
        }
    }

    @Test("survives a restart, also one that cuts a call off, and a torn last line")
    func ledger() throws {
        let folder = try ScratchFolder()
        let path = "\(folder.path)/data/budget.jsonl"
        var budget = Budget(limits: BudgetLimits(sessionTurns: 3, dayTokens: 10_000))
        var ledger = try BudgetLedger(path: path, into: &budget, on: 20_000)
        try budget.beginTurn(of: "s", on: 20_000)
        try ledger.began("s", on: 20_000, budget)
        let first = try budget.reserve(input: 10, wanted: 100, session: "s", on: 20_000, prices: Prices())
        try ledger.reserved(first, budget)
        budget.settle(first.id, Amount(tokens: 50, spend: 7))
        try ledger.settled(first.id, Amount(tokens: 50, spend: 7), budget)
        let second = try budget.reserve(input: 10, wanted: 200, session: "s", on: 20_000, prices: Prices())
        try ledger.reserved(second, budget)
        // Nobody else may have it at the same time.
        var other = Budget(limits: budget.limits)
        #expect(throws: BudgetLedger.Problem.self) { try BudgetLedger(path: path, into: &other, on: 20_000) }
        ledger.close()

        for _ in 1...3 {
            var again = Budget(limits: budget.limits)
            var reopened = try BudgetLedger(path: path, into: &again, on: 20_000)
            #expect(again.days == [20_000: Amount(tokens: 260, spend: 7)])
            #expect(again.sessions["s"] == .init(turns: 1, tokens: 260, day: 20_000))
            #expect(again.open.keys.sorted() == [second.id])
            try reopened.began("", on: 20_000, again)
            reopened.close()
        }
        try folder.write("{\"r\":9,\"s\":\"s\",\"d\":20", to: "data/budget.jsonl")
        var torn = Budget(limits: budget.limits)
        try BudgetLedger(path: path, into: &torn, on: 20_000).close()
        #expect(torn.days.isEmpty)
    }

    @Test("forgets what is long ago")
    func forgetting() throws {
        var budget = Budget(limits: BudgetLimits())
        for day in 1...60 {
            _ = try budget.reserve(input: 1, wanted: 64, session: "s\(day)", on: day, prices: Prices())
        }
        budget.forget(before: 60)
        #expect(budget.days.keys.sorted() == [59, 60])
        #expect(budget.sessions.count == 32)
        budget.forget(before: 60, atMost: 5)
        #expect(budget.sessions.keys.sorted() == ["s56", "s57", "s58", "s59", "s60"])
    }

    @Test(
        "the day is that of the site",
        arguments: [
            (10 * 1_440 + 600, "10:00", 10), (10 * 1_440 + 1_350, "00:30", 11), (10 * 1_440 + 60, "20:00", 9),
            (10 * 1_440 + 1_439, "23:59", 10), (10 * 1_440, "05:45", 10),
        ]
    )
    func day(minutes: Int, local: String, day: Int) throws {
        let turn = Turn(
            id: TurnID("t"),
            message: Incoming(id: "m", text: "x", serverTime: Int64(minutes) * 60_000),
            conversation: Conversation(sessionID: "s"),
            localTime: try #require(TimeOfDay(local))
        )
        #expect(BudgetKeeper.day(of: turn) == day)
    }

    @Test("a conversation whose turns are spent is told once, and then the next responder is asked")
    func turns() async throws {
        try await ClaudeDesk.run("budget: {session: {turns: 2}}\ntexts: {budget_spent: That was a lot.}") { desk in
            var replies: [String?] = []
            for text in ["1", "2", "3", "4"] { replies.append(try await desk.desk.say(text).replies.first?.text) }
            #expect(replies == ["You said: 1", "You said: 2", "That was a lot.", "From the fallback."])
            desk.desk.startAgain()
            let said2 = try await desk.desk.say("5")
            #expect(said2.replies.first?.text == "You said: 5")
            #expect(desk.stub.received.count == 3)
        }
    }

    @Test("a day's tokens are counted as the API counts them, warned of, and kept in the ledger")
    func dayTokens() async throws {
        let settings = "budget: {day: {tokens: 600}}\nmax_tokens: 64"
        try await ClaudeDesk.run(settings) { desk in
            var count = 0
            while try await desk.desk.say("hello").responder == "claude", count < 100 { count += 1 }
            #expect(1..<100 ~= count)
            let said3 = try await desk.desk.say("hello")
            #expect(said3.steps[0].reason == "budget-day")
            #expect(try desk.claude.budget.state(on: 0).spent.tokens > 0)
            let messages = desk.incidents.all.map(\.message)
            #expect(messages.filter { $0 == "Claude's budget of the day is spent" }.count == 1)
        }
    }

    @Test("a server that starts again knows what was spent")
    func restart() throws {
        let folder = try ScratchFolder()
        var services = PluginServices(baseFolder: folder.path)
        services.wallClock = { 0 }
        let request = MessagesRequest(model: "m", maxTokens: 400, system: "", messages: [])
        let turn = Turn(
            id: TurnID("t"),
            message: Incoming(id: "m", text: "x"),
            conversation: Conversation(sessionID: "s"),
            localTime: TimeOfDay(minutes: 0)
        )
        for expected in [400, 164, nil] as [Int?] {
            let keeper = BudgetKeeper(
                BudgetLimits(dayTokens: 600 + request.estimatedInputTokens),
                path: "\(folder.path)/ledger.jsonl",
                prices: Prices(),
                services: services
            )
            keeper.open()
            let reservation = try? keeper.reserve(request, for: turn)
            #expect(reservation?.maxTokens == expected)
            // The second server ends while its call runs.
            if expected == 400, let reservation {
                keeper.settle(reservation, Usage(output: 436))
            }
            keeper.close()
        }
    }

    @Test("a reply that is cut off costs what came of it")
    func cut() async throws {
        try await ClaudeDesk.run { desk in
            let result = try await desk.desk.say("cut")
            // What message_start said, and a token for each three bytes of "This is th".
            #expect(ClaudeDesk.trace(result).contains("4 out (estimated)"))
            let spent = try desk.claude.budget.state(on: 0).spent.tokens
            #expect(spent > 4)
        }
    }

    @Test("without a ledger that can be written, nothing is spent")
    func noLedger() async throws {
        try await ClaudeDesk.run("budget: {ledger: /proc/nowhere/ledger.jsonl, day: {tokens: 100000}}") { desk in
            let said5 = try await desk.desk.say("hello")
            #expect(said5.steps[0].reason == "budget-day")
            #expect(desk.incidents.all.map(\.message) == ["Claude has no budget ledger"])
        }
    }
}
