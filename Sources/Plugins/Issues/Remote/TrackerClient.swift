internal import AsyncHTTPClient
internal import Diagnostics
internal import NIOCore
internal import NIOHTTP1
internal import Responders
internal import Tracker

/// Asks a tracker on another machine over HTTP, and says what follows from its answers.
///
/// Any thread. No redirect is followed, and no more of an answer is read than ``maximumBytes``.
struct TrackerClient: Sendable {
    struct Request: Sendable {
        var method: String
        var url: String
        /// All but `Host`, `User-Agent` and those about the body's length.
        var headers: [(String, String)] = []
        var body: [UInt8]?
    }

    struct Answer: Sendable {
        var status: Int
        var headers: HTTPHeaders
        /// Nothing where there is no body, or one that is no JSON.
        var document: TrackerDocument?
        var isEmpty: Bool
    }

    static let maximumBytes = 1_048_576

    private let client: TargetClient
    /// The address without a query, for errors.
    private let place: String
    /// Between the request and the last byte of the answer.
    private let limit: Duration
    private let clock: TurnClock

    init(
        _ target: HTTPTarget,
        policy: TargetPolicy,
        resolver: Resolver = .system,
        limit: Duration,
        clock: TurnClock
    ) {
        let options = TargetClient.Options(connect: .seconds(2), read: limit, connections: 2)
        self.client = TargetClient(target, policy: policy, resolver: resolver, clock: clock, options: options)
        self.place = target.shown
        self.limit = limit
        self.clock = clock
    }

    func close() async { await self.client.close() }

    /// Sends a request.
    ///
    /// - Parameters:
    ///   - request: To the host and port of the client's target.
    ///   - expected: The statuses that mean that it was done.
    /// - Returns: An answer with such a status.
    /// - Throws: What follows from anything else.
    func ask(_ request: Request, expecting expected: Set<Int>) async throws(TrackerError) -> Answer {
        let result = await withTaskGroup(of: Result<Answer, TrackerError>.self) { group in
            group.addTask { await self.send(request) }
            group.addTask {
                try? await self.clock.sleep(for: self.limit)
                return .failure(self.error("timeout", .unknown, "no answer within \(self.limit.written)"))
            }
            defer { group.cancelAll() }
            return await group.next() ?? .failure(self.error("timeout", .unknown, "no answer"))
        }
        let answer = try result.get()
        guard expected.contains(answer.status) else { throw self.refusal(answer) }
        return answer
    }

    private func send(_ request: Request) async -> Result<Answer, TrackerError> {
        do {
            let answer = try await self.client.send(
                request.body,
                method: HTTPMethod(rawValue: request.method),
                url: request.url,
                headers: request.headers + [("User-Agent", "claude-chat")],
                mayRepeat: false,
                within: self.limit
            )
            var bytes: [UInt8] = []
            for try await buffer in answer.body {
                guard bytes.count + buffer.readableBytes <= Self.maximumBytes else {
                    let problem = "the answer has more than \(Self.maximumBytes) bytes"
                    return .failure(self.error("answer-too-long", .unknown, problem))
                }
                bytes.append(contentsOf: buffer.readableBytesView)
            }
            let document = TrackerDocument(json: bytes)
            return .success(
                Answer(status: answer.status, headers: answer.headers, document: document, isEmpty: bytes.isEmpty)
            )
        } catch TargetClient.Problem.notSent(let problem) {
            return .failure(self.error(problem.code, .broken, problem.problem))
        } catch TargetClient.Problem.unanswered(let problem) {
            return .failure(self.error(problem.code, .unknown, problem.problem))
        } catch {
            return .failure(self.error("no-answer", .unknown, "the connection broke"))
        }
    }

    // MARK: What an answer means

    /// An answer that says it was done, and whose body says something else or nothing.
    func unreadable(_ what: String) -> TrackerError { self.error("bad-answer", .unknown, what) }

    /// An answer that says in its body that it was not done.
    func refused(_ code: String, _ kind: TrackerError.Kind, _ what: String) -> TrackerError {
        self.error(code, kind, what)
    }

    private func refusal(_ answer: Answer) -> TrackerError {
        let (status, headers) = (answer.status, answer.headers)
        let retryAfter = Self.retryAfter(headers)
        let isExhausted = headers.first(name: "x-ratelimit-remaining") == "0"
        let kind: TrackerError.Kind =
            switch status {
            case 429: .busy
            case 403 where retryAfter != nil || isExhausted: .busy
            case 503 where retryAfter != nil: .busy
            case 401, 403, 407: .denied
            // Somebody has to look at the address: what is moved isn't followed, with or without a secret.
            case 300..<400, 404, 405: .absent
            case 400..<500 where status != 408 && status != 425: .invalid
            // Something between us may have passed it on; so may whoever answers with an unexpected success.
            case 200..<300, 408, 502, 504: .unknown
            default: .broken
            }
        return self.error("http-\(status)", kind, "it answers with status \(status)", retryAfter: retryAfter)
    }

    /// Seconds, as nearly all write it; anything else is half a minute.
    private static func retryAfter(_ headers: HTTPHeaders) -> Duration? {
        headers.first(name: "retry-after").map { .seconds(min(max(Int64($0) ?? 30, 1), 3_600)) }
    }

    private func error(
        _ code: String,
        _ kind: TrackerError.Kind,
        _ explanation: String,
        retryAfter: Duration? = nil
    ) -> TrackerError {
        TrackerError(TrackerError.Code(code, kind), self.place, explanation, retryAfter: retryAfter)
    }
}
