import Diagnostics
import Plugins
import Responders
import RespondersTesting
import Synchronization
import Testing

@testable import Server

@Suite("what a visitor picked on the page, and what the page complained of", .timeLimit(.minutes(1)))
struct PageContextTests {
    private static let program = PythonPlugin.program(
        turn: #"answer("reply", format="plain", text=json.dumps(frame["turn"]["page"], sort_keys=True))"#
    )

    private func reply(to context: String, in chain: String) async throws -> String {
        let folder = try ScratchFolder(["program.py": Self.program])
        let node = try YAMLNode(yaml: chain, file: "test.yaml", keyPath: "chains.test")
        var loader = ChainLoader(registry: try .builtin(), services: PluginServices(baseFolder: folder.path))
        let made = loader.chain(named: "test", node, at: node.place)
        #expect(loader.diagnostics.allSatisfy { $0.severity == .warning }, "\(loader.diagnostics)")
        let reply = Mutex("")
        try await RunningServer.run(chain: made, with: [PartService(made.runningParts)]) { server in
            try await TestSocket.open("/ws/chat?session=s1&page=/shop", port: server.port) { socket in
                _ = try await socket.next()
                try await socket.send(#"{"type":"user","message":"broken","id":"m1","context":\#(context)}"#)
                let text = try await socket.next("claude")["message"]?.text ?? ""
                reply.withLock { $0 = text }
            }
        }
        return reply.withLock { $0 }
    }

    @Test(
        "responders know when a message was sent by the page's clock, where the page says a moment",
        arguments: [
            (#""timestamp":"2026-11-24T05:29:13.123Z""#, "1795498153123"),
            (#""context":{"clientTimestamp":"2026-11-24T05:29:13.123Z"}"#, "1795498153123"),
            (#""timestamp":"4111 1111 1111 1111""#, "nothing"), (#""context":{}"#, "nothing"),
        ]
    )
    func clientTime(member: String, told: String) async throws {
        struct Teller: ImmediateResponder {
            func respond(to turn: Turn) -> Verdict {
                .reply(Reply(turn.message.clientTime.map(String.init) ?? "nothing"))
            }
        }
        try await RunningServer.run([Teller()]) { server in
            try await TestSocket.open("/ws/chat?session=s", port: server.port) { socket in
                _ = try await socket.next()
                try await socket.send(#"{"type":"user","message":"hello","id":"m1",\#(member)}"#)
                #expect(try await socket.next("claude")["message"]?.text == told)
            }
        }
    }

    private static let chain = "answer: [{process: {command: [python3, program.py]}, timeout: 60s}]\ndeadline: 100s"

    @Test("reach a program in another language, and nothing of another form does")
    func program() async throws {
        let context = #"""
            {"page":"/cart?x=1","selectedElement":{"selector":"#pay > b","tag":"button","text":"Pay \"now\"","x":"y"},
            "errors":["502 Bad Gateway",7,"a\nb"],"vars":{"plan":"pro"}}
            """#.replacing("\n", with: "")
        #expect(
            try await self.reply(to: context, in: Self.chain) == #"""
                {"errors": ["502 Bad Gateway", "a\nb"], "path": "/cart", "selectedElement": {"selector": "#pay > b", \#
                "tag": "button", "text": "Pay \"now\""}, "vars": {"plan": "pro"}}
                """#
        )
        for empty in [#"{"selectedElement":{},"errors":[]}"#, #"{"selectedElement":"x","errors":{"a":"b"}}"#] {
            #expect(try await self.reply(to: empty, in: Self.chain) == #"{"path": "/shop", "vars": {}}"#)
        }
    }

    @Test("lose what redact takes out")
    func redacted() async throws {
        let context = #"""
            {"selectedElement":{"selector":"[title] ada@example.org","text":"4111 1111 1111 1111"},
            "errors":["no account ada@example.org"]}
            """#.replacing("\n", with: "")
        let reply = try await self.reply(to: context, in: "guard: [redact]\n\(Self.chain)")
        #expect(
            reply == #"""
                {"errors": ["no account [e-mail address]"], "path": "/shop", "selectedElement": {"selector": \#
                "[title] [e-mail address]", "text": "[card number]"}, "vars": {}}
                """#
        )
    }
}
