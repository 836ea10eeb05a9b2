import Diagnostics
import Foundation
import Rules
import Testing

@Suite("the check of a rule folder")
struct ToolsCheckTests {
    private static let untested = """
        version: 1
        rules:
          - {id: one, match: hello, reply: Hi}
          - {id: two, match: goodbye, reply: Bye, tests: [{say: goodbye}]}
          - {id: off, match: unused, reply: Bye, enabled: false}
        """

    private static func found(_ files: [String: String], isStrict: Bool) throws -> [String] {
        let folder = try ToolsFolder(files)
        return RuleCheck(folder: folder.path, isStrict: isStrict).diagnostics.map { folder.short($0) }
    }

    @Test("a folder of rules that is itself called local has no local rules")
    func folderNamedLocal() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString)/local")
        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent("local"),
            withIntermediateDirectories: true
        )
        defer { try? FileManager.default.removeItem(at: folder.deletingLastPathComponent()) }
        for (name, id) in [("a.yaml", "one"), ("local/b.yaml", "two")] {
            let text = "version: 1\nrules:\n  - {id: \(id), match: '\\b\(id)\\b', reply: Hi}\n"
            try Data(text.utf8).write(to: folder.appendingPathComponent(name))
        }
        let rules = try RuleBook.load(folder: folder.path).rules
        #expect(rules.filter(\.isLocal).map(\.name) == ["b/two"])
    }

    @Test("asks every shipped rule for a say and a not when it is strict, and only then")
    func strict() throws {
        #expect(try Self.found(["a.yaml": Self.untested], isStrict: false).isEmpty)
        #expect(
            try Self.found(["a.yaml": Self.untested], isStrict: true) == [
                #"a.yaml:3:10: rule "one" has no "say"; add one under tests: a sentence that it must win [missing-test]"#,
                #"a.yaml:3:10: rule "one" has no "not"; add one under tests: a sentence close to it that it must not match [missing-test]"#,
                #"a.yaml:4:10: rule "two" has no "not"; add one under tests: a sentence close to it that it must not match [missing-test]"#,
            ]
        )
    }

    @Test("only warns of local rules without tests, strict or not", arguments: [true, false])
    func local(isStrict: Bool) throws {
        let folder = try ToolsFolder([
            "local/a.yaml": "version: 1\nrules: [{id: one, match: hello, reply: Hi, tests: [{say: hello}]}]"
        ])
        let check = RuleCheck(folder: folder.path, isStrict: isStrict)
        #expect(check.isFine)
        #expect(check.diagnostics.map(\.severity) == [.warning])
        #expect(
            check.diagnostics.map { folder.short($0) } == [
                #"local/a.yaml:2:14: rule "one" has no "not"; add one under tests: a sentence close to it that it must not match [missing-test]"#
            ]
        )
    }

    @Test("still shows what is wrong in one rule when another one lacks its tests")
    func all() throws {
        let found = try Self.found(
            ["a.yaml": "version: 1\nrules:\n  - {id: one, match: '(', reply: Hi}\n  - {id: two, match: b, reply: Hi}"],
            isStrict: true
        )
        #expect(found.count { $0.hasSuffix("[missing-test]") } == 4)
        #expect(found.count { $0.hasSuffix("[pattern-syntax]") } == 1)
    }

    @Test("knows which shipped rules a local file changes, and where")
    func changes() throws {
        let folder = try ToolsFolder([
            "a.yaml": "version: 1\nrules: [{id: one, match: hello, reply: Hi}]",
            "local/b.yaml": "version: 1\nrules:\n  - {id: one, reply: Welcome}",
        ])
        let rule = try #require(RuleCheck(folder: folder.path).book?.rules.first)
        #expect(!rule.isLocal)
        #expect(rule.changes.map { folder.short($0) } == ["local/b.yaml:3:5"])
    }

    @Test("runs the inline tests of chosen rules one by one")
    func tests() throws {
        let folder = try ToolsFolder([
            "a.yaml": """
            version: 1
            rules:
              - {id: one, match: hello, reply: Hi, tests: [{say: hello}, {not: hello you}, {lose: goodbye, to: a/two}]}
              - {id: two, match: goodbye, reply: Bye, tests: [{say: goodbye}]}
            """
        ])
        let all = try RuleTestRun(folder: folder.path)
        #expect(all.results.map(\.problems.isEmpty) == [true, false, true, true])
        #expect(all.ruleCount == 2)
        let one = try RuleTestRun(folder: folder.path) { $0.name == "a/one" }
        #expect(one.results.map(\.test.kind) == [.say, .not, .lose])
        #expect(
            one.failures.flatMap(\.problems).map { folder.short($0) } == [
                #"a.yaml:3:68: "hello you" is under not, but a/one matches "hello" [test-failed]"#
            ]
        )
    }
}

@Suite("SARIF")
struct ToolsSARIFTests {
    /// The parts of SARIF 2.1.0 that a result needs; a missing required property fails the decoding.
    private struct Log: Decodable {
        struct Run: Decodable {
            struct Tool: Decodable {
                struct Driver: Decodable {
                    struct Descriptor: Decodable { let id: String }
                    let name: String
                    let rules: [Descriptor]
                }
                let driver: Driver
            }
            struct Result: Decodable {
                struct Message: Decodable { let text: String }
                struct Location: Decodable {
                    struct Physical: Decodable {
                        struct Artifact: Decodable { let uri: String }
                        struct Region: Decodable { let startLine, startColumn: Int }
                        let artifactLocation: Artifact
                        let region: Region
                    }
                    let physicalLocation: Physical
                }
                let ruleId: String
                let ruleIndex: Int
                let level: String
                let message: Message
                let locations: [Location]
            }
            let tool: Tool
            let columnKind: String
            let results: [Result]
        }
        let schema: String
        let version: String
        let runs: [Run]

        enum CodingKeys: String, CodingKey {
            case schema = "$schema"
            case version, runs
        }
    }

    private static let diagnostics = [
        Diagnostic(
            "unknown-key",
            at: Place(file: "rules/ä b.yaml", line: 3, column: 7),
            "unknown key \"prority\"",
            hint: "did you mean \"priority\"?"
        ),
        Diagnostic("unused-words", at: Place(file: "/srv/words.yaml"), "used by no rule", severity: .warning),
    ]

    @Test("has what the schema requires: version, tool, and for each result a message, a level and a place")
    func schema() throws {
        let text = SARIFLog(Self.diagnostics, toolVersion: "1.0").description
        let log = try JSONDecoder().decode(Log.self, from: Data(text.utf8))
        #expect(log.version == "2.1.0")
        #expect(log.schema.hasSuffix("/sarif-2.1.0.json"))
        let run = try #require(log.runs.first)
        #expect(log.runs.count == 1)
        #expect(run.columnKind == "unicodeCodePoints")
        #expect(run.tool.driver.name == "claude-chat rules check")
        #expect(run.results.map(\.level) == ["error", "warning"])
        #expect(run.results.map { run.tool.driver.rules[$0.ruleIndex].id } == run.results.map(\.ruleId))
        #expect(run.results[0].message.text == #"unknown key "prority"; did you mean "priority"?"#)
        let place = try #require(run.results[0].locations.first?.physicalLocation)
        #expect(place.artifactLocation.uri == "rules/%C3%A4%20b.yaml")
        #expect(place.region.startLine == 3)
        #expect(place.region.startColumn == 7)
        #expect(run.results[1].locations[0].physicalLocation.artifactLocation.uri == "file:///srv/words.yaml")
    }

    @Test("of a folder without mistakes has a run without results")
    func empty() throws {
        let text = SARIFLog([], toolVersion: "1.0").description
        #expect(try JSONDecoder().decode(Log.self, from: Data(text.utf8)).runs.map(\.results.count) == [0])
    }

    @Test("and all other JSON escape what a terminal would act on")
    func escapes() throws {
        let text = "a\"b\\c\n\u{1B}[31m\u{9B}ü\u{7F}"
        let json = JSONValue.text(text).description
        #expect(json == #""a\"b\\c\n\u001b[31m\u009bü\u007f""#)
        #expect(try JSONDecoder().decode(String.self, from: Data(json.utf8)) == text)
    }
}
