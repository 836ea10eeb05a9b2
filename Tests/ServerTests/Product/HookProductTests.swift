import Crypto
import Foundation
import Messages
import RespondersTesting
import Testing
import Tracker

extension ProductTests {
    @Suite("issues: a tracker tells of a change", .timeLimit(.minutes(5)))
    struct HookProductTests {
        private static let secret = "the-secret-of-the-hook-is-long"

        private static func signed(_ body: String, secret: String = Self.secret) -> [String] {
            let code = HMAC<SHA256>.authenticationCode(for: Data(body.utf8), using: .init(data: Data(secret.utf8)))
            let hex = code.map { String(format: "%02x", $0) }.joined()
            return ["X-Hub-Signature-256: sha256=\(hex)", "X-GitHub-Event: issues"]
        }

        /// A server whose tracker may tell, with a conversation that waits for an issue.
        private static func program() async throws -> BuiltProgram {
            let program = try BuiltProgram()
            for (name, text) in [("hook", Self.secret), ("token", "a-token")] {
                try program.folder.write(text, to: name)
                let path = "\(program.folder.path)/\(name)"
                try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            }
            try program.folder.write(
                """
                version: 1
                default_chain: support
                server: {listen: '127.0.0.1:0', mode: development}
                chains:
                  support:
                    answer:
                      - issues: {tracker: github, project: acme/shop, token: {file: token}, hook: {file: hook}, outbox: o.sqlite}
                    fallback: [fallback]

                """,
                to: "claude-chat.yaml"
            )
            let file = try IssueFile.open("\(program.folder.path)/o.sqlite") {
                Timestamp(milliseconds: 1_800_000_000_000)
            }
            let ref = IssueRef(tracker: "github", id: "412", number: "412", reference: "R-2222")
            let session = try #require(SessionID("s"))
            try await file.watch(ref, by: session, at: .default, lang: nil)
            file.close()
            return program
        }

        @Test("who waits reads it in the conversation; wrong signatures, names, sizes and bodies are refused by name")
        func change() async throws {
            let body = #"{"repository":{"full_name":"acme/shop"},"issue":{"number":412,"state":"closed"}}"#
            try await Self.program().serve { port in
                func post(_ name: String, _ body: String, _ headers: [String]) async throws -> Int {
                    try await TestRequest.post("/api/hooks/\(name)", body, headers).send(port: port).status
                }
                #expect(try await post("github", body, Self.signed(body, secret: "another-secret-altogether")) == 401)
                #expect(try await post("github", body, []) == 401)
                #expect(try await post("gitlab", body, Self.signed(body)) == 401)
                #expect(try await post("github", "{", Self.signed("{")) == 400)
                let long = #"{"x":"\#(String(repeating: "x", count: 1_048_576))"}"#
                #expect(try await post("github", long, Self.signed(long)) == 413)
                let whole = #"{"x":"\#(String(repeating: "x", count: 500_000))"}"#
                #expect(try await post("github", whole, Self.signed(whole)) == 204)
                for _ in 0..<2 { #expect(try await post("github", body, Self.signed(body)) == 204) }
                var history = ""
                while !history.contains("R-2222") {
                    history = try await TestRequest.get("/api/chat/history?session=s").send(port: port).text
                }
                #expect(history.contains("Your report R-2222 is now: closed."))
                #expect(history.components(separatedBy: "R-2222").count == 2)
            }
        }
    }
}
