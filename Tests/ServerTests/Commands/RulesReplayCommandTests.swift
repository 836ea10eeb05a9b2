import Foundation
import Testing

@testable import Server

@Suite("claude-chat rules replay")
struct RulesReplayCommandTests {
    private static let old = """
        version: 1
        rules:
          - {id: hello, match: hello, reply: Hi}
          - {id: broken, match: broken, reply: Sorry}
        """
    private static let new = """
        version: 1
        rules:
          - {id: broken, match: 'broken|hangs', reply: Oh}
          - {id: hello, match: hello, reply: Hi}
        """
    private static let log = """
        {"type":"user","sessionId":"s1","message":"hello","context":{}}
        {"type":"claude","sessionId":"s1","message":"Hi"}
        {"session":"s1","message":"hello, it is broken"}
        {"session":"s2","message":"it is broken"}

        {"session":"s2","message":"it hangs"}
        {"session":"s3","message":"it hangs"}
        """

    private static let table = """
        rule      before  after  gained  lost  text
        a/broken       1      4       3     0     1
        a/hello        2      1       0     1     0
        no rule        2      0       0     2     0

        """

    private static func run(_ arguments: String...) async throws -> CommandRun {
        try await CommandRun(
            ["rules", "replay", "--log", "{folder}/log.jsonl", "--against", "{folder}/old"] + arguments,
            files: ["rules/a.yaml": Self.new, "old/a.yaml": Self.old, "log.jsonl": Self.log]
        )
    }

    @Test("shows for each rule what it won before and after, and counts what changed")
    func table() async throws {
        let run = try await Self.run()
        #expect(
            run.output == Self.table
                + "5 messages, 3 changed winner, 1 changed text only     (--show gained,lost,text prints them)\n"
        )
        #expect(run.status == 0)
    }

    @Test("prints the messages behind the counts, equal ones once")
    func messages() async throws {
        let run = try await Self.run("--show", "gained,lost,text", "--limit", "1")
        #expect(
            run.output == """
                gained
                  a/broken  from a/hello  "hello, it is broken"
                  and 2 more

                lost
                  a/hello  to a/broken  "hello, it is broken"

                text
                  a/broken  "it is broken"  said "Sorry", says "Oh"

                \(Self.table)5 messages, 3 changed winner, 1 changed text only

                """
        )
        let all = try await Self.run("--show", "gained")
        #expect(all.output.contains("  a/broken  from no rule  \"it hangs\"  2 times\n"))
    }

    @Test("fails when more messages than --fail-above changed their winner", arguments: [("60%", 0), ("59.9%", 1)])
    func threshold(percent: String, status: Int32) async throws {
        let run = try await Self.run("--fail-above", percent)
        #expect(run.status == status)
        #expect(
            run.complaint
                == (status == 0 ? "" : "60.0 % of the messages changed their winner; --fail-above allows 59.9 %\n")
        )
    }

    @Test("prints objects with --json")
    func json() async throws {
        let run = try await Self.run("--json", "--show", "text")
        #expect(
            run.output == """
                {"kind":"text","number":3,"before":"a/broken","after":"a/broken","saidBefore":"Sorry","saysNow":"Oh",\
                "session":"s2","message":"it is broken"}
                {"rule":"a/broken","before":1,"after":4,"gained":3,"lost":0,"text":1}
                {"rule":"a/hello","before":2,"after":1,"gained":0,"lost":1,"text":0}
                {"rule":null,"before":2,"after":0,"gained":0,"lost":2,"text":0}
                {"messages":5,"changedWinner":3,"changedText":1,"changedPercent":60.0}

                """
        )
    }

    @Test("reads the older rules from a git revision")
    func revision() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("replay-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(atPath: "\(folder)/site/rules/local", withIntermediateDirectories: true)
        let file = URL(fileURLWithPath: "\(folder)/site/rules/a.yaml")
        try Data(Self.old.utf8).write(to: file)
        try Data("version: 1".utf8).write(to: URL(fileURLWithPath: "\(folder)/site/rules/local/b.yaml"))
        try Data(Self.log.utf8).write(to: URL(fileURLWithPath: "\(folder)/log.jsonl"))
        let identity = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false"]
        try Self.git(["init", "-q"], in: folder)
        try Self.git(["add", "."], in: folder)
        try Self.git(identity + ["commit", "-qm", "Old rules"], in: folder)
        try Data(Self.new.utf8).write(to: file)
        let arguments = ["rules", "replay", "--rules", "\(folder)/site/rules/", "--log", "\(folder)/log.jsonl"]
        let run = try await CommandRun(arguments + ["--against", "HEAD"])
        #expect(run.output.hasPrefix(Self.table))
        #expect(run.status == 0)
        let unknown = try await CommandRun(arguments + ["--against", "--output=x"])
        #expect(unknown.status == 2)
        let missing = try await CommandRun(arguments + ["--against", "no-such"])
        #expect(
            missing.complaint.contains(
                """
                "no-such" is neither a folder nor a revision of the repository of \(folder)/site/rules/; write a folder of \
                rule files, or a commit, tag or branch, such as HEAD~1
                """
            )
        )
        // A rule file that is a symbolic link means what it leads to.
        try FileManager.default.moveItem(atPath: file.path, toPath: "\(folder)/shared.yaml")
        try FileManager.default.createSymbolicLink(atPath: file.path, withDestinationPath: "../../shared.yaml")
        try Self.git(["add", "-A"], in: folder)
        try Self.git(identity + ["commit", "-qm", "A link"], in: folder)
        let linked = try await CommandRun(arguments + ["--against", "HEAD"])
        #expect(linked.output.hasSuffix("5 messages, 0 changed winner, 0 changed text only\n"), "\(linked)")
    }

    private static func git(_ arguments: [String], in folder: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["git", "-C", folder] + arguments
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }

    @Test("says which line of the log can't be read, and which revision isn't known")
    func mistakes() async throws {
        let files = ["rules/a.yaml": Self.new, "log.jsonl": #"{"session":"s1","message":"hello"}"# + "\nhello"]
        let line = try await CommandRun(
            ["rules", "replay", "--log", "{folder}/log.jsonl", "--against", "{folder}/rules"],
            files: files
        )
        #expect(
            line.complaint == #"""
                log.jsonl:2:1: the line is not one JSON object; write one message a line: \#
                {"session":"s1","message":"hello","page":"/shop"} [log-syntax]
                   2 | hello
                     | ^
                1 error; no message was answered

                """#
        )
        #expect(line.status == 1)
        let revision = try await CommandRun(
            ["rules", "replay", "--log", "{folder}/log.jsonl", "--against", "no-such"],
            files: ["rules/a.yaml": Self.new, "log.jsonl": Self.log]
        )
        #expect(
            revision.complaint.hasPrefix(
                #"""
                Error: "no-such" is no folder, and rules/ is in no git repository; write a folder of rule files
                """#
            )
        )
        #expect(revision.status == 2)
    }

    @Test("shows the mistakes of the older rules under their own names")
    func olderMistakes() async throws {
        let run = try await CommandRun(
            ["rules", "replay", "--log", "{folder}/log.jsonl", "--against", "{folder}/old"],
            files: ["rules/a.yaml": Self.new, "old/a.yaml": "version: 2", "log.jsonl": ""]
        )
        #expect(run.complaint.hasPrefix("old/a.yaml:1:10: \"version\" is \"2\"; write 1 [wrong-value]\n"))
        #expect(run.status == 1)
    }
}

@Suite("transcript exports")
struct TranscriptReaderTests {
    private static func read(_ text: String) throws -> [String] {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("log-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(text.utf8).write(to: file)
        return try TranscriptReader.messages(of: file.path).map { "\($0)" }
    }

    @Test("are stored frames, with the page and the language in their context")
    func frames() throws {
        let line = #"""
            {"type":"user","message":"a \"b\" ü","sessionId":"s1","id":"m1","seq":3,"context":{"page":"/x","title":"T",\#
            "url":"https://e.org/x","locale":"de-AT","vars":{"plan":"pro","n":1,"a":"b"}},"timestamp":"2026-11-24T05:29:13.123Z"}
            """#
        let message = #"""
            {"session":"s1","message":"a \"b\" ü","page":"/x","title":"T","url":"https://e.org/x","lang":"de-AT",\#
            "site":"default","vars":{"a":"b","plan":"pro"}}
            """#
        #expect(try Self.read(line) == [message])
    }

    @Test("may be written by hand, with everything beside the message")
    func plain() throws {
        let lines = """
            {"session":"s1","message":"hello"}
            {"session":"s2","message":"hi","page":"/y","lang":"en","site":"shop","name":"Ann","vars":{"plan":"team"}}
            """
        #expect(
            try Self.read(lines.replacing("\n", with: "\r\n")) == [
                #"{"session":"s1","message":"hello","page":"/","site":"default"}"#,
                String(lines.split(separator: "\n")[1]),
            ]
        )
    }

    @Test(
        "have times in every form of RFC 3339",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1970-01-01T01:00:00.5+01:00", 500), ("1969-12-31T23:59:59.999Z", -1),
            ("2000-02-29T12:00:00.12Z", 951_825_600_120), ("2026-11-24T05:29:13.123456Z", 1_795_498_153_123),
            ("2026-11-23T23:59:13-05:30", 1_795_498_153_000),
        ]
    )
    func times(text: String, milliseconds: Int) {
        #expect(Duration(rfc3339: text) == .milliseconds(milliseconds))
    }

    @Test(
        "have no other times",
        arguments: [
            "", "yesterday", "2026-11-24", "2026-11-24T05:29:13", "2026-13-24T05:29:13Z", "2026-11-24T05:29:13+1",
        ]
    )
    func noTimes(text: String) { #expect(Duration(rfc3339: text) == nil) }
}
