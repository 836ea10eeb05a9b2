internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import Responders

/// Sends requests to the Messages API.
///
/// Any thread. A protocol, so that a test can answer in the API's place.
protocol MessagesClient: Sendable {
    /// Sends one request, once.
    ///
    /// - Parameters:
    ///   - body: The body.
    ///   - limit: Until the head of the response, at most.
    /// - Returns: The response as far as its head.
    /// - Throws: ``Unanswered``, or `CancellationError`.
    func send(_ body: [UInt8], within limit: Duration) async throws -> MessagesAnswer

    /// Closes every connection.
    func close() async
}

/// A response of which only the head was read.
struct MessagesAnswer: Sendable {
    var status: Int
    /// In lower case, without parameters.
    var contentType: String
    /// By names in lower case.
    var headers: [String: String] = [:]
    var body: any AsyncSequence<ByteBuffer, any Error> & Sendable

    var requestID: String? { self.headers["request-id"] }
}

/// There is no response.
struct Unanswered: Error, Sendable, Hashable {
    /// Without a word of the request.
    var problem: String
    /// Whether it makes sense to try again.
    var mayRepeat: Bool
}

/// The client that goes over HTTP.
struct HTTPMessagesClient: MessagesClient {
    private let client: TargetClient
    private let headers: [(String, String)]

    init(_ settings: ClaudeSettings, key: APIKey, resolver: Resolver, clock: TurnClock) {
        self.headers =
            [
                ("Content-Type", "application/json"), ("Accept", "application/json"), ("User-Agent", "claude-chat"),
                ("anthropic-version", settings.version), key.header(settings.authHeader),
            ] + settings.headers
        self.client = TargetClient(
            settings.target,
            policy: settings.policy,
            resolver: resolver,
            clock: clock,
            options: .init(connect: settings.connect, read: .seconds(120), connections: 256)
        )
    }

    func send(_ body: [UInt8], within limit: Duration) async throws -> MessagesAnswer {
        do {
            let answer = try await self.client.send(body, headers: self.headers, mayRepeat: false, within: limit)
            let headers = answer.headers.map { ($0.name.lowercased(), $0.value) }
            return MessagesAnswer(
                status: answer.status,
                contentType: String(answer.contentType.prefix { $0 != ";" && $0 != " " }),
                headers: Dictionary(headers) { first, _ in first },
                body: answer.body
            )
        } catch TargetClient.Problem.notSent(let problem) {
            try Task.checkCancellation()
            throw Unanswered(problem: problem.problem, mayRepeat: problem.code != "private-target")
        } catch TargetClient.Problem.unanswered(let problem) {
            try Task.checkCancellation()
            throw Unanswered(problem: problem.problem, mayRepeat: true)
        }
    }

    func close() async { await self.client.close() }
}
