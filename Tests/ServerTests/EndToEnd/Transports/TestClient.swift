import Foundation
import Testing

/// A client of one of the ways, that shares no code with the server: frames come, frames go, and it ends for a reason.
///
/// Of a long poll it makes what a page does: the first answer is a welcome, and it asks again from where it stands.
final class TestClient {
    typealias Frame = [String: TestSocket.Value]

    /// Where a client stands.
    struct Place: Sendable, Equatable {
        var epoch: String
        var seq: Int
    }

    /// What it shows, and where it comes back.
    struct Visit: Sendable {
        var session = "s"
        var place: Place?
        /// A token of a page of `shop`; nothing in development mode.
        var token: String?
    }

    /// Why the server let it go.
    enum Ending: Equatable {
        case tokenExpired, revoked
        /// In how many milliseconds it shall come back; nothing where it wasn't told.
        case draining(afterMilliseconds: Int?)
        case other(String)
    }

    /// What the first frame said.
    struct Welcome: Equatable {
        var recovered: Bool
        var reset: Bool
        var replayed: Int
        var top: Int
    }

    let way: Way
    private(set) var welcome = Welcome(recovered: false, reset: false, replayed: 0, top: 0)
    /// After the last message that came.
    var place: Place?
    let visit: Visit
    let port: Int
    let socket: TestSocket
    /// What has come and wasn't looked at.
    var waiting: [Frame] = []
    /// Events of which a part has come.
    var text = ""
    /// Whether a poll was sent whose answer wasn't read.
    var isPolling = false
    var ending: Ending?

    private init(_ way: Way, _ visit: Visit, on socket: TestSocket, port: Int) {
        self.way = way
        self.visit = visit
        self.socket = socket
        self.port = port
        self.place = visit.place
    }

    /// Connects while `body` runs.
    static func open<R: Sendable>(
        _ way: Way,
        _ visit: Visit = Visit(),
        port: Int,
        _ body: (TestClient) async throws -> R
    ) async throws -> R {
        try await TestSocket.connect(port: port) { socket in
            let client = TestClient(way, visit, on: socket, port: port)
            try await client.begin()
            return try await body(client)
        }
    }

    var position: String { self.place.map { "&epoch=\($0.epoch)&since=\($0.seq)" } ?? "" }

    var headers: [String] {
        guard let token = self.visit.token else { return [] }
        return ["Origin: \(AttackGround.shopOrigin)", "Authorization: Bearer \(token)"]
    }

    private func begin() async throws {
        switch self.way {
        case .webSocket:
            let offers = ["chat.v1"] + (self.visit.token.map { ["bearer.\($0)"] } ?? [])
            let headers = self.headers.prefix(1) + ["Sec-WebSocket-Protocol: " + offers.joined(separator: ", ")]
            let target = "/ws/chat?session=\(self.visit.session)\(self.position)"
            try await self.socket.write(TestSocket.handshake(target, Array(headers)))
            try await self.expectStatus(101)
            try self.take(welcome: try await self.next("system"))
        case .stream:
            try await self.request("/api/chat/stream?session=\(self.visit.session)\(self.position)")
            try await self.expectStatus(200)
            try self.take(welcome: try await self.next("system"))
        case .poll:
            try await self.poll(waiting: 0)
            guard let answer = try await self.readAnswer() else {
                // Nothing has come since: the position is good.
                self.welcome = Welcome(recovered: true, reset: false, replayed: 0, top: self.place?.seq ?? 0)
                return
            }
            let items = self.waiting.filter { $0["seq"] != nil }
            self.welcome = Welcome(
                recovered: try #require(answer["recovered"]?.flag as Bool?),
                reset: try #require(answer["reset"]?.flag as Bool?),
                replayed: items.count,
                top: try #require(answer["top"]?.number)
            )
            if items.isEmpty { self.place = Place(epoch: try #require(answer["epoch"]?.text), seq: self.welcome.top) }
        }
    }

    private func take(welcome frame: Frame) throws {
        #expect(frame["event"]?.text == "welcome")
        self.welcome = Welcome(
            recovered: try #require(frame["recovered"]?.flag as Bool?),
            reset: try #require(frame["reset"]?.flag as Bool?),
            replayed: try #require(frame["replayed"]?.number),
            top: try #require(frame["top"]?.number)
        )
        let epoch = try #require(frame["epoch"]?.text)
        self.place = Place(epoch: epoch, seq: self.welcome.top - self.welcome.replayed)
    }

    private func expectStatus(_ status: Int) async throws {
        try await self.socket.readHead()
        guard self.socket.head.hasPrefix("HTTP/1.1 \(status) ") else {
            throw TestSocket.Unexpected(what: self.socket.head)
        }
    }

    func request(_ target: String) async throws {
        let lines = ["GET \(target) HTTP/1.1", "Host: 127.0.0.1"] + self.headers + ["", ""]
        try await self.socket.write(lines.joined(separator: "\r\n"))
    }
}
