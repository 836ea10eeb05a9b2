internal import Messages
public import Responders
internal import Synchronization
public import Tracker

/// Takes reports of visitors, shows them before they are sent, and brings news of them back into the conversation.
///
/// Put it before `rules`: a rule or a model asks it to report something, and the visitor's press of a button comes here.
public final class Issues: ResponderPlugin, RunningResponder {
    public static let manifest = PluginManifest(
        name: "issues",
        summary: "Takes reports of visitors, and brings news of them back into the conversation",
        stages: [.answer],
        sample: """
            # Where reports are kept: "sqlite" is the tracker of the server itself, on which "claude-chat issues" works.
            tracker: sqlite
            # Its file.
            file: data/issues.sqlite
            # Whether the visitor sees what will be sent, and decides. Without it a report is sent at once: for sites whose
            # visitors are staff.
            confirm: true
            # From which likeness on an issue that is known is offered in place of a new one; 100% offers equal ones alone.
            # Others' issues are offered where they are public: claude-chat issues set 12 --public.
            similar: 60%
            # The address of an issue for people, with {number} and {reference}, and whether visitors are shown it.
            link: https://issues.example.com/{number}
            public_links: false
            # Words for the people who sort reports.
            labels: [chat]
            # Said where a report can't be saved: how else to reach people, at most 1,000 bytes.
            contact: Please call 555-0100.
            """,
        examples: [
            .init("The checkout is broken.", gives: .pass(reason: "no-press")),
            .init("Send", gives: .pass(reason: "no-draft")),
        ]
    )

    public struct Configuration: Decodable, Sendable {
        /// Which tracker has the issues.
        public enum Kind: String, Decodable, Sendable, CaseIterable { case sqlite }

        public var tracker: Kind?
        public var file: String?
        public var confirm: Bool?
        public var similar: Share?
        public var link: String?
        public var publicLinks: Bool?
        public var labels: [String]?
        public var contact: String?
    }

    /// Where the issues are.
    public let path: String
    let confirms: Bool
    /// From 0 through 1.
    let threshold: Double
    let showsLinks: Bool
    let labels: [String]
    let contact: String?
    let services: PluginServices
    private let link: String?
    private let state = Mutex(State())

    private struct State {
        var isRunning = false
        var file: IssueFile?
    }

    public init(configuration: Configuration, services: PluginServices) throws(ConfigurationProblem) {
        self.path = services.path(of: configuration.file ?? "data/issues.sqlite")
        self.confirms = configuration.confirm ?? true
        self.threshold = Double(configuration.similar?.basisPoints ?? 6_000) / 10_000
        self.showsLinks = configuration.publicLinks ?? false
        self.labels = configuration.labels ?? []
        self.link = configuration.link
        self.contact = configuration.contact
        self.services = services
        if let link, !link.hasPrefix("https://") || link.utf8.count > Reply.Link.maximumURLBytes {
            let hint = "write https://HOST/PATH with {number} or {reference}"
            throw ConfigurationProblem("bad-link", key: "link", "\"\(link)\" is no address for visitors", hint: hint)
        }
        if self.showsLinks, self.link == nil {
            throw ConfigurationProblem("bad-link", key: "public_links", "there is no link to show", hint: "write link")
        }
        guard self.labels.count <= 10, self.labels.allSatisfy({ 1...40 ~= $0.count }) else {
            throw ConfigurationProblem("bad-labels", key: "labels", "at most 10 words of 1 to 40 characters")
        }
        guard 1...1_000 ~= self.contact?.utf8.count ?? 1 else {
            throw ConfigurationProblem("wrong-value", key: "contact", "a sentence has 1 to 1,000 bytes")
        }
    }

    public var tools: [any Tool] { [FindIssue(issues: self), CreateIssue(issues: self)] }

    // MARK: Running

    public func prepareToRun() { self.state.withLock { $0.isRunning = true } }

    public func run() async {
        do { _ = try self.tracker() } catch { self.report(error) }
        let (never, source) = AsyncStream<Never>.makeStream()
        for await _ in never {}
        source.finish()
        self.state.withLock { state in
            state.file?.close()
            state = State()
        }
    }

    /// Whether the plugin may touch its file.
    var isRunning: Bool { self.state.withLock { $0.isRunning } }

    /// The tracker, its file opened where it isn't yet.
    ///
    /// Reads and writes the disk the first time.
    ///
    /// - Throws: A ``TrackerError``; the next call tries again.
    public func tracker() throws(TrackerError) -> EmbeddedTracker {
        let wallClock = self.services.wallClock
        let opened = self.state.withLock { state -> Result<IssueFile, TrackerError> in
            if let file = state.file { return .success(file) }
            do throws(TrackerError) {
                let file = try IssueFile.open(self.path) { Timestamp(milliseconds: wallClock()) }
                state.file = file
                return .success(file)
            } catch {
                return .failure(error)
            }
        }
        return EmbeddedTracker(try opened.get(), link: self.link)
    }

    /// Tells the people who run the server that reports can't be taken.
    func report(_ error: any Error) {
        let details = ["tracker.error": (error as? TrackerError).map { "\($0)" } ?? "\(type(of: error))"]
        self.services.report(Incident(.error, "Reports can't be taken", details: details))
    }

    // MARK: Presses

    /// Takes the press of a button while a draft of the session waits; everything else passes.
    public func respond(to turn: Turn) async throws -> Verdict {
        guard self.isRunning else { return .pass(reason: .notRunning) }
        guard let press = IssueTexts.press(turn.message.text) else { return .pass(reason: "no-press") }
        // Nobody sees the answer, so nobody may be taken to have pressed.
        guard !turn.isRehearsal else { return .pass(reason: .rehearsal) }
        guard let session = SessionID(turn.conversation.sessionID) else { return .pass(reason: "no-draft") }
        do {
            let tracker = try self.tracker()
            let site = SiteID(turn.conversation.site) ?? .default
            guard let pending = try await tracker.file.pending(of: session, at: site) else {
                return .pass(reason: "no-draft")
            }
            guard let reply = try await IssueIntake(self, tracker).take(press, of: pending) else {
                return .pass(reason: "no-draft")
            }
            return .reply(reply)
        } catch {
            self.report(error)
            return .reply(self.failureReply(turn.message.lang))
        }
    }

    /// What a visitor reads where nothing could be saved.
    func failureReply(_ lang: String?) -> Reply {
        let texts = IssueTexts.of(lang)
        let text = [texts.failed, self.contact].compactMap { $0 }.joined(separator: " ")
        return Reply(text, format: .plain, lang: texts.lang)
    }
}
