internal import Documents
internal import FoundationEssentials
public import Responders
internal import Tracker

extension Docs.Configuration {
    /// A search engine on another machine.
    public struct Engine: Decodable, Sendable {
        public enum Kind: String, Decodable, Sendable, CaseIterable { case mediawiki, meilisearch, elasticsearch }

        public var type: Kind
        public var url: String
        public var index: String?
        public var token: SecretReference?
        public var user: String?
        public var title: String?
        public var text: String?
        public var link: String?
        package var headers: [String: HeaderValue]?
    }
}

extension Docs {
    /// So long an engine may take where nothing else is written.
    private static let engineTime = Duration.milliseconds(1_500)

    static func engines(
        _ configuration: Configuration,
        _ services: PluginServices
    ) throws(ConfigurationProblem) -> [RemoteSearch] {
        let written = configuration.search ?? []
        guard written.count <= 10 else {
            throw ConfigurationProblem("wrong-value", key: "search", "more than 10 search engines", hint: "write fewer")
        }
        let limit = configuration.timeout ?? Self.engineTime
        let door = try TrackerDoor(allowing: configuration.allow ?? [], timeout: limit, services)
        var engines: [RemoteSearch] = []
        for engine in written {
            let base = engine.url.hasSuffix("/") ? String(engine.url.dropLast()) : engine.url
            let dialect = try Self.dialect(engine, at: base, limit, services)
            let headers = try TrackerHeaders(engine.headers ?? [:], known: [], key: "search.headers", services)
            let client = try door.client(of: base, key: "search.url")
            engines.append(RemoteSearch(dialect, at: base, headers: headers, client, services))
        }
        return engines
    }

    private static func dialect(
        _ engine: Configuration.Engine,
        at base: String,
        _ limit: Duration,
        _ services: PluginServices
    ) throws(ConfigurationProblem) -> any SearchDialect {
        guard !base.contains("?") else {
            throw ConfigurationProblem("bad-url", key: "search.url", "the address has a query", hint: "leave it out")
        }
        let headers = try Self.authorization(engine, services)
        guard engine.type != .mediawiki else {
            let isREST = base.hasSuffix("/rest.php")
            guard isREST || base.hasSuffix("/api.php") else {
                let problem = "\"\(engine.type.rawValue)\" is asked at its api.php or rest.php"
                throw ConfigurationProblem("bad-url", key: "search.url", problem, hint: "write https://HOST/w/api.php")
            }
            let script = base.dropLast(isREST ? "rest.php".count : "api.php".count)
            let link = engine.link ?? "\(script)index.php?\(isREST ? "title={key}" : "curid={id}")"
            let text = try TemplateText(link, known: MediaWiki.names, key: "search.link")
            guard DocumentSource.isAddress(text.filled(["id": "1", "key": "A", "title": "A"])) else {
                let hint = "write link: https://HOST/wiki/{key}"
                throw ConfigurationProblem(
                    "bad-link",
                    key: "search.link",
                    "\"\(link)\" is no address for visitors",
                    hint: hint
                )
            }
            return MediaWiki(headers: headers, isREST: isREST, link: text)
        }
        guard let index = engine.index, !index.isEmpty else {
            let problem = "\"\(engine.type.rawValue)\" has no index"
            throw ConfigurationProblem("missing-key", key: "search.index", problem, hint: "write its name")
        }
        guard let link = engine.link else {
            let problem = "\"\(engine.type.rawValue)\" has no addresses of pages"
            let hint = "write link: https://HOST/PATH/{FIELD}, or {FIELD}"
            throw ConfigurationProblem("missing-key", key: "search.link", problem, hint: hint)
        }
        let fields = try HitFields(
            title: engine.title ?? "title",
            text: engine.text ?? "text",
            link: link,
            key: "search.link"
        )
        guard engine.type == .elasticsearch else { return Meilisearch(headers: headers, index: index, fields: fields) }
        // It says what it has found before nobody waits any more.
        let milliseconds = max(50, Int(limit / .milliseconds(1)) * 2 / 3)
        return Elasticsearch(headers: headers, index: index, fields: fields, milliseconds: milliseconds)
    }

    private static func authorization(
        _ engine: Configuration.Engine,
        _ services: PluginServices
    ) throws(ConfigurationProblem) -> [(String, String)] {
        let accept = [("Accept", "application/json")]
        guard let token = engine.token else { return accept }
        let secret = try services.secret(token, key: "search.token")
        let value =
            if let user = engine.user {
                "Basic \(Data("\(user):\(secret)".utf8).base64EncodedString())"
            } else {
                engine.type == .elasticsearch ? "ApiKey \(secret)" : "Bearer \(secret)"
            }
        return [("Authorization", value)] + accept
    }

    // MARK: Asking

    /// What index and engines have found together.
    struct Findings: Sendable {
        var hits: [DocumentHit]
        /// Whether an engine didn't look everywhere, or couldn't be asked.
        var isPartial = false
    }

    /// Asks the index and all engines at once.
    ///
    /// - Parameters:
    ///   - text: Words of a visitor.
    ///   - turn: Whose language and page count.
    ///   - score: How much of the text the best page must have; `min_score` otherwise.
    /// - Returns: The pages that are good enough, the best first; nothing where the index isn't made yet.
    /// - Throws: `no-index` or `no-engine` where nobody could be asked.
    func findings(for text: String, in turn: Turn, from score: Double? = nil) async throws -> Findings? {
        let minimum = score ?? self.minimumScore
        guard !self.engines.isEmpty else {
            return try await self.indexed(text, turn).map { Findings(hits: Self.good($0, from: minimum)) }
        }
        async let indexed = self.indexed(text, turn)
        let answers = await self.ask(QuestionWords(text))
        let own: Result<[DocumentHit]?, any Error>
        do { own = .success(try await indexed) } catch { own = .failure(error) }
        let found = answers.compactMap { try? $0.get() }
        let lists = [(try? own.get()) ?? []] + found.map(\.hits)
        let hits = DocumentHit.merged(lists.map { Self.good($0, from: minimum) }, limit: self.top)
        guard hits.isEmpty, found.isEmpty else {
            return Findings(hits: hits, isPartial: found.count < answers.count || found.contains(where: \.isPartial))
        }
        // No engine could be asked: what the index says counts, and where there is none, that nobody knows.
        guard !self.sources.isEmpty else {
            let problem = answers.compactMap { if case .failure(let error) = $0 { "\(error)" } else { nil } }.first
            throw Failure("no-engine", problem ?? "no search engine can be asked")
        }
        return try own.get().map { _ in Findings(hits: [], isPartial: true) }
    }

    private func indexed(_ text: String, _ turn: Turn) async throws -> [DocumentHit]? {
        guard !self.sources.isEmpty else { return [] }
        guard let index = await self.live.ready() else { return nil }
        let query = DocumentQuery(text, lang: turn.message.lang, page: turn.page.path, limit: self.top)
        do { return try await index.search(query) } catch {
            self.report(error)
            throw Failure("no-index", "\(error)")
        }
    }

    private func ask(_ words: QuestionWords) async -> [Result<RemoteSearch.Found, TrackerError>] {
        await withTaskGroup(of: (Int, Result<RemoteSearch.Found, TrackerError>).self) { group in
            for (place, engine) in self.engines.enumerated() {
                group.addTask {
                    do throws(TrackerError) {
                        return (place, .success(try await engine.search(words, limit: self.top)))
                    } catch {
                        return (place, .failure(error))
                    }
                }
            }
            var answers: [(Int, Result<RemoteSearch.Found, TrackerError>)] = []
            for await answer in group { answers.append(answer) }
            return answers.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    /// Nothing where the best isn't good enough; one that has much less than the best is no second answer.
    private static func good(_ hits: [DocumentHit], from minimum: Double) -> [DocumentHit] {
        guard let best = hits.map(\.score).max(), best >= minimum else { return [] }
        return hits.filter { $0.score >= best / 2 }
    }

    /// Asks each engine alone, for people who want to see what it says.
    ///
    /// - Parameter text: Words as of a visitor.
    /// - Returns: One line for each engine, in the order of the configuration.
    package func engineReports(for text: String) async -> [String] {
        let words = QuestionWords(text)
        var lines: [String] = []
        for engine in self.engines {
            let start = self.services.clock.now
            do throws(TrackerError) {
                let found = try await engine.search(words, limit: self.top)
                let time = Int((self.services.clock.now - start) / .milliseconds(1))
                let scores = found.hits.map { "\(Int(($0.score * 100).rounded())) % \($0.url)" }
                let note = found.isPartial ? ", not everything was looked at" : ""
                lines.append("\(engine.place): \(counted(found.hits.count, "page")) after \(time) ms\(note)")
                lines += scores.map { "  \($0)" }
            } catch {
                lines.append("\(error)")
            }
        }
        return lines
    }
}
