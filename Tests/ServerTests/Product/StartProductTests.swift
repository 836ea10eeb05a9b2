import Foundation
import Messages
import RespondersTesting
import Testing

@testable import Server

extension ProductTests {
    @Suite("what a server waits for before it takes messages", .timeLimit(.minutes(1)))
    struct Start {
        @Test("the first visitor finds the programs of the chain ready")
        func programs() async throws {
            let program = try BuiltProgram(
                chain: """
                    {guard: [process: {command: [python3, program.py]}], answer: [rules: {path: rules/}], fallback: [fallback]}
                    """,
                plugin: PythonPlugin.program(in: "guard", hello: "time.sleep(0.4)", turn: #"answer("pass")"#)
            )
            try await program.serve { port in
                try await TestSocket.open("/ws/chat?session=s", port: port) { socket in
                    try await socket.send(#"{"type":"user","message":"hello","id":"m1"}"#)
                    #expect(try await socket.next("claude")["message"]?.text == "Hi")
                }
            }
        }

        @Test("a turn that a crash left open finds them ready, too")
        func openTurn() async throws {
            let program = try BuiltProgram(
                chain:
                    "{guard: [{process: {command: [python3, slow.py]}, as: slow}], \(BuiltProgram.patientChain.dropFirst())",
                plugin: PythonPlugin.program(
                    turn: """
                        open("asked", "a").close()
                        if frame["attempt"] > 1: answer("reply", text="At last.")
                        """
                )
            )
            let slow = PythonPlugin.program(in: "guard", hello: "time.sleep(0.4)", turn: #"answer("pass")"#)
            try program.folder.write(slow, to: "slow.py")
            try await program.serve(isKilled: true) { port in
                try await BuiltProgram.say("hello", "m1", in: "s", port: port)
                while !FileManager.default.fileExists(atPath: "\(program.folder.path)/asked") { await Task.yield() }
            }
            try await program.serve { _ in try await program.untilAnswered() }
            let found = try await program.run("store", "search", "--outcome", "answered")
            #expect(found.output.contains("1 message"), "\(found.output)\(found.complaint)")
        }

        @Test("a configuration whose conversations fail is not started, as check says")
        func transcripts() async throws {
            let program = try BuiltProgram(
                chain: "{tests: [a.chat], answer: [rules: {path: rules/}], fallback: [fallback]}"
            )
            try program.folder.write("> hello\n< Something else.\n", to: "a.chat")
            let check = try await program.run("check")
            #expect(check.status == 1 && check.output.contains("[transcript-mismatch]"), "\(check.output)")
            let serve = try await program.run("serve")
            #expect(serve.status == 78, "\(serve.complaint)")
            #expect(serve.complaint.contains("a.chat:2:1: "), "\(serve.complaint)")
            #expect(serve.complaint.contains("[transcript-mismatch]"), "\(serve.complaint)")
            #expect(serve.complaint.contains("1 error; nothing was started"), "\(serve.complaint)")
        }

        @Test("a chain beside has programs of its own, so that visitors don't wait for it")
        func beside() async throws {
            let chain = "{answer: [process: {command: [python3, program.py]}], fallback: [fallback]}"
            let program = try BuiltProgram(
                chain: "\(chain), next: \(chain)",
                plugin: PythonPlugin.program(
                    turn: """
                        with open("asked", "a") as file: file.write("%d\\n" % os.getpid())
                        answer("reply", text=str(os.getpid()))
                        """
                )
            )
            try await program.serve(["--shadow-chain", "next"]) { port in
                let live = try await TestSocket.open("/ws/chat?session=s", port: port) { socket in
                    try await socket.send(#"{"type":"user","message":"hello","id":"m1"}"#)
                    return try await socket.next("claude")["message"]?.text
                }
                try await program.untilAnswered()
                let asked = try String(contentsOfFile: "\(program.folder.path)/asked", encoding: .utf8)
                let processes = Set(asked.split(separator: "\n").map(String.init))
                #expect(processes.count == 2 && live.map(processes.contains) == true, "\(asked)")
            }
        }
    }
}
