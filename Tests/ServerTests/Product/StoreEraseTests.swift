import Crypto
import Foundation
import GRDB
import RespondersTesting
import Testing

extension ProductTests {
    @Suite("claude-chat store erase", .timeLimit(.minutes(5)))
    struct StoreEraseTests {
        private static func isThere(_ text: String, _ program: BuiltProgram) throws -> Bool {
            try program.bytes().range(of: Data(text.utf8)) != nil
        }

        @Test("I9: beside a running server: from its memory, its files and its tokens, and nothing of others")
        func online() async throws {
            let program = try BuiltProgram(environment: BuiltProgram.keys)
            try await program.serve { port in
                try await BuiltProgram.say("hello secretalpha", "m1", in: "alphagone", page: "/pagegone", port: port)
                try await BuiltProgram.say("hello beta", "m2", in: "beta", port: port)
                try await program.untilAnswered()
                #expect(try Self.isThere("secretalpha", program))
                let copy = try await program.run("store", "backup", "data/copy.db")
                #expect(copy.status == 0, "\(copy.complaint)")
                try await TestSocket.open("/ws/chat?session=alphagone", port: port) { socket in
                    _ = try await socket.next()
                    let run = try await program.run(
                        "store",
                        "erase",
                        "--site",
                        "default",
                        "--session",
                        "alphagone",
                        "--yes",
                        "--certificate",
                        "cert.json",
                        "--listen",
                        "127.0.0.1:\(port)"
                    )
                    #expect(run.status == 0, "\(run.complaint)")
                    #expect(run.output.contains("\nremoved      2 messages, 1 turn, 0 opinions\n"))
                    #expect(run.output.contains("\nnot touched  data/copy.db\n"))
                    #expect(try await socket.closeCode() == 4_451)
                }
                try FileManager.default.removeItem(atPath: "\(program.folder.path)/data/copy.db")
                for text in ["secretalpha", "alphagone", "pagegone"] {
                    #expect(try !Self.isThere(text, program), "\(text)")
                }
                let history = try await TestRequest.get("/api/chat/history?session=alphagone").send(port: port)
                #expect(!history.text.contains("secretalpha"))
                #expect(try await program.run("store", "search", "hello", "--json").json.count == 2)
            }
            for text in ["secretalpha", "alphagone", "pagegone"] {
                #expect(try !Self.isThere(text, program), "\(text)")
            }
            let certificate = try Data(contentsOf: URL(fileURLWithPath: "\(program.folder.path)/cert.json"))
            #expect(String(decoding: certificate, as: UTF8.self).contains(#""sessions":["alphagone"]"#))
            let audit = try await program.run("audit", "list", "--action", "erased")
            #expect(audit.output.contains("messages=2 sessions=") && !audit.output.contains("alphagone"))
        }

        @Test("without a server: plain or encrypted; what isn't there is said", arguments: StoreCommandTests.forms)
        func offline(form: String) async throws {
            let program = try BuiltProgram(store: form, environment: BuiltProgram.keys)
            let lines = try BuiltProgram.lines(30, session: "gone") + BuiltProgram.lines(3, session: "stays")
            #expect(try await program.run("store", "import", "-", input: lines).status == 0)
            #expect(try Self.isThere("gone", program))
            let erase = ["store", "erase", "--site", "default", "--session", "gone"]
            let unasked = try await program.run(erase)
            #expect(unasked.status == 2 && unasked.complaint.contains("nobody can be asked here; add --yes to erase"))
            let run = try await program.run(erase + ["--yes", "--json"])
            #expect(run.status == 0, "\(run.complaint)")
            #expect(run.json.first?["messages"] == .number(30), "\(run.output)")
            #expect(try !Self.isThere("gone", program))
            #expect(try await program.run("store", "stats", "--json").json.first?["messages"] == .number(3))
            let again = try await program.run(erase + ["--yes"])
            #expect(again.status == 1 && again.complaint == "data/chat.db: there is nothing of it [nothing-found]\n")
        }

        @Test("the door of a server opens to the admin token alone, and takes nothing but what it means")
        func door() async throws {
            let token = "an admin token that is long enough to be one"
            let program = try BuiltProgram(environment: ["CHAT_ADMIN": token])
            let file = "\(program.folder.path)/claude-chat.yaml"
            let text = try String(contentsOfFile: file, encoding: .utf8)
            let server = "mode: development, admin_token: {env: CHAT_ADMIN}"
            try program.folder.write(text.replacing("mode: development", with: server), to: "claude-chat.yaml")
            try await program.serve { port in
                try await BuiltProgram.say("hello", "m1", in: "alpha", port: port)
                try await program.untilAnswered()
                let good = #"{"site":"default","session":"alpha"}"#
                for header in [[], ["Authorization: Bearer x"], ["Authorization: \(token)"]] {
                    let answer = try await TestRequest.post("/api/admin/erase", good, header).send(port: port)
                    #expect(answer.status == 401)
                }
                for (body, status) in [
                    ("", 400), ("[]", 400), ("{}", 400), (#"{"site":"default"}"#, 400), (#"{"session":"alpha"}"#, 400),
                    (#"{"site":"default","session":"alpha","visitor":"x"}"#, 400),
                    (#"{"site":"default","visitor":""}"#, 400), (#"{"site":"default","session":"a/b"}"#, 400),
                    (#"{"site":"DEFAULT","session":"alpha"}"#, 400), (#"{"site":"default","session":7}"#, 400),
                    (#"{"site":"default","session":"alpha","store":"/elsewhere/chat.db"}"#, 400),
                    (#"{"site":"default","visitor":"\#(String(repeating: "x", count: 201))"}"#, 400),
                    (#"{"site":"default","session":"\#(String(repeating: "x", count: 40_000))"}"#, 413),
                ] {
                    let request = TestRequest.post("/api/admin/erase", body, ["Authorization: Bearer \(token)"])
                    #expect(try await request.send(port: port).status == status, "\(body.prefix(80))")
                }
                #expect(try await program.run("store", "stats", "--json").json.first?["messages"] == .number(2))
                let arguments = ["store", "erase", "--site", "default", "--session", "alpha", "--yes"]
                let listen = ["--listen", "127.0.0.1:\(port)"]
                var stranger = program
                stranger.environment = ["CHAT_ADMIN": "another token that is long enough to be one"]
                let refused = try await stranger.run(arguments + listen)
                #expect(
                    refused.status == 1 && refused.complaint.contains("[wrong-admin-token]"),
                    "\(refused.complaint)"
                )
                let nobody = try await program.run(arguments + ["--listen", "127.0.0.1:1"])
                #expect(nobody.status == 1 && nobody.complaint.contains("[no-server]"))
                #expect(try await program.run(arguments + listen).status == 0)
            }
            let list = try await program.run("audit", "list", "--action", "erased")
            #expect(list.lines.count == 2 && list.output.contains("  admin-token  "), "\(list.output)")
        }

        @Test("a person is asked, and only yes erases")
        func asked() async throws {
            let program = try BuiltProgram()
            let lines = try BuiltProgram.lines(2, session: "gone")
            #expect(try await program.run("store", "import", "-", input: lines).status == 0)
            let arguments = ["store", "erase", "--site", "default", "--session", "gone", "--store", program.store]
            let no = try await CommandRun(arguments, answer: "n")
            #expect(no.status == 1 && no.complaint == "nothing was erased\n")
            #expect(no.questions == ["Erase 2 messages of 1 session of default? Nothing brings them back. [y/N] "])
            let yes = try await CommandRun(arguments, answer: "y")
            #expect(yes.status == 0 && yes.output.contains("removed      2 messages"))
        }

        @Test("all sessions of a visitor for whom the site has vouched, also those that hold no token any more")
        func visitor() async throws {
            let secret = "a secret of the shop that is long enough"
            let program = try BuiltProgram(
                more: """
                    sites:
                      shop:
                        origins: ['https://shop.example.com']
                        identity: {secret: {env: SHOP_IDENTITY}, accept_hash: true}
                    """,
                environment: ["SHOP_IDENTITY": secret]
            )
            let code = HMAC<SHA256>.authenticationCode(
                for: Data("customer-of-the-shop".utf8),
                using: .init(data: Data(secret.utf8))
            )
            let hash = code.map { String(format: "%02x", $0) }.joined()
            var session = ""
            try await program.serve { port in
                let body = #"{"site":"shop","identity":{"id":"customer-of-the-shop","hash":"\#(hash)"}}"#
                let opened = try await TestRequest.post("/api/chat/session", body).send(port: port)
                #expect(opened.status == 200, "\(opened.text)")
                session = try #require(opened.json["sessionId"]?.text)
                let token = try #require(opened.json["token"]?.text)
                let message =
                    #"{"type":"user","message":"hello mine","id":"m1","sessionId":"\#(session)","site":"shop"}"#
                let said = try await TestRequest.post(
                    "/api/chat/messages",
                    message,
                    ["Authorization: Bearer \(token)"]
                ).send(port: port)
                #expect(said.status == 200, "\(said.text)")
                try await program.untilAnswered()
                // Long enough that no time, number or token holds it by chance.
                #expect(try Self.isThere("customer-of-the-shop", program))
                let other = try await program.run(
                    "store",
                    "erase",
                    "--site",
                    "shop",
                    "--visitor",
                    "another-of-the-shop",
                    "--yes",
                    "--listen",
                    "127.0.0.1:\(port)"
                )
                #expect(other.status == 1)
                let run = try await program.run(
                    "store",
                    "erase",
                    "--site",
                    "shop",
                    "--visitor",
                    "user:customer-of-the-shop",
                    "--yes",
                    "--listen",
                    "127.0.0.1:\(port)"
                )
                #expect(
                    run.status == 0 && run.output.contains("sessions     \(session)\n"),
                    "\(run.output)\(run.complaint)"
                )
            }
            for text in [session, "hello mine", "customer-of-the-shop"] {
                #expect(try !Self.isThere(text, program), "\(text)")
            }
        }

        @Test("whoever can't be noted doesn't get to erase")
        func unnoted() async throws {
            let program = try BuiltProgram()
            let lines = try BuiltProgram.lines(2, session: "gone")
            #expect(try await program.run("store", "import", "-", input: lines).status == 0)
            // Where the log ends can't be written: something else is in the way.
            let way = program.audit + ".head.partial/x"
            try FileManager.default.createDirectory(atPath: way, withIntermediateDirectories: true)
            let erase = ["store", "erase", "--site", "default", "--session", "gone", "--yes"]
            let run = try await program.run(erase + ["--certificate", "cert.json"])
            #expect(run.status == 1 && run.output == "", "\(run.output)")
            #expect(!FileManager.default.fileExists(atPath: "\(program.folder.path)/cert.json"))
            #expect(try await program.run("store", "stats", "--json").json.first?["messages"] == .number(2))
            try FileManager.default.removeItem(atPath: program.audit + ".head.partial")
            #expect(try await program.run(erase).status == 0)
            #expect(try await program.run("audit", "verify").status == 0)
        }

        @Test("the certificate names issues and exports beside the store, and a server forgets the turns")
        func beside() async throws {
            let program = try BuiltProgram(environment: BuiltProgram.keys)
            try await program.serve { port in
                try await BuiltProgram.say("hello", "m1", in: "gone", port: port)
                try await BuiltProgram.say("hello", "m1", in: "stays", port: port)
                try await program.untilAnswered()
                try program.folder.write("", to: "data/all.jsonl")
                try program.folder.write("", to: "data/shop.csv.partial")
                let issues = try DatabaseQueue(path: "\(program.folder.path)/data/issues.sqlite")
                try await issues.write { db in
                    try db.execute(sql: "CREATE TABLE x (y); PRAGMA application_id = \(0x4343_6973)")
                }
                try issues.close()
                let erase = ["store", "erase", "--site", "default", "--session", "gone", "--yes"]
                let run = try await program.run(erase + ["--listen", "127.0.0.1:\(port)"])
                #expect(run.status == 0, "\(run.complaint)")
                for name in ["all.jsonl", "issues.sqlite", "shop.csv.partial"] {
                    #expect(run.output.contains("not touched  data/\(name)\n"), "\(run.output)")
                }
                let turns = try await TestRequest.get("/api/admin/turns").send(port: port)
                #expect(turns.status == 200 && turns.text.contains(#""stays""#), "\(turns.text)")
                #expect(!turns.text.contains(#""gone""#), "\(turns.text)")
            }
        }
    }
}
