import Diagnostics
import FoundationEssentials
import Hub
import Messages
import Observability
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

    @Test("and knows that nothing may remain of a message that is only explained")
    func rehearsal() async throws {
        let files = [
            "program.py": PythonPlugin.program(
                turn: #"answer("reply", text="rehearsal: %s" % frame["turn"].get("rehearsal"))"#
            ),
            "claude-chat.yaml": """
            version: 1
            default_chain: demo
            chains: {demo: {answer: [{process: {command: [python3, program.py]}, timeout: 30s}], fallback: [fallback]}}
            """,
        ]
        let explained = try await CommandRun(["explain", "hello", "--live"], files: files)
        #expect(explained.output.contains("rehearsal: True"), "\(explained.output)\(explained.complaint)")
    }

    @Test("and that breaks shows its author why, where it is explained and where it is checked")
    func traceback() async throws {
        let files = [
            "program.py": PythonPlugin.program(turn: #"print(frame["turn"]["visitor"]["nickname"])"#),
            "claude-chat.yaml": """
            version: 1
            default_chain: demo
            chains: {demo: {answer: [{process: {command: [python3, program.py]}, timeout: 30s}], fallback: [fallback]}}
            """,
        ]
        let explained = try await CommandRun(["explain", "hello", "--live"], files: files)
        #expect(explained.complaint.contains("KeyError: 'nickname'"), "\(explained.output)\(explained.complaint)")
        let arguments = ["plugins", "check", "--patience", "10", "--", "python3", "{folder}/program.py"]
        let checked = try await CommandRun(arguments, files: ["program.py": files["program.py"] ?? ""])
        #expect(checked.status == 1 && checked.output.contains("KeyError: 'nickname'"), "\(checked.output)")
    }

    /// Answers "wait" when nobody wants it any more, and "why" with what it was told then.
    private static let patient = """
        import json, sys
        reasons, waiting = [], None
        def write(**frame): print(json.dumps(frame), flush=True)
        for line in sys.stdin:
            frame = json.loads(line)
            if frame["type"] == "hello":
                write(type="ready", protocol=1, name="test", stages=["answer"])
            elif frame["type"] == "cancel":
                reasons.append(frame["reason"])
                write(type="verdict", id=frame["id"], verdict="reply", text="too late")
            elif frame["type"] == "turn" and frame["turn"]["message"]["text"] == "wait":
                open("began.txt", "a").write("x")
            elif frame["type"] == "turn":
                write(type="verdict", id=frame["id"], verdict="reply", text=" ".join(reasons))
        """

    @Test("and learns whether the conversation was closed, or a person took it, while it was asked")
    func cancelled() async throws {
        let folder = try ScratchFolder(["program.py": Self.patient])
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
        @Sendable func begun() -> Int {
            (try? String(contentsOfFile: "\(folder.path)/began.txt", encoding: .utf8))?.count ?? 0
        }
        try await RunningServer.run(
            chain: chain,
            with: [PartService(chain.runningParts)],
            options: .unlimited
        ) { server in
            try await TestSocket.open("/ws/chat?session=s1", port: server.port) { socket in
                _ = try await socket.next()
                let room = try server.hub.pin(try #require(SessionID("s1")))
                defer { room.cancelReservation() }
                let agent = Author(.agent, name: "Ada")
                try await socket.send(#"{"type":"user","message":"wait","id":"m1"}"#)
                while begun() < 1 { await Task.yield() }
                try room.change(to: .closed, by: .visitor)
                try await socket.send(#"{"type":"user","message":"wait","id":"m2"}"#)
                while begun() < 2 { await Task.yield() }
                try room.change(to: .human, by: agent)
                try room.change(to: .bot, by: agent)
                try await socket.send(#"{"type":"user","message":"why","id":"m3"}"#)
                let reply = try await socket.next("claude")
                #expect(reply["id"]?.text == "re:m3" && reply["message"]?.text == "stop takeover", "\(reply)")
            }
        }
    }

    @Test("and a turn that a reload ends after a minute says so")
    func reloaded() {
        let desk = SiteDesk(site: Site(name: "default"), chain: Chain(name: "test", entries: []))
        let generation = Generation(Desks(desk, [:]), admission: .open(), metrics: MetricsRegistry())
        let (waiting, ended) = (Interruption(), Interruption())
        generation.note(waiting)
        generation.note(ended)
        generation.forget(ended)
        generation.cancelTurns()
        #expect(waiting.cause.reason == .reload && !waiting.wasTakenOver)
        #expect(ended.cause.reason == nil)
    }
}
