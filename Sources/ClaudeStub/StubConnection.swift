internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Plugins
internal import Responders

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// One connection of a client: its requests, one after the other.
struct StubConnection: Sendable {
    typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>
    private typealias Writer = NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>

    private let connection: Connection
    private let desk: StubDesk
    private let clock: TurnClock

    init(_ connection: Connection, _ desk: StubDesk, _ clock: TurnClock) {
        self.connection = connection
        self.desk = desk
        self.clock = clock
    }

    /// The client has to see that the connection is gone.
    private struct Closed: Error {}

    func run() async throws {
        try await self.connection.executeThenClose { inbound, outbound in
            var head: HTTPRequestHead?
            var body: [UInt8] = []
            for try await part in inbound {
                switch part {
                case .head(let new): (head, body) = (new, [])
                case .body(let buffer):
                    // One more byte than is allowed is enough to know.
                    let room = StubRequest.maximumBytes + 1 - body.count
                    body.append(contentsOf: buffer.readableBytesView.prefix(room))
                case .end:
                    guard let request = head else { return }
                    try await self.answer(request, body, to: outbound)
                    if !request.isKeepAlive { return }
                }
            }
        }
    }

    private func answer(_ head: HTTPRequestHead, _ body: [UInt8], to outbound: Writer) async throws {
        guard body.count <= StubRequest.maximumBytes else {
            let error = StubError(413, "the request has more than \(StubRequest.maximumBytes) bytes")
            return try await self.write(.error(error, requestID: "req_stub_0000"), head, to: outbound)
        }
        let received = StubDesk.Received(
            method: head.method.rawValue,
            path: head.uri,
            headers: head.headers.map { .init(name: $0.name.lowercased(), value: $0.value) },
            body: body
        )
        try await self.write(self.desk.reply(to: received), head, to: outbound)
    }

    private func write(_ reply: StubReply, _ request: HTTPRequestHead, to outbound: Writer) async throws {
        if reply.wait > 0 { try await self.clock.sleep(for: .milliseconds(reply.wait)) }
        var head = HTTPResponseHead(
            version: request.version,
            status: HTTPResponseStatus(statusCode: reply.status),
            headers: ["content-type": reply.contentType]
        )
        for header in reply.headers { head.headers.add(name: header.name, value: header.value) }
        switch reply.body {
        case .whole(let bytes):
            head.headers.add(name: "content-length", value: "\(bytes.count)")
            try await outbound.write(.head(head))
            try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: bytes))))
        case .steps(let steps, let framing):
            head.headers.add(name: "transfer-encoding", value: "chunked")
            head.headers.add(name: "cache-control", value: "no-cache")
            try await outbound.write(.head(head))
            for step in steps { try await self.write(step, framing, to: outbound) }
        }
        try await outbound.write(.end(nil))
        if reply.drops { throw Closed() }
    }

    private func write(_ step: StubStep, _ framing: StubFraming, to outbound: Writer) async throws {
        switch step {
        case .event(let name, let data): try await Self.write(framing.bytes(of: name, data), framing, to: outbound)
        case .raw(let text): try await Self.write(Array(text.utf8), framing, to: outbound)
        case .wait(let milliseconds): try await self.clock.sleep(for: .milliseconds(milliseconds))
        case .reset:
            // Closing then sends a reset in place of an end.
            let wanted = linger(l_onoff: 1, l_linger: 0)
            try await (self.connection.channel as? any SocketOptionProvider)?.setSoLinger(wanted).get()
            throw Closed()
        case .hang:
            let channel = self.connection.channel
            try await withTaskCancellationHandler {
                try await channel.closeFuture.get()
            } onCancel: {
                channel.close(promise: nil)
            }
            throw Closed()
        case .pings:
            let ping = framing.bytes(of: "ping", ["type": "ping"])
            // Ends with the connection, which can't be written to then.
            while true {
                try await Self.write(ping, framing, to: outbound)
                try await self.clock.sleep(for: .milliseconds(5))
            }
        }
    }

    private static func write(_ bytes: [UInt8], _ framing: StubFraming, to outbound: Writer) async throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = rest.prefix(framing.chunk ?? rest.count)
            try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: part))))
            rest = rest.dropFirst(part.count)
        }
    }
}
