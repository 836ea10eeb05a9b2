import Diagnostics
import Foundation
import Hub
import Logging
import Observability
import Plugins
import Responders
import RespondersTesting
import ServiceLifecycle
import Testing
import Transport

@testable import Server

/// A server that reads its rules anew, over real sockets and real files.
@Suite("reloading", .timeLimit(.minutes(1)))
struct ReloadTests {
    private static func rules(_ reply: String) -> String {
        """
        version: 1
        rules:
          - id: greeting
            match: '^hello$'
            reply: \(reply)
            tests: [{say: hello}, {not: goodbye}]
        """
    }

    /// What a test may use.
    private struct Scene: Sendable {
        let folder: ScratchFolder
        let reloader: ContentReloader
        let port: Int

        /// Writes a file as editors do: a new one takes the place of the old one.
        func save(_ text: String, as name: String = "rules/a.yaml") throws {
            try self.folder.write(text, to: "rules/.saving")
            let from = "\(self.folder.path)/rules/.saving"
            guard rename(from, "\(self.folder.path)/\(name)") == 0 else { throw CocoaError(.fileWriteUnknown) }
        }

        /// Waits until what is live is as it should be.
        func waits(for isReached: (ContentState) -> Bool) async {
            while !self.reloader.reports.allSatisfy({ isReached($0.content) }) { await Task.yield() }
        }
    }

    private static func run(_ body: @escaping @Sendable (Scene) async throws -> Void) async throws {
        let folder = try ScratchFolder(["rules/a.yaml": Self.rules("One.")])
        try folder.write(
            "version: 1\ndefault_chain: demo\nchains: {demo: {answer: [rules: {path: rules/}]}}\n",
            to: "claude-chat.yaml"
        )
        try await LiveConfiguration.run(in: folder) { live, server in
            let scene = Scene(folder: folder, reloader: live.state.contents, port: server.port)
            try await body(scene)
        }
    }

    @Test("rules are read anew while another process holds the lock of the documents' index")
    func heldIndex() async throws {
        let folder = try ScratchFolder(["rules/a.yaml": Self.rules("One."), "docs/a.md": "# A\n\nneedle"])
        try folder.write(
            """
            version: 1
            default_chain: demo
            chains: {demo: {answer: [docs: {index: docs.sqlite, sources: [{path: docs/}]}, rules: {path: rules/}]}}
            """,
            to: "claude-chat.yaml"
        )
        let lock = open("\(folder.path)/docs.sqlite.lock", O_RDWR | O_CREAT, 0o600)
        #expect(flock(lock, LOCK_EX) == 0)
        try await LiveConfiguration.run(in: folder) { live, server in
            let scene = Scene(folder: folder, reloader: live.state.contents, port: server.port)
            try scene.save(Self.rules("Two."))
            await scene.waits { $0.generation == 2 || $0.summary.contains("documents") }
            // What was read by itself is told as any other file is.
            close(lock)
            await scene.waits { $0.generation >= 1 }
            #expect(
                scene.reloader.reports.first { $0.responder == "docs" }?.content.summary == "1 documents, 1 sections"
            )
        }
    }

    @Test("the numbers say how often each rule answered, over a reload too")
    func ruleMetrics() async throws {
        try await Self.run { scene in
            let registry = MetricsRegistry()
            scene.reloader.collectMetrics(in: registry)
            let line = #"chat_rule_hits_total{responder="rules",rule="a/greeting"} "#
            #expect(await registry.exposition().contains(line + "0\n"))
            try await TestSocket.open("/ws/chat?session=s", port: scene.port) { socket in
                try await socket.send(#"{"type":"user","message":"hello","id":"m1"}"#)
                _ = try await socket.next("claude")
                try scene.save(Self.rules("Two."))
                await scene.waits { $0.generation == 2 }
                try await socket.send(#"{"type":"user","message":"hello","id":"m2"}"#)
                _ = try await socket.next("claude")
            }
            let page = await registry.exposition()
            #expect(page.contains(line + "2\n"))
            #expect(!page.contains("chat_rule_limits_total"))
        }
    }

    @Test("a saved file is live without a restart, and the conversation goes on")
    func saved() async throws {
        try await Self.run { scene in
            try await TestSocket.open("/ws/chat?session=s", port: scene.port) { socket in
                try await socket.send(#"{"type":"user","message":"hello","id":"m1"}"#)
                #expect(try await socket.next("claude")["message"]?.text == "One.")
                try scene.save(Self.rules("Two."))
                await scene.waits { $0.generation == 2 }
                try await socket.send(#"{"type":"user","message":"hello","id":"m2"}"#)
                #expect(try await socket.next("claude")["message"]?.text == "Two.")
            }
        }
    }

    @Test("a file with a mistake keeps the old rules, is shown in /healthz, and is live once it is mended")
    func broken() async throws {
        try await Self.run { scene in
            try scene.save("version: 1\nrules: [{id: a, match: '(', reply: hi}]\n")
            await scene.waits { !$0.rejected.isEmpty }
            #expect(scene.reloader.reports.map(\.content.generation) == [1])
            let health = try await Self.health(scene.port)
            #expect(health.contains(#""rejected":{"at":""#), "\(health)")
            #expect(health.contains(#"rules/a.yaml:2:"#) && health.contains("[pattern-syntax]"), "\(health)")
            try await TestSocket.open("/ws/chat?session=s", port: scene.port) { socket in
                try await socket.send(#"{"type":"user","message":"hello","id":"m1"}"#)
                #expect(try await socket.next("claude")["message"]?.text == "One.")
            }
            try scene.save(Self.rules("Three."))
            await scene.waits { $0.rejected.isEmpty && $0.generation == 2 }
            #expect(try await Self.health(scene.port).contains(#""rejected":null"#))
        }
    }

    @Test("rules of the site's own count from when their folder comes into being")
    func local() async throws {
        try await Self.run { scene in
            try scene.folder.write(
                "version: 1\nrules: [{id: greeting, reply: Local., tests: [{say: hello}, {not: goodbye}]}]\n",
                to: "rules/local/site.yaml"
            )
            await scene.waits { $0.generation == 2 }
            try await TestSocket.open("/ws/chat?session=s", port: scene.port) { socket in
                try await socket.send(#"{"type":"user","message":"hello","id":"m1"}"#)
                #expect(try await socket.next("claude")["message"]?.text == "Local.")
            }
        }
    }

    @Test("a reload that is asked for says which generation is live; without a change it is the same one")
    func asked() async throws {
        try await Self.run { scene in
            let same = try await Self.request("POST /api/admin/reload", scene.port)
            #expect(same.contains(#""generation":1,"#), "\(same)")
            let digest = try #require(scene.reloader.reports.first?.content.digest)
            try scene.folder.write(Self.rules("Two."), to: "rules/a.yaml")
            let next = try await Self.request("POST /api/admin/reload", scene.port)
            #expect(next.contains(#""generation":2,"#) && !next.contains(digest), "\(next)")
            #expect(try await Self.request("GET /api/admin/content", scene.port).contains(#""generation":2,"#))
        }
    }

    @Test("the commands tell people which rules are live and what was rejected")
    func commands() async throws {
        try await Self.run { scene in
            let address = "127.0.0.1:\(scene.port)"
            let status = try await CommandRun(["rules", "status", "--listen", address])
            #expect(status.status == 0)
            #expect(status.output.hasPrefix("rules: generation 1  "), "\(status.output)")
            #expect(
                status.output.contains(/1 file, 1 rule, 2 tests  loaded [0-9:]{8} UTC in [0-9]+ ms\n$/),
                "\(status.output)"
            )
            try scene.folder.write("version: 1\nrules: [{id: a, match: '(', reply: hi}]\n", to: "rules/a.yaml")
            let reload = try await CommandRun(["rules", "reload", "--listen", address])
            #expect(reload.status == 1)
            #expect(reload.output.contains("; generation 1 keeps answering\n"), "\(reload.output)")
            #expect(reload.output.contains("missing closing parenthesis"), "\(reload.output)")
        }
        let nobody = try await CommandRun(["rules", "status", "--listen", "127.0.0.1:1"])
        #expect(nobody.status == 1)
        #expect(
            nobody.complaint == """
                127.0.0.1:1: no server answers here; start it with claude-chat serve, or name its address with --listen \
                [no-server]

                """
        )
    }

    @Test("a rule that messages make slow is counted and taken out, and the people who run the server see it")
    func quarantine() async throws {
        try await Self.run { scene in
            let slow = "{id: slow, priority: 200, match: '[a-z]*[a-z]*[0-9]', reply: Slow, allow: [slow]}"
            try scene.save("version: 1\nrules:\n  - \(slow)\n  - {id: one, match: '^a', reply: One.}\n")
            await scene.waits { $0.generation == 2 }
            let registry = MetricsRegistry()
            scene.reloader.collectMetrics(in: registry)
            // What the rule needs beyond its limit counts; where the machine is busy elsewhere meanwhile, it isn't to
            // blame, so it may take more than three.
            let attack = String(repeating: "a", count: 4_000)
            for session in 0..<200 where scene.reloader.reports[0].content.suspended.isEmpty {
                try await TestSocket.open("/ws/chat?session=s\(session)", port: scene.port) { socket in
                    try await socket.send(#"{"type":"user","message":"\#(attack)","id":"m1"}"#)
                    _ = try await socket.next("claude")
                }
            }
            let page = await registry.exposition()
            #expect(page.contains(#"chat_rule_quarantined{responder="rules",rule="a/slow"} 1"# + "\n"), "\(page)")
            #expect(!page.contains(#"chat_rule_limits_total{responder="rules",rule="a/slow"} 0"#), "\(page)")
            let status = try await CommandRun(["rules", "status", "--listen", "127.0.0.1:\(scene.port)"])
            #expect(
                status.output.hasSuffix("\nout: a/slow was slow again and again; it answers again after ten minutes\n"),
                "\(status.output)"
            )
            #expect(try await !Self.health(scene.port).contains("a/slow"))
            try await TestSocket.open("/ws/chat?session=after", port: scene.port) { socket in
                try await socket.send(#"{"type":"user","message":"\#(attack.dropLast())1","id":"m1"}"#)
                #expect(try await socket.next("claude")["message"]?.text == "One.")
            }
        }
    }

    @Test("no message is lost while rules change all the time, and each is answered by one whole set")
    func underLoad() async throws {
        try await Self.run { scene in
            try await TestSocket.open("/ws/chat?session=s", port: scene.port) { socket in
                for round in 0..<30 {
                    try scene.folder.write(Self.rules("Round \(round)."), to: "rules/a.yaml")
                    async let reports = scene.reloader.reload()
                    for part in 0..<5 {
                        try await socket.send(#"{"type":"user","message":"hello","id":"m\#(round)-\#(part)"}"#)
                        let reply = try await socket.next("claude")
                        #expect(reply["id"]?.text == "re:m\(round)-\(part)")
                        let known = round == 0 ? ["One.", "Round 0."] : ["Round \(round - 1).", "Round \(round)."]
                        #expect(known.contains(reply["message"]?.text ?? ""))
                    }
                    _ = try await reports
                }
            }
        }
    }

    private static func health(_ port: Int) async throws -> String { try await self.request("GET /healthz", port) }

    private static func request(_ line: String, _ port: Int) async throws -> String {
        try await TestSocket.connect(port: port) { socket in
            try await socket.write("\(line) HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return String(decoding: try await socket.readToEnd(), as: UTF8.self)
        }
    }
}
