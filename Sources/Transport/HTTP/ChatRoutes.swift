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

    init(source: ApplicationRequestContextSource) {
        self.coreContext = CoreRequestContextStorage(source: source)
        self.channel = source.channel
    }
}

/// The chat over plain HTTP: for browsers that get no WebSocket through, with the same hub and the same rules.
struct ChatRoutes: Sendable {
    let shared: ChatChannel.Shared
    private let health: @Sendable () -> String
    private let files = StaticFiles()

    var hub: Hub { self.shared.hub }
    private var admission: Admission { self.shared.admission }
    private var requests: OpenRequests { self.shared.requests }

    /// - Parameters:
    ///   - shared: What WebSockets and HTTP share.
    ///   - health: A JSON object that says how the server is.
    init(_ shared: ChatChannel.Shared, health: @escaping @Sendable () -> String) {
        self.shared = shared
        self.health = health
    }

    func add(to router: Router<ChatRequestContext>) {
        router.add(middleware: OriginMiddleware(origins: self.admission.origins, metrics: self.shared.metrics))
        router.post("/api/chat/session") { request, context in try await self.openSession(request, context) }
        router.post("/api/chat/messages") { request, context in try await self.takeMessage(request, context) }
        router.get("/api/chat/poll") { request, context in try await self.poll(request, context) }
        router.get("/api/chat/stream") { request, context in try self.stream(request, context) }
        router.get("/api/chat/history") { request, context in try self.history(request, context) }
        router.get("/readyz") { _, _ in
            let isDraining = self.shared.isDraining.load(ordering: .relaxed)
            let body = isDraining ? #"{"status":"draining"}"# : #"{"status":"ready"}"#
            return Response.json(Array(body.utf8), status: isDraining ? .serviceUnavailable : .ok)
        }
        router.get("/healthz") { _, _ in Response.json(Array(self.health().utf8)) }
        for path in ["/", "/**"] {
            router.get(RouterPath(path)) { request, _ in try self.file(request) }
            router.head(RouterPath(path)) { request, _ in try self.file(request).createHeadResponse() }
        }
    }

    /// The methods of a path of the chat; nothing of others.
    static func methods(of path: String) -> String? {
        switch path {
        case "/api/chat/session", "/api/chat/messages": "POST"
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

    /// `POST /api/chat/session`: a session of the visitor's own and its tokens, or the next tokens of one that it has.
    private func openSession(_ request: Request, _ context: ChatRequestContext) async throws -> Response {
        _ = try Self.query(of: request)
        let body = try await Self.body(of: request, context)
        let asked = try SessionRequest(body)
        let address = self.address(of: request, context)
        let site = try self.counted(address) { () throws(Refused) in
            let claim = self.claim(of: request, site: asked.site)
            try self.admission.checkOrigin(claim)
            return try self.admission.site(claim)
        }
        let isNew = asked.refreshToken == nil && (asked.session == nil || self.admission.requiresToken)
        if isNew, let wait = self.shared.addresses.refuse(.session, of: address, at: self.shared.clocks.nanoseconds()) {
            throw ClientError(.rateLimited, "too many new sessions of this address", waitingNanoseconds: wait)
        }
        let answer: SessionDesk.Answer
        do throws(AccessDenied) {
            answer = try await self.admission.desk.open(asked.request(at: site))
        } catch {
            throw self.counted(Refused(error), of: address)
        }
        return .json(
            ServerFrame.session(
                answer.session,
                token: answer.token.text,
                expiresIn: answer.expiresIn,
                refreshToken: answer.refreshToken.text
            )
        )
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
        guard case .user(let message) = frame, let id = message.id else {
            let entry = try self.entry(query, request, context, to: session)
            try self.take(frame, in: entry.key)
            return Response(status: .noContent)
        }
        if let key = request.headers[.idempotencyKey], key != id {
            throw ClientError(.badRequest, "Idempotency-Key must equal \"id\"", detail: "id", id: id)
        }
        let entry = try self.entry(query, request, context, to: session)
        try self.checkIsStaying(id: id)
        let address = self.address(of: request, context)
        try self.shared.addresses.take(message, of: address, for: entry.key.site, at: self.shared.clocks)
        let room = try self.hub.pin(session, of: entry.key.site)
        defer { room.cancelReservation() }
        let page = message.context.text("page") ?? "/"
        let acknowledgement = try room.accept(message, page: page)
        self.shared.metrics.took(acknowledgement, overWebSocket: false)
        return .json(acknowledgement.frame(id: id))
    }

    /// Takes a frame that is no message: what it asks for comes over the stream or with the next poll.
    private func take(_ frame: ClientFrame, in key: RoomKey) throws(ClientError) {
        let room = try self.hub.pin(key.session, of: key.site)
        defer { room.cancelReservation() }
        switch frame {
        case .typing(let isWriting): room.typing(isWriting, by: .visitor)
        case .presence: try room.presenceToVisitor()
        case .stop(let replyID): room.stop(replyID)
        case .resume, .history, .refresh:
            throw ClientError(.badRequest, "frames of this type are for WebSockets", detail: "type")
        case .user, .pong: break
        }
    }

    /// `GET /api/chat/history`: older messages; without `before` the newest, without `epoch` of any epoch.
    private func history(_ request: Request, _ context: ChatRequestContext) throws -> Response {
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
        let room = try self.hub.pin(session, of: try self.entry(query, request, context, to: session).key.site)
        defer { room.cancelReservation() }
        return .json(try room.history(HistoryRequest(epoch: query["epoch"], before: before, limit: limit)))
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
            return Response(status: .noContent)
        }
        return .json(ServerFrame.poll(answer))
    }
}

// MARK: Reading requests

extension ChatRoutes {
    static func query(of request: Request) throws(ClientError) -> Query {
        let target = request.head.path?.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false) ?? []
        do throws(Query.Malformed) {
            return try Query(target.count > 1 ? target[1] : "")
        } catch {
            throw ClientError(.badRequest, error.reason, detail: "query")
        }
    }

    /// The limits of the client of a request.
    func address(of request: Request, _ context: ChatRequestContext) -> AddressLimits.Record {
        self.shared.addressRecord(of: context.channel, forwarded: request.headers[values: .xForwardedFor])
    }

    /// What a request says of itself.
    private func claim(of request: Request, site: String?) -> Admission.Request {
        let origin = self.admission.origins.judge(
            request.headers[values: .origin],
            fetchSite: request.headers[values: .secFetchSite]
        )
        let authorization = request.headers[.authorization]
        let isBearer = authorization?.prefix(7).lowercased() == "bearer "
        // Anything else in the header is no token; it is not taken for a missing one.
        let token = authorization.map { isBearer ? String($0.dropFirst(7)) : "" }
        return Admission.Request(origin: origin, site: site, token: token)
    }

    /// Checks that a request may enter the room of a session.
    ///
    /// - Throws: `unauthorized`, `token_expired` or `bad_request`; `rate_limited` after too many tries that failed.
    func entry(
        _ query: Query,
        _ request: Request,
        _ context: ChatRequestContext,
        to session: SessionID
    ) throws -> Admission.Entry {
        try self.counted(self.address(of: request, context)) { () throws(Refused) in
            try self.admission.entry(self.claim(of: request, site: query["site"]), to: session)
        }
    }

    private func counted<T>(_ address: AddressLimits.Record, _ body: () throws(Refused) -> T) throws(ClientError) -> T {
        do throws(Refused) { return try body() } catch { throw self.counted(error, of: address) }
    }

    /// The answer to a refusal; who fails again and again has to wait.
    private func counted(_ refused: Refused, of address: AddressLimits.Record) -> ClientError {
        guard refused.isFailedAuthentication,
            let wait = self.shared.addresses.refuse(.failure, of: address, at: self.shared.clocks.nanoseconds())
        else { return refused.error }
        return .tooManyFailures(waitingNanoseconds: wait)
    }

    /// Checks that a token is still accepted.
    private func check(_ grant: Grant) throws(ClientError) {
        do throws(AccessDenied) { try self.admission.desk.revocations.check(grant) } catch { throw error.clientError }
    }

    /// Refuses what would keep a server that stops from stopping.
    ///
    /// - Parameter id: The message's, if it is one.
    /// - Throws: `unavailable`.
    func checkIsStaying(id: String? = nil) throws(ClientError) {
        guard self.shared.isDraining.load(ordering: .relaxed) else { return }
        throw ClientError(.unavailable, "the server is about to stop", retryAfterMilliseconds: 2_000, id: id)
    }

    static func position(in query: Query) throws(ClientError) -> Position? {
        do throws(Query.Malformed) {
            return try Handshake.position(query)
        } catch {
            throw ClientError(.badRequest, error.reason, detail: "since")
        }
    }

    /// How long a client may take to send a body.
    private static let bodySeconds: Int64 = 10

    /// The body of a JSON request in valid UTF-8.
    static func body(of request: Request, _ context: ChatRequestContext) async throws -> [UInt8] {
        let type = request.headers[.contentType]?.split(separator: ";").first?.lowercased()
        // Any other type could be posted by a form of a foreign page, without asking first.
        guard type?.filter({ $0 != " " }) == "application/json" else {
            throw HTTPError(.unsupportedMediaType)
        }
        let channel = context.channel
        let deadline = channel.eventLoop.scheduleTask(in: .seconds(Self.bodySeconds)) { channel.close(promise: nil) }
        defer { deadline.cancel() }
        let buffer: ByteBuffer
        do {
            buffer = try await request.body.collect(upTo: Limits.frameBytes)
        } catch is NIOTooManyBytesError {
            throw ClientError(.tooLarge, "a body holds at most \(Limits.frameBytes) bytes")
        } catch {
            // Its chunks or its coding are none that the decoder knows; the connection ends with this answer.
            throw ClientError(.badRequest, "the body can't be read", detail: "body")
        }
        guard buffer.withUnsafeReadableBytes(UTF8Validator.isValid) else {
            throw ClientError(.badJSON, "the body is not UTF-8")
        }
        return Array(buffer.readableBytesView)
    }

    /// A session that a body names.
    private static func optionalSession(_ key: StaticString, in body: [UInt8]) throws(ClientError) -> SessionID? {
        var scanner = JSONScanner()
        let written: String?
        do {
            written = try body.withUnsafeBufferPointer { bytes in
                try scanner.scan(bytes)
                guard let value = scanner.value(of: key, in: bytes), value.kind != .null else { return nil }
                return value.kind == .string ? scanner.text(of: value, in: bytes) : ""
            }
        } catch {
            throw ClientError(.badJSON, "not one JSON object")
        }
        guard let written else { return nil }
        guard let session = SessionID(written) else {
            throw ClientError(.badRequest, "\"\(key)\" must be 1 to 64 of A-Z a-z 0-9 _ -", detail: key.description)
        }
        return session
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
