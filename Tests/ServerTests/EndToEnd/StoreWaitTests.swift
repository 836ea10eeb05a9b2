import Foundation
import GRDB
import Hub
import Messages
import Responders
import Store
import Testing

@testable import Server

@Suite("a chat whose store takes its time", .timeLimit(.minutes(3)))
final class StoreWaitTests: Sendable {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("store-\(UUID().uuidString)")
    private var path: String { self.folder.appendingPathComponent("chat.db").path }

    deinit { try? FileManager.default.removeItem(at: self.folder) }

    private func run(
        clocks: any Clocks = SystemClocks(),
        _ body: @escaping @Sendable (RunningServer) async throws -> Void
    ) async throws {
        try await RunningServer.run(
            chain: Chain(name: "test", entries: [Chain.Entry(Greeter(), name: "first", stage: .answer)]),
            options: .unlimited,
            clocks: clocks,
            // The writer waits for whoever has the file locked for as long as the test takes.
            store: StoreOptions(path: self.path, busyMilliseconds: 600_000),
            body
        )
    }

    /// Keeps the writer of a store waiting, with a lock of its file.
    ///
    /// - Returns: Lets it go on.
    private func hold() throws -> @Sendable () throws -> Void {
        var configuration = GRDB.Configuration()
        configuration.allowsUnsafeTransactions = true
        // The writer may be at work.
        configuration.busyMode = .timeout(60)
        let other = try DatabaseQueue(path: self.path, configuration: configuration)
        try other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        return { try other.writeWithoutTransaction { try $0.execute(sql: "COMMIT") } }
    }

    private static func user(_ id: String, _ text: String = "hello") -> String {
        #"{"type":"user","message":"\#(text)","id":"\#(id)"}"#
    }

    /// Sends a message and reads until it was acknowledged and answered, in whatever order.
    private static func settle(_ id: String, _ socket: TestSocket) async throws {
        try await socket.send(Self.user(id))
        var missing: Set = ["ack", "claude", "user"]
        while !missing.isEmpty {
            let frame = try await socket.next()
            guard let found = frame["id"]?.text, found == id || found == "re:\(id)" else { continue }
            missing.remove(frame["type"]?.text ?? "")
        }
    }

    /// Reads until a message and its answer have been seen.
    ///
    /// - Returns: The types of what came with an id, in order.
    private static func seen(_ id: String, _ socket: TestSocket) async throws -> [String] {
        var types: [String] = []
        while types.last != "claude" {
            let frame = try await socket.next()
            guard let found = frame["id"]?.text, let type = frame["type"]?.text else { continue }
            #expect(found == id || found == "re:\(id)")
            types.append(type)
        }
        return types
    }

    @Test(
        "while the writer waits everybody sees messages and answers at once, new visitors come in, and no ack is sent"
    )
    func held() async throws {
        try await self.run { server in
            let port = server.port
            try await TestSocket.open("/ws/chat?session=a", port: port) { first in
                try await TestSocket.open("/ws/chat?session=a", port: port) { second in
                    _ = (try await first.next(), try await second.next())
                    try await Self.settle("m0", first)
                    _ = try await Self.seen("m0", second)
                    let letGo = try self.hold()
                    for number in 1...20 {
                        try await first.send(Self.user("m\(number)"))
                        #expect(try await Self.seen("m\(number)", second) == ["user", "claude"])
                    }
                    // Somebody whom the server doesn't have in memory, neither.
                    try await TestSocket.open("/ws/chat?session=b", port: port) { third in
                        #expect(try await third.next()["top"] == .number(0))
                        try await third.send(Self.user("n1"))
                        #expect(try await Self.seen("n1", third) == ["user", "claude"])
                    }
                    #expect(try await TestRequest.get("/healthz").send(port: port).status == 200)
                    try letGo()
                    // Nothing but what the second one saw, and the acknowledgements, all of them behind it.
                    var acknowledged: [String] = []
                    while acknowledged.count < 20 {
                        let frame = try await first.next()
                        if frame["type"]?.text == "ack" {
                            acknowledged.append(frame["id"]?.text ?? "")
                        } else if frame["type"]?.text == "claude" {
                            #expect(acknowledged.isEmpty, "\(frame)")
                        }
                    }
                    #expect(acknowledged == (1...20).map { "m\($0)" })
                }
            }
        }
    }

    @Test("what was sent again while its commit was awaited lands once, and both are acknowledged by it")
    func sentAgain() async throws {
        try await self.run { server in
            try await TestSocket.open("/ws/chat?session=a", port: server.port) { socket in
                _ = try await socket.next()
                try await Self.settle("m0", socket)
                let letGo = try self.hold()
                for _ in 1...3 { for number in 1...5 { try await socket.send(Self.user("m\(number)")) } }
                for number in 1...5 { _ = try await Self.seen("m\(number)", socket) }
                try letGo()
                var places: [String: Set<Int?>] = [:]
                for _ in 1...15 {
                    let ack = try await socket.next("ack")
                    places[ack["id"]?.text ?? "", default: []].insert(ack["seq"]?.number)
                }
                #expect(places.count == 5 && places.values.allSatisfy { $0.count == 1 }, "\(places)")
            }
        }
        let store = try MessageStore.open(StoreOptions(path: self.path), as: .tool, time: .system)
        let page = try await store.history(try #require(SessionID("a")), of: .default, limit: 100)
        #expect(page.messages.count == 12 && Set(page.messages.map(\.id)).count == 12)
        store.close()
    }

    @Test(
        "J3: over a jump of the clock and a restart the order stays, and what was sent before lands once",
        arguments: [3_600, -3_600] as [Int64]
    )
    func jump(seconds: Int64) async throws {
        let clocks = MovedClocks()
        for round in 0..<3 {
            try await self.run(clocks: clocks) { server in
                try await TestSocket.open("/ws/chat?session=a", port: server.port) { socket in
                    let welcome = try await socket.next()
                    #expect(welcome["top"] == .number(2 * round) && welcome["replayed"] == .number(2 * round))
                    var replayed: [Int?] = []
                    for _ in 0..<2 * round { replayed.append(try await socket.next()["seq"]?.number) }
                    #expect(replayed == (0..<2 * round).map { $0 + 1 })
                    for earlier in 0..<round {
                        try await socket.send(Self.user("m\(earlier)"))
                        let ack = try await socket.next("ack")
                        #expect(ack["duplicate"] == .flag(true) && ack["seq"] == .number(2 * earlier + 1))
                    }
                    try await Self.settle("m\(round)", socket)
                }
            }
            clocks.jump(seconds: seconds)
        }
    }
}
