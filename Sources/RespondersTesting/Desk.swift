internal import Diagnostics
public import Responders

/// One responder at a desk without sockets and clocks: say something, look at the verdict.
public struct Desk: Sendable {
    private let responder: any Responder
    private let folder: ScratchFolder?

    /// A desk with a responder that is already made.
    public init(_ responder: any Responder) {
        self.responder = responder
        self.folder = nil
    }

    /// A desk with one plugin, configured as an operator would: with YAML.
    ///
    /// - Parameters:
    ///   - plugin: The plugin.
    ///   - configuration: Its part of `claude-chat.yaml`. Diagnostics call the file `test.yaml`.
    ///   - files: Files that the configuration names, by their paths.
    ///   - clock: The plugin's clock.
    ///   - environment: The variables that its secrets come from.
    ///   - service: Answers what the plugin asks web services.
    ///   - state: What it keeps; a second desk with the same one is the plugin after a restart.
    /// - Throws: A `Rejection` with all mistakes.
    public init<P: ResponderPlugin>(
        _ plugin: P.Type,
        _ configuration: String,
        files: [String: String] = [:],
        clock: TurnClock = .continuous,
        environment: [String: String] = [:],
        service: StubService? = nil,
        state: PluginState = PluginState()
    ) throws {
        var registry = PluginRegistry()
        try registry.register(plugin)
        let folder = try ScratchFolder(files)
        self.folder = folder
        var services = PluginServices(baseFolder: folder.path, clock: clock)
        services.environment.merge(environment) { $1 }
        services.state = state
        services = services.asking(service)
        self.responder = try registry.makeResponder(
            named: P.manifest.name,
            at: Place(file: "test.yaml"),
            settings: Settings(yaml: configuration, file: "test.yaml", keyPath: P.manifest.name),
            services: services
        )
    }

    /// Sends `text` as a visitor would.
    ///
    /// A responder that has something running, such as a process, is started for it and ended afterwards.
    ///
    /// - Parameters:
    ///   - text: The message.
    ///   - time: The time at the desk, `HH:MM`.
    ///   - lang: The language that the page reports.
    ///   - isOpen: Whether the site is within its opening hours; nothing where it has none.
    ///   - isStaffed: Whether somebody is there to whom the conversation can be handed over.
    ///   - stage: Where the responder stands.
    ///   - page: Where it was written.
    ///   - visitor: Who wrote it.
    ///   - conversation: What is known of the conversation.
    ///   - history: The messages before it, oldest first.
    /// - Returns: What the responder decided; for a streamed reply the whole one.
    /// - Throws: What the responder threw, or ``NotATime``.
    public func hears(
        _ text: String,
        at time: String = "12:00",
        lang: String? = nil,
        isOpen: Bool? = nil,
        isStaffed: Bool = false,
        in stage: Stage = .answer,
        on page: Page = Page(),
        from visitor: Visitor = Visitor(),
        conversation: Conversation = Conversation(sessionID: "test"),
        after history: [HistoryItem] = []
    ) async throws -> Verdict {
        let turn = try Turn.sample(
            text,
            at: time,
            lang: lang,
            page: page,
            visitor: visitor,
            conversation: conversation,
            history: history,
            isOpen: isOpen,
            isStaffed: isStaffed
        ).placed(in: stage)
        guard let running = self.responder as? any RunningResponder else {
            return try await self.responder.respond(to: turn).whole()
        }
        return try await Responders.running([running]) { try await running.respond(to: turn).whole() }
    }

    /// A test wrote a time that isn't `HH:MM`.
    public struct NotATime: Error {
        public var text: String
    }
}

extension Verdict {
    /// Compares, as `looks(like:)` does.
    ///
    /// - Throws: ``Mismatch`` that shows both.
    public func expect(_ expected: Verdict) throws {
        guard self.looks(like: expected) else { throw Mismatch("expected \(expected), got \(self)") }
    }
}

/// A test's expectation that did not hold.
public struct Mismatch: Error, CustomStringConvertible {
    public var description: String

    public init(_ description: String) { self.description = description }
}

extension Turn {
    /// A turn of the session `test` on the page `/`.
    static func sample(
        _ text: String,
        at time: String,
        lang: String? = nil,
        page: Page = Page(),
        visitor: Visitor = Visitor(),
        conversation: Conversation = Conversation(sessionID: "test"),
        history: [HistoryItem] = [],
        serverTime: Int64 = 0,
        isOpen: Bool? = nil,
        isStaffed: Bool = false
    ) throws -> Turn {
        guard let localTime = TimeOfDay(time) else { throw Desk.NotATime(text: time) }
        let number = conversation.turnCount + 1
        return Turn(
            id: TurnID("t_test000\(number)"),
            message: Incoming(id: "m\(number)", seq: number, text: text, lang: lang, serverTime: serverTime),
            conversation: conversation,
            visitor: visitor,
            page: page,
            history: History(history),
            localTime: localTime,
            isOpen: isOpen,
            isStaffed: isStaffed
        )
    }
}
