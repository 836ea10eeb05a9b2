public import Diagnostics
public import Responders
internal import Synchronization

/// Answers with Claude, over the Messages API.
///
/// Whatever the API does, a visitor is never left: without a key, a budget or an answer the next responder is asked, and a
/// reply that breaks off keeps what was shown. What goes wrong how: Documentation/Claude.md.
public final class Claude: ResponderPlugin, RunningResponder {
    public static let manifest = PluginManifest(
        name: "claude",
        summary: "Answers with Claude, over the Messages API",
        stages: [.answer],
        sample: Claude.sample,
        openKeys: ["headers", "variables", "prices"],
        sampleFiles: [
            "keys/claude.txt": "the-example-of-a-key",
            "prompts/support.md": "You help the visitors of {{site}}, the shop of {{shop}}.",
        ],
        examples: [],
        timeout: .seconds(30),
        // Its own limit counts signs of life that nobody sees, and stands between two calls of tools.
        nextPiece: .seconds(30)
    )

    private struct State {
        var isRunning = false
        /// Until when nobody asks, after an error that only a person can mend.
        var closedUntil: Duration?
        var records = RecordTable()
    }

    /// How long an error is believed that only a person can mend.
    private static let closing = Duration.seconds(300)

    private let settings: ClaudeSettings
    private let services: PluginServices
    private let key: APIKey
    private let client: any MessagesClient
    let budget: BudgetKeeper
    private let random: @Sendable () -> UInt64
    private let state = Mutex(State())

    public convenience init(configuration: Configuration, services: PluginServices) throws(ConfigurationProblem) {
        try self.init(configuration: configuration, services: services, client: nil)
    }

    /// - Parameters:
    ///   - configuration: The entry's.
    ///   - services: Its way to the outside.
    ///   - client: Answers in the API's place.
    ///   - resolver: Finds the addresses of the API.
    ///   - random: Bits that nobody can guess.
    /// - Throws: What is wrong with the configuration.
    init(
        configuration: Configuration,
        services: PluginServices,
        client: (any MessagesClient)?,
        resolver: Resolver = .system,
        random: @escaping @Sendable () -> UInt64 = { .random(in: .min ... .max) }
    ) throws(ConfigurationProblem) {
        let settings = try ClaudeSettings(configuration, services)
        self.settings = settings
        self.services = services
        self.key = APIKey(try services.secret(configuration.key, key: "key"))
        self.client =
            client ?? HTTPMessagesClient(settings, key: self.key, resolver: resolver, clock: services.clock)
        self.budget = BudgetKeeper(
            settings.limits,
            path: configuration.budget?.ledger.map { services.path(of: $0) },
            prices: settings.prices,
            services: services
        )
        self.random = random
    }

    public var contents: String? { self.settings.model }

    public var tools: [any Tool] { [SearchHistory()] }

    public func warnings(in chain: ChainRoster) -> [Diagnostic] {
        self.settings.tools.filter { !chain.tools.contains($0) }.map { name in
            Diagnostic(
                "unknown-tool",
                at: Place(file: "claude-chat.yaml", keyPath: "chains.\(chain.name)"),
                "claude: nobody in the chain offers the tool \"\(name)\"",
                hint: suggestion(for: name, among: chain.tools),
                severity: .warning
            )
        }
    }

    public func respond(to turn: Turn) async throws -> Verdict {
        guard let reason = self.reasonToPass else { return try await self.ask(turn) }
        return self.unavailable(reason)
    }

    /// Why nothing is sent; nothing where it is.
    private var reasonToPass: TraceReason? {
        self.state.withLock { state in
            guard state.isRunning else { return .notRunning }
            guard let until = state.closedUntil else { return nil }
            guard self.services.clock.now >= until else { return .unavailable }
            // This turn finds out; the others go on passing until it has.
            state.closedUntil = self.services.clock.now + Self.closing
            return nil
        }
    }

    private func ask(_ turn: Turn) async throws -> Verdict {
        let limit = CallLimit.current ?? Self.manifest.timeout
        let deadline = self.services.clock.now + limit
        let call = TurnCall()
        call.start(isStreamed: self.settings.isStreamed) { writer in
            let ending = await self.turn(turn, to: writer, until: deadline).run(Fence(random: self.random()))
            self.learn(from: ending)
            return ending
        }
        let opening = await withTaskCancellationHandler {
            await call.opening()
        } onCancel: {
            call.cancel()
        }
        switch opening {
        case .words: return .stream(call.reply)
        case .ending(let ending): return try self.verdict(on: ending)
        }
    }

    private func turn(_ turn: Turn, to writer: ReplyWriter, until deadline: Duration) -> ClaudeTurn {
        let settings = self.settings
        return ClaudeTurn(
            settings: settings,
            call: MessagesCall(
                client: self.client,
                clock: self.services.clock,
                policy: RetryPolicy(
                    retries: settings.retries,
                    random: { [random] in Double(random() >> 11) / Double(1 << 53) },
                    wallClock: self.services.wallClock
                ),
                firstChunk: settings.firstChunk,
                nextChunk: settings.nextChunk
            ),
            budget: self.budget,
            clock: self.services.clock,
            metrics: self.services.metrics,
            turn: turn,
            tools: turn.tools,
            userID: self.key.name(of: "\(turn.conversation.site)\n\(turn.conversation.sessionID)"),
            deadline: deadline,
            output: writer,
            note: { self.note($0, of: turn.id) }
        )
    }

    private func verdict(on ending: ClaudeTurn.Ending) throws -> Verdict {
        switch ending {
        case .reply(let reply): return .reply(reply)
        case .pass(let reason): return self.unavailable(reason)
        case .refusedSetup: return self.unavailable(.unavailable)
        case .busy(let pause):
            guard self.settings.whenUnavailable == nil else { return self.unavailable(.busy) }
            throw RetryAfter(pause)
        case .fail(let failure):
            guard let text = self.settings.whenUnavailable, failure.code != .cancelled else { return .fail(failure) }
            return .reply(Reply(text, format: .plain))
        }
    }

    private func unavailable(_ reason: TraceReason) -> Verdict {
        guard let text = self.settings.whenUnavailable else { return .pass(reason: reason) }
        return .reply(Reply(text, format: .plain))
    }
}

// MARK: What is remembered

extension Claude {
    /// The calls of a turn, for the people who run the site.
    public func explanation(of turn: Turn) -> Explanation? {
        let records = self.state.withLock { $0.records[turn.id] }
        return records.map { Explanation(lines: $0.flatMap(\.lines)) }
    }

    private func note(_ record: CallRecord, of turn: TurnID) {
        self.state.withLock { $0.records.add(record, of: turn) }
        let help = "Calls of Claude."
        let outcome = record.failure ?? record.stopReason?.rawValue.replacing("_", with: "-") ?? "unknown"
        self.services.metrics.count(.init("claude_requests_total", help: help, labels: ["outcome": outcome]), 1)
        if record.unknownEvents > 0 {
            let help = "Events and deltas of streams whose type is not known."
            self.services.metrics.count(.init("claude_unknown_events_total", help: help), record.unknownEvents)
        }
        guard let firstChunk = record.firstChunk else { return }
        let seconds = "From a request to the first word of its reply."
        self.services.metrics.observe(.init("claude_first_chunk_seconds", help: seconds), firstChunk)
    }

    /// Stops asking after an error that only a person can mend, and says once which one it was.
    private func learn(from ending: ClaudeTurn.Ending) {
        switch ending {
        case .refusedSetup(let refused):
            let isNews = self.state.withLock { state in
                let isNews = state.closedUntil == nil
                state.closedUntil = self.services.clock.now + Self.closing
                return isNews
            }
            guard isNews else { return }
            let details = [
                "claude.status": "\(refused.status)", "claude.error": refused.error.code,
                "claude.request": String(ClaudeTurn.shown(refused.error.requestID).dropFirst(10)),
            ]
            self.services.report(Incident(.error, "Claude refuses the key, the account or the model", details: details))
        case .reply:
            let wasClosed = self.state.withLock { state in
                defer { state.closedUntil = nil }
                return state.closedUntil != nil
            }
            if wasClosed { self.services.report(Incident(.notice, "Claude answers again")) }
        case .pass, .fail, .busy: break
        }
    }
}

// MARK: Running

extension Claude {
    public func prepareToRun() {
        self.budget.open()
        self.state.withLock { $0.isRunning = true }
    }

    public func run() async {
        await untilCancelled()
        self.state.withLock { $0.isRunning = false }
        await self.client.close()
        self.budget.close()
    }
}
