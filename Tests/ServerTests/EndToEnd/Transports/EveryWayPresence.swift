import Messages
import Responders
import Synchronization
import Testing

@testable import Hub
@testable import Server

/// Somebody in a room who sees at once what passes: an agent, who comes in by WebSocket alone.
private final class Watcher: Link {
    private let frames = Mutex<[String]>([])

    func send(_ frame: Frame) { self.frames.withLock { $0.append(String(decoding: frame.json, as: UTF8.self)) } }
    func replay(_ frames: [Frame]) {}
    func close(_ code: CloseCode, reason: String) {}

    /// What came since the last look, of some types.
    func take(_ types: String...) -> [String] {
        let all = self.frames.withLock { frames in
            defer { frames = [] }
            return frames
        }
        return all.filter { frame in types.contains { frame.hasPrefix(#"{"type":"\#($0)""#) } }
    }

    static let author = Author(.agent, name: "Ada")

    /// With how many connections the visitor is in the room; nothing while it isn't.
    func visitorConnections(in room: Room) throws -> Int? {
        _ = self.take()
        try room.presence(to: self)
        let sync = try #require(self.take("presence").last)
        guard let start = sync.firstRange(of: #"{"kind":"visitor","connections":"#) else { return nil }
        return Int(sync[start.upperBound...].prefix { $0.isNumber })
    }

    /// Waits until the visitor has as many connections.
    func wait(for count: Int?, in room: Room) async throws {
        while try self.visitorConnections(in: room) != count { await Task.yield() }
    }
}

/// Who is there, who writes, and replies that come piece by piece, by each of the ways.
@Suite("every way: what passes", .timeLimit(.minutes(3)))
struct EveryWayPresence {
    private let clocks = MovedClocks()

    private func run(
        _ responder: any Responder = Greeter(),
        _ body: @escaping @Sendable (RunningServer, Room, Watcher) async throws -> Void
    ) async throws {
        let entry = Chain.Entry(responder, name: "first", stage: .answer, timeout: .seconds(100))
        let chain = Chain(name: "test", entries: [entry], deadline: .seconds(100))
        let (options, clocks) = (HubOptions.unlimited, self.clocks)
        try await RunningServer.run(chain: chain, options: options, admission: .open(clocks: clocks), clocks: clocks) {
            server in
            let (session, watcher) = (try #require(SessionID("s")), Watcher())
            let room = try server.hub.reserve(session)
            room.join(watcher, mode: .v1, from: nil, as: Watcher.author)
            try await body(server, room, watcher)
            room.leave(watcher)
        }
    }

    @Test(
        "a visitor is there once with all tabs, and has left 5 seconds after the last one was closed",
        arguments: Way.allCases
    )
    func tabs(way: Way) async throws {
        let clocks = self.clocks
        try await self.run { server, room, watcher in
            #expect(try watcher.visitorConnections(in: room) == nil)
            try await TestClient.open(way, port: server.port) { first in
                try await first.wait()
                try await watcher.wait(for: 1, in: room)
                try await TestClient.open(way, port: server.port) { second in
                    try await second.wait()
                    try await watcher.wait(for: 2, in: room)
                    // A second tab is nobody new.
                    #expect(watcher.take("presence").isEmpty)
                }
                try await watcher.wait(for: 1, in: room)
            }
            try await watcher.wait(for: nil, in: room)
            clocks.pass(seconds: 4)
            server.hub.tick()
            // A page that is changed is no farewell.
            #expect(watcher.take("presence").isEmpty)
            try await TestClient.open(way, port: server.port) { back in
                try await back.wait()
                try await watcher.wait(for: 1, in: room)
                clocks.pass(seconds: 60)
                server.hub.tick()
                #expect(watcher.take("presence").isEmpty)
            }
            try await watcher.wait(for: nil, in: room)
            clocks.pass(seconds: 5)
            server.hub.tick()
            // The server's own second may have come first.
            let left = #"{"type":"presence","event":"leave","participants":[{"kind":"visitor","connections":0}]}"#
            #expect(watcher.take("presence") == [left])
        }
    }

    @Test("a client is told who is there, with its own connection among them", arguments: Way.allCases)
    func sync(way: Way) async throws {
        try await self.run { server, _, _ in
            try await TestClient.open(way, port: server.port) { client in
                _ = try await client.say("hello", "m1")
                let presence = try await client.next("presence")
                #expect(presence["event"] == .text("sync"))
                let participants = try #require(presence["participants"]?.list).compactMap(\.object)
                #expect(
                    participants == [
                        ["kind": .text("agent"), "name": .text("Ada"), "connections": .number(1)],
                        ["kind": .text("visitor"), "connections": .number(1)],
                    ]
                )
            }
        }
    }

    @Test(
        "the other side is told of a visitor's typing, which is never stored and over after 6 seconds",
        arguments: Way.allCases
    )
    func typing(way: Way) async throws {
        let clocks = self.clocks
        try await self.run { server, room, watcher in
            try await TestClient.open(way, port: server.port) { client in
                try await client.wait()
                try await client.tell(#"{"type":"typing","state":"start"}"#)
                var told: [String] = []
                while told.isEmpty { told = watcher.take("typing") }
                #expect(
                    told.count == 1
                        && told[0].hasPrefix(#"{"type":"typing","state":"start","author":{"kind":"visitor"}"#)
                )
                clocks.pass(seconds: 6)
                server.hub.tick()
                #expect(watcher.take("typing").count == 1)
                _ = try await client.say("hello", "m1")
                // Nobody is told of themselves.
                var seen = 0
                while seen < 2, let frame = try await client.next() {
                    #expect(frame["type"] != .text("typing"))
                    if ["user", "claude"].contains(frame["type"]?.text) { seen += 1 }
                }
            }
            let stored = room.messages(before: .max, limit: 100).map { String(decoding: $0.json, as: UTF8.self) }
            #expect(stored.count == 2 && stored.allSatisfy { !$0.contains("typing") })
            try await TestClient.open(way, .init(place: .init(epoch: room.epoch, seq: 0)), port: server.port) { back in
                #expect(back.welcome.replayed == 2)
            }
        }
    }

    @Test("a visitor is told that somebody else writes", arguments: Way.allCases)
    func othersTyping(way: Way) async throws {
        let clocks = self.clocks
        try await self.run { server, room, _ in
            try await TestClient.open(way, port: server.port) { client in
                room.typing(true, by: Watcher.author)
                clocks.pass(seconds: 2)
                _ = try await client.say("hello", "m1")
                let start = try await client.next("typing")
                #expect(start["state"] == .text("start"))
                #expect(start["author"]?.object == ["kind": .text("agent"), "name": .text("Ada")])
                // A poll says how much of the time is left.
                #expect(start["expiresMs"] == .number(way.has(.news) ? 6_000 : 4_000))
                clocks.pass(seconds: 4)
                server.hub.tick()
                if way.has(.news) {
                    #expect(try await client.next("typing")["state"] == .text("stop"))
                } else {
                    _ = try await client.messages(0)
                    _ = try await client.say("hello", "m2")
                    while let frame = try await client.next(), frame["id"] != .text("m2") {}
                    #expect(try await client.next("presence")["event"] == .text("sync"))
                    room.announce("the end")
                    // Between two answers is nothing but what they hold.
                    while let frame = try await client.next(), frame["type"] != .text("system") {
                        #expect(frame["type"] != .text("typing"))
                    }
                }
            }
        }
    }

    @Test("P13 P14: a reply that comes piece by piece is whole in the end, by every way", arguments: Way.allCases)
    func pieces(way: Way) async throws {
        let (patient, clocks) = (Patient(), self.clocks)
        try await self.run(patient) { server, room, _ in
            try await TestClient.open(way, port: server.port) { client in
                _ = try await client.say("hello", "m1")
                let message = Message(.user, "hello", id: "m1", at: clocks.timestamp())
                let inbound = InboundMessage(message: message, seq: 1, page: "/", turnID: "t1")
                let stream = try #require(room.beginStream(to: inbound, turnID: "t1"))
                #expect(try await client.messages(1)[0]["id"] == .text("m1"))
                for piece in ["Open ", "set", "tings."] {
                    stream.append(piece)
                    clocks.pass(seconds: 1)
                }
                stream.flush()
                stream.end(Room.Answer("Open settings."))
                var frames: [TestClient.Frame] = []
                while frames.last?["type"] != .text(way.has(.pieces) ? "reply.end" : "claude") {
                    let frame = try #require(try await client.next())
                    if frame["type"] != .text("presence") && frame["type"] != .text("typing") { frames.append(frame) }
                }
                let types = frames.compactMap { $0["type"]?.text }
                if way.has(.pieces) {
                    #expect(
                        types == ["reply.start"] + Array(repeating: "reply.delta", count: 3) + ["claude", "reply.end"]
                    )
                    #expect(frames.compactMap { $0["index"]?.number } == [0, 1, 2])
                    let texts = frames.filter { $0["type"] == .text("reply.delta") }.compactMap { $0["text"]?.text }
                    #expect(texts.joined() == "Open settings.")
                    #expect(frames.last?["seq"] == .number(2) && frames.last?["finish"] == .text("complete"))
                } else {
                    #expect(types == ["claude"])
                }
                let whole = try #require(frames.first { $0["type"] == .text("claude") })
                #expect(whole["message"] == .text("Open settings.") && whole["id"] == .text("re:m1"))
            }
            while patient.letGo() == 0 { await Task.yield() }
        }
    }
}
