import Foundation
import RespondersTesting
import Testing

@testable import Server

/// What the `rules` commands make of folders and files as people really have them.
@Suite("claude-chat rules, on folders as they are")
struct RulesFolderCommandTests {
    private static let rules = """
        version: 1
        rules:
          - id: greeting
            match: '^hello(?<who>.*)$'
            reply: 'Hi{{who|or:""}}!'
            tests: [{say: hello}, {not: goodbye}]
        """

    @Test("check rejects a folder without rules", arguments: [[], ["--digest"], ["--json"]])
    func noRules(form: [String]) async throws {
        let empty = try await CommandRun(["rules", "check"] + form, files: ["rules/local/README.md": "Nothing."])
        #expect(empty.status == 1)
        #expect((empty.output + empty.complaint).contains("no-rules"))
        let words = try await CommandRun(
            ["rules", "check"] + form,
            files: ["rules/words.yaml": "version: 1\nwords: {thing: [table]}\n"]
        )
        #expect(words.status == 1)
        #expect((words.output + words.complaint).contains("no-rules"))
    }

    @Test("check of a configuration rejects a folder without rules, unless the chain takes an empty one")
    func noRulesInChain() async throws {
        func run(_ settings: String) async throws -> CommandRun {
            let chain = "version: 1\ndefault_chain: demo\nchains: {demo: {answer: [rules: {\(settings)}]}}\n"
            return try await CommandRun(["check"], files: ["claude-chat.yaml": chain, "rules/README.md": "Nothing."])
        }
        let refused = try await run("path: rules/")
        #expect(refused.status == 1)
        #expect((refused.output + refused.complaint).contains("[no-rules]"), "\(refused)")
        let allowed = try await run("path: rules/, allow_empty: true")
        #expect(allowed.status == 0, "\(allowed)")
    }

    @Test("a file that starts with a byte order mark is read like any other, and keeps its columns")
    func byteOrderMark() async throws {
        let fine = try await CommandRun(["rules", "check"], files: ["rules/a.yaml": "\u{FEFF}" + Self.rules])
        #expect(fine.status == 0, "\(fine.output)")
        let wrong = try await CommandRun(["rules", "check"], files: ["rules/a.yaml": "\u{FEFF}vrsion: 1\n"])
        #expect(wrong.output.contains("rules/a.yaml:1:1: unknown key \"vrsion\""), "\(wrong.output)")
    }

    @Test("fmt takes a byte order mark away")
    func formatByteOrderMark() async throws {
        let folder = try ScratchFolder(["rules/a.yaml": "\u{FEFF}" + Self.rules + "\n"])
        let run = try await CommandRun(["rules", "fmt", "--rules", "\(folder.path)/rules"])
        #expect(run.status == 0, "\(run.complaint)")
        let bytes = try #require(FileManager.default.contents(atPath: "\(folder.path)/rules/a.yaml"))
        #expect(bytes.first == UInt8(ascii: "v"))
    }

    @Test("fmt writes what a symbolic link points to, and leaves the link")
    func formatLink() async throws {
        let folder = try ScratchFolder([
            "ext/a.yaml": "rules:\n  - match: late\n    id: late\n    reply: Sorry\nversion: 1\n",
            "rules/b.yaml": Self.rules + "\n",
        ])
        let link = "\(folder.path)/rules/a.yaml"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "../ext/a.yaml")
        let run = try await CommandRun(["rules", "fmt", "--rules", "\(folder.path)/rules"])
        #expect(run.status == 0)
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "../ext/a.yaml")
        let written = try String(contentsOfFile: "\(folder.path)/ext/a.yaml", encoding: .utf8)
        #expect(written.hasPrefix("version: 1\n"))
    }

    @Test("explain shows nothing of a message that would move the cursor or break a line")
    func explainEscapes() async throws {
        let run = try await CommandRun(
            ["rules", "explain", "hello \u{1B}[31mbob\u{7}\nnext"],
            files: ["rules/a.yaml": Self.rules.replacing("match: '", with: "match: '(?s)")]
        )
        #expect(run.output.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control })
        #expect(run.output.split(separator: "\n").count == 3, "\(run.output)")
    }

    @Test(
        "a mistake is an object where --json was asked for",
        arguments: ["explain hello", "test", "coverage", "bench", "fmt"]
    )
    func mistakesAsJSON(command: String) async throws {
        let text = command == "fmt" ? "version: [" : "version: 2"
        let arguments = ["rules"] + command.split(separator: " ").map(String.init) + ["--json"]
        let run = try await CommandRun(arguments, files: ["rules/a.yaml": text])
        let first = try #require(run.output.split(separator: "\n").first)
        #expect(first.hasPrefix(#"{"severity":"error","code":""#), "\(run.output)")
        #expect(run.output.contains(#""ok":false"#))
        #expect(run.status == 1)
    }

    @Test("a folder that is a file is called one, without a caret")
    func fileAsFolder() async throws {
        let folder = try ScratchFolder(["rules/a.yaml": Self.rules])
        let run = try await CommandRun(["rules", "check", "--rules", "\(folder.path)/rules/a.yaml"])
        #expect(run.output.contains("is a file; name its folder [no-folder]"), "\(run.output)")
        #expect(!run.output.contains("^"))
    }

    @Test("what can't be read says why")
    func unreadable() async throws {
        let folder = try ScratchFolder(["rules/b.yaml": Self.rules, "rules/d.yaml/x": ""])
        let rules = "\(folder.path)/rules"
        try FileManager.default.createSymbolicLink(atPath: "\(rules)/gone.yaml", withDestinationPath: "nowhere")
        try FileManager.default.createSymbolicLink(atPath: "\(rules)/loop.yaml", withDestinationPath: "loop.yaml")
        #expect(mkfifo("\(rules)/pipe.yaml", 0o600) == 0)
        let run = try await CommandRun(["rules", "check", "--rules", rules])
        for words in [
            "d.yaml:1:1: this is a folder; ", "gone.yaml:1:1: the link leads nowhere; ",
            "loop.yaml:1:1: the link leads nowhere; ", "pipe.yaml:1:1: this is no regular file; ",
        ] {
            #expect(run.output.contains(words), "\(words): \(run.output)")
        }
    }

    @Test(
        "files that look like rule files but are not read are named",
        arguments: ["shop.yml", "Shop.YAML", "sub/a.yaml"]
    )
    func passedOver(name: String) async throws {
        let run = try await CommandRun(
            ["rules", "check"],
            files: ["rules/a.yaml": Self.rules, "rules/\(name)": Self.rules]
        )
        #expect(run.status == 0)
        #expect(run.output.contains("rules/\(name):1:1: ") && run.output.contains("[not-read]"), "\(run.output)")
    }
}
