internal import Diagnostics
internal import Documents
internal import Responders
internal import Synchronization
internal import Tracker

/// A search engine on another machine.
///
/// Any thread. One that fails is left alone for a while, and the people who run the server are told of it once.
final class RemoteSearch: Sendable {
    struct Found: Sendable {
        var hits: [DocumentHit]
        var isPartial = false
    }

    private struct State {
        /// Until when it isn't asked.
        var pausedUntil: Duration?
        /// The last failure; nothing once it has answered.
        var failure: TrackerError?
    }

    /// The engine's address without a query.
    let place: String
    private let base: String
    private let dialect: any SearchDialect
    private let headers: TrackerHeaders
    private let client: TrackerClient
    private let services: PluginServices
    private let state = Mutex(State())

    init(
        _ dialect: any SearchDialect,
        at base: String,
        headers: TrackerHeaders,
        _ client: TrackerClient,
        _ services: PluginServices
    ) {
        self.place = String(base.prefix { $0 != "?" })
        self.base = base
        self.dialect = dialect
        self.headers = headers
        self.client = client
        self.services = services
    }

    func close() async { await self.client.close() }

    /// Asks for pages with some words.
    ///
    /// - Parameters:
    ///   - words: What is asked for; without any the engine isn't asked.
    ///   - limit: How many at most.
    /// - Returns: What it has found, the best first.
    /// - Throws: What is wrong; the same again while the engine is left alone.
    func search(_ words: QuestionWords, limit: Int) async throws(TrackerError) -> Found {
        guard !words.words.isEmpty else { return Found(hits: []) }
        if let failure = self.standingFailure { throw failure }
        do throws(TrackerError) {
            let found = try await self.ask(words, limit)
            self.state.withLock { $0 = State() }
            return found
        } catch {
            self.note(error)
            throw error
        }
    }

    private func ask(_ words: QuestionWords, _ limit: Int) async throws(TrackerError) -> Found {
        let call = self.dialect.call(words.words, limit: limit)
        let query = call.query.map { "\($0.0.percentEncoded)=\($0.1.percentEncoded)" }.joined(separator: "&")
        let request = TrackerClient.Request(
            method: call.body == nil ? "GET" : "POST",
            url: self.base + call.path + (query.isEmpty ? "" : "?\(query)"),
            headers: self.dialect.headers + self.headers.filled([:])
                + (call.body == nil ? [] : [("Content-Type", "application/json")]),
            body: call.body?.bytes
        )
        guard let answer = try await self.client.ask(request, expecting: [200]).document else {
            throw self.client.unreadable("the answer is no JSON")
        }
        if let failure = self.dialect.failure(answer) {
            throw self.client.refused(failure.code, failure.kind, "the engine says no, with status 200")
        }
        guard let hits = self.dialect.hits(answer) else {
            throw self.client.unreadable("the answer hasn't got what was found")
        }
        let found = hits.prefix(limit).map { DocumentHit(title: $0.title, text: $0.text, url: $0.url, foundBy: words) }
        return Found(hits: found.filter { !$0.heading.isEmpty }, isPartial: self.dialect.isPartial(answer))
    }

    // MARK: Failures

    private var standingFailure: TrackerError? {
        let now = self.services.clock.now
        return self.state.withLock { state in
            guard let until = state.pausedUntil, now < until else { return nil }
            return state.failure
        }
    }

    private func note(_ error: TrackerError) {
        let pause: Duration =
            switch error.kind {
            // Somebody has to change something.
            case .denied, .absent, .invalid: .seconds(300)
            case .busy: error.retryAfter ?? .seconds(30)
            case .broken, .unknown: .seconds(10)
            }
        let until = self.services.clock.now + pause
        let isNew = self.state.withLock { state in
            let isNew = state.failure?.code != error.code
            state = State(pausedUntil: until, failure: error)
            return isNew
        }
        guard isNew else { return }
        self.services.report(
            Incident(.error, "A search engine can't be asked", details: ["documents.error": "\(error)"])
        )
    }
}
