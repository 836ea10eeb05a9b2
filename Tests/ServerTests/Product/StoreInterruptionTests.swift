import Foundation
import GRDB
import Synchronization
import RespondersTesting
import Testing

@testable import Server

extension ProductTests {
    @Suite("long work on a store that a person ends", .timeLimit(.minutes(5)))
    struct StoreInterruptionTests {
        /// A store of so many messages.
        private static func filled(_ form: String = "", _ count: Int) async throws -> BuiltProgram {
            let program = try BuiltProgram(store: form, environment: BuiltProgram.keys)
            let run = try await program.run("store", "import", "-", input: try BuiltProgram.lines(count))
            #expect(run.status == 0, "\(run.complaint)")
            return program
        }

        @Test(
            "Ctrl+C ends an export after its step and says so in one line; a second one ends it at once",
            arguments: [1, 2]
        )
        func export(times: Int) async throws {
            let program = try await Self.filled("", 3_000)
            let (output, complaint) = (Pipe(), Pipe())
            let process = try program.start(["store", "export"], output: output, complaint: complaint)
            // It waits for somebody to read once the pipe is full, so it is in the midst of its work.
            let begin = await BuiltProgram.read(output, until: "\n")
            #expect(begin.contains(#""text 1""#))
            kill(process.processIdentifier, SIGINT)
            let said = await BuiltProgram.read(complaint, until: "\n")
            #expect(said == "ending after this step; once more ends at once\n")
            if times == 2 { kill(process.processIdentifier, SIGINT) } else { Self.drain(output) }
            await BuiltProgram.end(of: process)
            #expect(process.terminationReason == .exit && process.terminationStatus == 130)
            guard times == 1 else { return }
            let audit = try await program.run("audit", "list").lines
            #expect(audit[2].contains("  export-begun ") && audit[3].contains("ended=interrupted"), "\(audit)")
            let end = await BuiltProgram.read(complaint, until: "\n")
            #expect(end.hasSuffix("data/chat.db: ended before it was done; what was written is a part [cancelled]\n"))
        }

        private static func drain(_ pipe: Pipe) {
            pipe.fileHandleForReading.readabilityHandler = { file in
                if file.availableData.isEmpty { file.readabilityHandler = nil }
            }
        }

        @Test("an export into a file that is ended leaves no file")
        func exportFile() async throws {
            let program = try await Self.filled("", 3_000)
            let output = "\(program.folder.path)/all.jsonl"
            let run = try await CommandRun(
                ["store", "export", "--output", output, "--store", program.store],
                interruptedAt: 2
            )
            #expect(run.status == 130 && run.output == "")
            #expect(run.complaint.hasSuffix("chat.db: ended before it was done; no file was written [cancelled]\n"))
            let files = try FileManager.default.contentsOfDirectory(atPath: program.folder.path)
            #expect(!files.contains { $0.hasPrefix("all.jsonl") }, "\(files)")
        }

        @Test(
            "I6: a rekey that is ended keeps both keys and goes on where it was, with everything readable at every moment"
        )
        func rekey() async throws {
            let program = try await Self.filled("  keys: {s1: {env: CHAT_KEY_1}}", 3_000)
            let both = "  keys: {s2: {file: s2.key}, s1: {file: s1.key}}"
            for (name, key) in [("s1.key", BuiltProgram.key), ("s2.key", BuiltProgram.newKey)] {
                try program.folder.write(key, to: name)
                chmod("\(program.folder.path)/\(name)", 0o600)
            }
            let before = try await program.run("store", "export").output
            let old = try String(contentsOfFile: "\(program.folder.path)/claude-chat.yaml", encoding: .utf8)
            try program.folder.write(
                old.replacing("  keys: {s1: {env: CHAT_KEY_1}}", with: both),
                to: "claude-chat.yaml"
            )
            // A server begins with the new key.
            try await program.serve { _ in }
            let config = ["--config", "\(program.folder.path)/claude-chat.yaml"]
            let run = try await CommandRun(["store", "rekey"] + config, interruptedAt: 2)
            #expect(run.status == 130, "\(run.output)\(run.complaint)")
            #expect(run.complaint.contains("all keys are needed still; begin again to go on [cancelled]"))
            let counts = try await program.run("store", "stats")
            #expect(counts.output.contains("key s1 ") && counts.output.contains("key s2 "))
            #expect(counts.output.matches(of: /\d of them left/).count == 2, "\(counts.output)")
            let audit = try await program.run("audit", "list")
            #expect(audit.output.contains(/\ rekeyed .* ended=interrupted key=s2 records=[1-9]/), "\(audit.output)")
            #expect(try await program.run("store", "export").output == before)
            let rest = try await program.run("store", "rekey", "--json")
            #expect(rest.status == 0 && rest.output.hasPrefix(#"{"key":"s2","records":"#), "\(rest.complaint)")
            let number = try #require(rest.json.first?["records"]?.number)
            #expect(number > 0 && number < 6_000)
            try program.folder.write(
                old.replacing("s1: {env: CHAT_KEY_1}", with: "s2: {file: s2.key}"),
                to: "claude-chat.yaml"
            )
            #expect(try await program.run("store", "export").output == before)
            #expect(try await program.run("store", "verify").output.hasSuffix("everything is sound\n"))
        }

        @Test("I6: the key is changed beside a server and its visitors, and the old one isn't needed afterwards")
        func rekeyOnline() async throws {
            let program = try await Self.filled("  keys: {s1: {env: CHAT_KEY_1}}", 300)
            let file = "\(program.folder.path)/claude-chat.yaml"
            let old = try String(contentsOfFile: file, encoding: .utf8)
            let both = "keys: {s2: {env: CHAT_KEY_2}, s1: {env: CHAT_KEY_1}}"
            try program.folder.write(old.replacing("keys: {s1: {env: CHAT_KEY_1}}", with: both), to: "claude-chat.yaml")
            try await program.serve { port in
                try await BuiltProgram.say("hello before", "b1", in: "online", port: port)
                let rekey = try await program.run("store", "rekey", "--json")
                let count = try #require(rekey.json.first?["records"]?.number, "\(rekey.complaint)")
                #expect(count >= 600)
                try await BuiltProgram.say("hello after", "b2", in: "online", port: port)
                try await program.untilAnswered()
                let again = try await program.run("store", "rekey", "--json")
                #expect(again.json.first?["records"] == .number(0))
            }
            try program.folder.write(
                old.replacing("s1: {env: CHAT_KEY_1}", with: "s2: {env: CHAT_KEY_2}"),
                to: "claude-chat.yaml"
            )
            #expect(try await program.run("store", "verify").output.contains("304 messages read, everything is sound"))
            #expect(try await program.run("store", "search", "hello", "--session", "online").lines.count == 3)
            let keys = try await program.run("store", "stats")
            #expect(keys.output.contains("key s2 ") && !keys.output.contains("key s1 "))
            let audit = try await program.run("audit", "list")
            #expect(audit.output.contains("  key-begun ") && audit.output.contains("  rekeyed "))
        }

        @Test("an erasure that is ended is begun again, and then nothing is left")
        func erase() async throws {
            let program = try await Self.filled("", 3_000)
            let arguments = ["store", "erase", "--site", "default", "--session", "s1", "--yes"]
            let certificate = "\(program.folder.path)/cert.json"
            let run = try await CommandRun(
                arguments + ["--store", program.store, "--certificate", certificate],
                interruptedAt: 3
            )
            #expect(run.status == 130, "\(run.output)\(run.complaint)")
            #expect(run.complaint.hasSuffix("what is gone stays gone; begin again to go on [cancelled]\n"))
            #expect(!FileManager.default.fileExists(atPath: certificate))
            let left = try await program.run("store", "stats", "--json").json.first?["messages"]?.number ?? 0
            #expect(left > 0 && left < 3_000)
            let again = try await program.run(arguments)
            #expect(
                again.status == 0 && again.output.contains("removed      3,000 messages, 3,000 turns"),
                "\(again.output)"
            )
            let audit = try await program.run("audit", "list").lines
            #expect(audit.filter { $0.contains("  erase-begun ") }.count == 2, "\(audit)")
            let ended = audit.filter { $0.contains("  erased ") }
            #expect(ended.count == 2 && ended[0].contains("ended=interrupted records=\(3_000 - left) "), "\(audit)")
            #expect(ended[1].contains("messages=3000"), "\(audit)")
            let bytes = try Data(contentsOf: URL(fileURLWithPath: program.store))
            #expect(bytes.range(of: Data("part.run".utf8)) == nil)
        }

        @Test("a restore that is ended leaves the store as it was")
        func restore() async throws {
            let program = try await Self.filled("", 3_000)
            #expect(try await program.run("store", "backup", "b.db").status == 0)
            let before = try await program.run("store", "export").output
            let backup = "\(program.folder.path)/b.db"
            let run = try await CommandRun(["store", "restore", backup, "--store", program.store], interruptedAt: 1)
            #expect(run.status == 130, "\(run.output)\(run.complaint)")
            #expect(run.complaint.hasSuffix("ended before it was done; the store is as it was [cancelled]\n"))
            #expect(try await program.run("store", "export").output == before)
            let files = try FileManager.default.contentsOfDirectory(atPath: "\(program.folder.path)/data")
            #expect(!files.contains { $0.contains("partial") || $0.contains("replaced") }, "\(files)")
        }

        @Test("an import that is ended is noted with what it took, and begun again takes the rest")
        func importLines() async throws {
            let program = try BuiltProgram(environment: BuiltProgram.keys)
            try program.folder.write(try BuiltProgram.lines(3_000), to: "all.jsonl")
            let arguments = ["store", "import", "\(program.folder.path)/all.jsonl", "--store", program.store]
            let run = try await CommandRun(arguments, interruptedAt: 2)
            #expect(run.status == 130 && run.output == "", "\(run.output)\(run.complaint)")
            #expect(run.complaint.hasSuffix("what was taken so far is there; begin again to go on [cancelled]\n"))
            let taken = try await program.run("store", "stats", "--json").json.first?["messages"]?.number ?? 0
            #expect(taken > 0 && taken < 3_000)
            let audit = try await program.run("audit", "list").lines
            #expect(audit.count == 3 && audit[0].contains("  import-begun "), "\(audit)")
            #expect(audit[1].contains("  imported ") && audit[1].contains("records=\(taken)"), "\(audit)")
            let rest = try await program.run("store", "import", "all.jsonl")
            #expect(rest.output.hasPrefix("\(grouped(3_000 - taken)) messages taken, \(grouped(taken)) there already"))
            #expect(try await program.run("store", "verify").output.hasSuffix("everything is sound\n"))
        }

        @Test("a prune that is ended is noted with what went")
        func prune() async throws {
            let program = try await Self.filled("", 3_000)
            let arguments = ["store", "prune", "--older-than", "1d", "--store", program.store]
            let run = try await CommandRun(arguments, interruptedAt: 2)
            #expect(
                run.status == 130 && run.complaint.hasSuffix("what went stays gone [cancelled]\n"),
                "\(run.complaint)"
            )
            let left = try await program.run("store", "stats", "--json").json.first?["messages"]?.number ?? 0
            #expect(left > 0 && left < 3_000)
            let audit = try await program.run("audit", "list").output
            #expect(audit.contains(/\ prune-begun .* olderThan=1d/), "\(audit)")
            #expect(audit.contains("ended=interrupted olderThan=1d records=\(3_000 - left)"), "\(audit)")
            #expect(try await program.run("store", "verify").output.hasSuffix("everything is sound\n"))
        }

        @Test("a verify that is ended finds nothing")
        func verify() async throws {
            let program = try await Self.filled("", 3_000)
            let run = try await CommandRun(["store", "verify", "--store", program.store], interruptedAt: 2)
            #expect(run.status == 130 && run.output == "", "\(run.output)")
            #expect(run.complaint.hasSuffix("chat.db: ended before it was done; nothing was changed [cancelled]\n"))
        }

        @Test("an export whose reader goes away, and one that is killed, are in the audit log")
        func unfinished() async throws {
            let program = try await Self.filled("", 3_000)
            for isKilled in [false, true] {
                let output = Pipe()
                let process = try program.start(["store", "export"], output: output)
                _ = await BuiltProgram.read(output, until: "\n")
                if isKilled { kill(process.processIdentifier, SIGKILL) }
                try output.fileHandleForReading.close()
                await BuiltProgram.end(of: process)
            }
            let audit = try await program.run("audit", "list").lines
            #expect(audit.filter { $0.contains("  export-begun ") }.count == 2, "\(audit)")
        }
    }
}
