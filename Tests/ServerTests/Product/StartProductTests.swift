import Foundation
import Messages
import RespondersTesting
import Testing

@testable import Server

extension ProductTests {
    @Suite("what a server waits for before it takes messages", .timeLimit(.minutes(1)))
    struct Start {
        /// Says what it is once a file is there, and refuses what is "bad".
        private static let slow = """
            import json, os, sys, time
            for line in sys.stdin:
                frame = json.loads(line)
                if frame["type"] == "hello":
                    time.sleep(0.4)
                    print(json.dumps({"type": "ready", "protocol": 1, "name": "slow", "stages": ["guard"]}), flush=True)
                elif frame["type"] == "ping":
                    print(json.dumps({"type": "pong", "n": frame["n"]}), flush=True)
                elif frame["type"] == "turn":
                    print(json.dumps({"type": "verdict", "id": frame["id"], "verdict": "pass"}), flush=True)
            """

        private static func program(_ chain: String) throws -> BuiltProgram {
            let program = try BuiltProgram()
            try program.folder.write(Self.slow, to: "slow.py")
            try program.folder.write(
                """
                version: 1
                default_chain: demo
                server: {listen: '127.0.0.1:0', mode: development}
                store: {path: data/chat.db}
                chains:
                  demo:
                \(chain)
                    answer: [rules: {path: rules/}]
                    fallback: [fallback]

                """,
                to: "claude-chat.yaml"
            )
            return program
        }

        @Test("the first visitor finds the programs of the chain ready")
        func programs() async throws {
            let program = try Self.program("    guard: [process: {command: [python3, slow.py]}]")
            try await program.serve { port in
                try await TestSocket.open("/ws/chat?session=s", port: port) { socket in
                    try await socket.send(#"{"type":"user","message":"hello","id":"m1"}"#)
                    #expect(try await socket.next("claude")["message"]?.text == "Hi")
                }
            }
        }

        @Test("a configuration whose conversations fail is not started, as check says")
        func transcripts() async throws {
            let program = try Self.program("    tests: [a.chat]")
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
            let program = try Self.program("")
            try program.folder.write(
                """
                import json, os, sys
                for line in sys.stdin:
                    frame = json.loads(line)
                    if frame["type"] == "hello":
                        print(json.dumps({"type": "ready", "protocol": 1, "name": "x", "stages": ["answer"]}), flush=True)
                    elif frame["type"] == "ping":
                        print(json.dumps({"type": "pong", "n": frame["n"]}), flush=True)
                    elif frame["type"] == "turn":
                        verdict = {"type": "verdict", "id": frame["id"], "verdict": "reply", "text": str(os.getpid())}
                        with open("asked", "a") as file: file.write("%d\\n" % os.getpid())
                        print(json.dumps(verdict), flush=True)
                """,
                to: "x.py"
            )
            let chain = "{answer: [process: {command: [python3, x.py]}], fallback: [fallback]}"
            try program.folder.write(
                """
                version: 1
                default_chain: demo
                server: {listen: '127.0.0.1:0', mode: development}
                store: {path: data/chat.db}
                chains: {demo: \(chain), next: \(chain)}

                """,
                to: "claude-chat.yaml"
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
