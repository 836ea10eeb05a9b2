import Foundation
import RespondersTesting
import Testing

@testable import Server

/// What the `rules` commands do with old messages: from a file, a pipe, and back into rule files.
@Suite("claude-chat rules, on old messages")
struct RulesLogCommandTests {
    private static let rules = """
        version: 1
        rules:
          - {id: hello, match: hello, reply: Hi}
        """

    @Test("all lines of a log that can't be read are shown at once")
    func allLines() async throws {
        let log =
            #"{"session":"s1","message":"hello"}"# + "\nhello\n{}\n" + #"{"session":"s1","message":"hello"}"# + "\n{"
        let run = try await CommandRun(
            ["rules", "coverage", "--log", "{folder}/log.jsonl"],
            files: ["rules/a.yaml": Self.rules, "log.jsonl": log]
        )
        for line in [2, 3, 5] { #expect(run.complaint.contains("log.jsonl:\(line):1: "), "\(run.complaint)") }
        #expect(run.complaint.hasSuffix("3 errors; no message was answered\n"), "\(run.complaint)")
        #expect(run.status == 1)
        let json = try await CommandRun(
            ["rules", "coverage", "--json", "--log", "{folder}/log.jsonl"],
            files: ["rules/a.yaml": Self.rules, "log.jsonl": log]
        )
        #expect(json.output.hasPrefix(#"{"severity":"error","code":"log-syntax","#), "\(json.output)")
    }

    @Test("a log may come through a pipe")
    func pipe() async throws {
        let folder = try ScratchFolder(["rules/a.yaml": Self.rules, "x": ""])
        let pipe = "\(folder.path)/pipe"
        #expect(mkfifo(pipe, 0o600) == 0)
        let writer = Thread {
            guard let file = FileHandle(forWritingAtPath: pipe) else { return }
            file.write(Data((#"{"session":"s1","message":"hello"}"# + "\n").utf8))
            try? file.close()
        }
        writer.start()
        let run = try await CommandRun(["rules", "coverage", "--log", pipe, "--rules", "\(folder.path)/rules"])
        #expect(run.output.contains("no rule answers 0 of 1 message"), "\(run.output)\(run.complaint)")
    }

    private static let log = """
        {"session":"s1","message":"can you help me with my invoice"}
        {"session":"s2","message":"can I pay the invoice later"}
        {"session":"s3","message":"can you tell me about the invoice"}
        {"session":"s4","message":"hello can you hear me"}
        """

    @Test(
        "skeletons are written to a file of the folder, are off until somebody writes the reply, and fire on no common word"
    )
    func skeletons() async throws {
        let folder = try ScratchFolder(["rules/a.yaml": Self.rules, "log.jsonl": Self.log])
        let arguments = [
            "rules", "unanswered", "--log", "\(folder.path)/log.jsonl", "--rules", "\(folder.path)/rules",
            "--skeletons",
            "--output", "\(folder.path)/rules/local/new.yaml",
        ]
        try FileManager.default.createDirectory(atPath: "\(folder.path)/rules/local", withIntermediateDirectories: true)
        let run = try await CommandRun(arguments)
        #expect(run.status == 0, "\(run.complaint)")
        let text = try String(contentsOfFile: "\(folder.path)/rules/local/new.yaml", encoding: .utf8)
        #expect(text.contains("id: new-invoice\n"), "\(text)")
        #expect(!text.contains(#"\bcan\b"#), "\(text)")
        #expect(text.contains("    enabled: false"), "\(text)")
        #expect(text.contains("      - not: "), "\(text)")
        let check = try await CommandRun(["rules", "check", "--strict", "--rules", "\(folder.path)/rules"])
        #expect(!check.output.contains("new.yaml"), "\(check.output)")
        let again = try await CommandRun(arguments)
        #expect(again.status == 2)
        #expect(again.complaint.contains("is there already"), "\(again.complaint)")
    }

    @Test("a rule that hit its limit is not called one that never fires")
    func limits() async throws {
        let slow = #"  - {id: slow, match: '(?:x|xx)+(?:x|xx)+(?:x|xx)+z', allow: [slow], reply: Slow}"#
        let words = String(repeating: "x", count: 200)
        let run = try await CommandRun(
            ["rules", "coverage", "--log", "{folder}/log.jsonl"],
            files: [
                "rules/a.yaml": Self.rules + "\n" + slow,
                "log.jsonl":
                    "{\"session\":\"s\",\"message\":\"hello\"}\n{\"session\":\"s\",\"message\":\"\(words) z\"}",
            ]
        )
        #expect(run.output.contains("hits a limit\n  a/slow  rules/a.yaml:4  1 message\n"), "\(run.output)")
        #expect(!run.output.contains("never fires\n  a/slow"), "\(run.output)")
    }

    private static func replay(_ arguments: [String], old: [String: String], new: [String: String]) async throws
        -> CommandRun
    {
        var files = ["log.jsonl": Self.log]
        for (name, text) in old { files["old/\(name)"] = text }
        for (name, text) in new { files["rules/\(name)"] = text }
        return try await CommandRun(
            ["rules", "replay", "--log", "{folder}/log.jsonl", "--against", "{folder}/old"] + arguments,
            files: files
        )
    }

    @Test("a rule that moved to another file is the same rule in a replay")
    func renamed() async throws {
        let run = try await Self.replay([], old: ["a.yaml": Self.rules], new: ["b.yaml": Self.rules])
        #expect(run.output.contains("0 changed winner, 0 changed text only"), "\(run.output)")
    }

    @Test("replay shows both texts, and --limit holds for objects")
    func texts() async throws {
        let all = "version: 1\nrules: [{id: all, match: {always: true}, reply: One}]"
        let (old, new) = (["a.yaml": all], ["a.yaml": all.replacing("One", with: "Two")])
        let run = try await Self.replay(["--show", "text", "--limit", "1"], old: old, new: new)
        #expect(run.output.contains(#"said "One", says "Two""#), "\(run.output)")
        let json = try await Self.replay(["--show", "text", "--limit", "1", "--json"], old: old, new: new)
        #expect(json.output.components(separatedBy: #""kind":"text""#).count == 2, "\(json.output)")
        #expect(json.output.contains(#""saidBefore":"One","saysNow":"Two""#), "\(json.output)")
    }

    @Test("an empty log passes no threshold")
    func emptyLog() async throws {
        let run = try await CommandRun(
            ["rules", "replay", "--log", "{folder}/log.jsonl", "--against", "{folder}/rules", "--fail-above", "0%"],
            files: ["rules/a.yaml": Self.rules, "log.jsonl": ""]
        )
        #expect(run.status == 2)
        #expect(run.complaint.contains("there is no message to answer"), "\(run.complaint)")
    }
}
