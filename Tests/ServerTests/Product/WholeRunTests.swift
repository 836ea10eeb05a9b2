import Foundation
import RespondersTesting
import Testing

@testable import Server

extension ProductTests {
    @Suite("a whole run, and what of it is where", .timeLimit(.minutes(5)))
    struct WholeRunTests {
        /// What visitors and operators said or showed, each at one door, that must be nowhere but in their answers.
        private static let marks = [
            "textmark", "titlemark", "namemark", "commentmark", "querymark", "errormark", "badmark", "typemark",
            "postmark", "agentmark", "tokenmark", "cookiemark", "adminmark",
        ]

        /// Says something with a mark at every door, well and badly.
        private static func talk(_ port: Int, _ agent: String) async throws {
            let query = "/ws/chat?session=s1&page=/shop%3Fquerymark"
            try await TestSocket.open(query, port: port) { socket in
                _ = try await socket.next()
                let context = #"{"page":"/shop?querymark","title":"titlemark","email":"namemark@example.com"}"#
                try await socket.send(
                    #"{"type":"user","message":"hello textmark","id":"m1","context":\#(context)}"#
                )
                let answer = try await socket.next("claude")
                #expect(answer["message"] == .text("Hi"))
                for bad in [
                    #"{"type":"user","message":"badmark","id":"m2","#, #"{"type":"typemark"}"#,
                    #"{"type":"claude","message":"badmark","id":"m3"}"#,
                ] {
                    try await socket.send(bad)
                    _ = try await socket.next("error")
                }
            }
            try await BuiltProgram.say("postmark what", "p1", in: "s2", page: "/querymark", port: port)
            for request in [
                TestRequest.post(
                    "/api/chat/feedback",
                    #"{"sessionId":"s1","id":"re:m1","value":"down","comment":"commentmark"}"#
                ),
                .get("/api/chat/poll?session=s1&client=c&wait=0", ["Authorization: Bearer tokenmark"]),
                .get("/api/chat/poll?session=s1&client=c&wait=0", ["Cookie: __Host-claude_chat=cookiemark"]),
                .get("/api/chat/history?session=s1&epoch=querymark&before=9&limit=5"),
                .get("/api/chat/poll?token=tokenmark&session=s1&client=c"),
                .get("/metrics", ["Authorization: Bearer adminmark"]),
                .post("/api/chat/messages", #"{"type":"user","message":"errormark","id":"x y","sessionId":"s1"}"#),
            ] {
                _ = try await request.send(port: port)
            }
            let offer = "Sec-WebSocket-Protocol: chat.v1, bearer.\(agent)"
            try await TestSocket.connect(port: port) { socket in
                try await socket.write(TestSocket.handshake("/ws/chat?session=s1", [offer]))
                try await socket.readHead()
                try await socket.send(#"{"type":"user","message":"agentmark","id":"a1"}"#)
                while try await socket.next("claude")["message"] != .text("agentmark") {}
            }
        }

        @Test(
            "I8: no text, name, query or token is in a log, an outcome, a metric, the audit log, or a file in the clear"
        )
        func whole() async throws {
            let form = "  audit_key: {env: CHAT_AUDIT}\n  keys: {s1: {env: CHAT_KEY_1}}"
            let admin = "an-admin-token-of-more-than-32-bytes"
            let environment = BuiltProgram.keys.merging(["CHAT_ADMIN": admin]) { $1 }
            let program = try BuiltProgram(store: form, environment: environment)
            let file = "\(program.folder.path)/claude-chat.yaml"
            let text = try String(contentsOfFile: file, encoding: .utf8)
            try program.folder.write(
                text.replacing("mode: development", with: "mode: development, admin_token: {env: CHAT_ADMIN}"),
                to: "claude-chat.yaml"
            )
            var (metrics, agent, health, export, traces) = ("", "", "", "", "")
            let log = try await program.serve { port in
                let command = ["token", "--site", "default", "--role", "agent", "--name", "Ann"]
                let token = try await program.run(command + ["--listen", "127.0.0.1:\(port)"])
                agent = token.lines.first ?? ""
                #expect(agent.hasPrefix("eyJ"), "\(token.complaint)")
                try await Self.talk(port, agent)
                try await program.untilAnswered()
                let authorization = ["Authorization: Bearer \(admin)"]
                metrics = try await TestRequest.get("/metrics", authorization).send(port: port).text
                health = try await TestRequest.get("/healthz").send(port: port).text
                let lines = try await program.run("store", "export")
                export = lines.output
                for turn in lines.json.compactMap({ $0["turn"]?.text }) {
                    let record = TestRequest.get("/api/admin/turns/\(turn)/trace", authorization)
                    let answer = try await record.send(port: port)
                    #expect(answer.status == 200, "\(answer.text)")
                    traces += answer.text
                }
            }
            #expect(metrics.contains("chat_messages_total") && metrics.contains("chat_turns_total"))
            // What was said is there, for those who have the key.
            for mark in ["textmark", "postmark", "agentmark"] { #expect(export.contains(mark)) }
            let audit = try String(contentsOfFile: program.audit, encoding: .utf8)
            #expect(traces.contains("answered") && audit.contains("agent-entered"), "\(audit)")
            let files = try program.bytes()
            for mark in Self.marks + [agent, admin, BuiltProgram.key] {
                for (name, place) in [("log", log), ("metrics", metrics), ("health", health), ("audit", audit)] {
                    #expect(!place.contains(mark), "\(mark) is in the \(name)")
                }
                #expect(!traces.contains(mark), "\(mark) is in a trace")
                #expect(files.range(of: Data(mark.utf8)) == nil, "\(mark) is in a file")
            }
        }
    }
}
