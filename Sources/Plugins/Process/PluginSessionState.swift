internal import Messages
internal import Responders

/// Decides what a plugin process is sent and what its lines mean.
///
/// Pure: it gets every line and every moment, and answers with what is to be done.
struct PluginSessionState: Sendable {
    /// What is to be done, in this order.
    enum Effect: Sendable {
        /// A line for the process; of a call, where it is that call's turn.
        case send([UInt8], call: Int? = nil)
        /// A piece of the reply to a call, which ends with `finish`.
        case piece(call: Int, String)
        case finish(call: Int, PluginAnswer)
        case report(Incident)
        /// The process has to go.
        case kill
    }

    enum Phase: Sendable, Equatable {
        /// Nobody runs it.
        case stopped
        /// It was started and hasn't said what it is.
        case starting
        case ready(PluginReady)
        /// It ended and will be started again.
        case restarting
        /// It will not be started again.
        case disabled
    }

    private struct Call: Sendable {
        let number: Int
        let turn: Turn
        /// What is asked for in the turn; nothing where that is a verdict on it.
        let action: Action?
        let limit: Duration
        /// Opens the door for one more reply, later; nothing where none may come.
        let token: String?
        /// Nobody waits for it any more.
        var cancelledAt: Duration?
        var nextDelta = 0
        /// How long the pieces of its reply are together, in bytes.
        var pieceBytes = 0

        var id: String { "c\(self.number)" }

        init(_ number: Int, _ turn: Turn, _ action: Action?, limit: Duration) {
            self.action = action
            self.number = number
            self.turn = turn
            self.limit = limit
            self.token = action == nil && turn.place.stage == .answer ? FollowUp.makeToken() : nil
        }

        /// What the plugin is sent.
        var frame: HostFrame {
            if let action { return .action(id: self.id, action, in: self.turn, limit: self.limit) }
            return .turn(id: self.id, self.turn, limit: self.limit, followUpToken: self.token)
        }

        /// Why a plugin that said this of itself isn't asked.
        func refusal(by ready: PluginReady) -> Failure? {
            if let action {
                let problem = "the plugin doesn't offer the action"
                return ready.actions.contains(action.operation) ? nil : Failure(.unknownOperation, problem)
            }
            let stage = self.turn.place.stage
            let problem = "the plugin doesn't offer the stage \(stage)"
            return ready.stages.contains(stage) ? nil : Failure(.stageNotOffered, problem)
        }
    }

    /// How many calls wait while others are answered.
    static let maximumWaiting = 32
    /// How long a cancelled call keeps its place, unless the plugin answers it.
    static let patience = Duration.seconds(5)
    static let maximumMissedPings = 3
    static let maximumBadLines = 3

    /// What the plugin is called in the log.
    let name: String
    private let config: JSONValue
    private(set) var phase = Phase.stopped
    private var waiting: [Call] = []
    private var open: [String: Call] = [:]
    /// Whether the process is on its way out, so that nothing that it says counts any more.
    private var isEnding = false
    /// Why no process of it has said what it is.
    private(set) var startFault: WireProblem?
    private var badLines = 0
    private var lastPing = 0
    private var lastPong = 0
    private var texts = VisitorTexts()
    private var codes = FailureCodes()
    private var lines = RateBudget(burst: 20_000, perSecond: 2_000)
    private var reports = RateBudget(burst: 20, perSecond: 1)
    private var droppedReports = 0

    init(name: String, config: JSONValue) {
        self.name = name
        self.config = config
    }

    /// Ends the process, once.
    private mutating func kill(_ message: String, _ details: [String: String] = [:]) -> [Effect] {
        self.isEnding = true
        return [self.incident(.error, message, details), .kill]
    }

    private func incident(_ level: Incident.Level, _ message: String, _ details: [String: String] = [:]) -> Effect {
        .report(Incident(level, message, details: details.merging(["plugin.command": self.name]) { $1 }))
    }
}

// MARK: The process

extension PluginSessionState {
    /// A process is about to be started: calls wait for it.
    mutating func prepare() -> [Effect] {
        self.phase = .starting
        return []
    }

    /// A process was started.
    mutating func begin() -> [Effect] {
        self.phase = .starting
        self.isEnding = false
        (self.badLines, self.lastPing, self.lastPong) = (0, 0, 0)
        return [.send(HostFrame.hello(config: self.config).bytes)]
    }

    /// The process ended, or could not be started.
    mutating func end(as phase: Phase) -> [Effect] {
        // Whatever is known for good stays.
        if self.phase != .disabled || phase == .stopped { self.phase = phase }
        let failure = PluginAnswer.verdict(.fail(Failure(.crashed, "the process ended before it answered")))
        let crashed = self.open.values.filter { $0.cancelledAt == nil }.sorted { $0.number < $1.number }
        self.open = [:]
        var effects = crashed.map { Effect.finish(call: $0.number, failure) }
        guard phase != .starting else { return effects }
        effects += self.waiting.map { .finish(call: $0.number, .verdict(self.refusal)) }
        self.waiting = []
        return effects
    }

    /// Five seconds are over since the start.
    mutating func helloIsDue() -> [Effect] {
        guard self.phase == .starting else { return [] }
        let fault = WireProblem(
            "hello-timeout",
            "no line {\"type\":\"ready\",…} within 5 s",
            hint: "write it at once after hello, and flush the output"
        )
        self.startFault = fault
        return self.kill("Plugin process is not ready", ["frame.problem": fault.description])
    }

    /// Another ten seconds are over.
    mutating func pingIsDue() -> [Effect] {
        guard case .ready = self.phase else { return [] }
        if self.lastPing - self.lastPong >= Self.maximumMissedPings {
            return self.kill("Plugin process doesn't answer its pings")
        }
        self.lastPing += 1
        return [.send(HostFrame.ping(self.lastPing).bytes)]
    }
}

// MARK: Calls

extension PluginSessionState {
    /// Why there is no answer now.
    private var refusal: Verdict {
        switch self.phase {
        case .stopped: .pass(reason: .notRunning)
        case .disabled: .fail(self.startFailure ?? Failure(.unavailable, "the plugin is taken out of service"))
        case .restarting: .fail(self.startFailure ?? Failure(.unavailable, "the plugin's process is started again"))
        case .starting, .ready: .pass(reason: .busy)
        }
    }

    /// Why it could not be started, for those who ask it all the same.
    private var startFailure: Failure? {
        self.startFault.map { fault in
            let problem = "\(fault.problem)\(fault.hint.map { "; \($0)" } ?? "")"
            return Failure(TraceReason(rawValue: fault.code), problem)
        }
    }

    mutating func ask(
        _ number: Int,
        _ turn: Turn,
        for action: Action? = nil,
        limit: Duration,
        at now: Duration
    ) -> [Effect] {
        switch self.phase {
        case .stopped, .restarting, .disabled: return [.finish(call: number, .verdict(self.refusal))]
        case .starting, .ready:
            guard self.waiting.count < Self.maximumWaiting else {
                return [.finish(call: number, .verdict(.pass(reason: .busy)))]
            }
            self.waiting.append(Call(number, turn, action, limit: limit))
            return self.dispatch(at: now)
        }
    }

    /// Nobody waits for a call any more.
    mutating func cancel(_ number: Int, for reason: HostFrame.CancelReason, at now: Duration) -> [Effect] {
        self.waiting.removeAll { $0.number == number }
        guard var call = self.open["c\(number)"], call.cancelledAt == nil else { return [] }
        call.cancelledAt = now
        self.open[call.id] = call
        return [.send(HostFrame.cancel(id: call.id, reason: reason).bytes)]
    }

    /// There was no room for the line of a call.
    mutating func couldNotSend(_ number: Int) { self.open["c\(number)"] = nil }

    private mutating func dispatch(at now: Duration) -> [Effect] {
        guard case .ready(let ready) = self.phase else { return [] }
        self.open = self.open.filter { call in call.value.cancelledAt.map { now - $0 < Self.patience } ?? true }
        var effects: [Effect] = []
        while self.open.count < ready.maxConcurrency, !self.waiting.isEmpty {
            let call = self.waiting.removeFirst()
            if let refusal = call.refusal(by: ready) {
                effects.append(.finish(call: call.number, .verdict(.fail(refusal))))
                continue
            }
            self.texts.note(call.turn)
            for value in (call.action?.fields ?? [:]).values { self.texts.note(value) }
            self.open[call.id] = call
            effects.append(.send(call.frame.bytes, call: call.number))
        }
        return effects
    }
}

// MARK: Lines

extension PluginSessionState {
    /// The process wrote a line that is too long to be read.
    mutating func takeLongLine() -> [Effect] {
        guard !self.isEnding else { return [] }
        let problem = "a line of more than \(PluginFrame.maximumBytes) bytes"
        return self.kill("Plugin process wrote what can't be read", ["frame.problem": problem])
    }

    /// The process wrote a line.
    mutating func take(_ line: [UInt8], at now: Duration) -> [Effect] {
        guard !self.isEnding else { return [] }
        guard self.lines.take(at: now) else { return self.kill("Plugin process floods its output") }
        do throws(WireProblems) {
            let frame = try PluginFrame(line: line)
            self.badLines = 0
            return self.take(frame, at: now)
        } catch {
            return self.take(error, at: now)
        }
    }

    private mutating func take(_ frame: PluginFrame, at now: Duration) -> [Effect] {
        switch frame {
        case .ready(let ready):
            guard self.phase == .starting else { return [] }
            self.phase = .ready(ready)
            self.startFault = nil
            return self.dispatch(at: now)
        case .verdict(let id, let verdict):
            guard let call = self.open[id] else { return [] }
            guard call.action == nil else {
                return self.fail(call, "verdict: the answer to an action; write type: result", at: now)
            }
            return self.finish(
                call,
                .verdict(self.codes.bounded(verdict, without: self.texts).promising(by: call.token)),
                at: now
            )
        case .result(let id, let result, let failure):
            guard let call = self.open[id] else { return [] }
            guard call.action != nil else {
                return self.fail(call, "result: the answer to a turn; write type: verdict", at: now)
            }
            let failed = failure.map { PluginAnswer.verdict(.fail(self.codes.bounded($0, without: self.texts))) }
            return self.finish(call, failed ?? .result(result), at: now)
        case .delta(let id, let index, let text):
            guard var call = self.open[id] else { return [] }
            guard index == call.nextDelta else {
                return self.fail(call, "delta.index: \(index) after \(call.nextDelta) deltas", at: now)
            }
            call.nextDelta += 1
            // The one that makes it too long is passed on, so that the stream ends there; nobody wants those behind it.
            let isWanted = call.cancelledAt == nil && call.pieceBytes <= Reply.maximumTextBytes
            call.pieceBytes += isWanted ? text.utf8.count : 0
            self.open[id] = call
            guard isWanted, !text.isEmpty, call.action == nil, call.turn.place.stage == .answer,
                case .ready(let ready) = self.phase,
                ready.streams
            else { return [] }
            return [.piece(call: call.number, text)]
        case .pong(let number):
            if number <= self.lastPing { self.lastPong = max(self.lastPong, number) }
            return []
        case .log(let level, let text):
            return self.report(level == .error ? .error : .notice, "Plugin process says", "log.text", text, at: now)
        case .other: return []
        }
    }

    /// The plugin has answered a call.
    private mutating func finish(_ call: Call, _ answer: PluginAnswer, at now: Duration) -> [Effect] {
        self.open[call.id] = nil
        guard call.cancelledAt == nil else {
            call.turn.noteLateResult()
            return self.dispatch(at: now)
        }
        return [.finish(call: call.number, answer)] + self.dispatch(at: now)
    }

    private mutating func take(_ problems: WireProblems, at now: Duration) -> [Effect] {
        let first = problems.all[0]
        if self.phase == .starting, problems.type == "ready" {
            // It would say the same again.
            self.phase = .disabled
            self.startFault = problems.asOne
            let text = problems.all.map(\.description).joined(separator: " | ")
            return self.kill("Plugin process is refused", ["frame.problem": text])
        }
        if let call = problems.id.flatMap({ self.open[$0] }),
            ["verdict", "result", "delta"].contains(problems.type)
        {
            return self.fail(call, first.description, at: now)
        }
        if problems.type == nil { self.badLines += 1 }
        let effects = self.report(
            .notice,
            "Plugin process wrote what can't be read",
            "frame.problem",
            first.description,
            at: now
        )
        guard self.badLines >= Self.maximumBadLines else { return effects }
        return effects + self.kill("Plugin process writes what is no JSON")
    }

    /// Ends a call whose answer can't be read.
    private mutating func fail(_ call: Call, _ problem: String, at now: Duration) -> [Effect] {
        self.open[call.id] = nil
        let failure = Failure(.badFrame, self.texts.removed(from: problem))
        let finished = call.cancelledAt == nil ? [Effect.finish(call: call.number, .verdict(.fail(failure)))] : []
        return finished + self.dispatch(at: now)
    }

    /// The process wrote to its error output.
    mutating func takeComplaint(_ line: [UInt8], at now: Duration) -> [Effect] {
        let text = String(decoding: line, as: UTF8.self)
        guard text.contains(where: { !$0.isWhitespace }) else { return [] }
        return self.report(.notice, "Plugin process wrote to its error output", "log.text", text, at: now)
    }

    /// Tells the operator what the process wrote: bounded, on one line, without what visitors wrote.
    private mutating func report(
        _ level: Incident.Level,
        _ message: String,
        _ key: String,
        _ text: String,
        at now: Duration
    ) -> [Effect] {
        guard self.reports.take(at: now) else {
            self.droppedReports += 1
            return []
        }
        var details = [key: logged(self.texts.removed(from: text))]
        if self.droppedReports > 0 { details["log.dropped"] = "\(self.droppedReports)" }
        self.droppedReports = 0
        return [self.incident(level, message, details)]
    }
}
