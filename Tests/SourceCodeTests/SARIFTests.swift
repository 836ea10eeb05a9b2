import Foundation
import Testing

@testable import SourceCode

@Suite("SARIF reports")
struct SARIFTests {
    private static func report(_ results: [String], bases: String = "{}") -> String {
        """
        {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "lint", "rules": [{"id": "r0"}, {"id": "r1"}]}},
          "originalUriBaseIds": \(bases), "results": [\(results.joined(separator: ","))]}]}
        """
    }

    private static func result(_ uri: String, line: Int, more: String = "\"ruleId\": \"unused\"") -> String {
        """
        {\(more), "message": {"text": "is never\\nused"}, "locations": [{"physicalLocation":
          {"artifactLocation": {"uri": "\(uri)"}, "region": {"startLine": \(line)}}}]}
        """
    }

    private func results(_ text: String) -> [SARIFReader.Result] { SARIFReader.results(in: Array(text.utf8)) ?? [] }

    @Test("rule, level, message, line and what was decided are read; a rule may be named by its number")
    func fields() {
        let text = Self.report([
            Self.result(
                "src/a.py",
                line: 3,
                more: #""ruleIndex": 1, "level": "error", "suppressions": [{"kind": "inSource"}]"#
            ),
            Self.result("src/b.py", line: 4, more: #""ruleId": "x", "suppressions": [{"status": "rejected"}]"#),
            #"{"ruleId": "nowhere", "message": {"text": "x"}}"#,
        ])
        #expect(
            self.results(text) == [
                .init(
                    finding: Finding(rule: "r1", level: "error", message: "is never used", line: 3, isSuppressed: true),
                    path: "src/a.py"
                ),
                .init(
                    finding: Finding(rule: "x", level: "warning", message: "is never used", line: 4),
                    path: "src/b.py"
                ),
            ]
        )
    }

    @Test(
        "addresses become paths, and what leads elsewhere nothing",
        arguments: [
            ("src/my%20file.py", "src/my file.py"), ("./src/a.py", "src/a.py"), ("file:///srv/a.py", "/srv/a.py"),
            ("file:/srv/a.py", "/srv/a.py"), ("file://host/srv/a.py", "/srv/a.py"), ("../../etc/passwd", nil),
            ("src/%2e%2e/a.py", nil), ("https://host/a.py", nil), ("", nil), ("%zz", nil),
        ] as [(String, String?)]
    )
    func addresses(uri: String, path: String?) {
        #expect(self.results(Self.report([Self.result(uri, line: 1)])).map(\.path) == (path.map { [$0] } ?? []))
    }

    @Test("addresses start at the folders that the report names, and those that name each other end")
    func bases() {
        func path(_ bases: String) -> String? {
            let result =
                #"{"ruleId": "x", "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.py", "uriBaseId": "SRC"}, "region": {"startLine": 1}}}]}"#
            return self.results(Self.report([result], bases: bases)).first?.path
        }
        #expect(
            path(#"{"SRC": {"uri": "src", "uriBaseId": "ROOT"}, "ROOT": {"uri": "file:///srv/"}}"#) == "/srv/src/a.py"
        )
        #expect(path(#"{"SRC": {"uri": "src/", "uriBaseId": "SRC"}}"#) == nil)
        #expect(path("{}") == "a.py")
    }

    @Test(
        "what is no SARIF is no report",
        arguments: ["", "[]", "{}", "{\"runs\": 1}", "\0", "{\"runs\": [{\"results\": [1]}]}"]
    )
    func broken(text: String) { #expect(SARIFReader.results(in: Array(text.utf8)) == nil) }

    @Test("a place has what reports say near it, whichever folder above their paths start at")
    func places() throws {
        let folder = try CodeFolder(["deep/a.py": (1...20).map { "word_\($0) = 1\n" }.joined()])
        let real = try #require(RootFolder(folder.code)).path
        let results = [
            Self.result("deep/a.py", line: 10), Self.result("code/deep/a.py", line: 9),
            Self.result("file://\(real)/deep/a.py", line: 8),
            Self.result("other/deep/a.py", line: 10, more: "\"ruleId\": \"wrong\""),
            Self.result("a.py", line: 10, more: "\"ruleId\": \"wrong\""),
            Self.result("deep/a.py", line: 14, more: "\"ruleId\": \"far\""),
        ]
        try FileManager.default.createDirectory(atPath: "\(folder.path)/reports", withIntermediateDirectories: true)
        try Self.report(results).write(toFile: "\(folder.path)/reports/lint.sarif", atomically: false, encoding: .utf8)
        try "{".write(toFile: "\(folder.path)/reports/broken.sarif", atomically: false, encoding: .utf8)
        let index = try CodeIndex.open(
            folder.indexPath,
            roots: [CodeRoot(path: folder.code)],
            reports: ["\(folder.path)/reports"]
        ) { 1_700_000_000_000 }
        #expect(try index.update().problems == ["\(folder.path)/reports/broken.sarif: is no SARIF 2.1.0"])
        let place = try #require(try index.searchNow(CodeQuery("word_10", isLiteral: true)).places.first)
        #expect(place.findings.map { "\($0.rule) \($0.line)" } == ["unused 10", "unused 9", "unused 8"])
        let ofRule = try index.searchNow(CodeQuery("`far`", limit: 5)).places
        #expect(ofRule.map(\.name) == ["deep/a.py:14"] && ofRule.map(\.reason) == [.finding])
        try FileManager.default.removeItem(atPath: "\(folder.path)/reports/lint.sarif")
        _ = try index.update()
        #expect(try index.searchNow(CodeQuery("word_10", isLiteral: true)).places.first?.findings == [])
    }
}
