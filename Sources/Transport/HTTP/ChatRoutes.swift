import Access
import FoundationEssentials
import HTTPTypes
import Hub
import Hummingbird
import Messages
import NIOCore
import Synchronization

/// What a request brings along besides itself: the connection that it came on.
struct ChatRequestContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel
    /// Names the request in logs and in its answer.
    var requestID = ""

    init(source: ApplicationRequestContextSource) {
        self.coreContext = CoreRequestContextStorage(source: source)
        self.channel = source.channel
    }
}

/// The chat over plain HTTP: for browsers that get no WebSocket through, with the same hub and the same rules.
struct ChatRoutes: Sendable {
    let shared: ChatChannel.Shared
    private let health: @Sendable () -> String
    private let readiness: @Sendable () -> Readiness
    private let files = StaticFiles()

    var hub: Hub { self.shared.hub }
    var admission: Admission { self.shared.admission }
    var requests: OpenRequests { self.shared.requests }

    /// - Parameters:
    ///   - shared: What WebSockets and HTTP share.
    ///   - health: A JSON object that says how the server is.
    ///   - readiness: Whether it can do its work.
    init(
        _ shared: ChatChannel.Shared,
        health: @escaping @Sendable () -> String,
        readiness: @escaping @Sendable () -> Readiness
    ) {
        self.readiness = readiness
        self.shared = shared
        self.health = health
    }

    func add(to router: Router<ChatRequestContext>) {
        router.add(middleware: RequestNames(server: self.shared))
        router.add(middleware: OriginMiddleware(server: self.shared))
        router.post("/api/chat/session") { request, context in try await self.openSession(request, context) }
        router.post("/api/chat/feedback") { request, context in try await self.rate(request, context) }
        router.post("/api/claude-feedback") { request, context in try await self.answerSeed(request, context) }
        router.post("/api/chat/messages") { request, context in try await self.takeMessage(request, context) }
        router.get("/api/chat/poll") { request, context in try await self.poll(request, context) }
        router.get("/api/chat/stream") { request, context in try await self.stream(request, context) }
        router.get("/api/chat/history") { request, context in try await self.history(request, context) }
        router.get("/readyz") { _, _ in self.ready() }
        router.get("/healthz") { _, _ in Response.json(Array(self.health().utf8)) }
        for path in ["/", "/**"] {
            router.get(RouterPath(path)) { request, _ in try self.file(request) }
            router.head(RouterPath(path)) { request, _ in try self.file(request).createHeadResponse() }
        }
    }

    private func ready() -> Response {
        let isDraining = self.shared.isDraining.load(ordering: .relaxed)
        let (status, reason, isReady) =
            switch isDraining ? .notReady("draining") : self.readiness() {
            case .ready: ("ready", nil as String?, true)
            case .degraded(let reason): ("degraded", reason, true)
            case .notReady(let status, let reason): (status, reason, false)
            }
        let more = reason.map { #","reason":"\#($0)""# } ?? ""
        let body = #"{"status":"\#(status)"\#(more)}"#
        return .json(Array(body.utf8), status: isReady ? .ok : .serviceUnavailable)
    }

    /// The methods of a path of the chat; nothing of others.
    static func methods(of path: String) -> String? {
        switch path {
        case "/api/chat/session", "/api/chat/messages", "/api/chat/feedback": "POST"
        case "/api/chat/poll", "/api/chat/stream", "/api/chat/history", "/readyz", "/healthz": "GET"
        default: nil
        }
    }
}

// MARK: Calls

extension ChatRoutes {
    private func file(_ request: Request) throws(ClientError) -> Response {
        guard let response = self.files.response(to: request.uri.path, knownTag: request.headers[.ifNoneMatch]) else {
            throw ClientError(.badRequest, "there is nothing at this path", detail: "path")
        }
        return response
    }

    /// `POST /api/chat/messages`: one frame of a client.
    private func takeMessage(_ request: Request, _ context: ChatRequestContext) async throws -> Response {
        let query = try Self.query(of: request)
        let body = try await Self.body(of: request, context)
        let written = try query["session"].map { SessionID($0) } ?? Self.optionalSession("sessionId", in: body)
        guard let session = written else {
            throw ClientError(.badRequest, "\"sessionId\" must be 1 to 64 of A-Z a-z 0-9 _ -", detail: "sessionId")
        }
        let frame = try body.withUnsafeBufferPointer { bytes in
            var reader = ClientFrameReader()
            return try reader.read(bytes, session: session, mode: .v1)
        }
        guard case .user(var message) = frame, let id = message.id else {
            let entry = try self.entry(query, request, context, to: session)
            try await self.take(frame, in: entry.key)
            return Response(status: .noContent)
        }
        if let key = request.headers[.idempotencyKey], key != id {
            throw ClientError(.badRequest, "Idempotency-Key must equal \"id\"", detail: "id", id: id)
        }
        let entry = try self.entry(query, request, context, to: session)
        try self.checkIsStaying(id: id)
        let address = self.address(of: request, context)
        try self.shared.addresses.take(id, of: address, for: entry.key.site, at: self.shared.clocks)
        message.origin = Self.origin(of: request, context, entry.grant)
        let room = try await self.pin(entry.key)
        defer { room.cancelReservation() }
        let page = message.context.text("page") ?? "/"
        let acknowledgement = try await room.acceptAndKeep(message, page: page)
        self.shared.metrics.took(acknowledgement, overWebSocket: false)
        return .json(acknowledgement.frame(id: id))
    }

    /// Takes a frame that is no message: what it asks for comes over the stream or with the next poll.
    private func take(_ frame: ClientFrame, in key: RoomKey) async throws(ClientError) {
        let room = try await self.pin(key)
        defer { room.cancelReservation() }
        switch frame {
        case .typing(let isWriting): room.typing(isWriting, by: .visitor)
        case .presence: try room.presenceToVisitor()
        case .stop(let replyID): room.stop(replyID)
        case .conversation(let state): try room.change(to: state, by: .visitor)
        case .resume, .history, .refresh:
            throw ClientError(.badRequest, "frames of this type are for WebSockets", detail: "type")
        case .user, .pong: break
        }
    }

    /// The room of a call that is no connection.
    func pin(_ key: RoomKey) async throws(ClientError) -> Room {
        try await self.hub.open(key)
        return try self.hub.pin(key.session, of: key.site)
    }

    /// `GET /api/chat/history`: older messages; without `before` the newest, without `epoch` of any epoch.
    private func history(_ request: Request, _ context: ChatRequestContext) async throws -> Response {
        let query = try Self.query(of: request)
        guard let session = query["session"].flatMap({ SessionID($0) }) else {
            throw ClientError(.badRequest, "\"session\" must be 1 to 64 of A-Z a-z 0-9 _ -", detail: "session")
        }
        guard let limit = Int(query["limit"] ?? "100"), 1...100 ~= limit else {
            throw ClientError(.badRequest, "\"limit\" must be 1 to 100", detail: "limit")
        }
        let before = query["before"].map { Int($0) ?? 0 }
        guard before.map({ 1...Limits.largestInteger ~= $0 }) ?? true else {
            throw ClientError(.badRequest, "\"before\" must be the number of a message", detail: "before")
        }
        let room = try await self.pin(try self.entry(query, request, context, to: session).key)
        defer { room.cancelReservation() }
        let asked = HistoryRequest(epoch: query["epoch"], before: before, limit: limit)
        let result = await withCheckedContinuation { continuation in
            do throws(ClientError) { try room.history(asked) { continuation.resume(returning: $0) } } catch {
                continuation.resume(returning: .failure(error))
            }
        }
        return .json(try result.get())
    }

    /// `GET /api/chat/poll`: what came after a position, as soon as something does.
    private func poll(_ request: Request, _ context: ChatRequestContext) async throws -> Response {
        let query = try Self.query(of: request)
        guard let session = query["session"].flatMap({ SessionID($0) }) else {
            throw ClientError(.badRequest, "\"session\" must be 1 to 64 of A-Z a-z 0-9 _ -", detail: "session")
        }
        guard let client = query["client"], SessionID(client) != nil else {
            throw ClientError(.badRequest, "\"client\" must be 1 to 64 of A-Z a-z 0-9 _ -", detail: "client")
        }
        guard let wait = Int(query["wait"] ?? "25"), 0...25 ~= wait else {
            throw ClientError(.badRequest, "\"wait\" must be 0 to 25 seconds", detail: "wait")
        }
        let position = try Self.position(in: query)
        let entry = try self.entry(query, request, context, to: session)
        try self.checkIsStaying()
        try await self.hub.open(entry.key)
        let room = try self.hub.reserve(session, of: entry.key.site)
        // It must not outlive its token.
        let seconds = min(wait, entry.grant.map { self.admission.desk.secondsLeft(of: $0) } ?? wait)
        let link = PollLink(on: context.channel, in: room, grant: entry.grant, atMost: .seconds(Int64(seconds)))
        let key = "\(room.key.site)/\(session)/\(client)"
        self.shared.metrics.opened(.poll)
        self.requests.add(link, of: key)
        defer { self.requests.remove(link, of: key) }
        if let answer = try room.poll(from: position, orWait: link) {
            link.end(.gone)
            return .json(ServerFrame.poll(answer))
        }
        // The token may have been revoked before the poll was on the list.
        if let grant = entry.grant, (try? self.check(grant)) == nil { link.end(.gone) }
        do { try await link.wait() } catch { room.leave(link); throw error }
        room.leave(link)
        if let grant = entry.grant {
            try self.check(grant)
            guard self.admission.desk.secondsLeft(of: grant) > 0 else { throw AccessDenied.expired.clientError }
        }
        guard self.requests.isCurrent(link, of: key), let answer = room.answer(from: position) else {
            if link.endedByDrain { throw Self.comeBackLater }
            return Response(status: .noContent)
        }
        return .json(ServerFrame.poll(answer))
    }
}

extension ChatRoutes {
    /// What a poll is told that waits while the server stops: not everybody at the same time.
    private static var comeBackLater: ClientError {
        let wait = Int.random(in: 100...10_000)
        return ClientError(.unavailable, "the server is about to stop", retryAfterMilliseconds: wait)
    }
}

extension Response {
    /// JSON that no cache keeps.
    static func json(_ bytes: [UInt8], status: HTTPResponse.Status = .ok) -> Response {
        var headers: HTTPFields = [.contentType: "application/json", .cacheControl: "no-store"]
        headers[.xContentTypeOptions] = "nosniff"
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// A value as JSON, its members in the order of their names.
    static func json(encoding value: some Encodable) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return .json(Array(try encoder.encode(value)))
    }
}

extension HTTPField.Name {
    static let xForwardedFor = HTTPField.Name("X-Forwarded-For") ?? .range
    static let secFetchSite = HTTPField.Name("Sec-Fetch-Site") ?? .range
    static let idempotencyKey = HTTPField.Name("Idempotency-Key") ?? .range
}
