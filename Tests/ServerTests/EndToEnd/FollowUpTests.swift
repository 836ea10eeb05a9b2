import Diagnostics
import Foundation
import Hub
import Messages
import Plugins
import Responders
import RespondersTesting
import Store
import Synchronization
import Testing

@testable import Server

/// A plugin that promises a reply for later, and everybody who would like to say it in its place.
@Suite("a promised reply", .timeLimit(.minutes(3)))
struct FollowUpTests {
    /// Tells the visitor what only the plugin should know, so that the test knows it; "look 500" promises for 500 ms.
    private static let program = """
        import json, sys
        for line in sys.stdin:
            frame = json.loads(line)
            if frame["type"] == "hello":
                print(json.dumps({"type": "ready", "protocol": 1, "name": "test", "stages": ["answer"]}), flush=True)
            elif frame["type"] == "turn":
                turn = frame["turn"]
                words = turn["message"]["text"].split()
                verdict = {"type": "verdict", "id": frame["id"], "verdict": "reply"}
                verdict["text"] = turn["id"] + " " + turn["followUpToken"]
                if words[0] == "look": verdict["followUpTtlMs"] = int(words[1])
                print(json.dumps(verdict), flush=True)
        """

    /// What a plugin was told of its turn.
    private struct Ticket: Sendable {
        var turn: String
        var token: String
    }

    private struct Scene: Sendable {
        let port: Int
        /// Has the server stop.
        let stop: @Sendable () async -> Void

        /// Says something as a visitor.
        func say(_ text: String, _ id: String = "m1", on socket: TestSocket) async throws -> Ticket {
            try await socket.send(#"{"type":"user","message":"\#(text)","id":"\#(id)"}"#)
            let words = try await socket.next("claude")["message"]?.text?.split(separator: " ").map(String.init) ?? []
            #expect(words.count == 2)
            return Ticket(turn: words.first ?? "", token: words.last ?? "")
        }

        /// Says the reply that was promised.
        func follow(_ ticket: Ticket, _ text: String = "Found it.", token: String? = nil) async throws -> Int {
            try await self.post(ticket, #"{"text":"\#(text)"}"#, token: token)
        }

        func post(_ ticket: Ticket, _ body: String, token: String? = nil) async throws -> Int {
            var request = TestRequest.post("/api/chat/turns/\(ticket.turn)/followup", body)
            request.headers.append("Authorization: Bearer \(token ?? ticket.token)")
            return try await request.send(port: self.port).status
        }
    }

    /// The time of day, an hour ahead.
    private struct LaterClocks: Clocks {
        func timestamp() -> Timestamp { Timestamp(milliseconds: SystemClocks().timestamp().milliseconds + 3_600_000) }
        func nanoseconds() -> UInt64 { SystemClocks().nanoseconds() }
    }

    private static func run(
        store: StoreOptions? = nil,
        clocks: any Clocks = SystemClocks(),
        _ body: @escaping @Sendable (Scene) async throws -> Void
    ) async throws {
        let folder = try ScratchFolder(["program.py": Self.program])
        // No machine is too slow for it.
        let yaml = """
            deadline: 100s
            answer:
              - process: {command: [python3, program.py]}
                timeout: 90s
            """
        let node = try YAMLNode(yaml: yaml, file: "test.yaml", keyPath: "chains.test")
        var loader = ChainLoader(registry: try .builtin(), services: PluginServices(baseFolder: folder.path))
        let chain = loader.chain(named: "test", node, at: node.place)
        try await RunningServer.run(
            chain: chain,
            with: [PartService(chain.runningParts)],
            options: .unlimited,
            clocks: clocks,
            store: store
        ) { server in
            try await body(Scene(port: server.port, stop: server.stop))
        }
        _ = folder
    }

    @Test("is shown once, as one more reply of its turn, also to somebody who has gone in between")
    func kept() async throws {
        try await Self.run { scene in
            let ticket = try await TestSocket.open("/ws/chat?session=s1", port: scene.port) { socket in
                try await scene.say("look 60000", on: socket)
            }
            #expect(try await scene.follow(ticket) == 204)
            try await TestSocket.open("/ws/chat?session=s1", port: scene.port) { socket in
                let epoch = try #require(try await socket.next()["epoch"]?.text)
                let target = "/api/chat/history?session=s1&epoch=\(epoch)&before=9"
                let history = try await TestRequest.get(target).send(port: scene.port)
                #expect(history.text.contains(#""id":"re:m1:2""#), "\(history.text)")
                #expect(history.text.contains("Found it."))
            }
        }
    }

    @Test("comes to whoever waits for it")
    func shown() async throws {
        try await Self.run { scene in
            try await TestSocket.open("/ws/chat?session=s1", port: scene.port) { socket in
                let ticket = try await scene.say("look 60000", on: socket)
                #expect(try await scene.follow(ticket) == 204)
                let reply = try await socket.next("claude")
                #expect(reply["id"]?.text == "re:m1:2" && reply["message"]?.text == "Found it.")
                #expect(try await scene.follow(ticket) == 401)
            }
        }
    }

    @Test("has what a reply may have, and nothing that a reply may not have")
    func choices() async throws {
        try await Self.run { scene in
            try await TestSocket.open("/ws/chat?session=s1", port: scene.port) { socket in
                let ticket = try await scene.say("look 60000", on: socket)
                for body in [
                    #"{"text":"a","choices":[{"label":"x"},{"label":"x"},{"label":"x"},{"label":"x"},{"label":"x"},{"label":"x"},{"label":"x"}]}"#,
                    #"{"text":"a","choices":["x"]}"#, #"{"text":"a","choices":[{"label":""}],"links":7}"#,
                    #"{"text":"a","links":[{"title":"x","url":"javascript:alert(1)"}]}"#,
                    #"{"text":"a","links":[{"title":"x","url":"//elsewhere.example"}]}"#,
                ] {
                    #expect(try await scene.post(ticket, body) == 400, "\(body)")
                }
                let body =
                    #"{"text":"Found it.","format":"plain","choices":[{"label":"Thanks","send":"thank you"}],"#
                    + #""links":[{"title":"Map","url":"https://example.com/map"}]}"#
                #expect(try await scene.post(ticket, body) == 204)
                let reply = try await socket.next("claude")
                #expect(reply["message"]?.text == "Found it." && reply["format"] == nil)
                #expect(reply["choices"] == .list([.object(["label": .text("Thanks"), "send": .text("thank you")])]))
                let link: TestSocket.Value = .object(["title": .text("Map"), "url": .text("https://example.com/map")])
                #expect(reply["links"] == .list([link]))
            }
        }
    }

    @Test("may come after a restart where messages are kept, and is missed once where its time was over by then")
    func restarted() async throws {
        let folder = try ScratchFolder([:])
        let tickets = Mutex<[Ticket]>([])
        let store = StoreOptions(path: "\(folder.path)/chat.db")
        try await Self.run(store: store) { scene in
            for session in ["s1", "s2"] {
                try await TestSocket.open("/ws/chat?session=\(session)", port: scene.port) { socket in
                    let ticket = try await scene.say("look 60000", on: socket)
                    tickets.withLock { $0.append(ticket) }
                }
            }
        }
        let (first, second) = tickets.withLock { ($0[0], $0[1]) }
        try await Self.run(store: store) { scene in
            try await TestSocket.open("/ws/chat?session=s1", port: scene.port) { socket in
                _ = try await socket.next()
                #expect(try await scene.follow(first, token: second.token) == 401)
                #expect(try await scene.follow(first) == 204)
                // Nothing else was said meanwhile: nobody has given up the promise.
                var reply = try await socket.next("claude")
                if reply["id"]?.text == "re:m1" { reply = try await socket.next("claude") }
                #expect(reply["id"]?.text == "re:m1:2" && reply["message"]?.text == "Found it.")
                #expect(try await scene.follow(first) == 401)
            }
        }
        for isFirst in [true, false] {
            try await Self.run(store: store, clocks: LaterClocks()) { scene in
                try await TestSocket.open("/ws/chat?session=s2", port: scene.port) { socket in
                    let epoch = try #require(try await socket.next()["epoch"]?.text)
                    let target = "/api/chat/history?session=s2&epoch=\(epoch)&before=99"
                    var history = ""
                    while !history.contains("re:m1:2") {
                        history = try await TestRequest.get(target).send(port: scene.port).text
                    }
                    #expect(history.contains(ServerTexts.english.promiseMissed), "\(isFirst): \(history)")
                    #expect(history.ranges(of: ServerTexts.english.promiseMissed).count == 1)
                    #expect(try await scene.follow(second) == 401)
                }
            }
        }
        _ = folder
    }

    @Test("is shown to nobody once a person has taken the conversation, before a restart or after it")
    func attended() async throws {
        let folder = try ScratchFolder([:])
        let tickets = Mutex<[Ticket]>([])
        let store = StoreOptions(path: "\(folder.path)/chat.db")
        try await Self.run(store: store) { scene in
            try await TestSocket.open("/ws/chat?session=s1", port: scene.port) { socket in
                let ticket = try await scene.say("look 60000", on: socket)
                tickets.withLock { $0.append(ticket) }
                try await socket.send(#"{"type":"conversation","state":"closed"}"#)
                _ = try await socket.next("conversation")
            }
        }
        try await Self.run(store: store) { scene in
            let ticket = tickets.withLock { $0[0] }
            #expect(try await scene.follow(ticket) == 204)
            try await TestSocket.open("/ws/chat?session=s1", port: scene.port) { socket in
                let epoch = try #require(try await socket.next()["epoch"]?.text)
                let target = "/api/chat/history?session=s1&epoch=\(epoch)&before=99"
                let history = try await TestRequest.get(target).send(port: scene.port)
                #expect(!history.text.contains("Found it."), "\(history.text)")
            }
        }
        _ = folder
    }

    @Test("is taken from nobody with another token, another turn's, or one that promised nothing")
    func wrongTokens() async throws {
        try await Self.run { scene in
            try await TestSocket.open("/ws/chat?session=s1", port: scene.port) { socket in
                try await TestSocket.open("/ws/chat?session=s2", port: scene.port) { other in
                    let ticket = try await scene.say("look 60000", on: socket)
                    let foreign = try await scene.say("look 60000", on: other)
                    let without = try await scene.say("hello", "m2", on: other)
                    let flipped = String(ticket.token.reversed())
                    for token in ["", "x", flipped, foreign.token, String(repeating: "a", count: 300)] {
                        #expect(try await scene.follow(ticket, token: token) == 401, "\(token)")
                    }
                    #expect(try await scene.follow(Ticket(turn: foreign.turn, token: ticket.token)) == 401)
                    #expect(try await scene.follow(without) == 401)
                    #expect(try await scene.follow(Ticket(turn: "t_nobody", token: ticket.token)) == 401)
                    // Guesses of others cost the plugin nothing.
                    #expect(try await scene.follow(ticket) == 204)
                    #expect(try await socket.next("claude")["id"]?.text == "re:m1:2")
                }
            }
        }
    }

    @Test("that is too long, or none at all, is refused, and may come again")
    func badBodies() async throws {
        try await Self.run { scene in
            try await TestSocket.open("/ws/chat?session=s1", port: scene.port) { socket in
                let ticket = try await scene.say("look 60000", on: socket)
                #expect(try await scene.follow(ticket, String(repeating: "a", count: 16_385)) == 413)
                #expect(try await scene.follow(ticket, "  ") == 400)
                for body in ["", "[]", "{}", #"{"text":1}"#, #"{"text":"a","format":"html"}"#] {
                    var request = TestRequest.post("/api/chat/turns/\(ticket.turn)/followup", body)
                    request.headers.append("Authorization: Bearer \(ticket.token)")
                    #expect(try await request.send(port: scene.port).status == 400, "\(body)")
                }
                #expect(try await scene.follow(ticket) == 204)
            }
        }
    }

    @Test("that doesn't come in time is missed once, and is not taken any more")
    func late() async throws {
        try await Self.run { scene in
            try await TestSocket.open("/ws/chat?session=s1", port: scene.port) { socket in
                let ticket = try await scene.say("look 1", on: socket)
                let told = try await socket.next("claude")
                #expect(told["id"]?.text == "re:m1:2" && told["message"]?.text == ServerTexts.english.promiseMissed)
                #expect(try await scene.follow(ticket) == 401)
                _ = try await scene.say("hello", "m2", on: socket)
            }
        }
    }

    @Test(
        "is missed at once where the server stops and the promise is kept nowhere: without a store, and while nothing can be written",
        arguments: [false, true]
    )
    func stopped(hasStore: Bool) async throws {
        let folder = try ScratchFolder([:])
        var store = StoreOptions(path: "\(folder.path)/chat.db")
        store.failurePolicy = .memory
        try await Self.run(store: hasStore ? store : nil) { scene in
            try await TestSocket.open("/ws/chat?session=s1", port: scene.port) { socket in
                _ = try await scene.say("hello", "m0", on: socket)
                for end in ["", "-wal", "-shm"] where hasStore {
                    try FileManager.default.moveItem(
                        atPath: "\(folder.path)/chat.db\(end)",
                        toPath: "\(folder.path)/gone\(end)"
                    )
                }
                // The first that can't be written shows that nothing can.
                _ = try await scene.say("hello", "m1", on: socket)
                _ = try await scene.say("look 60000", "m2", on: socket)
                await scene.stop()
                let told = try await socket.next("claude")
                #expect(told["id"]?.text == "re:m2:2" && told["message"]?.text == ServerTexts.english.promiseMissed)
            }
        }
        _ = folder
    }

    @Test("for longer than 15 minutes is a verdict that can't be used")
    func tooLong() async throws {
        try await Self.run { scene in
            try await TestSocket.open("/ws/chat?session=s1", port: scene.port) { socket in
                try await socket.send(#"{"type":"user","message":"look 900001","id":"m1"}"#)
                #expect(
                    try await socket.next("claude")["message"]?.text?.contains("Sorry, I could not answer that") == true
                )
            }
        }
    }
}
