import Foundation
import RespondersTesting
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension ProductTests {
    @Suite("issues, from a visitor's words to the news of them", .timeLimit(.minutes(5)))
    struct IssuesProductTests {
        private static func program() throws -> BuiltProgram {
            let program = try BuiltProgram()
            try program.folder.write(
                """
                version: 1
                rules:
                  - id: broken
                    match: '\\bbroken\\b'
                    actions:
                      - {responder: issues, op: create, fields: {kind: bug}}
                    reply: I am sorry.
                  - id: news
                    match: '\\bany news\\b'
                    actions:
                      - {responder: issues, op: status}
                    reply: I have looked.
                """,
                to: "rules/a.yaml"
            )
            try program.folder.write(
                """
                version: 1
                default_chain: demo
                server: {listen: '127.0.0.1:0', mode: development}
                store: {path: data/chat.db}
                chains:
                  demo:
                    answer: [issues: {file: data/issues.sqlite}, rules: {path: rules/}]
                    fallback: [fallback]

                """,
                to: "claude-chat.yaml"
            )
            return program
        }

        private static func say(_ text: String, _ id: String, to socket: TestSocket) async throws -> String? {
            try await socket.send(#"{"type":"user","message":"\#(text)","id":"\#(id)"}"#)
            // What was said before is shown again to who comes back.
            while true {
                let frame = try await socket.next("claude")
                if frame["inReplyTo"] == .text(id) { return frame["message"]?.text }
            }
        }

        /// Asks for the history of the session until a text is in it.
        private static func history(with text: String, port: Int) async throws -> String {
            while true {
                let history = try await TestRequest.get("/api/chat/history?session=s").send(port: port).text
                if history.contains(text) { return history }
            }
        }

        private static func issues(_ program: BuiltProgram) async throws -> [[String: TestSocket.Value]] {
            let run = try await program.run("issues", "list", "--json")
            #expect(run.status == 0, "\(run.complaint)")
            return run.json.filter { $0["title"] != nil }
        }

        @Test("GT5: a report is shown, sent once, and what another process does to it arrives in the same conversation")
        func story() async throws {
            let program = try Self.program()
            try await program.serve { port in
                try await TestSocket.open("/ws/chat?session=s", port: port) { socket in
                    #expect(try await Self.say("the checkout is broken", "m1", to: socket) == "I am sorry.")
                    let preview = try await socket.next("claude")["message"]?.text
                    #expect(preview?.contains("> the checkout is broken") == true, "\(preview ?? "")")
                    #expect(try await Self.issues(program).isEmpty)
                    let first = try await Self.say("Send", "m2", to: socket)
                    #expect(first?.hasPrefix("Noted as R-") == true, "\(first ?? "")")
                    #expect(try await Self.say("Send", "m3", to: socket) == first)
                    let issues = try await Self.issues(program)
                    #expect(issues.count == 1)
                    let reference = try #require(issues.first?["reference"]?.text)
                    #expect(first?.contains(reference) == true)
                    let note = try await program.run("issues", "comment", "1", "a private note")
                    #expect(note.status == 0, "\(note.complaint)")
                    let set = try await program.run("issues", "set", "1", "--state", "resolved")
                    #expect(set.output == "#1: resolved, private\n", "\(set.complaint)")
                    let news = try await socket.next("system")["message"]?.text
                    #expect(news == "Your report \(reference) is now: resolved.")
                    let comment = try await program.run("issues", "comment", "1", "It works.", "--public")
                    #expect(comment.status == 0, "\(comment.complaint)")
                    let told = try await socket.next("system")["message"]?.text
                    #expect(told == "News of your report \(reference):\n\nIt works.")
                    #expect(try await Self.say("any news?", "m4", to: socket) == "I have looked.")
                    let standing = try await socket.next("claude")["message"]?.text
                    #expect(standing == "Your reports:\n\(reference): resolved")
                }
                let answer = try await TestRequest.get("/api/admin/issues/1").send(port: port)
                #expect(answer.status == 200 && answer.text.contains("a private note"))
            }
        }

        @Test("news that come while nobody is there, or while no server runs, are told once to who comes back")
        func later() async throws {
            let program = try Self.program()
            try await program.serve { port in
                try await TestSocket.open("/ws/chat?session=s", port: port) { socket in
                    _ = try await Self.say("the checkout is broken", "m1", to: socket)
                    _ = try await socket.next("claude")
                    _ = try await Self.say("Send", "m2", to: socket)
                }
            }
            let set = try await program.run("issues", "set", "1", "--state", "closed")
            #expect(set.status == 0, "\(set.complaint)")
            try await program.serve { port in _ = try await Self.history(with: "is now: closed.", port: port) }
            try await program.serve { port in
                let again = try await program.run("issues", "set", "1", "--state", "open")
                #expect(again.status == 0, "\(again.complaint)")
                let history = try await Self.history(with: "is now: open.", port: port)
                #expect(history.split(separator: "is now: closed.").count == 2)
            }
        }

        @Test("GT8: a server that is killed while a report is sent has made one issue when it runs again")
        func killed() async throws {
            let program = try Self.program()
            for round in 1...4 {
                let session = "s\(round)"
                try await Self.untilKilled(program) { port in
                    try await BuiltProgram.say("part \(round) is broken", "m1", in: session, port: port)
                    try await program.untilAnswered()
                    try await BuiltProgram.say("Send", "m2", in: session, port: port)
                }
                try await program.serve { port in
                    try await program.untilAnswered()
                    try await TestSocket.open("/ws/chat?session=\(session)", port: port) { socket in
                        let noted = try await Self.say("Send", "m3", to: socket)
                        #expect(noted?.hasPrefix("Noted as R-") == true, "\(noted ?? "")")
                    }
                }
                #expect(try await Self.issues(program).count == round)
            }
        }

        /// Runs a server while `body` does, and kills it at once afterwards.
        private static func untilKilled(_ program: BuiltProgram, _ body: (Int) async throws -> Void) async throws {
            let output = Pipe()
            let process = try program.start(["serve"], output: output)
            let greeting = await BuiltProgram.read(output, until: "stops)")
            let address = greeting.split(separator: "127.0.0.1:").last?.prefix { $0.isNumber }
            let result = await Result { try await body(try #require(address.flatMap { Int($0) }, "\(greeting)")) }
            kill(process.processIdentifier, SIGKILL)
            await BuiltProgram.end(of: process)
            try result.get()
        }
    }
}

extension Result where Failure == any Error, Success: Sendable {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
