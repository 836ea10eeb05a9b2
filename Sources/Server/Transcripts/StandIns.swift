internal import Diagnostics
internal import Responders
internal import Synchronization

/// Stand in front of the responders of a chain, so that a transcript can have them fail or be late, and the clock knows who
/// answers.
final class StandIns: Sendable {
    private struct State {
        var disturbances: [String: Transcript.Disturbance] = [:]
        /// What comes of the actions of those who are asked for some.
        var results: [String: ActionResult] = [:]
        var reloadable: [any ReloadableResponder] = []
        /// Those that can't be late.
        var immediate: Set<String> = []
        /// Those that can be asked to do something.
        var performers: Set<String> = []
        var names: Set<String> = []
    }

    fileprivate let clock: VirtualClock
    private let state = Mutex(State())

    init(clock: VirtualClock) { self.clock = clock }

    /// One that stands in front of a responder.
    func standIn(for responder: any Responder, named name: String) -> any Responder {
        self.state.withLock { state in
            state.names.insert(name)
            if let reloadable = responder as? any ReloadableResponder { state.reloadable.append(reloadable) }
            if responder is any ImmediateResponder { state.immediate.insert(name) }
            if responder is any ActionPerformer { state.performers.insert(name) }
        }
        if let redactor = responder as? any ImmediateResponder & TextRedactor {
            return RedactingStandIn(immediate: redactor, name: name, others: self)
        }
        if let immediate = responder as? any ImmediateResponder {
            return ImmediateStandIn(immediate: immediate, name: name, others: self)
        }
        if let performer = responder as? any ActionPerformer {
            return PerformingStandIn(performer: performer, name: name, others: self)
        }
        return WaitingStandIn(inner: responder, name: name, others: self)
    }

    var names: Set<String> { self.state.withLock(\.names) }

    /// Whether the responder of this name answers at once, and so can't be late.
    func isImmediate(_ name: String) -> Bool { self.state.withLock { $0.immediate.contains(name) } }

    /// Whether the responder of this name can be asked to do something.
    func performs(_ name: String) -> Bool { self.state.withLock { $0.performers.contains(name) } }

    /// Has something go wrong with the next message.
    func disturb(_ name: String, _ disturbance: Transcript.Disturbance) {
        self.state.withLock { state in
            if case .perform(_, let values) = disturbance {
                state.results[name] = ActionResult(values)
            } else {
                state.disturbances[name] = disturbance
            }
        }
    }

    /// Has everything go as it should again.
    func endDisturbances() {
        self.state.withLock { state in
            state.disturbances = [:]
            state.results = [:]
        }
    }

    fileprivate func result(of name: String) -> ActionResult? { self.state.withLock { $0.results[name] } }

    fileprivate func disturbance(of name: String) -> Transcript.Disturbance? {
        self.state.withLock { $0.disturbances[name] }
    }

    /// Has all files read anew.
    ///
    /// - Returns: What is wrong with them.
    func reload() -> [Diagnostic] {
        let responders = self.state.withLock(\.reloadable)
        for responder in responders { responder.reload() }
        return responders.flatMap(\.content.rejected).filter { $0.severity == .error }
    }
}

/// Says what the one behind it says about itself.
private protocol StandIn: Responder {
    var inner: any Responder { get }
}

extension StandIn {
    func explanation(of turn: Turn) -> Explanation? { self.inner.explanation(of: turn) }
    func remember(_ cooldowns: [Cooldown], of turn: Turn) { self.inner.remember(cooldowns, of: turn) }
    var contents: String? { self.inner.contents }
    var warnings: [Diagnostic] { self.inner.warnings }
    var doubts: [ConfigurationProblem] { self.inner.doubts }
    var operations: [String] { self.inner.operations }
    var hasOpenOperations: Bool { self.inner.hasOpenOperations }
    func warnings(in chain: ChainRoster) -> [Diagnostic] { self.inner.warnings(in: chain) }
}

extension StandIns {
    /// Asks one that answers at once, unless it is to fail.
    fileprivate func ask(_ responder: any ImmediateResponder, _ name: String, about turn: Turn) throws -> Verdict {
        if case .fail(_, let code)? = self.disturbance(of: name) { throw Failure(TraceReason(rawValue: code)) }
        return try responder.respond(to: turn)
    }
}

private struct ImmediateStandIn: StandIn, ImmediateResponder {
    let immediate: any ImmediateResponder
    let name: String
    let others: StandIns
    var inner: any Responder { self.immediate }

    func respond(to turn: Turn) throws -> Verdict { try self.others.ask(self.immediate, self.name, about: turn) }
}

private struct RedactingStandIn: StandIn, ImmediateResponder, TextRedactor {
    let immediate: any ImmediateResponder & TextRedactor
    let name: String
    let others: StandIns
    var inner: any Responder { self.immediate }

    func respond(to turn: Turn) throws -> Verdict { try self.others.ask(self.immediate, self.name, about: turn) }

    func replacements(in text: String) throws(Failure) -> [Replacement] { try self.immediate.replacements(in: text) }
}

extension StandIns {
    /// Asks one that may wait, unless something goes wrong or it is told what to say.
    fileprivate func ask(_ responder: any Responder, _ name: String, about turn: Turn) async throws -> Verdict {
        let clock = self.clock
        let verdict = try await clock.answering {
            switch self.disturbance(of: name) {
            case .fail(_, let code)?: throw Failure(TraceReason(rawValue: code))
            case .delay(_, let duration)?: try await clock.sleep(for: duration)
            // Longer than any limit.
            case .drop?: try await clock.sleep(for: .seconds(1_000_000_000))
            case .say(_, let text)?: return Verdict.reply(Reply(text))
            case .perform?, .reload?, .restart?, nil: break
            }
            return try await responder.respond(to: turn)
        }
        guard case .stream(let stream, let confidence, let found) = verdict else { return verdict }
        return .stream(
            StreamedReply { output in try await clock.answering { try await stream.produce(output) } },
            confidence: confidence,
            keep: found
        )
    }
}

private struct WaitingStandIn: StandIn {
    let inner: any Responder
    let name: String
    let others: StandIns

    func respond(to turn: Turn) async throws -> Verdict {
        try await self.others.ask(self.inner, self.name, about: turn)
    }
}

private struct PerformingStandIn: StandIn, RehearsablePerformer {
    let performer: any ActionPerformer
    let name: String
    let others: StandIns
    var inner: any Responder { self.performer }

    func respond(to turn: Turn) async throws -> Verdict {
        try await self.others.ask(self.performer, self.name, about: turn)
    }

    var isRehearsed: Bool { self.others.result(of: self.name) != nil }

    func perform(_ action: Action, in turn: Turn) async throws -> ActionResult {
        try await self.others.clock.answering {
            guard let result = self.others.result(of: self.name) else { throw Failure(.rehearsal) }
            return result
        }
    }
}
