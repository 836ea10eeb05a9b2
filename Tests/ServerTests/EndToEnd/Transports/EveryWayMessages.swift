import Foundation
import Hub
import Messages
import Responders
import Store
import Synchronization
import Testing

@testable import Server

/// The same cases for WebSocket, events and long polls: what somebody says is what everybody sees, whatever the way.
@Suite("every way: messages", .timeLimit(.minutes(3)))
struct EveryWayMessages {
    private static func run(_ body: @escaping @Sendable (RunningServer) async throws -> Void) async throws {
        try await RunningServer.run(options: .unlimited, body)
    }

    @Test(
        "a message is acknowledged, shown and answered, once each and in the order of the numbers",
        arguments: Way.allCases
    )
    func talk(way: Way) async throws {
        try await Self.run { server in
            try await TestClient.open(way, port: server.port) { client in
                #expect(client.welcome == .init(recovered: false, reset: false, replayed: 0, top: 0))
                for number in 1...5 {
                    let ack = try await client.say("hello", "m\(number)")
                    #expect(ack["type"] == .text("ack") && ack["seq"] == .number(2 * number - 1), "\(ack)")
                    #expect(ack["duplicate"] == .flag(false))
                }
                let seen = try await client.messages(10)
                #expect(seen.map { $0["seq"]?.number } == Array(1...10))
                #expect(seen.map { $0["id"]?.text } == (1...5).flatMap { ["m\($0)", "re:m\($0)"] })
                #expect(seen.allSatisfy { $0["sessionId"]?.text == "s" && $0["epoch"] == seen[0]["epoch"] })
                #expect(seen[1]["inReplyTo"] == .text("m1") && seen[1]["message"]?.text?.hasPrefix("Hi!") == true)
                #expect(seen[0]["author"]?.object == ["kind": .text("visitor")])
            }
        }
    }

    @Test(
        "P2 P7: what was sent one way is known on every other, and another text with its id is none",
        arguments: Way.allCases,
        Way.allCases
    )
    func repeated(first: Way, second: Way) async throws {
        try await Self.run { server in
            try await TestClient.open(first, port: server.port) { sender in
                let ack = try await sender.say("hello", "m1")
                try await TestClient.open(second, port: server.port) { other in
                    #expect(other.welcome.top == 2)
                    let again = try await other.say("hello", "m1")
                    #expect(again["seq"] == ack["seq"] && again["duplicate"] == .flag(true))
                    let conflict = try await other.say("another", "m1")
                    #expect(conflict["detail"] == .text("id_conflict") && conflict["code"] == .text("bad_request"))
                    // Whatever was sent, both see the same two messages and then the next.
                    _ = try await other.say("hello", "m2")
                    for client in [sender, other] {
                        let ids = try await client.messages(4).map { $0["id"]?.text }
                        #expect(ids == ["m1", "re:m1", "m2", "re:m2"], "\(client.way)")
                    }
                }
            }
        }
    }

    @Test(
        "P4: whoever comes back with a position gets all that came after it, and nothing else",
        arguments: Way.allCases,
        Way.allCases
    )
    func resume(first: Way, second: Way) async throws {
        try await Self.run { server in
            let place = try await TestClient.open(first, port: server.port) { client in
                _ = try await client.say("hello", "m1")
                _ = try await client.messages(2)
                return try #require(client.place)
            }
            #expect(place.seq == 2)
            try await TestClient.open(second, port: server.port) { client in
                for number in 2...4 { _ = try await client.say("hello", "m\(number)") }
            }
            try await TestClient.open(second, .init(place: place), port: server.port) { client in
                #expect(client.welcome == .init(recovered: true, reset: false, replayed: 6, top: 8))
                let missed = try await client.messages(6)
                #expect(missed.map { $0["seq"]?.number } == Array(3...8))
                #expect(missed.allSatisfy { $0["replay"] == .flag(true) })
                _ = try await client.say("hello", "m5")
                #expect(try await client.messages(1)[0]["id"] == .text("m5"))
            }
            // Whoever has everything is told so, and waits.
            try await TestClient.open(second, .init(place: .init(epoch: place.epoch, seq: 10)), port: server.port) {
                client in
                #expect(client.welcome == .init(recovered: true, reset: false, replayed: 0, top: 10))
            }
        }
    }

    @Test("P5 J2: a position that is of no use is a reset with the last hundred messages", arguments: Way.allCases)
    func reset(way: Way) async throws {
        try await Self.run { server in
            let epoch = try await TestClient.open(way, port: server.port) { client in
                for number in 1...60 {
                    _ = try await client.say("hello", "m\(number)")
                    _ = try await client.messages(2)
                }
                return try #require(client.place?.epoch)
            }
            let useless = [(epoch, 121), (epoch, 19), ("old.0000", 120), ("old.0000", 0)]
            for (named, since) in useless {
                try await TestClient.open(way, .init(place: .init(epoch: named, seq: since)), port: server.port) {
                    client in
                    #expect(client.welcome == .init(recovered: false, reset: true, replayed: 100, top: 120))
                    let snapshot = try await client.messages(100)
                    #expect(snapshot.map { $0["seq"]?.number } == Array(21...120))
                }
            }
            try await TestClient.open(way, .init(place: .init(epoch: epoch, seq: 20)), port: server.port) { client in
                #expect(client.welcome == .init(recovered: true, reset: false, replayed: 100, top: 120))
            }
        }
    }

    @Test("P5: where nothing is kept, the numbers before a restart are no numbers after it", arguments: Way.allCases)
    func restart(way: Way) async throws {
        let left = Mutex<TestClient.Place?>(nil)
        try await Self.run { server in
            let place = try await TestClient.open(way, port: server.port) { client in
                _ = try await client.say("hello", "m1")
                _ = try await client.messages(2)
                return client.place
            }
            left.withLock { $0 = place }
        }
        let place = try #require(left.withLock { $0 })
        try await Self.run { server in
            try await TestClient.open(way, .init(place: place), port: server.port) { client in
                #expect(client.welcome == .init(recovered: false, reset: true, replayed: 0, top: 0))
                #expect(client.place?.epoch != place.epoch)
                // It is a new message, since nothing is known of the first.
                let ack = try await client.say("hello", "m1")
                #expect(ack["duplicate"] == .flag(false))
            }
        }
    }

    @Test(
        "P6: where messages are kept, a client goes on after a restart as if there had been none",
        arguments: Way.allCases
    )
    func keptRestart(way: Way) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("ways-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("chat.db").path
        let left = Mutex<TestClient.Place?>(nil)
        try await RunningServer.run(chain: .greeting, options: .unlimited, store: .init(path: path)) { server in
            let place = try await TestClient.open(way, port: server.port) { client in
                _ = try await client.say("hello", "m1")
                _ = try await client.messages(2)
                return client.place
            }
            left.withLock { $0 = place }
        }
        let place = try #require(left.withLock { $0 })
        try await RunningServer.run(chain: .greeting, options: .unlimited, store: .init(path: path)) { server in
            try await TestClient.open(way, .init(place: place), port: server.port) { client in
                #expect(client.welcome == .init(recovered: true, reset: false, replayed: 0, top: 2))
                let ack = try await client.say("hello", "m1")
                #expect(ack["duplicate"] == .flag(true) && ack["seq"] == .number(1))
            }
        }
    }

    @Test("older messages come by pages that fit together, and nothing comes of another epoch", arguments: Way.allCases)
    func history(way: Way) async throws {
        try await Self.run { server in
            try await TestClient.open(way, port: server.port) { client in
                for number in 1...30 { _ = try await client.say("hello", "m\(number)") }
                _ = try await client.messages(60)
                let epoch = try #require(client.place?.epoch)
                var before: Int?
                var numbers: [Int] = []
                var isComplete = false
                while !isComplete {
                    let page = try await client.history(before: before, limit: 25, epoch: epoch)
                    let items = try #require(page["items"]?.list).compactMap(\.object)
                    numbers = items.compactMap { $0["seq"]?.number } + numbers
                    #expect(items.allSatisfy { $0["replay"] == .flag(true) })
                    before = numbers[0]
                    isComplete = try #require(page["complete"]?.flag as Bool?)
                }
                #expect(numbers == Array(1...60))
                // Looking back moves nobody.
                #expect(client.place?.seq == 60)
                let foreign = try await client.history(before: 9, limit: 5, epoch: "old.0000")
                #expect(foreign["code"] == .text("unrecoverable_position"))
            }
        }
    }
}

extension Chain {
    /// Answers "hello".
    static var greeting: Chain {
        Chain(name: "test", entries: [.init(Greeter(), name: "greeter", stage: .answer, timeout: .seconds(100))])
    }
}
