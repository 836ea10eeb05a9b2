import Access
import Crypto
import Hub
import Logging
import Messages
import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import Transport

/// Connections on a loop whose time moves only when a test says so.
@Suite("deadlines")
struct DeadlineTests {
    /// A connection that has been accepted and has sent nothing yet.
    struct Line {
        let channel: EmbeddedChannel
        let server: ChatChannel.Shared
        let clocks: LineClocks

        /// Accepts a connection.
        ///
        /// - Parameters:
        ///   - options: The bounds of the hub.
        ///   - offersEcho: Whether `/_echo` is there.
        ///   - admission: Made with the clocks; everybody of this machine where it is left out.
        /// - Throws: What the channel says.
        init(
            options: HubOptions = HubOptions(),
            offersEcho: Bool = false,
            admission: ((LineClocks) throws -> Admission)? = nil
        ) throws {
            self.channel = EmbeddedChannel()
            let clocks = LineClocks()
            self.clocks = clocks
            let allowed = try admission?(clocks) ?? .development(desk: try Self.desk(clocks))
            self.server = ChatChannel.Shared(
                hub: Hub(options: options, clocks: clocks, subscriber: Nobody()),
                admission: { allowed },
                offersEcho: offersEcho,
                loops: [self.channel.eventLoop],
                clocks: clocks,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
            self.server.startTicking()
            try self.channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
            let setUp = ChatChannel.accept(self.channel, of: self.server)
            self.channel.embeddedEventLoop.run()
            _ = try setUp.wait()
        }

        static func desk(_ clocks: LineClocks) throws -> SessionDesk {
            let now: @Sendable () -> Timestamp = { clocks.timestamp() }
            let revocations = Revocations(now: now)
            let keys = TokenKeyRing(try TokenKey(id: "k1", secret: SymmetricKey(size: .bits256)))
            return SessionDesk(
                sites: [.init(.default, acceptsUnprovenSessions: true)],
                accessTokens: AccessTokens(keys: keys, issuer: "test", revocations: revocations, now: now),
                refreshTokens: RefreshTokens(now: now),
                revocations: revocations,
                now: now
            )
        }

        func write(_ bytes: some Sequence<UInt8>) throws {
            try self.channel.writeInbound(ByteBuffer(bytes: bytes))
            self.channel.embeddedEventLoop.run()
        }

        func pass(seconds: Int64) {
            for _ in 0..<seconds {
                self.clocks.pass(seconds: 1)
                self.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
            }
        }

        /// What the server has written since the last look.
        func read() throws -> [UInt8] {
            var bytes: [UInt8] = []
            while let buffer = try self.channel.readOutbound(as: ByteBuffer.self) {
                bytes.append(contentsOf: buffer.readableBytesView)
            }
            return bytes
        }

        /// What the server has written, as text.
        func text() throws -> String { String(decoding: try self.read(), as: UTF8.self) }

        func open(_ target: String = "/ws/chat?session=s", _ headers: String = "") throws {
            try self.write(
                """
                GET \(target) HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\(headers)\r\n
                """.utf8
            )
            #expect(try self.text().hasPrefix("HTTP/1.1 101 "))
        }
    }

    private static let v1 = "Sec-WebSocket-Protocol: chat.v1\r\n"
    /// A text frame that says `{}`, with a mask of zeros.
    private static let frame: [UInt8] = [0x81, 0x82, 0, 0, 0, 0, 0x7B, 0x7D]
    private static let pong: [UInt8] = [0x8A, 0x80, 0, 0, 0, 0]

    private static func close(_ code: UInt16, _ reason: String) -> [UInt8] {
        [0x88, UInt8(2 + reason.utf8.count), UInt8(code >> 8), UInt8(code & 0xFF)] + Array(reason.utf8)
    }

    @Test("B5: a client that connects and says nothing is let go after ten seconds")
    func silentConnect() throws {
        let line = try Line()
        line.pass(seconds: 9)
        #expect(line.channel.isActive)
        line.pass(seconds: 2)
        #expect(!line.channel.isActive)
    }

    @Test("B5: a client that sends its headers a byte a second is let go after ten seconds")
    func slowHeaders() throws {
        let line = try Line()
        for byte in "GET /ws/chat".utf8.prefix(9) {
            try line.write([byte])
            line.pass(seconds: 1)
        }
        #expect(line.channel.isActive)
        line.pass(seconds: 2)
        #expect(!line.channel.isActive)
    }

    @Test("a refused client that stays on the line is let go after two seconds")
    func refusedClientStays() throws {
        let line = try Line()
        try line.write("GET /ws/chat?session= HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        #expect(try line.text().hasPrefix("HTTP/1.1 426 "))
        line.pass(seconds: 3)
        #expect(!line.channel.isActive)
    }

    @Test(
        "E8: half a message and then silence ends with the code 1008 after ten seconds",
        arguments: [
            Array(Self.frame.prefix(1)), Array(Self.frame.prefix(5)), Array(Self.frame.prefix(7)),
            // A whole frame, but the first of a message that doesn't go on.
            [0x01, 0x81, 0, 0, 0, 0, 0x7B],
        ]
    )
    func halfMessage(bytes: [UInt8]) throws {
        let line = try Line()
        try line.open("/ws/chat?session=s", Self.v1)
        try line.write(bytes)
        line.pass(seconds: 9)
        #expect(try line.read().isEmpty)
        line.pass(seconds: 2)
        #expect(try line.read() == Self.close(1008, "message not completed in time"))
        // Nobody answers the close frame.
        line.pass(seconds: 3)
        #expect(!line.channel.isActive)
    }

    @Test("E8: of messages that follow each other without a pause, each has its own ten seconds")
    func overlapping() throws {
        let line = try Line()
        try line.open("/ws/chat?session=s", Self.v1)
        try line.write(Self.frame.prefix(3))
        for _ in 0..<4 {
            line.pass(seconds: 6)
            // The end of one message and the beginning of the next.
            try line.write(Self.frame.dropFirst(3) + Self.frame.prefix(3))
            #expect(try line.text().contains(#""code":"bad_request""#))
        }
        line.pass(seconds: 11)
        #expect(try line.read() == Self.close(1008, "message not completed in time"))
    }

    @Test("E8: pings between the halves of a message don't buy it more time")
    func pingsBetween() throws {
        let line = try Line()
        try line.open("/ws/chat?session=s", Self.v1)
        try line.write([0x01, 0x81, 0, 0, 0, 0, 0x7B])
        for _ in 0..<9 {
            line.pass(seconds: 1)
            try line.write([0x89, 0x80, 0, 0, 0, 0])
            #expect(try line.read() == [0x8A, 0])
        }
        line.pass(seconds: 2)
        #expect(try line.read() == Self.close(1008, "message not completed in time"))
    }

    @Test("E8: a message that comes a byte a second is read")
    func slowMessage() throws {
        let line = try Line()
        try line.open("/ws/chat?session=s", Self.v1)
        for byte in Self.frame {
            line.pass(seconds: 1)
            try line.write([byte])
        }
        #expect(try line.text().contains(#""code":"bad_request""#))
        #expect(line.channel.isActive)
    }

    @Test(
        "a sign of life is asked for after the heartbeat, in the form that the client speaks",
        arguments: [true, false]
    )
    func heartbeat(isSeed: Bool) throws {
        let line = try Line(options: HubOptions(heartbeatSeconds: 25))
        try line.open("/ws/chat?session=s", isSeed ? "" : Self.v1)
        line.pass(seconds: 24)
        #expect(try line.read().isEmpty)
        line.pass(seconds: 2)
        let asked = try line.read()
        #expect(isSeed ? asked == [0x89, 0] : String(decoding: asked, as: UTF8.self).contains(#""type":"ping""#))
    }

    @Test("a client that answers stays, for hours")
    func livingClient() throws {
        let line = try Line(options: HubOptions(heartbeatSeconds: 25))
        try line.open()
        for _ in 0..<500 {
            line.pass(seconds: 25)
            if try !line.read().isEmpty { try line.write(Self.pong) }
        }
        #expect(line.channel.isActive)
    }

    @Test("E9: a client that answers nothing for ten seconds is gone")
    func deadClient() throws {
        let line = try Line(options: HubOptions(heartbeatSeconds: 25))
        try line.open()
        line.pass(seconds: 34)
        #expect(line.channel.isActive)
        line.pass(seconds: 2)
        #expect(!line.channel.isActive)
    }

    @Test(
        "E9: a client that ends its side is let go at once, and its place in the session is free",
        arguments: [true, false]
    )
    func inputClosed(isOpen: Bool) throws {
        let line = try Line(options: HubOptions(connectionsPerRoom: 1))
        if isOpen { try line.open("/ws/chat?session=s", Self.v1) } else { try line.write("GET /ws/chat".utf8) }
        line.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        line.channel.embeddedEventLoop.run()
        #expect(!line.channel.isActive)
        let room = try line.server.hub.reserve(try #require(SessionID("s")))
        room.cancelReservation()
    }

    @Test("what a client sends counts as a sign of life, so a busy one isn't asked twice")
    func busyClient() throws {
        let line = try Line(options: HubOptions(heartbeatSeconds: 25))
        try line.open()
        line.pass(seconds: 26)
        #expect(try line.read() == [0x89, 0])
        try line.write([0x89, 0x80, 0, 0, 0, 0])
        line.pass(seconds: 20)
        #expect(line.channel.isActive)
    }
}

/// Clocks that a test moves.
final class LineClocks: Clocks {
    private let time = Mutex((milliseconds: Int64(1_800_000_000_000), nanoseconds: UInt64(1_000_000_000_000)))

    func timestamp() -> Timestamp { Timestamp(milliseconds: self.time.withLock { $0.milliseconds }) }
    func nanoseconds() -> UInt64 { self.time.withLock { $0.nanoseconds } }

    func pass(seconds: Int64) {
        self.jump(seconds: seconds)
        self.time.withLock { $0.nanoseconds += UInt64(seconds) * 1_000_000_000 }
    }

    /// Sets the time of day; no time passes.
    func jump(seconds: Int64) { self.time.withLock { $0.milliseconds += seconds * 1_000 } }
}

/// Answers nobody.
private struct Nobody: InboundSubscriber {
    func receive(_ message: InboundMessage, in room: Room) -> InboundProgress { .finished }
    func overflow(_ message: InboundMessage, in room: Room) {}
    func stop(_ replyID: String, in room: Room) {}
}
