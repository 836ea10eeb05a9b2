import Diagnostics
import Hub
import Messages
import Plugins
import Responders
import RespondersTesting
import Testing

@testable import Server

/// A plugin that promises a reply for later, and everybody who would like to say it in its place.
@Suite("a promised reply", .timeLimit(.minutes(1)))
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

        /// Says something as a visitor.
        func say(_ text: String, _ id: String = "m1", on socket: TestSocket) async throws -> Ticket {
            try await socket.send(#"{"type":"user","message":"\#(text)","id":"\#(id)"}"#)
            let words = try await socket.next("claude")["message"]?.text?.split(separator: " ").map(String.init) ?? []
            #expect(words.count == 2)
            return Ticket(turn: words.first ?? "", token: words.last ?? "")
        }

        /// Says the reply that was promised.
        func follow(_ ticket: Ticket, _ text: String = "Found it.", token: String? = nil) async throws -> Int {
            var request = TestRequest.post("/api/chat/turns/\(ticket.turn)/followup", #"{"text":"\#(text)"}"#)
            request.headers.append("Authorization: Bearer \(token ?? ticket.token)")
            return try await request.send(port: self.port).status
        }
    }

    private static func run(_ body: @escaping @Sendable (Scene) async throws -> Void) async throws {
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
            options: .unlimited
        ) { server in
            try await body(Scene(port: server.port))
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
