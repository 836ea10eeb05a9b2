import Access
import HTTPTypes
import Hub
import Hummingbird
import Messages
import NIOCore

extension ChatRoutes {
    /// `POST /api/claude-feedback`, the way of the first form of the protocol without a WebSocket: a message, answered with
    /// the first reply.
    ///
    /// The session is that of the cookie or the token; in development mode, where neither is needed, each request is a
    /// conversation of its own.
    func answerSeed(_ request: Request, _ context: ChatRequestContext) async throws -> Response {
        guard self.admission.offersSeedFeedback else { throw Admission.nothingHere }
        let query = try Self.query(of: request)
        let body = try await Self.body(of: request, context)
        let address = self.address(of: request, context)
        let (site, entry) = try self.counted(address) { () throws(Refused) in
            try self.admission.seedFeedbackEntry(self.claim(of: request, site: query["site"]))
        }
        try self.checkIsStaying()
        var reader = ClientFrameReader()
        var message = try body.withUnsafeBufferPointer { bytes in try reader.readSeedMessage(bytes) }
        var generator = SystemRandomNumberGenerator()
        let id = randomBase64URL(characters: 22, using: &generator)
        message.id = id
        message.origin = Self.origin(of: request, context, entry?.grant)
        if entry == nil { try self.countSession(of: address) }
        try self.shared.addresses.take(nil, of: address, for: site, at: self.shared.clocks)
        let key = entry?.key ?? RoomKey(site: site, session: SessionID.random(using: &generator))
        try await self.hub.open(key)
        let room = try self.hub.reserve(key.session, of: site)
        let link = ReplyLink(on: context.channel, in: room, grant: entry?.grant, awaiting: id)
        room.join(link, mode: .v1, from: nil)
        self.requests.add(link, of: "feedback/\(id)")
        defer {
            self.requests.remove(link, of: "feedback/\(id)")
            room.leave(link)
        }
        let page = message.context.text("page") ?? "/"
        let acknowledgement = try await room.acceptAndKeep(message, page: page)
        self.shared.metrics.took(acknowledgement, overWebSocket: false)
        // A turn that is over without a reply has none.
        if !room.isAnswering { link.end(.gone) }
        return .json(ServerFrame.seedAnswer(try await link.reply() ?? ""))
    }
}

/// Waits in a room for the first reply to a message, 8 seconds at most.
private final class ReplyLink: RequestLink {
    let connection: ObjectIdentifier
    let grant: Grant?
    let room: Room
    private let found: EventLoopPromise<String?>
    private let mark: [UInt8]

    init(on channel: any Channel, in room: Room, grant: Grant?, awaiting id: String) {
        self.connection = ObjectIdentifier(channel)
        self.grant = grant
        self.room = room
        // In a text its quotes would be escaped.
        self.mark = Array(#""inReplyTo":"\#(id)""#.utf8)
        let found = channel.eventLoop.makePromise(of: String?.self)
        self.found = found
        let timer = channel.eventLoop.scheduleTask(in: .seconds(8)) { found.succeed(nil) }
        found.futureResult.whenComplete { _ in timer.cancel() }
    }

    func send(_ frame: Frame) {
        guard frame.isDurable, frame.json.firstRange(of: self.mark) != nil else { return }
        frame.json.withUnsafeBufferPointer { bytes in
            var scanner = JSONScanner()
            guard (try? scanner.scan(bytes)) != nil, let text = scanner.value(of: "message", in: bytes) else { return }
            self.found.succeed(scanner.text(of: text, in: bytes))
        }
    }

    func replay(_ frames: [Frame]) {}

    func close(_ code: CloseCode, reason: String) { self.end(.gone) }

    func end(_ reason: RequestEnd) { self.found.succeed(nil) }

    func reply() async throws -> String? { try await self.found.futureResult.get() }
}

extension ChatRoutes {
    /// Counts a new session of an address.
    ///
    /// - Throws: `rate_limited`.
    func countSession(of address: AddressLimits.Record) throws(ClientError) {
        guard let wait = self.shared.addresses.refuse(.session, of: address, at: self.shared.clocks.nanoseconds())
        else { return }
        throw ClientError(.rateLimited, "too many new sessions of this address", waitingNanoseconds: wait)
    }
}
