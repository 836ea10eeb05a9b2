internal import Crypto
public import Responders
internal import Synchronization

/// Asks a web service: a signed request for each message, answered with a verdict in JSON.
public final class Webhook: ResponderPlugin, RunningResponder, ActionPerformer {
    public static let manifest = PluginManifest(
        name: "webhook",
        summary: "Asks a web service, by signed requests with JSON",
        stages: [.guard, .enrich, .answer, .after],
        sample: """
            # Where it is asked. Redirects are not followed. Plain http:// is for the networks of "allow" alone.
            url: https://orders.example.com/chat
            # Signs each request; the service checks it. 32 random bytes or more: openssl rand -base64 48.
            secret: {file: keys/orders.txt}
            # While the secret is changed: the one before it. Requests then have two signatures.
            old_secret: {file: keys/orders-old.txt}
            # Networks that are no part of the public one and may be connected to nevertheless.
            allow: ['10.20.0.0/16']
            # Further headers, the same for each request.
            headers:
              X-Team: chat
            """,
        openKeys: ["headers"],
        sampleFiles: [
            "keys/orders.txt": "the-example-of-a-secret-of-32-bytes",
            "keys/orders-old.txt": "the-one-before-it-of-32-bytes-or-more",
        ],
        examples: []
    )

    public struct Configuration: Decodable, Sendable {
        public var url: String
        public var secret: SecretReference
        public var oldSecret: SecretReference?
        public var allow: [String]?
        public var headers: [String: String]?
    }

    private enum Phase { case stopped, starting, ready(PluginReady), failing }

    private struct State {
        var phase = Phase.stopped
        var asking = 0
        /// Until when the service asked to be left alone.
        var busyUntil: Duration?
        var waiters = StartWaiters()
        /// Why the service is not ready.
        var problem: String?
        /// Whether it is there all the same, and says something wrong.
        var answers = false
        var texts = VisitorTexts()
        var codes = FailureCodes()
        var reports = RateBudget(burst: 20, perSecond: 1)
        /// Takes answers that are read while their first pieces are shown; nothing while nobody runs it.
        var reading: AsyncStream<AnswerReading>.Continuation?
    }

    /// How many requests may be under way or wait for a connection.
    static let maximumAsking = 40

    let target: HTTPTarget
    let policy: TargetPolicy
    private let client: TargetClient
    let signature: RequestSignature
    let headers: [(String, String)]
    private let services: PluginServices
    private let state = Mutex(State())

    public convenience init(configuration: Configuration, services: PluginServices) throws(ConfigurationProblem) {
        try self.init(configuration: configuration, services: services, resolver: .system)
    }

    init(configuration: Configuration, services: PluginServices, resolver: Resolver) throws(ConfigurationProblem) {
        let policy = try TargetPolicy(allowing: configuration.allow ?? [])
        self.target = try HTTPTarget(configuration.url, policy: policy, hasNetworks: !policy.allowed.isEmpty)
        var secrets = [try Self.secret(configuration.secret, key: "secret", services)]
        if let old = configuration.oldSecret { secrets.append(try Self.secret(old, key: "old_secret", services)) }
        self.signature = RequestSignature(secrets: secrets)
        self.policy = policy
        self.headers = try Self.headers(configuration)
        self.services = services
        self.client = TargetClient(self.target, policy: policy, resolver: resolver, clock: services.clock)
    }

    public func respond(to turn: Turn) async throws -> Verdict {
        await self.waitUntilReady()
        guard let ready = self.begin(turn) else { return self.refusal }
        defer { self.end() }
        guard ready.stages.contains(turn.place.stage) else {
            let problem = "the service doesn't offer the stage \(turn.place.stage)"
            return .fail(Failure(.stageNotOffered, problem))
        }
        do {
            return try await self.ask(turn, ready)
        } catch let wait as RetryAfter {
            throw wait
        } catch is CancellationError {
            return .fail(Failure(.cancelled))
        } catch {
            return .fail(self.problem(with: error))
        }
    }

    private func ask(_ turn: Turn, _ ready: PluginReady) async throws -> Verdict {
        let limit = CallLimit.current ?? Self.manifest.timeout
        let token = turn.place.stage == .answer ? FollowUp.makeToken() : nil
        let body = HostFrame.turn(id: turn.id.rawValue, turn, limit: limit, followUpToken: token).bytes
        let place = "\(turn.place.chain).\(turn.place.stage).\(turn.place.position)"
        let answer = try await self.send(body, key: "\(turn.id)/\(place)", mayRepeat: ready.isIdempotent, within: limit)
        switch answer.status {
        case 200 where answer.isLines && ready.streams && turn.place.stage == .answer:
            return await self.verdict(in: answer, on: turn, token)
        case 200: return try await self.whole(answer, on: turn, token)
        case 202 where token != nil:
            return Verdict.reply(try await Self.promise(in: answer)).promising(by: token)
        case 204: return .pass()
        case 422: return .pass(reason: try await Self.reason(in: answer))
        case 429, 503:
            guard let pause = self.pause(after: answer) else { return .fail(Self.unexpected(answer.status)) }
            throw pause
        default: return .fail(Self.unexpected(answer.status))
        }
    }

    /// The verdict that stands in an answer, which is read to its end.
    ///
    /// - Parameters:
    ///   - answer: Its body hasn't been read.
    ///   - turn: What was asked.
    ///   - token: Opens the door for a promised reply.
    ///   - pieces: Takes the pieces that come before the verdict.
    /// - Returns: The verdict, with codes of a bounded number.
    /// - Throws: ``WireProblem`` or ``WireProblems``, or what the connection throws.
    private func whole(
        _ answer: TargetClient.Answer,
        on turn: Turn,
        _ token: String?,
        pieces: PluginStream.Input? = nil
    ) async throws -> Verdict {
        let verdict = try await answer.verdict(on: turn.id.rawValue) { frame in
            if case .delta(_, _, let text) = frame, !text.isEmpty { pieces?.yield(.text(text)) }
            self.take(frame)
        }
        return self.state.withLock { $0.codes.bounded(verdict, without: $0.texts) }.promising(by: token)
    }

    /// Has an answer read beside the call that asked for it.
    ///
    /// - Returns: Whether anybody does.
    func read(_ answer: AnswerReading) -> Bool {
        self.state.withLock { state in
            guard let reading = state.reading, case .enqueued = reading.yield(answer) else { return false }
            // The place of the call is given back with its verdict.
            state.asking += 1
            return true
        }
    }

    private func verdict(in reading: AnswerReading) async -> Verdict {
        do {
            return try await self.whole(reading.answer, on: reading.turn, reading.token, pieces: reading.pieces)
        } catch {
            return .fail(self.problem(with: error))
        }
    }

    func send(
        _ body: [UInt8],
        key: String,
        mayRepeat: Bool,
        within limit: Duration
    ) async throws -> TargetClient.Answer {
        try await self.client.send(
            body,
            headers: self.signed(body) + [
                ("Content-Type", "application/json"), ("Accept", "application/json, application/x-ndjson"),
                ("Idempotency-Key", key),
            ],
            mayRepeat: mayRepeat,
            within: limit
        )
    }

    /// For how long the service wants to be left alone that has no time; nothing where it doesn't say so.
    func pause(after answer: TargetClient.Answer) -> RetryAfter? {
        guard answer.status == 429 || answer.retryAfter != nil else { return nil }
        let pause = Duration.seconds(min(max(answer.retryAfter ?? 1, 1), 300))
        // Also where the entry has no breaker.
        self.state.withLock { $0.busyUntil = self.services.clock.now + pause }
        return RetryAfter(pause)
    }

    static func unexpected(_ status: Int) -> Failure { Failure("bad-status", "status \(status)") }

    /// What a 202 tells the visitor for now.
    static func promise(in answer: TargetClient.Answer) async throws -> Reply {
        let bytes = try await answer.bytes()
        let value = try bytes.withUnsafeBufferPointer { try JSONValue(object: $0) }
        var reader = FrameReader(value, name: "answer")
        let reply = reader.promise()
        try reader.check()
        return reply
    }

    /// The reason of a 422, where it has one.
    static func reason(in answer: TargetClient.Answer) async throws -> TraceReason? {
        let bytes = try await answer.bytes()
        let value = bytes.withUnsafeBufferPointer { try? JSONValue(object: $0) }
        var reader = FrameReader(value ?? .object([]), name: "answer")
        return reader.code("reason")
    }

    private func signed(_ body: [UInt8]) -> [(String, String)] {
        self.headers + [("User-Agent", "claude-chat")]
            + self.signature.headers(of: body, at: self.services.wallClock() / 1_000)
    }
}

// MARK: Running

extension Webhook {
    public func prepareToRun() { self.state.withLock { $0.phase = .starting } }

    public func run() async {
        let (answers, reading) = AsyncStream.makeStream(of: AnswerReading.self)
        self.state.withLock { $0.reading = reading }
        await withDiscardingTaskGroup { group in
            group.addTask {
                await self.keepReady()
                reading.finish()
            }
            for await answer in answers {
                group.addTask {
                    await answer.run(self.verdict(in:))
                    self.end()
                }
            }
        }
        self.enter(.stopped)
        await self.client.close()
    }

    /// Asks the service what it is until it says so, and stays until the task is cancelled.
    private func keepReady() async {
        var pause = Duration.seconds(1)
        var lastProblem: String?
        while !Task.isCancelled {
            do {
                let ready = try await self.hello()
                self.enter(.ready(ready))
                if lastProblem != nil { self.report(.notice, "Webhook answers again") }
                await untilCancelled()
            } catch {
                guard !Task.isCancelled else { break }
                let problem = Self.problem(of: error)
                self.state.withLock { state in
                    state.problem = problem
                    state.answers = error is WireProblem
                }
                self.enter(.failing)
                if problem != lastProblem { self.report(.error, "Webhook is not ready", ["webhook.problem": problem]) }
                lastProblem = problem
                try? await self.services.clock.sleep(for: pause)
                pause = min(pause * 2, .seconds(60))
            }
        }
    }

    public func offers(_ stage: Stage) -> Bool {
        self.state.withLock { if case .ready(let ready) = $0.phase { ready.stages.contains(stage) } else { true } }
    }

    public var ailment: Ailment? {
        self.state.withLock { if case .failing = $0.phase { .notReady } else { nil } }
    }

    public func waitUntilStarted() async throws {
        await self.waitUntilReady()
        let (problem, answers) = self.state.withLock { state -> (String?, Bool) in
            if case .ready = state.phase { return (nil, true) }
            return (state.problem ?? "the service has not said what it is", state.answers)
        }
        guard let problem else { return }
        throw StartProblem("not-ready", "\(self.target.shown): \(problem)", isPassing: !answers)
    }

    /// Asks the service what it is, and whether it is the one that is meant: it sends back what nobody can guess.
    private func hello() async throws -> PluginReady {
        let challenge = (0..<32).map { _ in
            let byte = UInt8.random(in: .min ... .max)
            return (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
        let answer = try await self.client.send(
            nil,
            query: "challenge=\(challenge)",
            headers: self.signed([]) + [("Accept", "application/json")],
            mayRepeat: true,
            within: .seconds(5)
        )
        guard answer.status == 200 else {
            throw WireProblem("bad-status", "GET gives status \(answer.status)", hint: "answer with 200 and \"ready\"")
        }
        guard case .ready(let ready) = try PluginFrame(line: try await answer.bytes()) else {
            throw WireProblem("not-ready", "GET gives no object of type \"ready\"")
        }
        guard ready.challenge == challenge else {
            let hint = "send back the value of \"challenge\" in the query"
            throw WireProblem("wrong-challenge", "ready.challenge: not what was sent", hint: hint)
        }
        return ready
    }

    private func enter(_ phase: Phase) {
        let waiters = self.state.withLock { state in
            state.phase = phase
            return state.waiters.removeAll()
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Waits while the service is asked for the first time what it is.
    func waitUntilReady() async {
        let number = self.state.withLock { $0.waiters.takeNumber() }
        await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                let mustWait = self.state.withLock { state in
                    guard case .starting = state.phase, !Task.isCancelled else { return false }
                    state.waiters.add(waiter, as: number)
                    return true
                }
                if !mustWait { waiter.resume() }
            }
        } onCancel: {
            self.state.withLock { $0.waiters.remove(number) }?.resume()
        }
    }

    /// Takes a place among those that ask, where there is one.
    func begin(_ turn: Turn, _ action: Action? = nil) -> PluginReady? {
        let now = self.services.clock.now
        return self.state.withLock { state in
            guard case .ready(let ready) = state.phase, state.asking < Self.maximumAsking,
                state.busyUntil.map({ $0 <= now }) ?? true
            else { return nil }
            state.asking += 1
            state.texts.note(turn)
            for value in (action?.fields ?? [:]).values { state.texts.note(value) }
            return ready
        }
    }

    /// Gives the place back.
    func end() { self.state.withLock { $0.asking -= 1 } }

    /// What the service says of itself; nothing while it isn't ready.
    var ready: PluginReady? {
        self.state.withLock { if case .ready(let ready) = $0.phase { ready } else { nil } }
    }

    var refusal: Verdict {
        self.state.withLock { state in
            switch state.phase {
            case .stopped: .pass(reason: .notRunning)
            case .failing: .fail(Failure(.unavailable, "the service is not ready"))
            case .starting, .ready: .pass(reason: .busy)
            }
        }
    }
}

// MARK: What goes wrong

extension Webhook {
    /// The failure with a code of a bounded number of them, and without what visitors wrote.
    func bounded(_ failure: Failure) -> Failure {
        self.state.withLock { $0.codes.bounded(failure, without: $0.texts) }
    }

    func withoutVisitor(_ text: String) -> String { self.state.withLock { $0.texts.removed(from: text) } }

    func problem(with error: any Error) -> Failure {
        let problem = Self.problem(of: error)
        let code: TraceReason =
            switch error {
            case TargetClient.Problem.notSent: .unavailable
            case TargetClient.Problem.unanswered(let problem): problem.code == "timeout" ? .timeout : .unavailable
            case is WireProblem, is WireProblems: .badFrame
            default: .unavailable
            }
        return Failure(code, self.withoutVisitor(problem))
    }

    private static func problem(of error: any Error) -> String {
        switch error {
        case TargetClient.Problem.notSent(let problem), TargetClient.Problem.unanswered(let problem):
            problem.description
        case let problem as WireProblem: problem.description
        case let problems as WireProblems: problems.all.map(\.description).joined(separator: " | ")
        default: "the connection broke"
        }
    }

    /// Notes what the service says besides its verdict.
    private func take(_ frame: PluginFrame) {
        guard case .log(let level, let text) = frame else { return }
        let now = self.services.clock.now
        let shown = self.state.withLock { state in
            state.reports.take(at: now) ? logged(state.texts.removed(from: text)) : nil
        }
        guard let shown else { return }
        self.report(level == .error ? .error : .notice, "Webhook says", ["log.text": shown])
    }

    private func report(_ level: Incident.Level, _ message: String, _ details: [String: String] = [:]) {
        let url = ["webhook.url": self.target.shown]
        self.services.report(Incident(level, message, details: details.merging(url) { first, _ in first }))
    }
}
