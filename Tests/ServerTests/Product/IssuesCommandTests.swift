import Foundation
import Messages
import RespondersTesting
import Testing
import Tracker

@testable import Server

extension ProductTests {
    @Suite("claude-chat issues", .timeLimit(.minutes(5)))
    struct IssuesCommandTests {
        /// A folder with three issues, one of another site.
        private static func reported() async throws -> BuiltProgram {
            let program = try BuiltProgram()
            let tracker = EmbeddedTracker(
                try IssueFile.open("\(program.folder.path)/issues.sqlite") {
                    Timestamp(milliseconds: 1_800_000_000_000)
                }
            )
            defer { tracker.file.close() }
            for (index, title) in ["Checkout fails", "Login\u{1B}[2J is slow", "Menu"].enumerated() {
                let draft = try IssueDraft(
                    title: title,
                    body: "> step \(index)\n> two\u{202E}",
                    page: "/shop",
                    site: index == 2 ? (SiteID("shop") ?? .default) : .default,
                    session: SessionID("s\(index)")
                )
                _ = try await tracker.create(draft, key: DedupeKey("k\(index)"))
            }
            return program
        }

        private static let file = ["--file", "issues.sqlite"]

        @Test("lists by state and words, shows one with its story, and has the same as JSON")
        func list() async throws {
            let program = try await Self.reported()
            let list = try await program.run(["issues", "list"] + Self.file)
            #expect(list.status == 0, "\(list.complaint)")
            #expect(list.lines.count == 4 && list.lines[3] == "3 issues")
            #expect(list.lines[0].hasPrefix("shop     1  R-") && list.lines[0].hasSuffix("Menu"))
            #expect(list.lines[2].hasSuffix("open  2027-01-15T08:00:00.000Z  Checkout fails"))
            let found = try await program.run(
                ["issues", "list", "--search", "CHECKOUT", "--state", "open", "--json"] + Self.file
            )
            #expect(found.json.count == 2)
            #expect(found.json[0]["title"] == .text("Checkout fails"))
            let page = try await program.run(["issues", "list", "--limit", "1"] + Self.file)
            #expect(page.lines.last == "1 issue; the next ones: --before 3")
            let show = try await program.run(["issues", "show", "1", "--site", "default"] + Self.file)
            #expect(show.lines[0].hasSuffix("  Checkout fails"))
            #expect(show.output.contains("state     open\n") && show.output.contains("    > step 0\n    > two\n"))
            #expect(show.output.contains("  visitor  reported\n"))
        }

        @Test("H6: what a visitor wrote moves no cursor")
        func escapes() async throws {
            let program = try await Self.reported()
            for arguments in [["list"], ["show", "2", "--site", "default"]] {
                let run = try await program.run(["issues"] + arguments + Self.file)
                #expect(run.status == 0)
                #expect(!run.output.unicodeScalars.contains { $0 != "\n" && $0.properties.generalCategory == .control })
                #expect(!run.output.contains("\u{202E}"))
            }
        }

        @Test("a state is set, seen and noted; what can't be is refused with what to write")
        func set() async throws {
            let program = try await Self.reported()
            let site = ["--site", "default"] + Self.file
            let set = try await program.run(["issues", "set", "1", "--state", "in_progress", "--public"] + site)
            #expect(set.status == 0 && set.output == "#1: in_progress, public\n", "\(set.complaint)")
            let closed = try await program.run(["issues", "set", "1", "--state", "closed", "--json"] + site)
            #expect(closed.json.first?["state"] == .text("closed"))
            let refused = try await program.run(["issues", "set", "1", "--state", "resolved"] + site)
            #expect(refused.status == 1)
            #expect(
                refused.complaint
                    == "#1: what is closed can't become resolved; write one of open [invalid-transition]\n"
            )
            let comment = try await program.run(["issues", "comment", "1", "It is fixed.", "--public"] + site)
            let added = "#1: comment added, public, whoever reported it is told\n"
            #expect(comment.output == added, "\(comment.complaint)")
            let show = try await program.run(["issues", "show", "1"] + site)
            #expect(show.output.contains("  comment, public\n    It is fixed.\n"), "\(show.output)")
            let audit = try await program.run("audit", "list", "--log", "issues.sqlite.audit.jsonl", "--json")
            let actions = audit.json.compactMap { $0["action"] }
            #expect(actions == ["issue-set", "issue-set", "issue-comment", "issues-read"].map { .text($0) })
            #expect(!audit.output.contains("fixed") && !audit.output.contains("Checkout"))
        }

        @Test(
            "wrong usage says what to write",
            arguments: [
                (["set", "1"], 2, "nothing to change; add --state or --public"),
                (["set", "1", "--state", "opne"], 2, #""opne" is no state; did you mean "open"?"#),
                (["list", "--state", "x"], 2, #""x" is no state; known: closed, in_progress, open, resolved"#),
                (["list", "--limit", "0"], 2, "--limit takes 1 to 1000"),
                (["show", "0"], 2, "numbers of issues begin at 1"),
                (["show", "1"], 2, "several sites have issues; add --site with one of default, shop"),
                (["show", "99", "--site", "shop"], 1, #"#99: there is no such issue of the site "shop"; "#),
                (["comment", "1", ""], 2, "a comment has 1 to 16384 bytes"),
                (["comment", "1", "\u{1}", "--site", "shop"], 1, "comment: has no character to read [invalid-issue]"),
                (["list", "--site", "Shop"], 2, #""Shop" is no name of a site"#),
                (["list", "--before", "x"], 2, "--before"),
            ]
        )
        func usage(arguments: [String], status: Int32, complaint: String) async throws {
            let run = try await Self.reported().run(["issues"] + arguments + Self.file)
            #expect(run.status == status, "\(run.complaint)")
            #expect(run.complaint.contains(complaint), "\(run.complaint)")
        }

        @Test("a file that isn't there, a store, and a configuration without the plugin are named")
        func noFile() async throws {
            let program = try await Self.reported()
            let none = try await program.run("issues", "list", "--file", "nowhere.sqlite")
            let expected =
                "nowhere.sqlite: there are no issues; start a server whose chain has the plugin, or name another file "
                + "[cannot-open-tracker]\n"
            #expect(none.status == 1 && none.complaint == expected, "\(none.complaint)")
            let plain = try await program.run("issues", "list")
            let problem = "no chain has the plugin issues; add it, or name its file with --file [no-issues]\n"
            #expect(plain.status == 1 && plain.complaint == "claude-chat.yaml: \(problem)", "\(plain.complaint)")
            _ = try await program.run("store", "import", "-", input: try BuiltProgram.lines(1))
            let store = try await program.run("issues", "list", "--file", "data/chat.db")
            #expect(store.complaint.contains("data/chat.db: is a database of another program"), "\(store.complaint)")
        }

        @Test("an export has every issue with its story, in a file of its owner alone")
        func export() async throws {
            let program = try await Self.reported()
            let run = try await program.run(["issues", "export", "--output", "all.jsonl"] + Self.file)
            #expect(run.output == "all.jsonl: 3 issues\n", "\(run.complaint)")
            let text = try String(contentsOfFile: "\(program.folder.path)/all.jsonl", encoding: .utf8)
            let lines = text.split(separator: "\n")
            #expect(lines.count == 3)
            struct Line: Decodable {
                struct Issue: Decodable { var title: String }
                struct Event: Decodable { var kind: String }
                var issue: Issue
                var events: [Event]
            }
            let decoded = try lines.map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
            #expect(decoded.map(\.issue.title) == ["Menu", "Login[2J is slow", "Checkout fails"])
            #expect(decoded.map(\.events.count) == [1, 1, 1])
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(program.folder.path)/all.jsonl")
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            let again = try await program.run(["issues", "export", "--output", "all.jsonl"] + Self.file)
            #expect(again.status == 1 && again.complaint.contains("[file-exists]"))
        }

        @Test("every command has help with examples", arguments: ["list", "show", "set", "comment", "export"])
        func help(command: String) async throws {
            let run = try await BuiltProgram().run("issues", command, "--help")
            #expect(run.status == 0 && run.output.contains("claude-chat issues \(command)"))
        }
    }
}
