import Access
import HTTPTypes
import Hub
import Hummingbird
import Messages
import NIOCore
import Synchronization

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
    func claim(of request: Request, site: String?) -> Admission.Request {
        let origin = self.admission.origins.judge(
            request.headers[values: .origin],
            fetchSite: request.headers[values: .secFetchSite]
        )
        let authorization = request.headers[.authorization]
        let isBearer = authorization?.prefix(7).lowercased() == "bearer "
        // Anything else in the header is no token; it is not taken for a missing one.
        let token = authorization.map { isBearer ? String($0.dropFirst(7)) : "" }
        let cookie = SessionCookie.value(in: request.headers[values: .cookie])
        return Admission.Request(origin: origin, site: site, token: token, cookie: cookie)
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

    func counted<T>(_ address: AddressLimits.Record, _ body: () throws(Refused) -> T) throws(ClientError) -> T {
        do throws(Refused) { return try body() } catch { throw self.counted(error, of: address) }
    }

    /// The answer to a refusal; who fails again and again has to wait.
    func counted(_ refused: Refused, of address: AddressLimits.Record) -> ClientError {
        guard refused.isFailedAuthentication,
            let wait = self.shared.addresses.refuse(.failure, of: address, at: self.shared.clocks.nanoseconds())
        else { return refused.error }
        return .tooManyFailures(waitingNanoseconds: wait)
    }

    /// Checks that a token is still accepted.
    func check(_ grant: Grant) throws(ClientError) {
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
        let bytes = try await self.bytes(of: request, context, upTo: Limits.frameBytes)
        guard bytes.withUnsafeBytes(UTF8Validator.isValid) else {
            throw ClientError(.badJSON, "the body is not UTF-8")
        }
        return bytes
    }

    /// The bytes of a body of any type, within a time.
    static func bytes(of request: Request, _ context: ChatRequestContext, upTo limit: Int) async throws -> [UInt8] {
        let channel = context.channel
        let deadline = channel.eventLoop.scheduleTask(in: .seconds(Self.bodySeconds)) { channel.close(promise: nil) }
        defer { deadline.cancel() }
        let buffer: ByteBuffer
        do {
            buffer = try await request.body.collect(upTo: limit)
        } catch is NIOTooManyBytesError {
            throw ClientError(.tooLarge, "a body holds at most \(limit) bytes")
        } catch {
            // Its chunks or its coding are none that the decoder knows; the connection ends with this answer.
            throw ClientError(.badRequest, "the body can't be read", detail: "body")
        }
        return Array(buffer.readableBytesView)
    }

    /// A session that a body names.
    static func optionalSession(_ key: StaticString, in body: [UInt8]) throws(ClientError) -> SessionID? {
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
