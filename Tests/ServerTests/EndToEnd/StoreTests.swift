import Foundation
import Hub
import Messages
import Responders
import Store
import Testing
import Transport

@testable import Server

@Suite("a chat whose messages are kept", .timeLimit(.minutes(3)))
final class StoreTests: Sendable {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("store-\(UUID().uuidString)")
    private var path: String { self.folder.appendingPathComponent("chat.db").path }

    deinit { try? FileManager.default.removeItem(at: self.folder) }

    private func run(
        policy: StoreOptions.FailurePolicy = .refuse,
        busyMilliseconds: Int = 5_000,
        responder: any Responder = Greeter(),
        clocks: any Clocks = SystemClocks(),
        _ body: @escaping @Sendable (RunningServer) async throws -> Void
    ) async throws {
        try await RunningServer.run(
            chain: Chain(name: "test", entries: [Chain.Entry(responder, name: "first", stage: .answer)]),
            options: .unlimited,
            clocks: clocks,
            store: StoreOptions(path: self.path, failurePolicy: policy, busyMilliseconds: busyMilliseconds),
            body
        )
    }

    private static func user(_ text: String, _ id: String) -> String {
        #"{"type":"user","message":"\#(text)","id":"\#(id)","sessionId":"s"}"#
    }

    /// Says something and waits until it is answered.
    ///
    /// - Returns: The position after the answer.
    private static func talk(_ text: String, _ id: String, port: Int) async throws -> (epoch: String, seq: Int) {
        try await TestSocket.open("/ws/chat?session=s", port: port) { socket in
            _ = try await socket.next()
            try await socket.send(Self.user(text, id))
            let answer = try await socket.next("claude")
            return (try #require(answer["epoch"]?.text), try #require(answer["seq"]?.number))
        }
    }

    /// The acknowledgement of a message and its answer, which don't wait for each other.
    private static func acknowledgedAndAnswered(
        _ socket: TestSocket
    ) async throws -> (ack: [String: TestSocket.Value], answer: [String: TestSocket.Value]) {
        var found: [String: [String: TestSocket.Value]] = [:]
        while found["ack"] == nil || found["claude"] == nil {
            let frame = try await socket.next()
            found[frame["type"]?.text ?? ""] = frame
        }
        return (found["ack"] ?? [:], found["claude"] ?? [:])
    }

    @Test("after a stop a client goes on where it was: its position, what it sent, and what was answered")
    func restart() async throws {
        let (positions, report) = AsyncStream<(epoch: String, seq: Int)>.makeStream()
        try await self.run { server in
            report.yield(try await Self.talk("hello", "m1", port: server.port))
            report.finish()
        }
        var iterator = positions.makeAsyncIterator()
        let (epoch, seq) = try #require(await iterator.next())
        #expect(seq == 2)
        try await self.run { server in
            try await TestSocket.open("/ws/chat?session=s&epoch=\(epoch)&since=1", port: server.port) { socket in
                let welcome = try await socket.next()
                #expect(welcome["recovered"] == .flag(true) && welcome["replayed"] == .number(1))
                #expect(try await socket.next("claude")["id"]?.text == "re:m1")
                try await socket.send(Self.user("hello", "m1"))
                let ack = try await socket.next("ack")
                #expect(ack["duplicate"] == .flag(true) && ack["seq"] == .number(1))
                try await socket.send(Self.user("hello", "m2"))
                let (ack2, answer) = try await Self.acknowledgedAndAnswered(socket)
                #expect(ack2["seq"] == .number(3) && answer["seq"] == .number(4))
                try await socket.send(#"{"type":"user","message":"other","id":"m1"}"#)
                #expect(try await socket.next("error")["detail"]?.text == "id_conflict")
            }
        }
    }

    @Test("history reaches back to the first message, over WebSocket and HTTP, though memory has a hundred")
    func longHistory() async throws {
        try await self.run { server in
            try await TestSocket.open("/ws/chat?session=s", port: server.port) { socket in
                let epoch = try #require(try await socket.next()["epoch"]?.text)
                for number in 1...130 { try await socket.send(Self.user("no \(number)", "m\(number)")) }
                while try await socket.next("ack")["id"]?.text != "m130" {}
                var before = 131
                var count = 0
                var isComplete = false
                while !isComplete {
                    let target = "/api/chat/history?session=s&epoch=\(epoch)&before=\(before)&limit=40"
                    let page = try await TestRequest.get(target).send(port: server.port)
                    #expect(page.status == 200)
                    let frames = try JSONDecoder().decode(Page.self, from: Data(page.body))
                    #expect(frames.items.map(\.seq) == Array(max(1, before - 40)..<before))
                    #expect(frames.items.allSatisfy { $0.epoch == epoch && $0.replay })
                    (before, isComplete) = (before - frames.items.count, frames.complete)
                    count += frames.items.count
                }
                #expect(count >= 130)
                try await socket.send(#"{"type":"history","before":10,"limit":100,"epoch":"\#(epoch)"}"#)
                #expect(try await socket.next("history")["complete"] == .flag(true))
            }
        }
    }

    private struct Page: Decodable {
        struct Item: Decodable {
            var seq: Int
            var epoch: String
            var replay: Bool
        }

        var items: [Item]
        var complete: Bool
    }

    @Test("a message that can't be stored isn't acknowledged: the sender is told, and nobody sees the next one")
    func failing() async throws {
        let clocks = MovedClocks()
        let path = self.path
        try await self.run(clocks: clocks) { server in
            try await TestSocket.open("/ws/chat?session=s", port: server.port) { socket in
                _ = try await socket.next()
                try await socket.send(Self.user("hello", "m1"))
                _ = try await socket.next("ack")
                // Whoever moves the file away takes the store from the server.
                try FileManager.default.moveItem(atPath: path, toPath: path + ".away")
                try await socket.send(Self.user("hello", "m2"))
                let ready = TestRequest.get("/readyz")
                while try await ready.send(port: server.port).status != 503 {}
                clocks.pass(seconds: 6)
                let error = try await socket.next("error")
                #expect(error["code"]?.text == "unavailable" && error["id"]?.text == "m2")
                try await socket.send(Self.user("hello", "m3"))
                let refusal = try await socket.next("error")
                #expect(refusal["code"]?.text == "unavailable" && refusal["id"]?.text == "m3")
                let post = TestRequest.post("/api/chat/messages", Self.user("hello", "m4"))
                #expect(try await post.send(port: server.port).status == 503)
                try FileManager.default.moveItem(atPath: path + ".away", toPath: path)
                // The second one waits for the commit of the first.
                while try await ready.send(port: server.port).status != 200 {}
                try await socket.send(Self.user("hello", "m2"))
                let ack = try await socket.next("ack")
                #expect(ack["id"]?.text == "m2" && ack["seq"] == .number(3) && ack["duplicate"] == .flag(true))
                try await socket.send(Self.user("hello", "m3"))
                #expect(try await socket.next("ack")["seq"] == .number(5))
            }
        }
    }

    @Test("where the chat may go on without its store, acknowledgements say so and /readyz is degraded")
    func memory() async throws {
        let path = self.path
        try await self.run(policy: .memory) { server in
            try await TestSocket.open("/ws/chat?session=s", port: server.port) { socket in
                _ = try await socket.next()
                try await socket.send(Self.user("hello", "m1"))
                #expect(try await socket.next("ack")["durable"] == nil)
                try FileManager.default.removeItem(atPath: path)
                try await socket.send(Self.user("hello", "m2"))
                let (ack, answer) = try await Self.acknowledgedAndAnswered(socket)
                #expect(ack["durable"] == .flag(false) && answer["id"]?.text == "re:m2")
                let ready = try await TestRequest.get("/readyz").send(port: server.port)
                #expect(ready.status == 200 && ready.json["status"] == .text("degraded"))
            }
        }
    }

    @Test("a turn that the last run left open is answered at the next start; one that was tried often is not")
    func unfinished() async throws {
        let session = try #require(SessionID("s"))
        try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
        let store = try MessageStore.open(StoreOptions(path: self.path), as: .server, time: .system)
        let room = try await store.room(session, of: .default)
        for (seq, attempt) in [(1, 1), (2, 3)] {
            let message = Message(.user, "hello", id: "m\(seq)", at: SystemClocks().timestamp())
            let entry = MessageEntry(
                message,
                site: .default,
                session: session,
                epoch: room.epoch,
                seq: seq,
                page: "/cart",
                frame: ServerFrame.durable(message, session: session, seq: seq, epoch: room.epoch),
                turn: TurnOpening(turn: "t\(seq)", attempt: attempt)
            )
            store.append(.message(entry))
        }
        store.finish()
        await store.run()
        store.close()
        try await self.run { server in
            try await TestSocket.open("/ws/chat?session=s", port: server.port) { socket in
                _ = try await socket.next()
                var texts: [String] = []
                while texts.count < 2 { texts.append(try await socket.next("claude")["message"]?.text ?? "") }
                #expect(texts.contains("Hi! You are on /cart."))
                #expect(texts.contains { $0.hasPrefix("Sorry, this message wasn't answered") })
            }
        }
        let again = try MessageStore.open(StoreOptions(path: self.path), as: .tool, time: .system)
        #expect(try await again.unfinishedTurns().isEmpty)
        #expect(try await again.trace(of: "t1")?.attempt == 2)
        again.close()
    }
}
