import Access
import Messages
import NIOEmbedded
import Testing

@testable import Transport

/// What a token gives, on a loop whose time moves only when a test says so.
@Suite("the end of a token")
struct TokenDeadlineTests {
    private let line: DeadlineTests.Line
    private static let origin = "https://shop.example.com"

    init() throws {
        self.line = try DeadlineTests.Line { clocks in
            .production(sites: [.init(.default, origins: [Self.origin])], desk: try DeadlineTests.Line.desk(clocks))
        }
    }

    private func token(lifeSeconds: Int64? = nil) throws -> AccessToken {
        let session = try #require(SessionID("s"))
        let holder = Holder(site: .default, session: session, subject: try #require(Subject(.anonymous, "s")))
        return self.line.server.admission.desk.issue(to: holder, lifeSeconds: lifeSeconds).token
    }

    private func open(_ token: AccessToken) throws {
        try self.line.open(
            "/ws/chat?session=s",
            "Origin: \(Self.origin)\r\nSec-WebSocket-Protocol: chat.v1, bearer.\(token.text)\r\n"
        )
    }

    private func send(_ text: String) throws {
        let payload = Array(text.utf8)
        let length = [UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        try self.line.write([0x81, 0x80 | 126] + length + [0, 0, 0, 0] + payload)
    }

    /// Lets time pass while the client answers whatever it is asked.
    private func live(seconds: Int64) throws {
        for _ in 0..<seconds {
            self.line.pass(seconds: 1)
            if try self.line.text().contains(#""type":"ping""#) { try self.send(#"{"type":"pong"}"#) }
        }
    }

    /// Whether the connection ends in the next second, with the code 4401.
    private func endsNow() throws -> Bool {
        self.line.pass(seconds: 1)
        return try self.line.read().starts(with: [0x88, 15, 0x11, 0x31])
    }

    @Test("C6: the connection ends within a second of its token, and not a second before", arguments: [60, 900, 3_600])
    func expiry(life: Int64) throws {
        try self.open(try self.token(lifeSeconds: life))
        try self.live(seconds: life - 1)
        #expect(self.line.channel.isActive)
        #expect(try self.endsNow())
    }

    @Test("C6: a refresh in time moves the end, and a refused one doesn't")
    func refresh() throws {
        try self.open(try self.token())
        try self.live(seconds: 600)
        try self.send(#"{"type":"refresh","token":"\#(try self.token().text)"}"#)
        #expect(try self.line.text().contains(#""type":"refreshed","expiresIn":900"#))
        try self.live(seconds: 600)
        try self.send(#"{"type":"refresh","token":"nonsense"}"#)
        #expect(try self.line.text().contains(#""code":"unauthorized""#))
        try self.live(seconds: 299)
        #expect(self.line.channel.isActive)
        #expect(try self.endsNow())
    }

    @Test("C6: a token that is let in although its time is over, since clocks differ, ends within a second")
    func skew() throws {
        let token = try self.token(lifeSeconds: 10)
        self.line.clocks.pass(seconds: 39)
        try self.open(token)
        #expect(try self.endsNow())
    }

    @Test("C10: a revocation ends the connection before a second is over, with the code 4451")
    func revocation() throws {
        let token = try self.token()
        try self.open(token)
        _ = try self.line.read()
        self.line.server.admission.desk.revocations.revoke(.token(token.grant.tokenID))
        self.line.channel.embeddedEventLoop.run()
        #expect(try self.line.read().starts(with: [0x88, 9, 0x11, 0x63]))
    }

    @Test("J3: a jump of the time of day by an hour moves the end of no open connection", arguments: [3_600, -3_600])
    func jump(seconds: Int64) throws {
        try self.open(try self.token())
        try self.live(seconds: 300)
        self.line.clocks.jump(seconds: seconds)
        try self.live(seconds: 599)
        #expect(self.line.channel.isActive)
        #expect(try self.endsNow())
    }
}
