internal import Diagnostics
public import Documents
public import Responders
internal import Synchronization

/// Searches the documents of a site, by an index of the server's own and by search engines on other machines.
///
/// In `enrich` it leaves what it finds for others, as a note; in `answer` it answers with links to the best pages. What
/// `enrich` has found it doesn't say again in `answer`, and below `min_score` it says nothing.
public final class Docs: ResponderPlugin, RunningResponder, ReloadableResponder {
    public static let manifest = PluginManifest(
        name: "docs",
        summary: "Searches the documents of a site: notes for others, or links as an answer",
        stages: [.enrich, .answer],
        sample: """
            # The index, which is made of the sources and kept up with them.
            index: data/docs.sqlite
            # Where documents are: folders of *.md, *.html, *.txt and *.rst, a search_index.json of MkDocs, or a searchindex.js
            # of Sphinx. "url" is what stands before a page's path: https://…/ or a path of the site. "links" is how pages are
            # called there: keep, html or folder. "lang" is the language of pages that don't say it.
            sources:
              - path: docs/
                url: /docs/
                links: html
                lang: en
            # Search engines on other machines, up to 10, which are asked beside the index or in its place: mediawiki (at its
            # api.php or rest.php), meilisearch, and elasticsearch, which OpenSearch is, too. They get the words of a message
            # that say what is asked for, as letters and digits.
            search:
              - type: elasticsearch
                url: http://127.0.0.1:9200
                index: help
                # An API key; with "user" the password. {env: NAME} or {file: PATH}.
                token: {file: search-key}
                user: chat
                # The fields that have title and text, and the address of a page: {FIELD} alone or as a part.
                title: title
                text: text
                link: https://example.com/help/{slug}
                headers: {X-Requested-With: claude-chat}
            # For engines outside the public network, and for one question to them, 100ms to 30s.
            allow: ['10.20.0.0/16']
            timeout: 1500ms
            # How many pages a message gets at most, 1 to 5.
            top: 3
            # How much of a message the best page must have; below it nothing is said.
            min_score: 50%
            # Words that mean the same, a group a line: "refund, money back".
            synonyms: words/synonyms.txt
            # The first line of an answer, at most 1,000 bytes; by default in the language of the page.
            text: This may help.
            # Said in "answer" where no page is good enough; without it the next responder is asked.
            unknown: I found nothing about that in our documents.
            """,
        openKeys: ["search.headers", "search.headers.*"],
        sampleFiles: [
            "docs/returns.md": "# Returns\n\nGoods can be sent back within 14 days.",
            "words/synonyms.txt": "refund, money back, return", "search-key": "sample-key",
        ],
        examples: [
            .init(
                "How do I get my money back?",
                gives: .reply(
                    Reply(
                        "This may help.\n\nReturns: Goods can be sent back within 14 days.",
                        format: .plain,
                        links: [Reply.Link(title: "Returns", url: "/docs/returns.html#returns")]
                    )
                )
            ),
            .init(
                "Is it raining?",
                gives: .reply(Reply("I found nothing about that in our documents.", format: .plain))
            ),
        ]
    )

    public struct Configuration: Decodable, Sendable {
        public struct Source: Decodable, Sendable {
            public var path: String
            public var url: String?
            public var links: DocumentSource.Links?
            public var lang: String?
        }

        public var index: String?
        public var sources: [Source]?
        public var search: [Engine]?
        public var allow: [String]?
        public var timeout: Duration?
        public var top: Int?
        public var minScore: Share?
        public var synonyms: String?
        public var text: String?
        public var unknown: String?
    }

    /// Where the index is.
    package let path: String
    package let sources: [DocumentSource]
    package let synonyms: Synonyms
    let engines: [RemoteSearch]
    let top: Int
    /// From 0 through 1.
    package let minimumScore: Double
    let text: String?
    let unknown: String?
    let services: PluginServices
    let live: LiveIndex<DocumentIndex>
    let state = Mutex(State())

    struct State {
        var update: IndexUpdate?
        var loadTime = Duration.zero
        var generation = 0
        var rejected: [Diagnostic] = []
    }

    /// Where the index is if nothing else is written.
    package static let defaultIndex = "data/docs.sqlite"

    public init(configuration: Configuration, services: PluginServices) throws(ConfigurationProblem) {
        self.path = services.path(of: configuration.index ?? Self.defaultIndex)
        self.sources = try Self.sources(configuration, services)
        self.synonyms = try Self.synonyms(configuration, services)
        self.engines = try Self.engines(configuration, services)
        self.top = configuration.top ?? 3
        self.minimumScore = Double(configuration.minScore?.basisPoints ?? 5_000) / 10_000
        self.text = configuration.text
        self.unknown = configuration.unknown
        self.services = services
        self.live = LiveIndex(clock: services.clock)
        guard 1...Reply.maximumLinks ~= self.top else {
            throw ConfigurationProblem(
                "wrong-value",
                key: "top",
                "\(self.top) is no number of pages",
                hint: "write 1 to 5"
            )
        }
        for (key, text) in [("text", self.text), ("unknown", self.unknown)] where !(1...1_000 ~= text?.utf8.count ?? 1)
        {
            throw ConfigurationProblem("wrong-value", key: key, "a sentence has 1 to 1,000 bytes")
        }
    }

    public var tools: [any Tool] { [SearchDocs(docs: self)] }

    public var contents: String? {
        let engines = self.engines.isEmpty ? "" : ", \(counted(self.engines.count, "search engine"))"
        return counted(self.sources.count, "source") + engines
    }

    // MARK: Answers

    public func respond(to turn: Turn) async throws -> Verdict {
        guard self.live.isRunning else { return .pass(reason: .notRunning) }
        // What enrich has found is with the responder that uses it.
        if turn.place.stage == .answer, turn.notes.names.contains(where: { turn.notes[$0]?["documents"] != nil }) {
            return .pass(reason: "already-noted")
        }
        guard let found = try await self.findings(for: turn.message.text, in: turn) else {
            return .pass(reason: "indexing")
        }
        if turn.place.stage == .enrich {
            return found.hits.isEmpty
                ? .pass(reason: "no-document") : .augment(Augmentation(note: Self.note(of: found)))
        }
        return self.answer(found.hits, turn.message.lang)
    }

    /// The pages that are good enough for a text, the best first; nothing where the index isn't made yet.
    func hits(of text: String, in turn: Turn, from score: Double? = nil) async throws -> [DocumentHit]? {
        try await self.findings(for: text, in: turn, from: score)?.hits
    }

    private func answer(_ hits: [DocumentHit], _ lang: String?) -> Verdict {
        guard let best = hits.first else {
            guard let unknown else { return .pass(reason: "no-document") }
            return .reply(Reply(unknown, format: .plain))
        }
        let texts = DocsTexts.of(lang)
        var text = self.text ?? texts.found
        if !best.snippet.isEmpty { text += "\n\n\(best.heading): \(best.snippet.plain)" }
        let links = hits.map { Reply.Link(title: $0.shownTitle, url: $0.url) }
        // Plain: what stands in documents is text, whatever it looks like.
        return .reply(Reply(text, format: .plain, links: links), confidence: best.score)
    }

    private static func note(of found: Findings) -> Note {
        let documents = found.hits.map { hit -> Note in
            [
                "title": .text(hit.shownTitle), "url": .text(hit.url), "text": .text(hit.snippet.plain),
                "score": .number((hit.score * 100).rounded() / 100),
            ]
        }
        return found.isPartial
            ? ["documents": .list(documents), "partial": .flag(true)] : ["documents": .list(documents)]
    }

    /// Tells the people who run the server that documents can't be searched.
    func report(_ error: any Error) {
        let details = ["documents.error": (error as? DocumentError).map { "\($0)" } ?? "\(type(of: error))"]
        self.services.report(Incident(.error, "Documents can't be searched", details: details))
    }
}
