public import Diagnostics
public import Responders
public import Rules

/// Answers by the rule files of a folder.
///
/// A rule's reply ends the turn, `silent` ends it without one, `handoff` gives it to a person, and `pass: true` leaves the
/// message to the next responder with the rule's tags. Where no rule fits, the next responder is asked. Topics and
/// cooldowns of a conversation are kept with it; those that reach further are kept here, in memory.
public struct Rules: ResponderPlugin, ImmediateResponder, ReloadableResponder {
    public static let manifest = PluginManifest(
        name: "rules",
        summary: "Answers by rule files: patterns and replies in YAML",
        stages: [.answer],
        sample: """
            # The folder of the rule files, from this file's folder. All *.yaml in it are read, then those of local/.
            path: rules/
            # Whether a folder without a rule is taken; otherwise the rules of before keep answering.
            allow_empty: false
            """,
        sampleFiles: [
            "rules/greetings.yaml": """
            version: 1
            rules:
              - id: greeting
                match: '^(?:hello|hi)\\W*$'
                reply: Hi! What can I help you with?
                tests:
                  - say: hello
                  - not: which one is mine?
            """
        ],
        examples: [
            .init("hello", gives: .reply(Reply("Hi! What can I help you with?", format: .plain))),
            .init("This dropdown is showing IDs instead of names", gives: .pass(reason: .noRule)),
            .init("which one is mine?", gives: .pass(reason: .noRule)),
        ]
    )

    public struct Configuration: Decodable, Sendable {
        /// The folder, from the configuration file's own.
        public var path: String
        /// Whether a folder without a rule is taken.
        public var allowEmpty: Bool?
    }

    private let live: LiveRuleSet
    private let scanners = ScannerPool()
    private let cooldowns: CooldownStore

    public init(configuration: Configuration, services: PluginServices) throws(ConfigurationProblem) {
        let health = RuleHealth(clock: { services.clock.now }, report: { services.report(Incident($0)) })
        do throws(Rejection) {
            self.live = try LiveRuleSet(
                folder: services.path(of: configuration.path),
                allowsEmpty: configuration.allowEmpty ?? false,
                health: health,
                clock: services.clock
            )
        } catch {
            // A folder that isn't there is a mistake of whoever names it.
            if let missing = error.diagnostics.first(where: { $0.code == "no-folder" }) {
                throw ConfigurationProblem(missing.code, key: "path", missing.problem, hint: missing.hint)
            }
            throw ConfigurationProblem(key: "path", in: error)
        }
        self.cooldowns = CooldownStore(state: services.state)
        if Pattern.isMachineCodeRefused {
            services.report(Incident(.notice, "Patterns are interpreted, since the system refuses machine code"))
        }
    }

    public var warnings: [Diagnostic] { self.live.current.warnings }

    public var contentFolders: [String] { self.live.folders }

    public var contentID: ObjectIdentifier { ObjectIdentifier(self.live) }

    public var content: ContentState { self.live.content }

    public func reload() { self.live.reload() }

    /// What became of each rule since the server started, for metrics: see ``RuleSet/activity(ofAtMost:)``.
    public var activity: [RuleActivity] { self.live.activity }

    public func warnings(in chain: ChainRoster) -> [Diagnostic] {
        self.live.current.requests.compactMap { request in
            guard let operations = chain.operations[request.responder] else {
                return Self.warning(
                    at: request.place,
                    "the chain \"\(chain.name)\" has no responder \"\(request.responder)\"",
                    near: suggestion(for: request.responder, among: chain.operations.keys)
                )
            }
            guard !operations.contains(request.operation), !chain.openResponders.contains(request.responder) else {
                return nil
            }
            return Self.warning(
                at: request.place,
                "\"\(request.responder)\" can't be asked to \"\(request.operation)\"",
                near: suggestion(for: request.operation, among: operations)
            )
        }
    }

    private static func warning(at place: Place, _ problem: String, near: String) -> Diagnostic {
        let hint = near.hasPrefix("did you mean") ? near : "replies do without the values of this action"
        return Diagnostic("unknown-responder", at: place, problem, hint: hint, severity: .warning)
    }

    public var tools: [any Tool] { [ExplainRules(rules: self)] }

    public var contents: String? { self.live.current.summary }

    public func respond(to turn: Turn) -> Verdict {
        let context = RuleContext(turn, self.cooldowns)
        let (ruleSet, generation) = self.live.currentWithGeneration
        return self.scanners.withScanner { scanner in
            if turn.isTraced {
                scanner.startNoting()
                turn.noteContent(generation: generation)
            }
            let result = ruleSet.answer(to: turn.message.text, in: context, using: &scanner)
            if let lost = scanner.takeLost() {
                turn.noteCandidates(lost.count) { lost.map { TraceCandidate($0.rule, at: $0.place, lost: $0.why) } }
            }
            // A rule that ran into its limit might have fitted, so "no rule fits" would not be true.
            if result == RuleResult(.pass(nil)), !scanner.skipped.isEmpty { return .pass(reason: .limit) }
            return Verdict(result).asking(ruleSet, result, in: context)
        }
    }

    public func explanation(of turn: Turn) -> Explanation? {
        Explanation(self.live.current.explain(turn.message.text, in: RuleContext(turn, self.cooldowns)))
    }

    public func remember(_ cooldowns: [Cooldown], of turn: Turn) {
        let time = turn.message.serverTime
        for cooldown in cooldowns {
            let key = CooldownStore.Key(cooldown.key, cooldown.scope, of: turn.fixed)
            self.cooldowns.start(key, until: time + cooldown.duration.milliseconds, at: time)
        }
    }
}

extension Incident {
    fileprivate init(_ event: RuleHealth.Event) {
        switch event {
        case .quarantined(let rule):
            let details = ["rule.name": rule, "quarantine.seconds": "\(RuleHealth.term.components.seconds)"]
            self.init(.error, "Took a rule out that was slow again and again", details: details)
        }
    }
}
