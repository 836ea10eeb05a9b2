public import Diagnostics
public import Responders

/// A whole chain at a desk: one conversation, message by message.
///
/// ```swift
/// var desk = try ChainDesk("answer: [echo: {times: 2}]\nfallback: [fallback]", plugins: .builtin())
/// try await desk.say("hello").expectReply("hello hello", from: "echo")
/// ```
public struct ChainDesk: Sendable {
    /// The chain, called `test`.
    public let chain: Chain
    /// What should be looked at, though the chain works.
    public let warnings: [Diagnostic]
    private let folder: ScratchFolder?
    private let clock: TurnClock
    /// The visitor of the next message.
    public var visitor = Visitor()
    /// Whether somebody is there who could take the conversation.
    public var isStaffed = false
    /// Whether nothing may remain of the next message but the reply: responders that do something beyond it leave that.
    public var isRehearsing = false
    private var conversation = Conversation(sessionID: "test", said: [:])
    private var history: [HistoryItem] = []
    /// What the visitor sees while a reply comes piece by piece.
    public let screen = Screen()

    /// A desk with a chain that is already made.
    ///
    /// - Parameters:
    ///   - chain: The chain.
    ///   - clock: The time of the messages.
    public init(_ chain: Chain, clock: TurnClock = .continuous) {
        self.chain = chain
        self.clock = clock
        self.warnings = []
        self.folder = nil
    }

    /// A desk with a chain, configured as an operator would: with YAML.
    ///
    /// - Parameters:
    ///   - configuration: The stages, as under `chains.NAME`. Diagnostics call the file `test.yaml`.
    ///   - plugins: The plugins that it may name.
    ///   - files: Files that the configuration names, by their paths.
    ///   - clock: The clock of the chain, its plugins and the messages.
    ///   - environment: The variables that secrets come from.
    ///   - service: Answers what plugins ask web services.
    ///   - states: What plugins keep, by the names of their entries; by default each has a store of its own.
    ///   - report: Told of what happens in the plugins.
    /// - Throws: A `Rejection` with all mistakes.
    public init(
        _ configuration: String,
        plugins: PluginRegistry,
        files: [String: String] = [:],
        clock: TurnClock = .continuous,
        environment: [String: String] = [:],
        service: StubService? = nil,
        states: (@Sendable (_ name: String) -> PluginState)? = nil,
        report: @escaping @Sendable (Incident) -> Void = { _ in }
    ) throws {
        let folder = try ScratchFolder(files)
        let node = try YAMLNode(yaml: configuration, file: "test.yaml", keyPath: "chains.test")
        var services = PluginServices(baseFolder: folder.path, clock: clock, report: report)
        services.environment.merge(environment) { $1 }
        services.states = states
        services = services.asking(service)
        var loader = ChainLoader(registry: plugins, services: services)
        self.chain = loader.chain(named: "test", node, at: node.place)
        let found = loader.diagnostics.inFileOrder()
        guard found.allSatisfy({ $0.severity == .warning }) else { throw Rejection(found) }
        self.warnings = found
        self.folder = folder
        self.clock = clock
    }

    /// Sends `text` as a visitor would and remembers what came of it for the next message.
    ///
    /// - Parameters:
    ///   - text: The message.
    ///   - page: Where it was written.
    ///   - time: The time at the desk, `HH:MM`.
    ///   - lang: The language that the page reports.
    /// - Returns: The outcome, the replies, and what each responder did.
    /// - Throws: ``Desk/NotATime``.
    @discardableResult
    public mutating func say(
        _ text: String,
        on page: Page = Page(),
        at time: String = "12:00",
        lang: String? = nil
    ) async throws -> ChainResult {
        let turn = try Turn.sample(
            text,
            at: time,
            lang: lang,
            page: page,
            visitor: self.visitor,
            conversation: self.conversation,
            history: self.history,
            serverTime: self.clock.now.milliseconds,
            isStaffed: self.isStaffed
        )
        let result =
            switch self.chain.begin(turn, tracing: true, rehearsing: self.isRehearsing) {
            case .finished(let result): result
            case .waiting(let run): await self.chain.finish(run, showing: self.screen)
            }
        self.remember(text, result)
        return result
    }

    /// Begins another conversation with the same chain, as a visitor who comes again.
    public mutating func startAgain(session: String = "test-2", visitor: Visitor? = nil) {
        self.conversation = Conversation(sessionID: session, site: self.conversation.site, said: [:])
        self.history = []
        if let visitor { self.visitor = visitor }
    }

    private mutating func remember(_ text: String, _ result: ChainResult) {
        self.history.append(HistoryItem(.visitor, text))
        self.history += result.replies.map { HistoryItem(.claude, $0.text) }
        self.conversation.remember(result)
        self.chain.delivered(result)
    }
}

extension ChainResult {
    /// Checks that the last reply is `text`, given by the responder called `name`.
    ///
    /// - Throws: ``Mismatch``.
    @discardableResult
    public func expectReply(_ text: String, from name: String? = nil) throws -> ChainResult {
        guard let reply = self.replies.last else {
            throw Mismatch("expected \"\(text)\", got no reply (\(self.outcome))")
        }
        guard reply.text == text else { throw Mismatch("expected \"\(text)\", got \"\(reply.text)\"") }
        guard name == nil || name == self.responder else {
            throw Mismatch(
                "expected a reply from \(name ?? ""), got it from \(self.responder ?? "the built-in sentence")"
            )
        }
        return self
    }

    /// Checks which rule, or other decisive thing, gave the last reply.
    ///
    /// - Throws: ``Mismatch``.
    @discardableResult
    public func expectRule(_ rule: String?) throws -> ChainResult {
        let found = self.steps.last { $0.verdict == "reply" || $0.verdict == "stream" }?.explanation?.decisive?.name
        guard found == rule else { throw Mismatch("expected \(rule ?? "no rule"), got \(found ?? "no rule")") }
        return self
    }

    /// Checks that exactly one reply was shown.
    ///
    /// - Throws: ``Mismatch``.
    @discardableResult
    public func expectExactlyOne() throws -> ChainResult {
        guard self.replies.count == 1 else { throw Mismatch("expected one reply, got \(self.replies.map(\.text))") }
        return self
    }

    /// Checks how the turn ended.
    ///
    /// - Throws: ``Mismatch``.
    @discardableResult
    public func expectOutcome(_ outcome: Outcome) throws -> ChainResult {
        guard self.outcome == outcome else {
            throw Mismatch("expected \(outcome.rawValue), got \(self.outcome.rawValue): \(self.replies.map(\.text))")
        }
        return self
    }
}
