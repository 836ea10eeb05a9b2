public import Diagnostics
public import Responders
internal import Rules

/// Answers by the rule files of a folder.
///
/// A rule's reply ends the turn, `silent` ends it without one, and `pass: true` leaves the message to the next
/// responder with the rule's tags. Where no rule fits, the next responder is asked.
public struct Rules: ResponderPlugin, ImmediateResponder {
    public static let manifest = PluginManifest(
        name: "rules",
        summary: "Answers by rule files: patterns and replies in YAML",
        stages: [.answer],
        sample: """
            # The folder of the rule files, from this file's folder. All *.yaml in it are read, then those of local/.
            path: rules/
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
    }

    private let ruleSet: RuleSet
    private let scanners = ScannerPool()

    public init(configuration: Configuration, services: PluginServices) throws(ConfigurationProblem) {
        do throws(Rejection) {
            self.ruleSet = try RuleSet.load(folder: services.path(of: configuration.path))
        } catch {
            throw ConfigurationProblem(key: "path", in: error)
        }
    }

    public var warnings: [Diagnostic] { self.ruleSet.warnings }

    public var contents: String? {
        let counts = [
            (self.ruleSet.fileCount, "file"), (self.ruleSet.ruleCount, "rule"), (self.ruleSet.testCount, "test"),
        ]
        return counts.map(counted).joined(separator: ", ")
    }

    public func respond(to turn: Turn) -> Verdict {
        let context = RuleContext(turn)
        return self.scanners.withScanner { scanner in
            let result = self.ruleSet.answer(to: turn.message.text, in: context, using: &scanner)
            // A rule that ran into its limit might have fitted, so "no rule fits" would not be true.
            if case .pass(nil) = result, !scanner.skipped.isEmpty { return .pass(reason: .limit) }
            return Verdict(result)
        }
    }

    public func explanation(of turn: Turn) -> Explanation? {
        Explanation(self.ruleSet.explain(turn.message.text, in: RuleContext(turn)))
    }
}

extension RuleContext {
    /// What reply texts may use of a turn.
    fileprivate init(_ turn: Turn) {
        let conversation = turn.conversation
        self.init(
            page: Page(path: turn.page.path, title: turn.page.title, url: turn.page.url),
            lang: turn.message.lang,
            site: conversation.site,
            visitorName: turn.visitor.name,
            vars: turn.page.vars,
            session: conversation.sessionID,
            pastReplies: { rule in
                guard let said = conversation.said else { return PastReplies(count: conversation.turnCount) }
                return said[rule].map { PastReplies(count: $0.count, lastVariant: $0.lastVariant) } ?? PastReplies()
            }
        )
    }
}

extension Verdict {
    fileprivate init(_ result: RuleResult) {
        switch result {
        case .reply(let reply):
            let said = Said(reply.match.rule, variant: reply.variant)
            self = .reply(Reply(reply), keep: Augmentation(reply.match, said: [said]))
        case .silent:
            self = .suppress(reason: "silent-rule")
        case .pass(let match?):
            self = .augment(Augmentation(match, note: Note(match)))
        case .pass(nil):
            self = .pass(reason: .noRule)
        case .limit(let hit):
            self = .fail(Failure(.limit, "\(hit.rule) at \(hit.place): \(hit.limit)"))
        }
    }
}

extension Reply {
    /// Plain text: parts of it may be the visitor's own words, which must not turn into markup.
    fileprivate init(_ reply: RuleReply) {
        self.init(reply.text, format: .plain, choices: reply.choices.map { Choice($0.label, send: $0.send) })
    }
}

extension Augmentation {
    fileprivate init(_ match: RuleMatch, note: Note? = nil, said: [Said] = []) {
        let severity = match.severity.flatMap { Severity(rawValue: $0.rawValue) }
        self.init(note: note, tags: match.tags, severity: severity, said: said)
    }
}

extension Note {
    /// The rule's name and what its pattern captured, for later responders.
    fileprivate init(_ match: RuleMatch) {
        let captures = Dictionary(match.captures.map { ($0.name, Note.text($0.value)) }) { first, _ in first }
        self = ["rule": .text(match.rule), "captures": .fields(captures)]
    }
}
