import Diagnostics
import Foundation
import Rules
import Testing

/// The schema by which editors complete and check rule files.
@Suite("the schema for editors")
struct SchemaTests {
    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("rules")

    /// `rules/rules.schema.json`; written anew where `RECORD=1` is set.
    @Test("is the one that is shipped")
    func shipped() throws {
        let file = Self.folder.appendingPathComponent("rules.schema.json")
        if ProcessInfo.processInfo.environment["RECORD"] == "1" { try Data(RuleSchema.text().utf8).write(to: file) }
        #expect(try String(contentsOf: file, encoding: .utf8) == RuleSchema.text(), "run the tests with RECORD=1")
    }

    @Test("takes every shipped file, and each of them names it in its first line")
    func files() throws {
        let schema = try Schema(RuleSchema.text())
        for (name, path) in try Self.yamlFiles() {
            let text = try String(contentsOf: path, encoding: .utf8)
            #expect(schema.findings(in: try YAMLNode(yaml: text, file: name)) == [], "\(name)")
            let relative = name.hasPrefix("local/") ? "../" : "./"
            #expect(text.hasPrefix("# yaml-language-server: $schema=\(relative)rules.schema.json\n"), "\(name)")
        }
    }

    private static func yamlFiles() throws -> [(String, URL)] {
        try ["", "local/"].flatMap { prefix in
            let folder = self.folder.appendingPathComponent(prefix)
            return try FileManager.default.contentsOfDirectory(atPath: folder.path)
                .filter { $0.hasSuffix(".yaml") }
                .map { (prefix + $0, folder.appendingPathComponent($0)) }
        }
    }

    /// A file that has every key of the language.
    static let everything = """
        version: 1
        include: [words.yaml]
        defaults: {priority: 100, flags: [caseless, ucp, extended, dotall, multiline], on_limit: skip}
        words:
          plain: [hi, 7]
          ended: {list: [button], endings: [s]}
        macros: {near: '.{0,60}?'}
        rules:
          - id: all-keys
            about: A sentence
            enabled: true
            priority: -1000
            flags: [ucp]
            when:
              topic: [bug, none]
              page: {path: '/a/**', title: ['*x*']}
              lang: en
              site: [shop]
              vars: {plan: [pro, 7], size: 3}
              not: {topic: vip, page: {path: /b}, lang: de, site: x, vars: {a: b}}
            match: {any: ['\\bhello {{plain}}', '{{near}}{{ended}}']}
            unless: ['\\bx\\b']
            cooldown: {per: session, for: 250ms}
            reply:
              pick: weighted
              variants:
                - {when: not ctx.lang, text: A, weight: 3, choices: [Yes, {label: No, send: not at all}]}
                - B
            actions: [{responder: r, op: create, as: ticket, fields: {a: b}}]
            set: {topic: bug, expires: 10m}
            tags: [a, b]
            severity: low
            on_limit: fail
            allow: [recursion, slow]
            tests:
              - say: hello hi
                ctx:
                  {topic: bug, page: {path: /a/b, title: axb, url: https://x}, lang: en, site: shop, vars: {plan: pro, size: 3}}
                captures: {}
                reply: B
                tags: [a, b]
                topic: bug
              - {not: good day, wins: none}
              - {lose: hello hi, to: a/second}
          - {id: second, match: {all: ['\\bhello\\b']}, reply: {text: X, choices: [Y]}}
          - {id: third, match: '\\bgood night\\b', handoff: {queue: q, note: n, text: t}}
          - {id: fourth, match: {always: true}, continue: true, tests: [{say: z, via: continue}]}
          - {id: fifth, match: '\\bnothing\\b', silent: a reason}
          - {id: sixth, match: '\\bnobody\\b', pass: true}
        """

    @Test("and the reader both take a file with every key")
    func everyKey() throws {
        let schema = try Schema(RuleSchema.text())
        #expect(schema.findings(in: try YAMLNode(yaml: Self.everything, file: "a.yaml")) == [])
        let local = "version: 1\nwords: {plain: {add: [hey], remove: [hi]}}\ninclude: [a.yaml]"
        #expect(schema.findings(in: try YAMLNode(yaml: local, file: "b.yaml")) == [])
        #expect(schema.unused == [])
        let words = "version: 1\nwords: {unused: [x]}"
        let found = try RuleFixture.diagnostics(["a.yaml": Self.everything, "words.yaml": words, "local/b.yaml": local])
        #expect(found.filter { $0.contains("-key]") || $0.contains("[wrong-value]") } == [])
    }

    @Test(
        "refuses what the reader refuses: a wrong value for each key of a rule",
        arguments: [
            "id: Not A Name", "about: []", "enabled: maybe", "priority: 1001", "flags: [fast]", "when: {topics: a}",
            "match: {some: [a]}", "unless: {a: b}", "cooldown: {per: day, for: 1m}", "cooldown: {for: 60}",
            "reply: {texts: a}", "reply: {variants: [{text: a, weight: 0}], pick: weighted}",
            "reply: {variants: [a], pick: best}",
            "handoff: {team: a}", "silent: []", "pass: false", "continue: false", "actions: [{responder: a}]",
            "set: {expires: 10m}", "set: {topic: a, expires: 10}", "tags: {a: b}", "severity: huge", "on_limit: stop",
            "allow: [all]", "tests: [{says: a}]", "tests: [{say: a, wins: b}]", "tests: [{not: a, tags: [b]}]",
            "tests: [{lose: a}]", "tests: [{say: a, via: reply}]", "tests: [{say: a, ctx: {page: {query: b}}}]",
            "prority: 3",
        ]
    )
    func refusals(key: String) throws {
        let schema = try Schema(RuleSchema.text())
        let name = key.prefix { $0 != ":" }
        let keys = ["id: one", "match: '\\bhello\\b'", "reply: Hi"].filter { !$0.hasPrefix("\(name):") } + [key]
        let file = "version: 1\nrules:\n  - {\(keys.joined(separator: ", "))}\n"
        #expect(!schema.findings(in: try YAMLNode(yaml: file, file: "a.yaml")).isEmpty, "the schema takes it")
        let found = try RuleFixture.diagnostics(["a.yaml": file])
        let codes = ["[unknown-key]", "[missing-key]", "[wrong-value]", "[unknown-flag]", "[bad-duration]"]
        #expect(found.contains { message in codes.contains { message.hasSuffix($0) } }, "the reader takes it: \(found)")
    }
}
