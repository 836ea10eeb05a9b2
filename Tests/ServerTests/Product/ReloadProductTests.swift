import Foundation
import RespondersTesting
import Testing

/// The built program, with another configuration again and again.
@Suite("a server whose configuration changes all the time", .timeLimit(.minutes(3)))
struct ReloadProductTests {
    private static let program = """
        import json, sys
        for line in sys.stdin:
            frame = json.loads(line)
            if frame["type"] == "hello":
                print(json.dumps({"type": "ready", "protocol": 1, "name": "test", "stages": ["answer"]}), flush=True)
            elif frame["type"] == "ping":
                print(json.dumps({"type": "pong", "n": frame["n"]}), flush=True)
            elif frame["type"] == "turn":
                print(json.dumps({"type": "verdict", "id": frame["id"], "verdict": "pass"}), flush=True)
        """

    private static func yaml(_ round: Int) -> String {
        """
        version: 1
        default_chain: demo
        server: {listen: '127.0.0.1:0', mode: development}
        store: {path: data/chat.db}
        chains:
          demo:
            answer:
              - rules: {path: rules/}
              - process: {command: [python3, plugin.py], config: {tag: \(round / 20)}}
            fallback: [fallback: {text: Round \(round).}]

        """
    }

    /// What a process has open, and how many children.
    private static func count(of process: Int32) throws -> (descriptors: Int, children: Int) {
        let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd").count
        let tasks = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")
        let children = tasks.reduce(into: 0) { count, task in
            let path = "/proc/\(process)/task/\(task)/children"
            let list = FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
            count += list.split(separator: " ").count
        }
        return (descriptors, children)
    }

    private static func program(_ round: Int = 0) throws -> BuiltProgram {
        let program = try BuiltProgram()
        try program.folder.write(Self.program, to: "plugin.py")
        try Self.save(Self.yaml(round), in: program)
        return program
    }

    /// Puts another configuration in the place of the one that is there, at once: nobody reads half of it.
    private static func save(_ yaml: String, in program: BuiltProgram) throws {
        try program.folder.write(yaml, to: "next.yaml")
        let folder = program.folder.path
        #expect(rename("\(folder)/next.yaml", "\(folder)/claude-chat.yaml") == 0)
    }

    /// Says something in a session of its own: its turn has begun when this returns.
    private static func say(_ id: String, _ port: Int) async throws {
        try await BuiltProgram.say("what now", id, in: id, port: port)
    }

    /// The replies to what was said, by its id.
    private static func replies(of program: BuiltProgram) async throws -> [String: String] {
        let lines = try await program.run("store", "export").lines
        var replies: [String: String] = [:]
        for line in lines {
            guard let id = line.firstMatch(of: /"id":"re:([^"]+)","speaker"/)?.1,
                let text = line.firstMatch(of: /"message":"([^"]*)"/)?.1
            else { continue }
            #expect(replies.updateValue(String(text), forKey: String(id)) == nil, "\(id) has two replies")
        }
        return replies
    }

    private static func generation(_ port: Int) async throws -> Int {
        let health = try await TestRequest.get("/healthz").send(port: port).text
        return health.firstMatch(of: /"configuration":\{"generation":([0-9]+)/).flatMap { Int($0.1) } ?? 0
    }

    @Test("answers each message by one whole configuration over 200 of them, and keeps no process and no descriptor")
    func twoHundred() async throws {
        let program = try Self.program()
        let log = try await program.serve(["--insecure-dev", "--no-limits"]) { port, process in
            try await Self.say("after-0", port)
            try await program.untilAnswered()
            let before = try Self.count(of: process)
            #expect(before.children == 1)
            for round in 1...200 {
                try Self.save(Self.yaml(round), in: program)
                async let answer = TestRequest.post("/api/admin/reload", "").send(port: port)
                for part in 0..<3 { try await Self.say("m\(round)-\(part)", port) }
                #expect(try await answer.status == 200)
                try await Self.say("after-\(round)", port)
            }
            #expect(try await Self.generation(port) == 201)
            // The last old process and what is open to it go when it has ended.
            var after = try Self.count(of: process)
            while after.children > before.children || after.descriptors > before.descriptors {
                await Task.yield()
                after = try Self.count(of: process)
            }
            #expect(after.children == 1)
        }
        #expect(!log.contains("rejected"), "\(log)")
        let audit = try await program.run("audit", "list", "--json")
        #expect(audit.lines.count { $0.contains(#""configuration-live""#) } == 200, "\(audit.output.prefix(2_000))")
        #expect(audit.output.contains(#""generation":"201""#))
        let replies = try await Self.replies(of: program)
        #expect(replies.count == 801)
        for round in 0...200 { #expect(replies["after-\(round)"] == "Round \(round).") }
        for round in 1...200 {
            for part in 0..<3 {
                let reply = replies["m\(round)-\(part)"]
                #expect(reply == "Round \(round - 1)." || reply == "Round \(round).", "\(round): \(reply ?? "")")
            }
        }
    }

    @Test("reads it at SIGHUP, and any number of them at once is no more than a reload or two")
    func signals() async throws {
        let program = try Self.program()
        try await program.serve { port, process in
            for round in 1...5 {
                try Self.save(Self.yaml(round), in: program)
                for _ in 0..<200 { kill(process, SIGHUP) }
                while try await Self.generation(port) < round + 1 { await Task.yield() }
                try await Self.say("m\(round)", port)
            }
            #expect(try await Self.generation(port) == 6)
            try await program.untilAnswered()
        }
        let replies = try await Self.replies(of: program)
        #expect(replies == Dictionary(uniqueKeysWithValues: (1...5).map { ("m\($0)", "Round \($0).") }))
    }
}
