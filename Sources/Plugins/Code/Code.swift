internal import Diagnostics
public import Responders
package import SourceCode
internal import Synchronization

/// Finds places in source code: the lines of a stack trace, what an error text comes from, where something is defined.
///
/// In `enrich` it leaves what it finds for others, as a note; in `answer` it shows the lines. A message that names nothing of
/// code it doesn't answer. What `enrich` has found it doesn't say again in `answer`.
public final class Code: ResponderPlugin, RunningResponder, ReloadableResponder {
    public static let manifest = PluginManifest(
        name: "code",
        summary: "Finds the lines of source code that an error or a question is about",
        stages: [.enrich, .answer],
        sample: """
            # The index, which is made of the roots and kept up with them.
            index: data/code.sqlite
            # Who may find code: public means every visitor. With staff, only visitors that the site vouches for and whose
            # attribute has the value.
            audience: public
            staff: {attribute: role, value: staff}
            # Folders of source code. "link" is where people can read it; without "revision" {revision} is the commit of .git.
            roots:
              - path: src/
                link: https://git.example.com/shop/blob/{revision}/{path}#L{line}
                revision: main
            # What may be found, in the language of .gitignore, from each root. Without it: files of programming languages.
            allow: ['*.py', '*.swift']
            # What may not, whatever allows it; besides hidden files, keys, and libraries of others.
            deny: ['internal/']
            # How many places a message gets at most, 1 to 5.
            top: 2
            # The first line of an answer, at most 1,000 bytes; by default in the language of the page.
            text: This is where it is in the code.
            # Said in "answer" where an error or a quoted text is nowhere; without it the next responder is asked.
            unknown: I found nothing of that in our code.
            """,
        sampleFiles: [
            "src/shop/basket.py": """
            class Basket:
                def total_price(self):
                    if not self.items:
                        raise ValueError("the basket has no items")
                    return sum(item.price for item in self.items)

            """,
            "src/internal/notes.py": "def total_price(): pass\n",
        ],
        examples: [
            .init("ValueError: the basket has no items", gives: .reply(Code.sampleReply(line: 4, "total_price"))),
            .init(
                "  File \"/srv/app/shop/basket.py\", line 5, in total_price",
                gives: .reply(Code.sampleReply(line: 5, "total_price"))
            ),
            .init(
                "What does `no_such_thing` do?",
                gives: .reply(Reply("I found nothing of that in our code.", format: .plain))
            ),
            .init("Is it raining?", gives: .pass(reason: "no-code")),
        ]
    )

    public struct Configuration: Decodable, Sendable {
        public struct Root: Decodable, Sendable {
            public var path: String
            public var link: String?
            public var revision: String?
        }

        /// Who may find code.
        public enum Audience: String, CaseIterable, Decodable, Sendable { case staff, `public` }

        public struct Staff: Decodable, Sendable {
            public var attribute: String
            public var value: String
        }

        public var index: String?
        public var audience: Audience
        public var staff: Staff?
        public var roots: [Root]
        public var allow: [String]?
        public var deny: [String]?
        public var top: Int?
        public var text: String?
        public var unknown: String?
    }

    /// Where the index is.
    package let path: String
    package let roots: [CodeRoot]
    let audience: Configuration.Audience
    let staff: Configuration.Staff
    let top: Int
    let text: String?
    let unknown: String?
    let services: PluginServices
    let live: LiveIndex<CodeIndex>
    let state = Mutex(State())

    struct State {
        var update: CodeUpdate?
        var loadTime = Duration.zero
        var generation = 0
        var rejected: [Diagnostic] = []
    }

    /// Where the index is if nothing else is written.
    package static let defaultIndex = "data/code.sqlite"

    public init(configuration: Configuration, services: PluginServices) throws(ConfigurationProblem) {
        self.path = services.path(of: configuration.index ?? Self.defaultIndex)
        self.roots = try Self.roots(configuration, services)
        self.audience = configuration.audience
        self.staff = configuration.staff ?? .init(attribute: "role", value: "staff")
        self.top = configuration.top ?? 2
        self.text = configuration.text
        self.unknown = configuration.unknown
        self.services = services
        self.live = LiveIndex(clock: services.clock)
        try Self.check(configuration)
    }

    public var tools: [any Tool] { [SearchCode(code: self)] }

    public var contents: String? { counted(self.roots.count, "root") }

    // MARK: Answers

    public func respond(to turn: Turn) async throws -> Verdict {
        guard self.live.isRunning else { return .pass(reason: .notRunning) }
        guard self.mayFind(turn.visitor) else { return .pass(reason: "not-staff") }
        // What enrich has found is with the responder that uses it.
        if turn.place.stage == .answer, turn.notes.names.contains(where: { turn.notes[$0]?["code"] != nil }) {
            return .pass(reason: "already-noted")
        }
        guard let answer = try await self.search(CodeQuery(turn.message.text, limit: self.top)) else {
            return .pass(reason: "indexing")
        }
        if turn.place.stage == .enrich {
            return answer.places.isEmpty
                ? .pass(reason: "no-code") : .augment(Augmentation(note: Self.note(of: answer)))
        }
        return self.verdict(on: answer, turn.message.lang)
    }

    /// Whether a visitor may see code at all.
    func mayFind(_ visitor: Visitor) -> Bool {
        switch self.audience {
        case .public: true
        case .staff: visitor.isVerified && visitor.attributes[self.staff.attribute] == self.staff.value
        }
    }

    /// Somebody who may see code.
    package var insider: Visitor {
        Visitor(attributes: [self.staff.attribute: self.staff.value], isVerified: true)
    }

    /// What is found; nothing where the index isn't made yet.
    func search(_ query: CodeQuery) async throws -> CodeAnswer? {
        guard let index = await self.live.ready() else { return nil }
        do { return try await index.search(query) } catch {
            self.report(error)
            throw Failure("no-index", "\(error)")
        }
    }

    /// Tells the people who run the server that code can't be searched.
    func report(_ error: any Error) {
        let details = ["code.error": (error as? CodeError).map { "\($0)" } ?? "\(type(of: error))"]
        self.services.report(Incident(.error, "Code can't be searched", details: details))
    }
}
