import Foundation
import Messages
import RespondersTesting
import Testing
import Tracker

@testable import Server

extension ProductTests {
    @Suite("claude-chat outbox", .timeLimit(.minutes(5)))
    struct OutboxCommandTests {
        /// A folder with two reports that wait, of which the second has a title that moves the cursor.
        private static func waiting() async throws -> (program: BuiltProgram, references: [String]) {
            let program = try BuiltProgram()
            let file = try IssueFile.open("\(program.folder.path)/outbox.sqlite") {
                Timestamp(milliseconds: 1_800_000_000_000)
            }
            defer { file.close() }
            var references: [String] = []
            for (index, title) in ["Checkout fails", "Login\u{1B}[2J is slow"].enumerated() {
                let draft = try IssueDraft(
                    title: title,
                    body: "> step\u{202E} \(index)",
                    session: SessionID("s\(index)")
                )
                let ref = try await file.post(draft, to: "github", as: DedupeKey("k\(index)"), lang: nil)
                references.append(try #require(ref.reference))
            }
            return (program, references)
        }

        private static let file = ["--file", "outbox.sqlite"]

        @Test("lists, shows, retries, moves, exports and drops, and each is noted without a word of visitors")
        func work() async throws {
            let (program, references) = try await Self.waiting()
            let list = try await program.run(["outbox", "list"] + Self.file)
            #expect(list.status == 0, "\(list.complaint)")
            #expect(list.lines.count == 3 && list.lines[2] == "2 entries")
            #expect(
                list.lines[0].hasPrefix("1  github  create  \(references[0])  waiting  0  2027-01-15T08:00:00.000Z")
            )
            let show = try await program.run(["outbox", "show", references[1]] + Self.file)
            #expect(show.lines.first == "2  create  Login[2J is slow", "\(show.output)")
            #expect(show.output.contains("\n\n    > step 1"))
            #expect(!show.output.unicodeScalars.contains { $0 != "\n" && $0.properties.generalCategory == .control })
            let json = try await program.run(["outbox", "show", "2", "--json"] + Self.file)
            #expect(json.json.first?["state"] == .text("waiting") && json.json.first?["tracker"] == .text("github"))
            let retry = try await program.run(["outbox", "retry", "1"] + Self.file)
            #expect(retry.output == "entry 1: is tried again\n", "\(retry.complaint)")
            let export = try await program.run(["outbox", "export", "--output", "o.jsonl"] + Self.file)
            #expect(export.output == "o.jsonl: 2 entries\n", "\(export.complaint)")
            let drop = try await program.run(["outbox", "drop", "1"] + Self.file)
            #expect(drop.output == "entry 1: removed\n")
            let move = try await program.run(["outbox", "move", "github", "gitlab"] + Self.file)
            #expect(move.output == "1 entry moved to gitlab\n")
            let rest = try await program.run(["outbox", "list", "--tracker", "gitlab", "--json"] + Self.file)
            #expect(rest.json.count == 1)
            let audit = try await program.run("audit", "list", "--log", "outbox.sqlite.audit.jsonl", "--json")
            let actions = audit.json.compactMap { $0["action"] }
            let expected = [
                "outbox-read", "outbox-read", "outbox-read", "outbox-retried", "outbox-exported", "outbox-dropped",
                "outbox-moved", "outbox-read",
            ]
            #expect(actions == expected.map { .text($0) })
            #expect(!audit.output.contains("Checkout") && !audit.output.contains("Login"))
        }

        @Test(
            "wrong usage says what to write",
            arguments: [
                (["show", "77"], 1, "77: there is no such entry; claude-chat outbox list shows all [unknown-entry]"),
                (["list", "--state", "stcuk"], 2, #""stcuk" is no state; did you mean "stuck"?"#),
                (["list", "--limit", "0"], 2, "--limit takes 1 to 1000"), (["drop"], 2, "Missing expected argument"),
            ]
        )
        func usage(arguments: [String], status: Int32, complaint: String) async throws {
            let run = try await Self.waiting().program.run(["outbox"] + arguments + Self.file)
            #expect(run.status == status, "\(run.complaint)")
            #expect(run.complaint.contains(complaint), "\(run.complaint)")
        }

        @Test("the requests to a tracker are shown without its secrets; a configuration without one is named")
        func preview() async throws {
            let program = try BuiltProgram()
            let configuration = """
                version: 1
                default_chain: support
                server: {listen: '127.0.0.1:8080', mode: development}
                chains:
                  support:
                    answer:
                      - issues: %
                    fallback: [fallback]
                """
            let remote = """
                {tracker: http, headers: {Authorization: {file: token}}, create: \
                {request: 'POST https://tracker.example/api', body: {t: '{title}'}, id: /id}}
                """
            try program.folder.write(configuration.replacing("%", with: remote), to: "claude-chat.yaml")
            try program.folder.write("s3cret-token", to: "token")
            let path = "\(program.folder.path)/token"
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            let shown = try await program.run("outbox", "preview")
            let expected = """
                # support/issues: create
                POST https://tracker.example/api
                Authorization: ***
                Content-Type: application/json

                {"t":"The checkout is broken"}

                """
            #expect(shown.output == expected, "\(shown.complaint)")
            try program.folder.write(configuration.replacing("%", with: "{file: x.sqlite}"), to: "claude-chat.yaml")
            let none = try await program.run("outbox", "preview")
            #expect(
                none.status == 1 && none.complaint.contains("no chain sends reports to another machine [no-outbox]")
            )
            let list = try await program.run("outbox", "list")
            #expect(list.status == 1 && list.complaint.contains("[no-outbox]"))
        }
    }
}
