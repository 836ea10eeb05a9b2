import Access
import HTTPTypes
import Hub
import Hummingbird
import Messages
import NIOCore
import Synchronization

/// A place that a stream of events has in the room and in the counts of its address; given back when nobody uses it.
private final class StreamPlace: Sendable {
    let room: Room
    let link: EventStreamLink
    private let address: AddressLimits.Record
    private let addresses: AddressLimits
    private let isMember = Mutex(false)

    init(in room: Room, link: EventStreamLink, of address: AddressLimits.Record, _ addresses: AddressLimits) {
        self.room = room
        self.link = link
        self.address = address
        self.addresses = addresses
    }

    func join(from position: Position?, expiresInSeconds seconds: Int?) {
        self.isMember.withLock { $0 = true }
        self.room.join(self.link, mode: .v1, from: position, expiresInSeconds: seconds)
    }

    // A client that has gone before its answer was begun leaves nobody who could give the place back.
    deinit {
        if self.isMember.withLock({ $0 }) { self.room.leave(self.link) } else { self.room.cancelReservation() }
        self.addresses.close(self.address)
    }
}

extension ChatRoutes {
    /// `GET /api/chat/stream`: the frames of a WebSocket as server-sent events.
    func stream(_ request: Request, _ context: ChatRequestContext) async throws -> Response {
        let query = try Self.query(of: request)
        guard let session = query["session"].flatMap({ SessionID($0) }) else {
            throw ClientError(.badRequest, "\"session\" must be 1 to 64 of A-Z a-z 0-9 _ -", detail: "session")
        }
        let position = try Self.lastEvent(request) ?? Self.position(in: query)
        let entry = try self.entry(query, request, context, to: session)
        try await self.hub.open(entry.key)
        let place = try self.place(entry, request, context)
        // A tab may have several streams for a moment, when it changes from one to the next.
        let key = "stream/\(ObjectIdentifier(context.channel))"
        var headers: HTTPFields = [.contentType: "text/event-stream", .cacheControl: "no-store"]
        headers[.xContentTypeOptions] = "nosniff"
        // nginx would gather the events.
        headers[.xAccelBuffering] = "no"
        return Response(
            status: .ok,
            headers: headers,
            body: ResponseBody { writer in
                try await self.write(place, from: position, as: key, on: context.channel, to: &writer)
                try await writer.finish(nil)
            }
        )
    }

    /// Takes the place of a stream, as a handshake takes that of a WebSocket.
    private func place(
        _ entry: Admission.Entry,
        _ request: Request,
        _ context: ChatRequestContext
    ) throws(ClientError) -> StreamPlace {
        try self.checkIsStaying()
        let limits = self.shared.addresses
        let now = self.shared.clocks.nanoseconds()
        if let wait = limits.refuseAccept(at: now) {
            throw ClientError(.overloaded, "too many connect at once", waitingNanoseconds: wait)
        }
        let address = self.address(of: request, context)
        if let wait = limits.refuse(.handshake, of: address, at: now) {
            throw ClientError(.rateLimited, "too many handshakes of this address", waitingNanoseconds: wait)
        }
        try limits.take(connectionOf: address)
        do throws(ClientError) {
            let room = try self.hub.reserve(entry.key.session, of: entry.key.site)
            let link = EventStreamLink(
                on: context.channel,
                in: room,
                grant: entry.grant,
                metrics: self.shared.metrics
            )
            return StreamPlace(in: room, link: link, of: address, limits)
        } catch {
            limits.close(address)
            throw error
        }
    }

    private func write(
        _ place: StreamPlace,
        from position: Position?,
        as key: String,
        on channel: any Channel,
        to writer: inout any ResponseBodyWriter
    ) async throws {
        let link = place.link
        let desk = self.shared.admission.desk
        self.shared.requests.add(link, of: key)
        defer { self.shared.requests.remove(link, of: key) }
        let seconds = link.grant.map { desk.secondsLeft(of: $0) }
        self.shared.metrics.opened(.sse)
        place.join(from: position, expiresInSeconds: seconds)
        // The token may have been revoked, or the server begun to stop, before the request was on the list.
        if let grant = link.grant, (try? desk.revocations.check(grant)) == nil { link.end(.revoked) }
        if self.shared.isDraining.load(ordering: .relaxed) { link.end(.draining) }
        let beats = channel.eventLoop.scheduleRepeatedTask(
            initialDelay: .seconds(Self.beatSeconds),
            delay: .seconds(Self.beatSeconds)
        ) { _ in link.beat() }
        let expiry = seconds.map { seconds in
            channel.eventLoop.scheduleTask(in: .seconds(Int64(seconds))) { link.end(.expired) }
        }
        defer {
            beats.cancel()
            expiry?.cancel()
        }
        try await writer.write(ByteBuffer(string: "retry: \(Int.random(in: 1_000...3_000))\n\n"))
        while let events = await link.next() { try await writer.write(events) }
        if let last = Self.lastFrame(link.reason) {
            var buffer = ByteBuffer()
            buffer.writeEvent(last)
            try await writer.write(buffer)
        }
    }

    /// What a client is told before its stream ends.
    private static func lastFrame(_ reason: RequestEnd?) -> [UInt8]? {
        switch reason {
        case .draining: ServerFrame.reconnect(afterMilliseconds: .random(in: 100...10_000), reason: "drain")
        case .expired: ServerFrame.error(AccessDenied.expired.clientError)
        case .revoked: ServerFrame.error(AccessDenied.revoked.clientError)
        case .gone, .replaced, .slow, nil: nil
        }
    }

    /// How often something is written for certain, in seconds.
    private static let beatSeconds: Int64 = 15

    /// Where the client stands by its header, which wins over the query since a browser sends it when it reconnects.
    private static func lastEvent(_ request: Request) throws(ClientError) -> Position? {
        guard let written = request.headers[.lastEventID] else { return nil }
        let parts = written.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let seq = Int(parts[1]), let position = Position(epoch: String(parts[0]), seq: seq)
        else { throw ClientError(.badRequest, "Last-Event-ID must be a position", detail: "since") }
        return position
    }
}

extension HTTPField.Name {
    static let lastEventID = HTTPField.Name("Last-Event-ID") ?? .range
    static let xAccelBuffering = HTTPField.Name("X-Accel-Buffering") ?? .range
}
