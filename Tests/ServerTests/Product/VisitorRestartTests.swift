import Foundation
import Messages
import RespondersTesting
import Testing

extension ProductTests {
    /// What a plugin learns of a visitor for whom the site vouches.
    @Suite("a visitor whom the site knows", .timeLimit(.minutes(3)))
    struct VisitorRestartTests {
        /// Leaves in a file who asks, and answers when a turn is begun again.
        private static let plugin = PythonPlugin.program(
            turn: """
                with open("visitors.txt", "a") as file:
                    file.write(json.dumps(frame["turn"]["visitor"], sort_keys=True) + "\\n")
                if frame["attempt"] > 1: answer("reply", text="At last.")
                """
        )

        private static func visitors(of program: BuiltProgram) -> [String] {
            let text = try? String(contentsOfFile: "\(program.folder.path)/visitors.txt", encoding: .utf8)
            return text?.split(separator: "\n").map(String.init) ?? []
        }

        @Test("is told to a program with name and attributes, and again when the turn is run again after a crash")
        func known() async throws {
            let program = try BuiltProgram(
                more:
                    "sites: {shop: {origins: ['\(AttackGround.shopOrigin)'], identity: {secret: {env: SHOP_IDENTITY}}}}",
                chain: BuiltProgram.patientChain,
                plugin: Self.plugin,
                environment: ["SHOP_IDENTITY": String(repeating: "s", count: 32)]
            )
            try await program.serve(isKilled: true) { port in
                let claims = [
                    "aud": "\"shop\"", "sub": "\"4711\"", "exp": "\(Int(Date().timeIntervalSince1970) + 300)",
                    "name": "\"Zoe\"", "attributes": #"{"plan":"gold"}"#,
                ]
                let identity = AttackGround.signed(
                    header: #"{"alg":"HS256"}"#,
                    claims,
                    by: Array(String(repeating: "s", count: 32).utf8)
                )
                let origin = "Origin: http://127.0.0.1:\(port)"
                let body = #"{"site":"shop","identity":"\#(identity)"}"#
                let session = try await TestRequest.post("/api/chat/session", body, [origin]).send(port: port)
                let id = try #require(session.json["sessionId"]?.text, "\(session.text)")
                let token = try #require(session.json["token"]?.text)
                let message = #"{"type":"user","message":"hello","id":"m1","sessionId":"\#(id)"}"#
                let headers = [origin, "Authorization: Bearer \(token)"]
                let post = try await TestRequest.post("/api/chat/messages", message, headers).send(port: port)
                #expect(post.status == 200, "\(post.text)")
                while Self.visitors(of: program).isEmpty { await Task.yield() }
            }
            try await program.serve { _ in try await program.untilAnswered() }
            let known = #"{"attributes": {"plan": "gold"}, "id": "4711", "name": "Zoe", "verified": true}"#
            #expect(Self.visitors(of: program) == [known, known])
        }
    }
}
