import Foundation
import Logging
import Messages
import Observability
import Responders
import RespondersTesting
import Store
import Testing

@testable import Server

extension ProductTests {
    @Suite("the audit log of a server", .timeLimit(.minutes(5)))
    struct AuditTests {
        private static let form = "  audit_key: {env: CHAT_AUDIT}\n  keys: {s1: {env: CHAT_KEY_1}}"

        /// A program whose server did a bit of everything, and what the server wrote into its log.
        private static func busy() async throws -> (BuiltProgram, log: String) {
            let program = try BuiltProgram(store: Self.form, environment: BuiltProgram.keys)
            let log = try await program.serve { port in
                try await BuiltProgram.say("hello secretword", "m1", in: "visitorone", port: port)
                try await program.untilAnswered()
                let listen = ["--listen", "127.0.0.1:\(port)"]
                try await TestSocket.open("/ws/chat?session=visitortwo", port: port) { socket in
                    _ = try await socket.next()
                    var id: Substring?
                    // A connection is listed a moment after it was welcomed.
                    while id == nil {
                        let list = try await program.run(["connections", "--json"] + listen)
                        try #require(list.status == 0, "\(list.complaint)")
                        id = list.output.firstMatch(of: /"id":"([^"]+)"/)?.output.1
                    }
                    #expect(
                        try await program.run(["connections", "--disconnect", String(id ?? "")] + listen).status == 0
                    )
                }
                #expect(try await program.run(["revoke", "--session", "visitortwo"] + listen).status == 0)
                let token = ["token", "--site", "default", "--role", "agent", "--name", "Ann"] + listen
                #expect(try await program.run(token).status == 0)
                let rules = "version: 1\nrules:\n  - {id: hello, match: hello, reply: Hello}\n"
                try program.folder.write(rules, to: "rules/a.yaml")
                #expect(try await program.run(["rules", "reload"] + listen).status == 0)
                try program.folder.write("version: 1\nrules: [", to: "rules/a.yaml")
                #expect(try await program.run(["rules", "reload"] + listen).status == 1)
                try program.folder.write(rules, to: "rules/a.yaml")
                let erase = ["store", "erase", "--site", "default", "--session", "visitorone", "--yes"]
                #expect(try await program.run(erase + listen).status == 0)
            }
            return (program, log)
        }

        @Test("the mode of a start is the one that held, whatever the configuration says")
        func mode() async throws {
            let program = try BuiltProgram(environment: BuiltProgram.keys)
            let file = "\(program.folder.path)/claude-chat.yaml"
            let text = try String(contentsOfFile: file, encoding: .utf8)
            try program.folder.write(
                text.replacing("mode: development", with: "mode: production"),
                to: "claude-chat.yaml"
            )
            _ = try await program.serve(["--insecure-dev"]) { _ in }
            let list = try await program.run("audit", "list", "--json", "--action", "server-started")
            #expect(list.output.contains(#""mode":"development""#), "\(list.output)\(list.complaint)")
        }

        @Test("who did what is there, in order, with no text, no token and no session; verify takes it for sound")
        func whole() async throws {
            let (program, log) = try await Self.busy()
            let list = try await program.run("audit", "list", "--json")
            let actions = list.json.compactMap { $0["action"]?.text }
            #expect(actions.prefix(2) == ["server-started", "key-begun"])
            #expect(actions.last == "server-stopped")
            for action in [
                "disconnect", "revoke", "token-issued", "reload", "content-live", "content-rejected", "erased",
            ] {
                #expect(actions.contains(action), "\(action) \(actions)")
            }
            for secret in ["secretword", "visitorone", "visitortwo", "eyJ", BuiltProgram.key] {
                #expect(!list.output.contains(secret), "\(secret)")
            }
            // The revocation and the erasure, which has a begin and an end, are of two sessions.
            let names = list.output.matches(of: /"sessions?":"([0-9a-f]{8})"/).map(\.output.1)
            #expect(names.count == 3 && names[0] != names[1] && names[1] == names[2], "\(list.output)")
            #expect(try #require(actions.firstIndex(of: "erase-begun")) + 1 == actions.firstIndex(of: "erased"))
            let since = try await program.run("audit", "list", "--since", "1h", "--action", "erased")
            #expect(since.lines.count == 2 && since.lines.last == "1 entry")
            #expect(try await program.run("audit", "list", "--until", "1d").output == "0 entries\n")
            let verdict = try await program.run("audit", "verify")
            let sound = "data/chat.db.audit.jsonl: \(actions.count) entries, sound\n"
            #expect(verdict.status == 0 && verdict.output.hasPrefix(sound), "\(verdict.output)\(verdict.complaint)")
            // Where it ended is in the log of the process, too.
            let head = try #require(log.firstMatch(of: /audit\.head=(\d+:[0-9a-f]{64})/)?.output.1)
            #expect(try await program.run("audit", "verify", "--head", String(head)).status == 0)
        }

        @Test("a name that is too long for the log loses its end, and nothing is refused for it")
        func longNames() async throws {
            let program = try BuiltProgram()
            _ = try await program.serve { port in try await BuiltProgram.say("hello", "m1", in: "s", port: port) }
            let names = [String(repeating: "ü", count: 100), String(repeating: "a", count: 100)]
            let folder = ([program.folder.path] + names).joined(separator: "/")
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let backup = try await program.run("store", "backup", "\(folder)/chat.db")
            #expect(backup.status == 0, "\(backup.complaint)")
            let list = try await program.run("audit", "list", "--json", "--action", "backed-up")
            let file = try #require(list.output.firstMatch(of: /"file":"([^"]*)"/)?.output.1, "\(list.output)")
            #expect(255...256 ~= file.utf8.count && folder.hasPrefix(file), "\(file)")
            #expect(try await program.run("audit", "verify").status == 0)
        }

        @Test("what agents do is there in order, by their names, with no text, no token and no session")
        func agents() async throws {
            let program = try BuiltProgram(store: Self.form, environment: BuiltProgram.keys)
            _ = try await program.serve { port in
                let arguments = ["token", "--site", "default", "--role", "agent", "--name", "Ann"]
                let token = try await program.run(arguments + ["--listen", "127.0.0.1:\(port)"])
                let offer = "Sec-WebSocket-Protocol: chat.v1, bearer.\(token.lines.first ?? "")"
                for session in ["desk", "visitorone"] {
                    try await TestSocket.connect(port: port) { socket in
                        try await socket.write(TestSocket.handshake("/ws/chat?session=\(session)", [offer]))
                        try await socket.readHead()
                        #expect(socket.head.hasPrefix("HTTP/1.1 101 "), "\(socket.head)")
                        guard session != "desk" else { return }
                        try await socket.send(#"{"type":"user","message":"secretword","id":"a1"}"#)
                        for state in ["bot", "human", "closed"] {
                            try await socket.send(#"{"type":"conversation","state":"\#(state)"}"#)
                            while try await socket.next("conversation")["state"]?.text != state {}
                        }
                    }
                }
            }
            let list = try await program.run("audit", "list", "--json")
            let entries = list.json.filter { $0["actor"]?.text == "agent:Ann" }
            #expect(
                entries.compactMap { $0["action"]?.text } == [
                    "agent-signed-in", "agent-entered", "agent-took", "agent-returned", "agent-took", "agent-closed",
                ],
                "\(list.output)"
            )
            for secret in ["secretword", "visitorone", "eyJ"] { #expect(!list.output.contains(secret), "\(secret)") }
            let verdict = try await program.run("audit", "verify")
            #expect(verdict.status == 0, "\(verdict.output)\(verdict.complaint)")
        }

        @Test("I7: deleted, moved, changed, cut off, written anew, and without its key: verify says where")
        func tampered() async throws {
            let (program, log) = try await Self.busy()
            let whole = try String(contentsOfFile: program.audit, encoding: .utf8)
            let head = try #require(log.firstMatch(of: /audit\.head=(\d+:[0-9a-f]{64})/)?.output.1)
            let end = try Data(contentsOf: URL(fileURLWithPath: program.audit + ".head"))
            let lines = whole.split(separator: "\n").map { "\($0)\n" }
            func verdict(_ lines: [String], _ arguments: String...) async throws -> BuiltProgram.Run {
                try Data(lines.joined().utf8).write(to: URL(fileURLWithPath: program.audit))
                let run = try await program.run(["audit", "verify"] + arguments)
                #expect(run.status == 1, "\(run.output)")
                return run
            }
            var changed = lines
            changed.remove(at: 3)
            #expect(
                try await verdict(changed).output.contains(".jsonl:4: entry 5 stands where 4 belongs [audit-broken]")
            )
            changed = lines
            changed.swapAt(2, 3)
            #expect(try await verdict(changed).output.contains(".jsonl:3: entry 4 stands where 3 belongs"))
            changed = lines
            changed[1] = changed[1].replacing("key-begun", with: "key-ended")
            #expect(try await verdict(changed).output.contains(".jsonl:2: the entry or the one before it was changed"))
            changed = lines + ["{\"n\":99}\n"]
            #expect(try await verdict(changed).output.contains(".jsonl:\(lines.count + 1): no entry"))
            let cut = try await verdict(Array(lines.dropLast()))
            #expect(cut.output.contains("ends with entry \(lines.count - 1), and \(lines.count) were written"))
            try FileManager.default.removeItem(atPath: program.audit + ".head")
            #expect(try await verdict(lines).output.contains("the file that says where it ends is missing"))
            // Both files cut alike: only what was kept elsewhere tells.
            let code = try #require(lines[0].firstMatch(of: /"code":"([0-9a-f]{64})"/)?.output.1)
            try program.folder.write(#"{"count":1,"code":"\#(code)"}"# + "\n", to: "data/chat.db.audit.jsonl.head")
            try Data(lines[0].utf8).write(to: URL(fileURLWithPath: program.audit))
            #expect(try await program.run("audit", "verify").status == 0)
            let known = try await verdict([lines[0]], "--head", String(head))
            #expect(known.output.contains("ends with entry 1, and "))
            try end.write(to: URL(fileURLWithPath: program.audit + ".head"))
            try Data(whole.utf8).write(to: URL(fileURLWithPath: program.audit))
            let other = try await program.run("audit", "verify", "--log", program.audit)
            #expect(other.status == 1 && other.output.contains("or the key is another"))
            try FileManager.default.removeItem(atPath: program.audit)
            let gone = try await program.run("audit", "verify")
            #expect(gone.status == 1 && gone.complaint.contains("there is no audit log;"))
            #expect(try await program.run("audit", "list").status == 1)
            #expect(try await program.run("audit", "verify", "--head", "x").status == 2)
        }

        @Test("reads, exports, backups and what went are noted, with who did it")
        func commands() async throws {
            let program = try BuiltProgram()
            #expect(try await program.run("store", "import", "-", input: try BuiltProgram.lines(3)).status == 0)
            _ = try await program.run("store", "search", "text", "--session", "s1")
            _ = try await program.run("store", "export", "--output", "x.jsonl")
            _ = try await program.run("store", "backup", "b.db")
            _ = try await program.run("store", "prune", "--older-than", "1d")
            _ = try await program.run("store", "restore", "b.db")
            let list = try await program.run("audit", "list")
            for action in ["imported", "transcripts-read", "exported", "backed-up", "pruned", "restored"] {
                #expect(list.output.contains("  \(action) "), "\(list.output)")
            }
            #expect(list.output.contains("operator:") && !list.output.contains("text"))
            #expect(list.lines.last == "11 entries")
            // Whoever can't be noted doesn't get to read.
            try Data("no entry\n".utf8).write(to: URL(fileURLWithPath: program.audit))
            let run = try await program.run("store", "search", "text")
            #expect(run.status == 1 && run.output == "" && run.complaint.contains("the last line is no entry"))
            for command in [
                ["export"], ["export", "--output", "y.jsonl"], ["backup", "c.db"], ["prune", "--older-than", "1d"],
                ["import", "x.jsonl"], ["restore", "b.db"],
            ] {
                let run = try await program.run(["store"] + command)
                #expect(run.status == 1 && run.output == "", "\(command) \(run.output)")
                #expect(run.complaint.contains("the last line is no entry"), "\(command) \(run.complaint)")
            }
            #expect(try await program.run("store", "stats", "--json").json.first?["messages"] == .number(3))
            for file in ["y.jsonl", "c.db"] {
                #expect(!FileManager.default.fileExists(atPath: "\(program.folder.path)/\(file)"))
            }
        }

        @Test("twenty tokens of a minute that were no good are one entry; fewer are none")
        func burst() async throws {
            let folder = try ScratchFolder()
            let clock = ManualClock()
            let (metrics, logger) = (MetricsRegistry(), Logger(label: "test"))
            let trail = AuditTrail(StoreSettings(options: StoreOptions(path: "\(folder.path)/chat.db")), by: "server")
            let audit = AuditWriter(trail, isDevelopment: false, metrics: metrics, logger: logger)
            let service = AuditService(audit, metrics: metrics, clock: TurnClock(clock), logger: logger)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await service.run() }
                for count in [19, 25, 0, 20] {
                    await clock.sleepers(atLeast: 1)
                    service.failures.increment(by: count)
                    clock.advance(by: .seconds(60))
                }
                await clock.sleepers(atLeast: 1)
                group.cancelAll()
                try await group.waitForAll()
            }
            let lines = try String(contentsOfFile: trail.log.path, encoding: .utf8).split(separator: "\n")
            #expect(lines.count == 2 && lines.allSatisfy { $0.contains(#""action":"failed-authentication""#) })
            #expect(lines.first?.contains(#""count":"25""#) == true)
        }

        @Test("a server removes what is old, a minute after its start and each hour")
        func retention() async throws {
            let program = try BuiltProgram()
            #expect(try await program.run("store", "import", "-", input: try BuiltProgram.lines(3)).status == 0)
            let store = try MessageStore.open(StoreOptions(path: program.store), as: .tool, time: .system)
            let clock = ManualClock()
            let service = RetentionService(
                store: store,
                policy: { RetentionPolicy(days: 1) },
                clock: TurnClock(clock),
                audit: nil,
                logger: Logger(label: "test")
            )
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await service.run() }
                await clock.sleepers(atLeast: 1)
                #expect(try await store.statistics().messages == 3)
                clock.advance(by: .seconds(60))
                await clock.sleepers(atLeast: 1)
                #expect(try await store.statistics().messages == 0)
                group.cancelAll()
                try await group.waitForAll()
            }
            store.close()
        }

        @Test("a command without the key of the log is refused, and the log stays sound")
        func withoutKey() async throws {
            let program = try BuiltProgram(store: "  audit_key: {env: CHAT_AUDIT}", environment: BuiltProgram.keys)
            #expect(try await program.run("store", "import", "-", input: try BuiltProgram.lines(3)).status == 0)
            let run = try await program.run("store", "search", "text", "--store", "data/chat.db")
            #expect(run.status == 1 && run.output == "")
            let complaint =
                "data/chat.db.audit.jsonl: was written with a key; name the configuration that has its audit_key [wrong-key]\n"
            #expect(run.complaint == complaint)
            let config = ["--config", "claude-chat.yaml", "--store", "data/chat.db"]
            #expect(try await program.run(["store", "search", "text"] + config).status == 0)
            #expect(try await program.run("audit", "verify").status == 0)
        }
    }
}
