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
            # Where reports are kept: "sqlite" is the tracker of the server itself, on which "claude-chat issues" works;
            # "github", "gitlab", "jira", "redmine" and "otrs" are on other machines, and so is "http": any other with an HTTP
            # API, by the requests below.
            tracker: sqlite
            # Its file.
            file: data/issues.sqlite
            # What trackers on other machines have instead: where reports wait until they are there, and the name under which
            # they do.
            outbox: data/outbox.sqlite
            instance: issues
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
            # What follows is for trackers on other machines; "sqlite" leaves it alone. Plain http:// and addresses outside the
            # public network need their network here.
            allow: ['10.20.0.0/16']
            # For one call, 100ms to 30s; visitors don't wait for it.
            timeout: 10s
            # Headers of each request. A secret is {env: NAME} or {file: PATH}; {} in "format" is the secret.
            headers:
              Authorization: {env: TRACKER_AUTH, format: 'Bearer {}'}
            # Where the tracker is: https://api.github.com, https://gitlab.example.com/api/v4, https://SITE.atlassian.net,
            # https://redmine.example.com, or the generic interface's service with "otrs". "http" has addresses of its own.
            url: https://api.github.com
            # OWNER/REPOSITORY, the number or path of a project, its key or identifier, or a queue.
            project: acme/shop
            # Who the token or password is of, with "jira" and "otrs".
            user: chat@example.com
            token: {env: TRACKER_TOKEN}
            # Further fields of each new issue, as the tracker has them.
            fields: {confidential: true}
            # Whether open issues of the tracker are offered to visitors who are about to report the same: their titles are shown.
            public_issues: false
            # The secret by which "github", "gitlab" and "jira" sign what they tell POST /api/hooks/INSTANCE; 16 bytes or more.
            hook: {env: TRACKER_HOOK}
            # Whether who waits for an issue reads what the tracker's people comment, without their names.
            show_comments: false
            # For "http". {title}, {body}, {kind}, {key}, {page}, {reporter}, {labels}, {site} and {session} are filled in when
            # the request is built, so that no text adds a field, a header or a part of a path.
            create:
              request: POST https://tracker.example/api/tickets
              headers: {X-Requested-With: claude-chat}
              body: {subject: '{title}', text: '{body}', tags: [chat, '{kind}'], external_id: '{key}'}
              # json or form
              encoding: json
              ok: [200, 201]
              # Where an answer has something in failures alone, though its status says success.
              error_if: /error
              # Where it has what the issue is called.
              id: /ticket/id
              number: /ticket/number
              url: https://tracker.example/t/{id}
            # Whether a report that got no answer has arrived. Without it such a report is sent again.
            find:
              request: GET https://tracker.example/api/tickets?external_id={key}
              headers: {X-Requested-With: claude-chat}
              ok: [200]
              error_if: /error
              id: /tickets/0/id
              number: /tickets/0/number
              url: https://tracker.example/t/{id}
            # How an issue stands, by {id} or {number}; its words are ours, or those of "map".
            status:
              request: GET https://tracker.example/api/tickets/{id}
              headers: {X-Requested-With: claude-chat}
              ok: [200]
              error_if: /error
              state: /ticket/state
              map: {new: open, solved: resolved}
            # A visitor's words for an issue that is there: {text} and {key}.
            comment:
              request: POST https://tracker.example/api/tickets/{id}/notes
              headers: {X-Requested-With: claude-chat}
              body: {text: '{text}'}
              encoding: json
              ok: [200, 201]
              error_if: /error
            """,
        openKeys: [
            "fields", "headers", "headers.*", "create.headers", "create.headers.*", "create.body", "find.headers",
            "find.headers.*", "status.headers", "status.headers.*", "status.map", "comment.headers",
            "comment.headers.*", "comment.body",
        ],
        examples: [
            .init("The checkout is broken.", gives: .pass(reason: "no-press")),
            .init("Send", gives: .pass(reason: "no-draft")),
        ],
        isSole: true
    )

    public struct Configuration: Decodable, Sendable {
        /// Which tracker has the issues.
        public enum Kind: String, Decodable, Sendable, CaseIterable {
            case sqlite, http, github, gitlab, jira, redmine, otrs
        }

        public var tracker: Kind?
        public var file: String?
        public var outbox: String?
        public var instance: String?
        public var confirm: Bool?
        public var similar: Share?
        public var link: String?
        public var publicLinks: Bool?
        public var labels: [String]?
        public var contact: String?
        public var allow: [String]?
        public var timeout: Duration?
        public var url: String?
        public var project: String?
        public var user: String?
        public var token: SecretReference?
        package var fields: [String: JSONValue]?
        public var publicIssues: Bool?
        public var hook: SecretReference?
        public var showComments: Bool?
        package var headers: [String: HeaderValue]?
        package var create: TrackerRequestSettings?
        package var find: TrackerRequestSettings?
        package var status: TrackerRequestSettings?
        package var comment: TrackerRequestSettings?
    }

    /// Where its file is: the issues, or what is on its way to another machine.
    public let path: String
    /// Where reports go; nothing for the tracker in the file.
    let remote: RemoteTracker?
    let confirms: Bool
    /// From 0 through 1.
    let threshold: Double
    let showsLinks: Bool
    let labels: [String]
    let contact: String?
    let services: PluginServices
    private let link: String?
    let state = Mutex(State())

    struct State {
        var isRunning = false
        var file: IssueFile?
        var outbox: OutboxReport?
        /// What was wrong with the file when it was last used for the outbox.
        var fileError: TrackerError.Code?
    }

    public convenience init(configuration: Configuration, services: PluginServices) throws(ConfigurationProblem) {
        let remote = try RemoteTracker(configuration, services)
        try self.init(configuration: configuration, services: services, remote: remote)
    }

    init(
        configuration: Configuration,
        services: PluginServices,
        remote: RemoteTracker?
    ) throws(ConfigurationProblem) {
        self.remote = remote
        let file = remote == nil ? configuration.file ?? Self.defaultFile : configuration.outbox ?? Self.defaultOutbox
        self.path = services.path(of: file)
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
        if self.showsLinks, self.link == nil, remote == nil {
            throw ConfigurationProblem("bad-link", key: "public_links", "there is no link to show", hint: "write link")
        }
        guard self.labels.count <= 10, self.labels.allSatisfy({ 1...40 ~= $0.count }) else {
            throw ConfigurationProblem("bad-labels", key: "labels", "at most 10 words of 1 to 40 characters")
        }
        guard 1...1_000 ~= self.contact?.utf8.count ?? 1 else {
            throw ConfigurationProblem("wrong-value", key: "contact", "a sentence has 1 to 1,000 bytes")
        }
    }

    /// Where issues are if nothing else is written.
    package static let defaultFile = "data/issues.sqlite"
    /// Where reports wait for a tracker on another machine if nothing else is written.
    package static let defaultOutbox = "data/outbox.sqlite"

    public var tools: [any Tool] { [FindIssue(issues: self), CreateIssue(issues: self)] }

    // MARK: Running

    public func prepareToRun() { self.state.withLock { $0.isRunning = true } }

    public func run() async {
        do { _ = try self.file() } catch { self.report(error) }
        if let remote {
            await self.deliver(remote)
            await remote.close()
        } else {
            let (never, source) = AsyncStream<Never>.makeStream()
            for await _ in never {}
            source.finish()
        }
        // Others may still read it: the last of them closes it.
        self.state.withLock { $0 = State() }
    }

    /// The queue of its tracker on another machine, and what that tracker is; nothing where there is none.
    ///
    /// Two trackers with one queue would get what is meant for the other.
    package var queue: (file: String, instance: String, target: String)? {
        self.remote.map { (self.path, $0.name, $0.target) }
    }

    /// Whether the plugin may touch its file.
    var isRunning: Bool { self.state.withLock { $0.isRunning } }

    /// Its file, opened where it isn't yet.
    ///
    /// Reads and writes the disk the first time.
    ///
    /// - Throws: A ``TrackerError``; the next call tries again.
    func file() throws(TrackerError) -> IssueFile {
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
        return try opened.get()
    }

    /// The tracker in the file, opened where it isn't yet; nothing where reports go to another machine.
    ///
    /// Reads and writes the disk the first time.
    ///
    /// - Throws: A ``TrackerError``; the next call tries again.
    public func tracker() throws(TrackerError) -> EmbeddedTracker? {
        guard self.remote == nil else { return nil }
        return EmbeddedTracker(try self.file(), link: self.link)
    }

    /// The way that reports take.
    func route() throws(TrackerError) -> IssueRoute {
        let file = try self.file()
        guard let remote else {
            return IssueRoute(file: file, tracker: EmbeddedTracker(file, link: self.link), outbox: nil)
        }
        return IssueRoute(file: file, tracker: remote.tracker, outbox: remote.name)
    }

    /// The requests that a tracker on another machine would get for a sample report, by their names, without secrets.
    package func requestPreview() throws -> [(String, String)] { try self.remote?.preview() ?? [] }

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
            let route = try self.route()
            let site = SiteID(turn.conversation.site) ?? .default
            guard let pending = try await route.file.pending(of: session, at: site) else {
                return .pass(reason: "no-draft")
            }
            guard let reply = try await IssueIntake(self, route).take(press, of: pending) else {
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
