import Foundation
import RespondersTesting
import Testing

extension ProductTests {
    @Suite("claude-chat store, on what a real server wrote", .timeLimit(.minutes(5)))
    struct StoreCommandTests {
        /// In the clear, and encrypted.
        static let forms = ["", "  keys: {s1: {env: CHAT_KEY_1}}"]

        /// A store in which something was said: in `alpha` twice, and in `beta`.
        private static func said(_ form: String) async throws -> BuiltProgram {
            let program = try BuiltProgram(store: form, environment: BuiltProgram.keys)
            try await program.serve { port in
                try await BuiltProgram.say("hello from Zürich", "m1", in: "alpha", page: "/shop/cart", port: port)
                try await BuiltProgram.say("=cmd|' /C calc'!A0", "m2", in: "alpha", port: port)
                try await BuiltProgram.say("psst", "m3", in: "beta", port: port)
            }
            return program
        }

        @Test("stats count what was said, and say how the keys are", arguments: Self.forms)
        func stats(form: String) async throws {
            let program = try await Self.said(form)
            let text = try await program.run("store", "stats")
            #expect(text.status == 0 && text.complaint == "")
            #expect(
                text.output.hasPrefix(
                    "store     data/chat.db\nmessages  5 in 2 sessions\nturns     3, 0 of them not ended\n"
                )
            )
            #expect(text.output.contains(form.isEmpty ? "keys      none: texts can be read" : "key s1    since 20"))
            let json = try await program.run("store", "stats", "--json").json
            #expect(json.first?["messages"] == .number(5) && json.first?["sessions"] == .number(2))
        }

        @Test("search finds by words, session, page, rule, outcome and time, and pages go on", arguments: Self.forms)
        func search(form: String) async throws {
            let program = try await Self.said(form)
            func found(_ arguments: String...) async throws -> [String] {
                let run = try await program.run(["store", "search", "--json"] + arguments)
                #expect(run.status == 0, "\(run.complaint)")
                return run.json.dropLast().compactMap { $0["id"]?.text }
            }
            #expect(try await found("zurich") == ["m1"])
            #expect(try await found("HELLO") == ["m1"])
            #expect(try await found("ps*", "--session", "beta") == ["m3"])
            #expect(try await found("--page", "/shop") == ["m1"])
            #expect(try await found("--rule", "a/hello") == ["m1"])
            #expect(try await found("--rule", "a/quiet") == ["m3"])
            #expect(try await found("--outcome", "answered") == ["m1"])
            #expect(try await found("--outcome", "fell-back", "--site", "default") == ["m2"])
            #expect(try await found("--site", "shop") == [])
            #expect(try await found("--since", "1h").count == 5)
            #expect(try await found("--until", "2026-01-01") == [])
            let page = try await program.run("store", "search", "--limit", "2")
            #expect(page.lines.count == 3)
            let last = try #require(page.lines.last?.split(separator: " ").last)
            #expect(page.lines.last == "2 messages; the next ones: --before \(last)")
            #expect(try await found("--before", String(last)).count == 3)
        }

        @Test("H7: an export is read again and is the same; a spreadsheet finds no formula", arguments: Self.forms)
        func export(form: String) async throws {
            let program = try await Self.said(form)
            let whole = try await program.run("store", "export")
            #expect(whole.status == 0 && whole.lines.count == 5)
            let file = try await program.run("store", "export", "--output", "all.jsonl")
            #expect(file.output == "all.jsonl: 5 messages\n")
            #expect(try String(contentsOfFile: "\(program.folder.path)/all.jsonl", encoding: .utf8) == whole.output)
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(program.folder.path)/all.jsonl")
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
            let again = try await program.run("store", "export", "--output", "all.jsonl")
            #expect(again.status == 1)
            #expect(again.complaint == "all.jsonl: is there already; name another file [file-exists]\n")

            let copy = try await program.run("store", "import", "all.jsonl", "--store", "copy.db")
            #expect(copy.status == 0, "\(copy.complaint)")
            #expect(copy.output == "5 messages taken, 0 there already, 0 refused\n")
            #expect(try await program.run("store", "export", "--store", "copy.db").output == whole.output)
            let piped = try await program.run(
                "store",
                "import",
                "-",
                "--store",
                "copy.db",
                "--json",
                input: whole.output
            )
            #expect(piped.output == #"{"imported":0,"present":5,"refused":0,"refusedLines":[]}"# + "\n")

            let csv = try await program.run("store", "export", "--format", "csv", "--session", "alpha")
            #expect(csv.output.contains(",'=cmd|' /C calc'!A0,"))
            #expect(
                csv.output.hasPrefix("time,site,session,seq,speaker,id,page,text,outcome,rule,feedback,comment\r\n")
            )
            #expect(csv.output.components(separatedBy: "\r\n").count == 6)
        }

        @Test(
            "a backup is made beside a server, is whole, and is restored when the server has gone",
            arguments: Self.forms
        )
        func backup(form: String) async throws {
            let program = try await Self.said(form)
            let before = try await program.run("store", "export").output
            try await program.serve { port in
                let backup = try await program.run("store", "backup", "b.db")
                #expect(backup.output == "b.db: a copy of data/chat.db, 5 messages\n", "\(backup.complaint)")
                let again = try await program.run("store", "backup", "b.db")
                #expect(again.complaint == "b.db: is there already; name another file [file-exists]\n")
                try await BuiltProgram.say("later", "m4", in: "alpha", port: port)
                let busy = try await program.run("store", "restore", "b.db")
                #expect(busy.status == 1)
                let hint = "another server has this store; end it, or name another file [store-in-use]"
                #expect(busy.complaint == "data/chat.db: \(hint)\n")
                let importing = try await program.run("store", "import", "-")
                #expect(importing.complaint == "data/chat.db: \(hint)\n")
            }
            let copy = try await program.run("store", "verify", "--store", "b.db", "--config", "claude-chat.yaml")
            #expect(copy.output == "b.db: 5 messages read, everything is sound\n", "\(copy.complaint)")
            let restored = try await program.run("store", "restore", "b.db")
            let kept = "data/chat.db: the store is now what b.db was; what was there is data/chat.db.replaced\n"
            #expect(restored.output == kept, "\(restored.complaint)")
            #expect(try await program.run("store", "export").output == before)
            let twice = try await program.run("store", "restore", "b.db")
            #expect(twice.complaint.hasSuffix("an earlier store is there already; move it away [file-exists]\n"))
            // What lies beside the store has what is erased, and is named.
            let erasure = ["store", "erase", "--site", "default", "--session", "beta", "--yes", "--json"]
            let certificate = try await program.run(erasure).output
            #expect(certificate.contains(#""untouched":["data/chat.db.replaced"]"#), "\(certificate)")
            // The server begins where the backup ended.
            try await program.serve { port in
                try await BuiltProgram.say("hello", "m9", in: "alpha", port: port)
            }
            #expect(try await program.run("store", "verify").output.contains("6 messages read, everything is sound"))
        }

        @Test("old messages go, by the options or as the configuration says", arguments: Self.forms)
        func prune(form: String) async throws {
            let program = try BuiltProgram(
                store: form + "\n  retention: {older_than: 30d}",
                environment: BuiltProgram.keys
            )
            let lines = try BuiltProgram.lines(700)
            #expect(try await program.run("store", "import", "-", input: lines).status == 0)
            let kept = try await program.run("store", "prune", "--older-than", "10000d")
            #expect(kept.output == "0 messages removed and 0 empty sessions; 0 B given back\n", "\(kept.complaint)")
            let wrong = try await program.run("store", "prune", "--older-than", "1h")
            #expect(wrong.status == 2 && wrong.complaint.contains(#""1h" is no number of days; write 30d"#))
            let pruned = try await program.run("store", "prune", "--json")
            #expect(pruned.json.first?["messages"] == .number(700), "\(pruned.complaint)")
        }

        @Test("from the first key on it is said that what was there is plain, until it is encrypted")
        func plainLeft() async throws {
            let program = try BuiltProgram(environment: BuiltProgram.keys)
            #expect(try await program.run("store", "import", "-", input: try BuiltProgram.lines(3)).status == 0)
            let file = "\(program.folder.path)/claude-chat.yaml"
            let text = try String(contentsOfFile: file, encoding: .utf8)
            let keys = "path: data/chat.db\n  keys: {s1: {env: CHAT_KEY_1}}"
            try program.folder.write(text.replacing("path: data/chat.db", with: keys), to: "claude-chat.yaml")
            let warning = "Records are plain or of an older key; claude-chat store rekey encrypts them"
            #expect(try await program.serve { _ in }.contains(warning))
            let stats = try await program.run("store", "stats")
            let line = "plain     6 records, readable by whoever has the file; claude-chat store rekey encrypts them\n"
            #expect(stats.output.contains(line), "\(stats.output)\(stats.complaint)")
            let verify = try await program.run("store", "verify")
            #expect(verify.status == 0 && verify.output.contains(": 6 records plain, from before there were keys;"))
            #expect(try await program.run("store", "rekey").status == 0)
            #expect(try await !program.run("store", "stats").output.contains("plain"))
            #expect(try await !program.serve { _ in }.contains(warning))
        }
    }
}
