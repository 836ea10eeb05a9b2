import HTTPTypes
import Hub
import Hummingbird
import Messages
import NIOCore

extension ChatRoutes {
    /// `POST /api/chat/feedback`: what a visitor thinks of a reply.
    func rate(_ request: Request, _ context: ChatRequestContext) async throws -> Response {
        let query = try Self.query(of: request)
        let body = try await Self.body(of: request, context)
        let written = try query["session"].map { SessionID($0) } ?? Self.optionalSession("sessionId", in: body)
        guard let session = written else {
            throw ClientError(.badRequest, "\"sessionId\" must be 1 to 64 of A-Z a-z 0-9 _ -", detail: "sessionId")
        }
        let rating = try Rating(body)
        let entry = try self.entry(query, request, context, to: session)
        try self.checkIsStaying()
        let address = self.address(of: request, context)
        try self.shared.addresses.take(nil, of: address, for: entry.key.site, at: self.shared.clocks)
        let room = try await self.pin(entry.key)
        defer { room.cancelReservation() }
        try await self.keep(rating, in: room, on: context.channel.eventLoop)
        self.shared.metrics.rated(rating.value)
        return Response(status: .noContent)
    }

    /// Waits until a rating is kept, for as long as the sender of a message would.
    private func keep(_ rating: Rating, in room: Room, on loop: any EventLoop) async throws {
        let kept = loop.makePromise(of: Bool.self)
        let timer = loop.scheduleTask(in: .seconds(Self.keptSeconds)) { kept.succeed(false) }
        kept.futureResult.whenComplete { _ in timer.cancel() }
        do { try await room.rate(rating) { kept.succeed($0) } } catch {
            kept.succeed(false)
            throw error
        }
        guard try await kept.futureResult.get() else {
            throw ClientError(.unavailable, "it can't be stored at the moment", retryAfterMilliseconds: 5_000)
        }
    }

    private static let keptSeconds: Int64 = 5
}

extension Rating {
    /// Reads `{"id","value","comment"}`; the comment may be left out.
    ///
    /// - Throws: `bad_json`, `bad_request` or `too_large`.
    fileprivate init(_ body: [UInt8]) throws(ClientError) {
        let reader = try ObjectReader(body)
        guard let id = try reader.text("id"), 1...Limits.messageIDBytes ~= id.utf8.count else {
            throw ClientError(.badRequest, "\"id\" must be the id of a reply", detail: "id")
        }
        guard let value = try reader.text("value").flatMap(Value.init) else {
            throw ClientError(.badRequest, "\"value\" must be \"up\", \"down\" or \"none\"", detail: "value")
        }
        let comment = try reader.text("comment") ?? ""
        guard comment.utf8.count <= Limits.commentBytes else {
            throw ClientError(.tooLarge, "a comment holds at most \(Limits.commentBytes) bytes", detail: "comment")
        }
        guard !comment.utf8.contains(0) else {
            throw ClientError(.badRequest, "\"comment\" holds U+0000", detail: "comment")
        }
        // What is taken back has no words.
        self.init(reply: id, value: value, comment: comment.isEmpty || value == .none ? nil : comment)
    }
}
