import Diagnostics
import Foundation
import Messages
import Observability
import Plugins
import Responders
import RespondersTesting
import Testing

@testable import Server

/// A server that takes another `claude-chat.yaml` while it answers, over real sockets, files and child processes.
@Suite("reloading the configuration", .timeLimit(.minutes(1)))
struct ConfigurationReloadTests {
    /// Says its tag and its process; on "hang" it waits for the file "go".
    private static let program = """
        import json, os, sys, threading, time
        tag = "?"
        def say(frame, text):
            verdict = {"type": "verdict", "id": frame["id"], "verdict": "reply", "text": text}
            print(json.dumps(verdict), flush=True)
        def hang(frame):
            open("hanging", "w").close()
            while not os.path.exists("go"): time.sleep(0.01)
            say(frame, "%s late" % tag)
        for line in sys.stdin:
            frame = json.loads(line)
            if frame["type"] == "hello":
                tag = frame["config"].get("tag", "?")
                if tag == "broken": sys.exit(3)
                print(json.dumps({"type": "ready", "protocol": 1, "name": "test", "stages": ["answer"],
                                  "maxConcurrency": 8}), flush=True)
            elif frame["type"] == "ping":
                print(json.dumps({"type": "pong", "n": frame["n"]}), flush=True)
            elif frame["type"] == "turn":
                if frame["turn"]["message"]["text"] == "hang":
                    threading.Thread(target=hang, args=(frame,), daemon=True).start()
                else:
                    say(frame, "%s %d" % (tag, os.getpid()))
        """

    private static func yaml(
        tag: String = "one",
        entries: String = "",
        sites: String = "shop: {origins: ['https://shop.example']}",
        more: String = ""
    ) -> String {
        """
        version: 1
        default_chain: demo
        \(more)
        sites: {\(sites)}
        chains:
          demo:
            deadline: 60s
            answer:
              - process: {command: [python3, plugin.py], config: {tag: \(tag)}}
                timeout: 50s
        \(entries)
            fallback: [fallback: {text: Nobody knows.}]
          other: {answer: [away-notice: {opens_at: '00:00', closes_at: '00:01', text: Other.}], fallback: [fallback]}

        """
    }

    private struct Scene: Sendable {
        let folder: ScratchFolder
        let live: LiveConfiguration
        let server: RunningServer
        let reloader: ConfigurationReloader

        /// Writes the file as editors do: a new one takes the place of the old one.
        func save(_ yaml: String) throws {
            try self.folder.write(yaml, to: ".saving")
            guard rename("\(self.folder.path)/.saving", "\(self.folder.path)/claude-chat.yaml") == 0 else {
                throw CocoaError(.fileWriteUnknown)
            }
        }

        /// Waits until the watcher has seen to it.
        func waits(for isReached: (ConfigurationReloader.Report) -> Bool) async {
            while !isReached(self.reloader.report) { await Task.yield() }
        }

        func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(self.folder.path)/\(name)") }

        /// What somebody who comes anew is answered.
        func answer(_ text: String, site: String? = nil) async throws -> String {
            let session = "s\(UInt32.random(in: 0...(.max)))"
            let place = site.map { "&site=\($0)" } ?? ""
            return try await TestSocket.open("/ws/chat?session=\(session)\(place)", port: self.server.port) { socket in
                try await socket.send(#"{"type":"user","message":"\#(text)","id":"m1"}"#)
                return try await socket.next("claude")["message"]?.text ?? ""
            }
        }
    }

    private static func run(
        _ yaml: String = Self.yaml(),
        registry: PluginRegistry? = nil,
        clock: TurnClock = .continuous,
        metrics: MetricsRegistry = MetricsRegistry(),
        _ body: @escaping @Sendable (Scene) async throws -> Void
    ) async throws {
        let folder = try ScratchFolder(["claude-chat.yaml": yaml, "plugin.py": Self.program])
        try await LiveConfiguration.run(in: folder, registry: registry, clock: clock, metrics: metrics) {
            live,
            server in
            let reloader = try #require(live.state.configuration)
            try await body(Scene(folder: folder, live: live, server: server, reloader: reloader))
        }
    }

    private static func isAlive(_ process: String) -> Bool { Int32(process).map { kill($0, 0) == 0 } ?? false }

    @Test("a turn ends on the chain that it began on, and the next one is answered by the new chain")
    func hangingTurn() async throws {
        try await Self.run { scene in
            let first = try await scene.answer("who").split(separator: " ").map(String.init)
            #expect(first[0] == "one")
            try await TestSocket.open("/ws/chat?session=old", port: scene.server.port) { socket in
                try await socket.send(#"{"type":"user","message":"hang","id":"m1"}"#)
                while !scene.exists("hanging") { await Task.yield() }
                try scene.save(Self.yaml(tag: "two"))
                await scene.waits { $0.generation == 2 }
                let second = try await scene.answer("who").split(separator: " ").map(String.init)
                #expect(second[0] == "two" && second[1] != first[1])
                #expect(Self.isAlive(first[1]))
                try scene.folder.write("", to: "go")
                #expect(try await socket.next("claude")["message"]?.text == "one late")
                try await socket.send(#"{"type":"user","message":"who","id":"m2"}"#)
                #expect(try await socket.next("claude")["message"]?.text == second.joined(separator: " "))
            }
            // Nobody needs the old one any more.
            while Self.isAlive(first[1]) { await Task.yield() }
        }
    }

    @Test("a plugin's process stays where nothing of it has changed, and is another one where its file has")
    func childProcess() async throws {
        try await Self.run { scene in
            let first = try await scene.answer("who")
            try scene.save(
                Self.yaml(
                    entries:
                        "      - away-notice: {opens_at: '08:00', closes_at: '09:00', text: Closed.}\n        enabled: false"
                )
            )
            await scene.waits { $0.generation == 2 }
            #expect(try await scene.answer("who") == first)
            try scene.folder.write(Self.program + "\n# changed\n", to: "plugin.py")
            await scene.waits { $0.generation == 3 }
            let next = try await scene.answer("who")
            #expect(next.hasPrefix("one ") && next != first)
        }
    }

    @Test("a broken configuration changes nothing, and is shown with its place until it is mended")
    func broken() async throws {
        let metrics = MetricsRegistry()
        try await Self.run(metrics: metrics) { scene in
            let address = "127.0.0.1:\(scene.server.port)"
            try scene.save(Self.yaml(tag: "two", entries: "      - rulez: {path: rules/}"))
            await scene.waits { $0.rejection != nil }
            #expect(try await scene.answer("who").hasPrefix("one "))
            let health = try await TestRequest.get("/healthz").send(port: scene.server.port).text
            #expect(health.hasPrefix(#"{"status":"degraded","configuration":{"generation":1,"#), "\(health)")
            #expect(health.contains("claude-chat.yaml:11:9: chains.demo.answer[1] [unknown-plugin]"), "\(health)")
            #expect(!health.contains("rulez"), "\(health)")
            #expect(await metrics.exposition().contains("chat_configuration_rejected 1\n"))
            let status = try await CommandRun(["status", "--listen", address])
            #expect(status.status == 1)
            #expect(
                status.output.contains(#"unknown plugin "rulez"; did you mean "rules"? [unknown-plugin]"#),
                "\(status.output)"
            )
            #expect(status.output.contains("generation 1 keeps answering"), "\(status.output)")
            try scene.save(Self.yaml(tag: "two"))
            await scene.waits { $0.generation == 2 && $0.rejection == nil }
            #expect(try await scene.answer("who").hasPrefix("two "))
            #expect(await metrics.exposition().contains("chat_configuration_generation 2\n"))
            #expect(try await CommandRun(["status", "--listen", address]).status == 0)
        }
    }

    @Test("a plugin that doesn't start keeps the old chain, with the place of its entry")
    func notStarted() async throws {
        try await Self.run { scene in
            try scene.save(Self.yaml(tag: "broken"))
            await scene.waits { $0.rejection != nil }
            let found = scene.reloader.report.rejection?.diagnostics.first
            #expect(found?.code == "not-started" && found?.place.line == 9, "\(found as Any)")
            #expect(try await scene.answer("who").hasPrefix("one "))
            #expect(scene.reloader.report.generation == 1)
        }
    }

    @Test("a service that is down keeps nobody from changing something else, whether it is new or not")
    func serviceDown() async throws {
        // Nobody listens on port 9 of this machine.
        let entry = "      - webhook: {url: 'http://127.0.0.1:9/', secret: {file: secret}, allow: [127.0.0.0/8]}"
        try await Self.run { scene in
            try scene.folder.write(String(repeating: "s", count: 32), to: "secret")
            try scene.save(Self.yaml(tag: "two", entries: entry))
            await scene.waits { $0.generation == 2 || $0.rejection != nil }
            #expect(scene.reloader.report.rejection == nil, "\(scene.reloader.report)")
            #expect(try await scene.answer("who").hasPrefix("two "))
            try scene.save(Self.yaml(tag: "three", entries: entry))
            await scene.waits { $0.generation == 3 || $0.rejection != nil }
            #expect(try await scene.answer("who").hasPrefix("three "))
        }
    }

    @Test("a program that was missing is started when it is written")
    func programWritten() async throws {
        let entry = "      - process: {command: [python3, later.py], config: {tag: later}}\n        as: later"
        try await Self.run { scene in
            try scene.save(Self.yaml(tag: "two", entries: entry))
            await scene.waits { $0.rejection != nil }
            try scene.folder.write(Self.program, to: "later.py")
            await scene.waits { $0.generation == 2 }
            #expect(try await scene.answer("who").hasPrefix("two "))
        }
    }

    @Test("a transcript that fails keeps the old chain")
    func transcripts() async throws {
        try await Self.run { scene in
            try scene.folder.write("> hello\n< Something else.\n", to: "a.chat")
            try scene.save(Self.yaml(tag: "two", entries: "    tests: [a.chat]"))
            await scene.waits { $0.rejection != nil }
            #expect(scene.reloader.report.rejection?.diagnostics.first?.code == "transcript-mismatch")
            #expect(try await scene.answer("who").hasPrefix("one "))
            // The transcript is one of the files that are watched.
            try scene.folder.write("> hello\n< *\n", to: "a.chat")
            await scene.waits { $0.generation == 2 }
            #expect(try await scene.answer("who").hasPrefix("two "))
        }
    }

    @Test("a new site has its visitors answered by its chain at once, and one that was taken out has none")
    func sites() async throws {
        try await Self.run { scene in
            let unknown = try await TestRequest.post("/api/chat/session", #"{"site":"help"}"#).send(
                port: scene.server.port
            )
            #expect(unknown.status == 400)
            let sites =
                "shop: {origins: ['https://shop.example']}, help: {origins: ['https://help.example'], chain: other}"
            try scene.save(Self.yaml(sites: sites))
            await scene.waits { $0.generation == 2 }
            #expect(try await scene.answer("who", site: "help") == "Other.")
            #expect(try await scene.answer("who", site: "shop").hasPrefix("one "))
            let known = try await TestRequest.post("/api/chat/session", #"{"site":"help"}"#).send(
                port: scene.server.port
            )
            #expect(known.status == 200)
            try scene.save(Self.yaml())
            await scene.waits { $0.generation == 3 }
            let gone = try await TestRequest.post("/api/chat/session", #"{"site":"help"}"#).send(
                port: scene.server.port
            )
            #expect(gone.status == 400)
        }
    }

    @Test("what needs a restart is said with its key, and everything else counts")
    func needsRestart() async throws {
        try await Self.run { scene in
            let more = "server: {listen: '127.0.0.1:9999'}\nlimits: {session_messages: {rate: 1/s, burst: 5}}"
            try scene.save(Self.yaml(tag: "two", more: more))
            await scene.waits { $0.generation == 2 }
            let warnings = scene.reloader.report.warnings.filter { $0.code == "needs-restart" }
            #expect(warnings.map(\.place.keyPath) == ["server.listen", "limits"])
            #expect(
                warnings.first?.description.hasSuffix(
                    "claude-chat.yaml:3:10: server.listen: it was changed, and the server works as before; restart the "
                        + "server; everything else is live [needs-restart]"
                ) == true
            )
            #expect(try await scene.answer("who").hasPrefix("two "))
            let status = try await CommandRun(["status", "--listen", "127.0.0.1:\(scene.server.port)"])
            #expect(status.status == 0 && status.output.contains("[needs-restart]"), "\(status.output)")
            try scene.save(Self.yaml())
            await scene.waits { $0.generation == 3 && $0.warnings.isEmpty }
        }
    }

    @Test("the record of a turn has the generation that it began on")
    func traces() async throws {
        try await Self.run { scene in
            _ = try await scene.answer("who")
            try scene.save(Self.yaml(tag: "two"))
            await scene.waits { $0.generation == 2 }
            _ = try await scene.answer("who")
            let turns = try await TestRequest.get("/api/admin/turns").send(port: scene.server.port).text
            let numbers = turns.matches(of: /"generation":([0-9]+)/).map { String($0.1) }
            #expect(numbers == ["2", "1"], "\(turns)")
        }
    }

    @Test("a file that is half written when somebody asks for a reload is refused, and counts when it is whole")
    func halfWritten() async throws {
        try await Self.run { scene in
            let yaml = Self.yaml(tag: "two")
            let path = "\(scene.folder.path)/claude-chat.yaml"
            for length in [0, 1, 20, yaml.utf8.count / 2, yaml.utf8.count - 40] {
                let file = try #require(fopen(path, "w"))
                fwrite(yaml, 1, length, file)
                fflush(file)
                let answer = try await TestRequest.post("/api/admin/reload", "").send(port: scene.server.port)
                #expect(answer.status == 200 && scene.reloader.report.rejection != nil, "\(length)")
                #expect(try await scene.answer("who").hasPrefix("one "))
                fwrite(Self.yaml(), 1, 0, file)
                fclose(file)
            }
            try scene.folder.write(yaml, to: "claude-chat.yaml")
            await scene.waits { $0.generation == 2 && $0.rejection == nil }
            #expect(try await scene.answer("who").hasPrefix("two "))
        }
    }

    @Test("without a change a reload that is asked for changes nothing")
    func unchanged() async throws {
        try await Self.run { scene in
            let first = try await scene.answer("who")
            for _ in 0..<20 { await scene.reloader.reload() }
            #expect(scene.reloader.report.generation == 1)
            #expect(try await scene.answer("who") == first)
        }
    }

    @Test("a turn that still waits a minute after its chain was replaced is ended, and the visitor is told")
    func longestTurn() async throws {
        let clock = ManualClock()
        var registry = try PluginRegistry.builtin()
        try registry.register(Hanging.self)
        @Sendable func yaml(_ text: String) -> String {
            """
            version: 1
            default_chain: demo
            chains:
              demo:
                deadline: 300s
                answer: [hanging: {text: \(text)}]
                fallback: [fallback: {text: Nobody knows.}]
            """
        }
        try await Self.run(yaml("one"), registry: registry, clock: TurnClock(clock)) { scene in
            try await TestSocket.open("/ws/chat?session=old", port: scene.server.port) { socket in
                try await socket.send(#"{"type":"user","message":"hang","id":"m1"}"#)
                // Its limit, the chain's watchdog and the typing notice wait by the clock.
                await clock.sleepers(atLeast: 3)
                try scene.save(yaml("two"))
                await scene.waits { $0.generation == 2 }
                await clock.sleepers(atLeast: 4)
                clock.advance(by: .seconds(59))
                #expect(scene.live.generations.current.number == 2)
                clock.advance(by: .seconds(1))
                #expect(try await socket.next("claude")["message"]?.text == "Nobody knows.")
            }
        }
    }
}

/// Answers nothing until it is cancelled.
private struct Hanging: ResponderPlugin {
    static let manifest = PluginManifest(
        name: "hanging",
        summary: "Waits",
        stages: [.answer],
        sample: "text: hello",
        examples: [],
        timeout: .seconds(200)
    )

    struct Configuration: Decodable, Sendable { var text: String }

    init(configuration: Configuration, services: PluginServices) {}

    func respond(to turn: Turn) async -> Verdict {
        let (never, source) = AsyncStream<Never>.makeStream()
        for await _ in never {}
        source.finish()
        return .pass()
    }
}
