import Foundation
import RespondersTesting
import Testing

@Suite("claude-chat rules")
struct RulesCommandTests {
    private static let bugs = """
        version: 1
        rules:
          - id: error-code
            about: An error with a number
            priority: 210
            match: '\\berror\\s*#?(?<code>\\d{3,5})\\b'
            reply:
              variants:
                - {when: visitor.name, text: 'Error {{code}}, {{visitor.name}}.'}
                - {text: 'Error {{code}} on {{ctx.page.path}}: noted.', choices: [Thanks]}
            tests:
              - {say: 'I get error #502', captures: {code: '502'}}
              - not: 'my order 5004 is late'
          - id: broken
            match: '\\b(?:broken|hangs|error)\\b'
            reply: Sorry about that.
            tests:
              - say: 'the checkout is broken'
              - not: 'it broke'
        """

    @Test("check says how much it read, and shows what local files change")
    func fine() async throws {
        let run = try await CommandRun(
            ["rules", "check"],
            files: [
                "rules/bugs.yaml": Self.bugs,
                "rules/local/shop.yaml": "version: 1\nrules:\n  - {id: broken, reply: Oh.}",
            ]
        )
        #expect(
            run.output == """
                rules/ is fine: 2 files, 2 rules, 4 tests; digest \(try await Self.digest)
                rules/local/shop.yaml:3 changes bugs/broken

                """
        )
        #expect(run.status == 0)
    }

    private static var digest: String {
        get async throws {
            let run = try await CommandRun(
                ["rules", "check", "--digest"],
                files: [
                    "rules/bugs.yaml": Self.bugs,
                    "rules/local/shop.yaml": "version: 1\nrules:\n  - {id: broken, reply: Oh.}",
                ]
            )
            #expect(run.output.count == 17)
            #expect(run.output.allSatisfy { $0.isHexDigit || $0 == "\n" })
            return String(run.output.dropLast())
        }
    }

    @Test("check shows all mistakes at once, each with its line and a caret under the column")
    func mistakes() async throws {
        let broken = Self.bugs.replacing("\\d{3,5})", with: "\\d{3,5}").replacing("priority:", with: "prority:")
        let run = try await CommandRun(["rules", "check"], files: ["rules/bugs.yaml": broken])
        #expect(
            run.output == #"""
                rules/bugs.yaml:5:5: unknown key "prority"; did you mean "priority"? [unknown-key]
                   5 |     prority: 210
                     |     ^
                rules/bugs.yaml:6:42: missing closing parenthesis: "\berror\s*#?(?<code>\d{3,5}\b"; add ")" or write "\(" for a \#
                parenthesis [pattern-syntax]
                   6 |     match: '\berror\s*#?(?<code>\d{3,5}\b'
                     |                                          ^
                2 errors; nothing would change

                """#
        )
        #expect(run.status == 1)
    }

    @Test("check --strict fails where a shipped rule has no not")
    func strict() async throws {
        let files = ["rules/bugs.yaml": Self.bugs.replacing("      - not: 'it broke'", with: "")]
        #expect(try await CommandRun(["rules", "check"], files: files).status == 0)
        let run = try await CommandRun(["rules", "check", "--strict", "--json"], files: files)
        #expect(run.status == 1)
        #expect(
            run.output == #"""
                {"severity":"error","code":"missing-test","file":"rules/bugs.yaml","line":14,"column":9,"problem":"rule \"broken\" has \#
                no \"not\"","hint":"add one under tests: a sentence close to it that it must not match"}
                {"ok":false,"errors":1,"warnings":0,"changes":[]}

                """#
        )
    }

    @Test("check --digest keeps mistakes out of what a script reads")
    func brokenDigest() async throws {
        let run = try await CommandRun(["rules", "check", "--digest"], files: ["rules/a.yaml": "version: 2"])
        #expect(run.output.isEmpty)
        #expect(run.complaint.hasSuffix("1 error; nothing would change\n"))
        #expect(run.status == 1)
    }

    @Test("test runs all tests, or those of a rule or of a file")
    func tests() async throws {
        let files = ["rules/bugs.yaml": Self.bugs]
        let all = try await CommandRun(["rules", "test"], files: files)
        #expect(all.output == "4 tests of 2 rules hold\n")
        let one = try await CommandRun(["rules", "test", "--rule", "broken", "--json"], files: files)
        #expect(
            one.output == """
                {"rule":"bugs/broken","test":"say","text":"the checkout is broken","file":"rules/bugs.yaml","line":18,"ok":true,\
                "problems":[]}
                {"rule":"bugs/broken","test":"not","text":"it broke","file":"rules/bugs.yaml","line":19,"ok":true,"problems":[]}

                """
        )
        let none = try await CommandRun(["rules", "test", "--rule", "brokn"], files: files)
        #expect(none.status == 2)
        #expect(none.complaint.hasPrefix("Error: there is no rule \"brokn\"; did you mean \"broken\"?\n"))
        let file = try await CommandRun(["rules", "test", "--file", "bug.yaml"], files: files)
        #expect(file.status == 2)
    }

    @Test("test shows what fails and counts it")
    func failure() async throws {
        let files = ["rules/bugs.yaml": Self.bugs.replacing("it broke", with: "it is broken")]
        let run = try await CommandRun(["rules", "test"], files: files)
        #expect(
            run.output == """
                rules/bugs.yaml:19:14: "it is broken" is under not, but bugs/broken matches "broken" [test-failed]
                  19 |       - not: 'it is broken'
                     |              ^
                1 of 4 tests of 2 rules failed

                """
        )
        #expect(run.status == 1)
    }

    @Test("explain shows the winner, what it matched, who lost and why, and what is said")
    func explain() async throws {
        let run = try await CommandRun(
            ["rules", "explain", "the checkout hangs, error 502", "--page", "/shop/cart"],
            files: ["rules/bugs.yaml": Self.bugs]
        )
        #expect(
            run.output == """
                bugs/error-code  wins         rules/bugs.yaml:3   "error 502", code "502"  0.0 µs
                bugs/broken      would match  rules/bugs.yaml:14  priority 100 < 210
                reply  Error 502 on /shop/cart: noted. [Thanks]     variant 2 of 2 (1 needs visitor.name)
                2 rules, 2 candidates after the prefilter, 1 confirmed; 29 characters

                """
        )
        #expect(run.status == 0)
    }

    @Test("explain shows conditions that do not hold, and rules that go on")
    func explainConditions() async throws {
        let files = [
            "rules/a.yaml": """
            version: 1
            rules:
              - {id: tagged, priority: 300, match: 'checkout', continue: true, tags: [shop]}
              - {id: admin, priority: 200, when: {page: {path: '/admin/**'}}, match: 'checkout', reply: Hello admin}
              - {id: billing, when: {topic: billing}, match: 'checkout', handoff: {queue: billing, text: 'One moment.'}}
            """
        ]
        let run = try await CommandRun(
            ["rules", "explain", "the checkout", "--topic", "billing", "--page", "/shop", "--all"],
            files: files
        )
        #expect(
            run.output == """
                a/billing  wins       rules/a.yaml:5  "checkout"                            0.0 µs
                a/tagged   continues  rules/a.yaml:3  "checkout"
                a/admin    no         rules/a.yaml:4  page.path "/shop" is not "/admin/**"
                handoff  billing: One moment.
                tags  shop
                3 rules, 3 candidates after the prefilter, 2 confirmed; 12 characters

                """
        )
    }

    @Test("explain --all shows the rules that lack a word, too, and --json one object for each")
    func explainAll() async throws {
        let files = ["rules/bugs.yaml": Self.bugs]
        let run = try await CommandRun(["rules", "explain", "good morning", "--all"], files: files)
        #expect(
            run.output == """
                bugs/error-code  no  rules/bugs.yaml:3   literal missing: none of "error"
                bugs/broken      no  rules/bugs.yaml:14  literal missing: none of "broken", "hangs", "error"
                no rule
                2 rules, 0 candidates after the prefilter, 0 confirmed; 12 characters

                """
        )
        let json = try await CommandRun(["rules", "explain", "broken", "--json"], files: files)
        #expect(
            json.output == """
                {"rule":"bugs/broken","fate":"wins","file":"rules/bugs.yaml","line":14,"matched":"broken","captures":{}}
                {"result":"reply","text":"Sorry about that.","rules":2,"candidates":1,"confirmed":1,"characters":6,"cut":false}

                """
        )
    }

    private static let log = """
        {"session":"s1","message":"the checkout is broken"}
        {"session":"s1","message":"where is my invoice"}
        {"session":"s2","message":"the invoice, please"}
        """

    @Test("coverage shows the rules that never fire and what is left unanswered")
    func coverage() async throws {
        let rules =
            Self.bugs
            + "\n  - {id: hangs, match: '\\bhangs\\b', reply: Oh}\n  - {id: idle, match: '\\bidle\\b', reply: Oh}"
        let run = try await CommandRun(
            ["rules", "coverage", "--log", "{folder}/log.jsonl"],
            files: [
                "rules/bugs.yaml": rules, "log.jsonl": Self.log + "\n{\"session\":\"s1\",\"message\":\"it hangs\"}",
            ]
        )
        #expect(
            run.output == """
                never fires
                  bugs/idle  rules/bugs.yaml:21

                always loses
                  bugs/hangs  rules/bugs.yaml:20  1 time to bugs/broken

                4 rules: 1 win a message, 1 only a test's sentence, 2 nothing
                no rule answers 2 of 4 messages; their words: invoice 2, please 1, where 1

                """
        )
        #expect(run.status == 1)
        let fine = try await CommandRun(["rules", "coverage"], files: ["rules/bugs.yaml": Self.bugs])
        #expect(fine.output == "2 rules: 2 win a test's sentence, 0 nothing\n")
        #expect(fine.status == 0)
        let json = try await CommandRun(["rules", "coverage", "--json"], files: ["rules/bugs.yaml": Self.bugs])
        #expect(
            json.output == """
                {"rule":"bugs/error-code","file":"rules/bugs.yaml","line":3,"messages":0,"tests":1,"lostTo":{}}
                {"rule":"bugs/broken","file":"rules/bugs.yaml","line":14,"messages":0,"tests":1,"lostTo":{"bugs/error-code":1}}
                {"messages":0,"unanswered":0,"words":{},"longGreetings":[]}

                """
        )
    }

    @Test("unanswered groups what no rule answers, and writes rules to start from")
    func unanswered() async throws {
        let files = ["rules/bugs.yaml": Self.bugs, "log.jsonl": Self.log]
        let run = try await CommandRun(["rules", "unanswered", "--log", "{folder}/log.jsonl"], files: files)
        #expect(
            run.output == """
                2  invoice  "the invoice, please", "where is my invoice"
                no rule answers 2 of 3 messages; 1 group, 0 messages in none

                """
        )
        let skeletons = try await CommandRun(
            ["rules", "unanswered", "--skeletons", "--log", "{folder}/log.jsonl"],
            files: files
        )
        #expect(
            skeletons.output == #"""
                version: 1
                rules:
                  - id: new-invoice
                    about: 'Messages about invoice'
                    enabled: false # Take this line out once the reply is written.
                    match: '\binvoice\b'
                    reply: 'Write here what the visitor shall read.'
                    tests:
                      - say: 'the invoice, please'
                      - say: 'where is my invoice'
                      - not: 'the checkout is broken'

                """#
        )
        let json = try await CommandRun(
            ["rules", "unanswered", "--json", "--log", "{folder}/log.jsonl"],
            files: files
        )
        #expect(
            json.output == """
                {"words":["invoice"],"count":2,"messages":["the invoice, please","where is my invoice"]}
                {"messages":3,"unanswered":2}

                """
        )
        #expect(run.status == 0)
    }

    @Test("schema prints the JSON Schema that is shipped beside the rules")
    func schema() async throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let shipped = try String(contentsOf: root.appendingPathComponent("rules/rules.schema.json"), encoding: .utf8)
        #expect(try await CommandRun(["rules", "schema"]).output == shipped)
    }

    @Test("fmt --check names the files that are not in form, fmt writes them")
    func format() async throws {
        let folder = try ScratchFolder([
            "rules/a.yaml": "rules:\n  - match: late\n    id: late\n    reply: Sorry\nversion: 1\n",
            "rules/b.yaml": "version: 1\n",
        ])
        let rules = ["--rules", "\(folder.path)/rules"]
        let check = try await CommandRun(["rules", "fmt", "--check"] + rules)
        #expect(check.output == "\(folder.path)/rules/a.yaml\n")
        #expect(check.complaint == "1 of 2 files is not in form; run claude-chat rules fmt\n")
        #expect(check.status == 1)
        let write = try await CommandRun(["rules", "fmt", "--json"] + rules)
        #expect(write.output == "{\"file\":\"\(folder.path)/rules/a.yaml\",\"written\":true}\n")
        #expect(write.status == 0)
        let written = try String(contentsOfFile: "\(folder.path)/rules/a.yaml", encoding: .utf8)
        #expect(written == "version: 1\nrules:\n  - id: late\n    match: 'late'\n    reply: Sorry\n")
        #expect(try await CommandRun(["rules", "fmt", "--check"] + rules).status == 0)
    }

    @Test("complain about files that can't be used, and give nothing for a program to read")
    func unusable() async throws {
        for command in ["explain hello", "test"] {
            let arguments = ["rules"] + command.split(separator: " ").map(String.init)
            let run = try await CommandRun(arguments, files: ["rules/a.yaml": "version: 2"])
            #expect(run.output.isEmpty)
            #expect(run.complaint.hasPrefix(#"rules/a.yaml:1:10: "version" is "2"; write 1 [wrong-value]"#))
            #expect(run.status == 1)
        }
    }

    @Test(
        "call wrong usage by its exit status",
        arguments: [["chek"], ["check", "--json", "--sarif"], ["explain"], ["test", "--rule"]]
    )
    func wrongUsage(arguments: [String]) async throws {
        let run = try await CommandRun(["rules"] + arguments)
        #expect(run.status == 2)
        #expect(run.complaint.hasPrefix("Error: "))
    }

    @Test(
        "explain themselves, with an example",
        arguments: ["", "check", "test", "explain", "replay", "coverage", "unanswered", "fmt", "schema", "bench"]
    )
    func help(command: String) async throws {
        let run = try await CommandRun(["rules"] + (command.isEmpty ? [] : [command]) + ["--help"])
        #expect(run.status == 0)
        #expect(run.output.hasPrefix("OVERVIEW: "))
        #expect(run.output.contains("\n  claude-chat rules"))
        let lines = run.output.split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= 80 || $0.hasPrefix("USAGE: ") })
    }
}
