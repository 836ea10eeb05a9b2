import Foundation
import RespondersTesting
import Testing

extension ProductTests {
    /// What a plugin knows of a server that was killed, and what it may still say.
    @Suite("a plugin and a server that is killed", .timeLimit(.minutes(5)))
    struct PluginRestartTests {
        /// Promises a reply where it is asked to look, and leaves in a file what it was told; answers the work of a turn only
        /// when that is begun again.
        private static let plugin = PythonPlugin.program(
            turn: """
                turn = frame["turn"]
                if turn["message"]["text"] == "work":
                    open("turns.txt", "a").write(turn["id"] + " ")
                    if frame["attempt"] > 1: answer("reply", text="Attempt %d of %s." % (frame["attempt"], turn["id"]))
                else:
                    open("ticket.txt", "w").write(turn["id"] + " " + turn["followUpToken"])
                    answer("reply", text="I am looking.", followUpTtlMs=900000)
                """
        )

        private static func built() throws -> BuiltProgram {
            try BuiltProgram(chain: BuiltProgram.patientChain, plugin: Self.plugin)
        }

        private static func words(_ name: String, of program: BuiltProgram) -> [String] {
            let text = try? String(contentsOfFile: "\(program.folder.path)/\(name)", encoding: .utf8)
            return text?.split(separator: " ").map(String.init) ?? []
        }

        private static func follow(_ turn: String, _ token: String, _ body: String, port: Int) async throws -> Int {
            var request = TestRequest.post("/api/chat/turns/\(turn)/followup", body)
            request.headers.append("Authorization: Bearer \(token)")
            return try await request.send(port: port).status
        }

        @Test(
            "a token that was given out before opens the door for the promised reply after it, once, and the trace says so"
        )
        func promise() async throws {
            let program = try Self.built()
            try await program.serve(isKilled: true) { port in
                try await TestSocket.open("/ws/chat?session=s1", port: port) { socket in
                    try await socket.send(#"{"type":"user","message":"look","id":"m1"}"#)
                    #expect(try await socket.next("claude")["message"]?.text == "I am looking.")
                }
                try await program.untilAnswered()
                let turn = Self.words("ticket.txt", of: program).first ?? ""
                let trace = try await program.run("trace", turn, "--listen", "127.0.0.1:\(port)")
                #expect(trace.output.contains("follow-up  may come until 20"), "\(trace.output)\(trace.complaint)")
            }
            let ticket = Self.words("ticket.txt", of: program)
            let (turn, token) = (try #require(ticket.first), try #require(ticket.last))
            let body =
                #"{"text":"It is in Bremen.","choices":[{"label":"Thanks"}],"links":[{"title":"Map","url":"/map"}]}"#
            try await program.serve { port in
                #expect(try await Self.follow(turn, String(token.reversed()), body, port: port) == 401)
                #expect(try await Self.follow("t_other", token, body, port: port) == 401)
                #expect(try await Self.follow(turn, token, #"{"text":"x","links":[{"title":"x"}]}"#, port: port) == 400)
                try await TestSocket.open("/ws/chat?session=s1", port: port) { socket in
                    _ = try await socket.next()
                    #expect(try await Self.follow(turn, token, body, port: port) == 204)
                    var reply = try await socket.next("claude")
                    // What was said before is shown again.
                    if reply["id"]?.text == "re:m1" { reply = try await socket.next("claude") }
                    #expect(reply["id"]?.text == "re:m1:2" && reply["message"]?.text == "It is in Bremen.", "\(reply)")
                    #expect(reply["choices"] != nil && reply["links"] != nil)
                }
                #expect(try await Self.follow(turn, token, body, port: port) == 401)
                let trace = try await program.run("trace", turn, "--listen", "127.0.0.1:\(port)")
                #expect(trace.output.contains("follow-up  came 20"), "\(trace.output)\(trace.complaint)")
            }
            // And it stays kept.
            try await program.serve { port in
                #expect(try await Self.follow(turn, token, body, port: port) == 401)
                let trace = try await program.run("trace", turn, "--json", "--listen", "127.0.0.1:\(port)")
                #expect(trace.output.contains(#""result":"kept""#), "\(trace.output)")
            }
        }

        @Test("a turn that was open is asked again as the second attempt of the same turn")
        func attempt() async throws {
            let program = try Self.built()
            try await program.serve(isKilled: true) { port in
                try await BuiltProgram.say("work", "m1", in: "s1", port: port)
                while Self.words("turns.txt", of: program).isEmpty { await Task.yield() }
            }
            try await program.serve { port in
                try await program.untilAnswered()
                let turns = Self.words("turns.txt", of: program)
                #expect(turns.count == 2 && turns.first == turns.last)
                try await TestSocket.open("/ws/chat?session=s1", port: port) { socket in
                    let epoch = try #require(try await socket.next()["epoch"]?.text)
                    let target = "/api/chat/history?session=s1&epoch=\(epoch)&before=9"
                    let history = try await TestRequest.get(target).send(port: port)
                    #expect(history.text.contains("Attempt 2 of \(turns[0])."), "\(history.text)")
                }
                let trace = try await program.run("trace", turns[0], "--listen", "127.0.0.1:\(port)")
                #expect(trace.output.contains(", attempt 2"), "\(trace.output)\(trace.complaint)")
            }
        }
    }
}
