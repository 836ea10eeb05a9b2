import Foundation
import GRDB
import RespondersTesting
import Testing

@testable import Server

extension ProductTests {
    @Suite("claude-chat store and audit, with what they don't expect", .timeLimit(.minutes(5)))
    struct StoreHostileTests {
        private static func filled(_ form: String = "", _ count: Int = 3) async throws -> BuiltProgram {
            let program = try BuiltProgram(store: form, environment: BuiltProgram.keys)
            let run = try await program.run("store", "import", "-", input: try BuiltProgram.lines(count))
            #expect(run.status == 0, "\(run.complaint)")
            return program
        }

        @Test("words with a meaning for the index are words, and options can't be smuggled in")
        func words() async throws {
            let program = try await Self.filled()
            for words in [
                #"" OR ""#, "text NOT 1", "text NEAR(1)", "{text}: 1", "'; DROP TABLE message; --", "*", "text*\"",
                "\u{202E}x",
                String(repeating: "(", count: 5_000),
            ] {
                let run = try await program.run("store", "search", "--", words)
                #expect(run.status == 0, "\(words) \(run.complaint)")
            }
            #expect(try await program.run("store", "stats", "--json").json.first?["messages"] == .number(3))
            for (arguments, complaint) in [
                (["--session", "../x"], #""../x" is no session; use 1 to 64 of A-Z a-z 0-9 _ -"#),
                (["--site", "Shop"], #""Shop" is no name of a site; use 1 to 64 of a-z 0-9 -"#),
                (["--outcome", "anwsered"], #""anwsered" is no outcome; did you mean "answered"?"#),
                (["--since", "yesterday"], #""yesterday" is no time; write 2026-11-24, 2026-11-24T05:29:13Z or 7d"#),
                (["--since", "2026-13-01"], #""2026-13-01" is no time"#),
                (["--limit", "0"], "--limit takes 1 to 1000"),
            ] {
                let run = try await program.run(["store", "search"] + arguments)
                #expect(run.status == 2 && run.complaint.contains(complaint), "\(run.complaint)")
            }
        }

        @Test("lines of anybody are refused one by one, and the rest is taken")
        func lines() async throws {
            let program = try await Self.filled()
            let good = try BuiltProgram.lines(4)
            let long = #"{"site":""# + String(repeating: "x", count: 5_000_000) + "\"}\n"
            let other = good.replacing("text 1", with: "another text").replacing(#""id":"m1""#, with: #""id":"x1""#)
            let bad = "{}\n[]\nnull\n\u{0}\u{1}\n{\"site\":\n" + long
            let run = try await program.run("store", "import", "-", input: bad + other)
            #expect(run.status == 1)
            #expect(run.output == "1 message taken, 2 there already, 7 refused\n", "\(run.complaint)")
            #expect(
                run.complaint.hasPrefix("-: lines 1, 2, 3, 4, 5, 6, 7: no messages of an export"),
                "\(run.complaint)"
            )
            let none = try await program.run("store", "import", "nowhere.jsonl")
            #expect(none.status == 1 && none.complaint == "nowhere.jsonl: can't be read; name another file [no-file]\n")
            let folder = try await program.run("store", "import", "data")
            #expect(folder.complaint == "data: is a folder; name a file [no-file]\n")
        }

        @Test("what visitors wrote moves no cursor of a terminal")
        func cursor() async throws {
            let wild = "a\u{1B}[2Jb\u{9B}31mc\u{202E}d\u{7F}e\n\tf\u{1F468}\u{200D}\u{1F469}"
            let tame = String(decoding: harmless(Array(wild.utf8)), as: UTF8.self)
            #expect(tame == "a\u{FFFD}[2Jb\u{FFFD}31mc\u{FFFD}d\u{FFFD}e\n\tf\u{1F468}\u{200D}\u{1F469}")
            let program = try await Self.filled()
            let lines = try BuiltProgram.lines(1, session: "wild").replacing(
                "text 1",
                with: "\u{202E}\u{9B}31m\\u001b[2J"
            )
            #expect(try await program.run("store", "import", "-", input: lines).status == 0)
            for arguments in [["search"], ["search", "--json"]] {
                let run = try await program.run(["store"] + arguments)
                #expect(run.status == 0 && run.output.contains("wild"))
                let harmful = run.output.unicodeScalars.filter { scalar in
                    scalar != "\n" && [.control, .lineSeparator].contains(scalar.properties.generalCategory)
                }
                #expect(harmful.isEmpty, "\(arguments)")
            }
        }

        @Test("what is no store, of a later version, missing or in the way is said in one line, and stays as it is")
        func files() async throws {
            let program = try await Self.filled()
            let header = Data("SQLite format 3\0".utf8)
            try Data("just text".utf8).write(to: URL(fileURLWithPath: "\(program.folder.path)/text.db"))
            var newer = try Data(contentsOf: URL(fileURLWithPath: program.store))
            #expect(newer.starts(with: header))
            // The version of the tables is at 60 of the header (sqlite.org/fileformat.html).
            newer.replaceSubrange(60..<64, with: [0, 0, 0, 99])
            try newer.write(to: URL(fileURLWithPath: "\(program.folder.path)/newer.db"))
            newer.replaceSubrange(60..<64, with: [0, 0, 0, 1])
            try newer.write(to: URL(fileURLWithPath: "\(program.folder.path)/older.db"))
            let stats = try await program.run("store", "stats", "--json")
            let version = try #require(stats.json.first?["version"]?.number)
            let foreign = try DatabaseQueue(path: "\(program.folder.path)/foreign.db")
            try await foreign.write { try $0.execute(sql: "CREATE TABLE t (x)") }
            try foreign.close()
            for (file, complaint) in [
                ("nowhere.db", "there is no store; start a server first, or name another file [cannot-open-store]"),
                ("text.db", "is no database of SQLite; name another file [not-a-store]"),
                ("foreign.db", "is a database of another program; name another file [not-a-store]"),
                (
                    "newer.db",
                    "was written by a later version (99, this program knows \(version)); start that version [newer-store]"
                ),
                ("older.db", "is of an earlier version; start the server once, which updates it [not-a-store]"),
            ] {
                let before = FileManager.default.contents(atPath: "\(program.folder.path)/\(file)")
                for command in [
                    ["stats"], ["search", "x"], ["verify"], ["prune", "--older-than", "1d"], ["backup", "b.db"],
                ] where file != "older.db" || command[0] != "backup" {
                    let run = try await program.run(["store"] + command + ["--store", file])
                    #expect(run.status == 1 && run.output == "", "\(command)")
                    #expect(run.complaint == "\(file): \(complaint)\n", "\(command)")
                }
                let after = FileManager.default.contents(atPath: "\(program.folder.path)/\(file)")
                // One of an earlier version is a store, whose log is opened; its tables stay of their version.
                #expect(after == before || file == "older.db" && after?[60..<64].elementsEqual([0, 0, 0, 1]) == true)
                #expect(!FileManager.default.fileExists(atPath: "\(program.folder.path)/b.db"))
            }
            for target in ["nowhere/b.db", "data"] {
                let run = try await program.run("store", "backup", target)
                #expect(run.status == 1 && run.complaint.hasPrefix("\(target): "), "\(run.complaint)")
            }
            let itself = try await program.run("store", "restore", "data/chat.db")
            #expect(itself.complaint == "data/chat.db: is the store itself; name a backup [file-exists]\n")
            let text = try await program.run("store", "restore", "text.db")
            #expect(text.status == 1 && text.complaint.contains("is no database of SQLite"), "\(text.complaint)")
            #expect(try await program.run("store", "verify").output.hasSuffix("everything is sound\n"))
        }

        @Test("a store that somebody has locked is waited for, and then that is said")
        func locked() async throws {
            let program = try await Self.filled()
            var configuration = Configuration()
            configuration.allowsUnsafeTransactions = true
            let other = try DatabaseQueue(path: program.store, configuration: configuration)
            try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN EXCLUSIVE") }
            let run = try await program.run("store", "prune", "--older-than", "1d")
            #expect(run.status == 1)
            let hint = "another process has it locked; end that process, or wait for it [store-locked]"
            #expect(run.complaint == "data/chat.db: \(hint)\n")
            try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
            try other.close()
        }

        @Test("I5: no key, another key, a new key, and keys that are none")
        func keys() async throws {
            let program = try await Self.filled("  keys: {s1: {env: CHAT_KEY_1}}")
            let none = try await program.run("store", "stats", "--store", "data/chat.db")
            #expect(none.status == 1)
            let missing = #"is encrypted with the key "s1", which isn't given; name its file or variable [missing-key]"#
            #expect(none.complaint == "data/chat.db: \(missing)\n")
            for (form, complaint) in [
                (
                    "  keys: {s1: {env: CHAT_KEY_2}}",
                    "isn't the one that it was encrypted with; give the right one [wrong-key]"
                ),
                (
                    "  keys: {s2: {env: CHAT_KEY_2}, s1: {env: CHAT_KEY_1}}",
                    #"the key "s2" is new to it; start the server with it first [wrong-key]"#
                ), ("  keys: {}", "there is no key; write {s1: {env: CHAT_STORE_KEY}}"),
                ("  keys:", "there is no key; write {s1: {env: CHAT_STORE_KEY}}"),
                ("  keys: {s1: {env: NO_SUCH}}", "the environment has no NO_SUCH"),
                ("  keys: {s1: hunter2hunter2}", "a secret stands in the file; write {env: NAME}"),
                ("  kyes: {s1: {env: CHAT_KEY_1}}", #"unknown key "kyes"; did you mean "keys"?"#),
            ] {
                let text = """
                    version: 1
                    store:
                      path: data/chat.db
                    \(form)
                    chains: {not: even}
                    """
                try program.folder.write(text, to: "other.yaml")
                let run = try await program.run("store", "search", "text", "--config", "other.yaml")
                #expect(run.status == 1 && run.output == "")
                #expect(
                    run.complaint.contains(complaint) && !run.complaint.contains("hunter2"),
                    "\(form) \(run.complaint)"
                )
            }
            let gone = try await program.run("store", "stats", "--config", "nowhere.yaml")
            #expect(gone.status == 1 && gone.complaint.contains("nowhere.yaml:1:1: \"nowhere.yaml\" can't be read"))
        }

        @Test(
            "a damaged record is named, left out of an export, and doesn't stop the rest",
            arguments: StoreCommandTests.forms
        )
        func damaged(form: String) async throws {
            let program = try await Self.filled(form, 5)
            let other = try DatabaseQueue(path: program.store)
            try await other.write { db in
                try db.execute(sql: "UPDATE message SET record = zeroblob(length(record)) WHERE seq = 2")
            }
            try other.close()
            let verify = try await program.run("store", "verify")
            #expect(verify.status == 1)
            #expect(verify.output.contains("data/chat.db: message 2 of default/s1 is damaged [store-corrupt]\n"))
            let export = try await program.run("store", "export")
            #expect(export.status == 1 && export.lines.count == 4)
            #expect(export.complaint.contains("1 record left out, damaged; claude-chat store verify says where"))
            let json = try await program.run("store", "verify", "--json")
            #expect(json.json.isEmpty == false && json.output.contains(#""isSound":false"#))
        }

        @Test(
            "what root makes belongs to whom the folder belongs, so that the server can open it",
            .enabled(if: geteuid() == 0)
        )
        func owner() async throws {
            let program = try await Self.filled()
            let folder = "\(program.folder.path)/data"
            let user = NSNumber(value: 65_534)
            for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
                try FileManager.default.setAttributes([.ownerAccountID: user], ofItemAtPath: "\(folder)/\(name)")
            }
            try FileManager.default.setAttributes([.ownerAccountID: user], ofItemAtPath: folder)
            for name in ["chat.db.audit.jsonl", "chat.db.audit.jsonl.head", "chat.db.lock"] {
                try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
            }
            #expect(try await program.run("store", "backup", "b.db").status == 0)
            #expect(try await program.run("store", "restore", "b.db").status == 0)
            for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
                let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
                #expect((attributes[.ownerAccountID] as? NSNumber)?.intValue == 65_534, "\(name)")
            }
        }
    }
}
