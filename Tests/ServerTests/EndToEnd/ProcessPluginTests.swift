import Diagnostics
import Plugins
import Responders
import RespondersTesting
import Testing

@testable import Server

@Suite("a program in another language answers visitors", .timeLimit(.minutes(1)))
struct ProcessPluginTests {
    /// Passes what it doesn't know, and dies when it is told to.
    private static let program = """
        import json, os, sys
        for line in sys.stdin:
            frame = json.loads(line)
            if frame["type"] == "hello":
                print(json.dumps({"type": "ready", "protocol": 1, "name": "test", "stages": ["answer"]}), flush=True)
            elif frame["type"] == "turn":
                text = frame["turn"]["message"]["text"]
                if text == "die":
                    print("secret internals of the plugin", file=sys.stderr)
                    os._exit(1)
                verdict = {"type": "verdict", "id": frame["id"], "verdict": "pass"}
                if text == "where am I":
                    verdict.update(verdict="reply", text="On " + frame["turn"]["page"]["path"] + ".")
                print(json.dumps(verdict), flush=True)
        """

    private func chain(in folder: ScratchFolder) throws -> Chain {
        let yaml = """
            answer: [process: {command: [python3, program.py]}]
            fallback: [fallback: {text: Nobody knows.}]
            """
        let node = try YAMLNode(yaml: yaml, file: "test.yaml", keyPath: "chains.test")
        var loader = ChainLoader(
            registry: try .builtin(),
            services: PluginServices(baseFolder: folder.path, clock: TurnClock(ManualClock()))
        )
        let chain = loader.chain(named: "test", node, at: node.place)
        #expect(loader.diagnostics.isEmpty)
        return chain
    }

    @Test("with its reply; where it dies, the visitor gets the built-in sentence and nothing of the error")
    func answers() async throws {
        let folder = try ScratchFolder(["program.py": Self.program])
        let chain = try self.chain(in: folder)
        try await RunningServer.run(chain: chain, with: [PartService(chain.runningParts + chain.runningParts)]) {
            server in
            try await TestSocket.open("/ws/chat?session=s1&page=/shop", port: server.port) { socket in
                _ = try await socket.next()
                for (id, text, expected) in [
                    (1, "where am I", "On /shop."), (2, "what is love", "Nobody knows."), (3, "die", "Nobody knows."),
                    (4, "where am I", "Nobody knows."),
                ] {
                    try await socket.send(#"{"type":"user","message":"\#(text)","id":"m\#(id)"}"#)
                    var frame = try await socket.next()
                    while frame["type"]?.text != "claude" { frame = try await socket.next() }
                    #expect(frame["message"]?.text == expected)
                }
            }
        }
    }

    @Test("explain says that nobody ran it, and asks it with --live")
    func explain() async throws {
        let files = [
            "program.py": Self.program,
            "claude-chat.yaml": """
            version: 1
            default_chain: one
            chains:
              one:
                answer: [process: {command: [python3, program.py]}]
                fallback: [fallback: {text: Nobody knows.}]
            """,
        ]
        let offline = try await CommandRun(["explain", "where am I"], files: files)
        #expect(offline.output.contains("not asked (offline)"))
        #expect(offline.output.contains("Nobody knows."))
        let live = try await CommandRun(["explain", "where am I", "--page", "/shop", "--live"], files: files)
        #expect(live.output.contains("On /shop."))
    }
}
