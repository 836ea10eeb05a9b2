import Foundation
import RespondersTesting
import Testing

extension ProductTests {
    /// What the people who run a server learn of its programs.
    @Suite("programs of other people, for those who run them", .timeLimit(.minutes(3)))
    struct PluginEntryProductTests {
        private static let needy = PythonPlugin.program(
            hello: """
                shop = frame["config"]["shop"]
                assert list(frame["config"]) == ["shop"], frame["config"]
                assert os.environ["SHOP_KEY"] == "k1" and "HOME" not in os.environ
                """,
            turn: #"answer("reply", text=shop)"#
        )

        private static func chain(_ process: String, in stage: String = "answer") -> String {
            let entry = "{process: \(process), as: orders, timeout: 90s}"
            return stage == "answer"
                ? "{deadline: 100s, answer: [\(entry)], fallback: [fallback]}"
                : "{deadline: 100s, \(stage): [\(entry)], answer: [rules: {path: rules/}], fallback: [fallback]}"
        }

        @Test("an entry is checked with its own settings and variables")
        func checkEntry() async throws {
            let program = try BuiltProgram(
                chain: Self.chain("{command: [python3, program.py], env: [SHOP_KEY], config: {shop: Berlin}}"),
                plugin: Self.needy,
                environment: ["SHOP_KEY": "k1"]
            )
            let entry = try await program.run("plugins", "check", "--entry", "orders", "--patience", "5")
            #expect(entry.status == 0, "\(entry.output)\(entry.complaint)")
            #expect(entry.lines.last == "all cases are fine")
            // The same program without what its entry gives it.
            let bare = try await program.run("plugins", "check", "--", "python3", "program.py")
            #expect(bare.status == 1 && bare.output.contains("FAIL  hello"), "\(bare.output)")
            for (name, said) in [("ordesr", #"did you mean "orders"?"#), ("rules", "no chain has an entry")] {
                let unknown = try await program.run("plugins", "check", "--entry", name)
                #expect(unknown.status == 2 && unknown.complaint.contains(said), "\(unknown.complaint)")
            }
        }

        @Test("check doubts variables that aren't set and files that aren't there")
        func doubts() async throws {
            let program = try BuiltProgram(
                chain: Self.chain("{command: [python3, nothere.py], env: [SHOP_KYE]}"),
                environment: ["SHOP_KEY": "k1"]
            )
            let check = try await program.run("check")
            #expect(check.status == 0, "\(check.output)")
            #expect(check.output.contains(#"there is no file "nothere.py""#), "\(check.output)")
            #expect(check.output.contains("[no-file]"))
            #expect(
                check.output.contains(
                    #"the server has no variable "SHOP_KYE"; did you mean "SHOP_KEY"? [no-variable]"#
                ),
                "\(check.output)"
            )
        }

        @Test("a folder of rules that isn't there is a mistake at the entry that names it")
        func folder() async throws {
            let program = try BuiltProgram(chain: "{answer: [rules: {path: rulez/}], fallback: [fallback]}")
            let check = try await program.run("check")
            #expect(check.status == 1)
            let line = try #require(check.lines.first { $0.contains("[no-folder]") }, "\(check.output)")
            #expect(line.hasPrefix("claude-chat.yaml:"), "\(line)")
            #expect(line.contains("chains.demo.answer[0].rules.path: there is no folder"), "\(line)")
        }

        @Test("a program in a stage that it doesn't offer is told at the start")
        func stage() async throws {
            let program = try BuiltProgram(
                chain: Self.chain("{command: [python3, program.py]}", in: "enrich"),
                plugin: PythonPlugin.program(turn: #"answer("pass")"#)
            )
            let log = try await program.serve { _ in }
            #expect(log.contains("stage-not-offered"), "\(log)")
            #expect(log.contains(#""orders" stands in enrich, which its program doesn't offer"#), "\(log)")
        }

        @Test("one that ends again and again is out of service, and /healthz says so")
        func outOfService() async throws {
            let program = try BuiltProgram(
                chain: Self.chain("{command: [python3, program.py]}"),
                plugin: PythonPlugin.program(hello: #"say(type="ready", protocol=7)"#, turn: "pass")
            )
            try await program.serve { port in
                while true {
                    let health = try await TestRequest.get("/healthz").send(port: port)
                    if health.text.contains(#""problem":"out-of-service""#) { break }
                    await Task.yield()
                }
            }
        }

        @Test("a visitor's reference finds the record of the turn")
        func reference() async throws {
            let program = try BuiltProgram(
                chain: Self.chain("{command: [python3, program.py]}").replacing(", fallback: [fallback]", with: ""),
                plugin: PythonPlugin.program(turn: "os._exit(1)")
            )
            try await program.serve { port in
                let told = try await TestSocket.open("/ws/chat?session=s", port: port) { socket in
                    try await socket.send(#"{"type":"user","message":"hello","id":"m1","context":{"locale":"de"}}"#)
                    return try await socket.next("claude")
                }
                #expect(told["lang"]?.text == "de")
                let text = try #require(told["message"]?.text)
                let reference = try #require(text.split(separator: "Kennung: ").last).dropLast()
                let address = "127.0.0.1:\(port)"
                let trace = try await program.run("trace", String(reference).lowercased(), "--listen", address)
                #expect(trace.status == 0 && trace.output.contains("crashed"), "\(trace.output)\(trace.complaint)")
                let none = try await program.run("trace", "AAAA-0000", "--listen", address)
                #expect(none.status == 1, "\(none.output)")
            }
        }
    }
}
