import Testing

@testable import SourceCode

/// The language of `.gitignore`, whose own manual has these cases.
@Suite("path patterns")
struct PathPatternTests {
    @Test(
        "match as .gitignore does",
        arguments: [
            ("*.py", "a.py", true), ("*.py", "src/deep/a.py", true), ("*.py", "a.pyc", false),
            ("a?c.py", "abc.py", true),
            ("a?c.py", "a/c.py", false), ("doc/*.txt", "doc/a.txt", true), ("doc/*.txt", "x/doc/a.txt", false),
            ("doc/*.txt", "doc/x/a.txt", false), ("/a.py", "a.py", true), ("/a.py", "x/a.py", false),
            ("doc/", "doc/a.txt", true), ("doc/", "x/doc/a.txt", true), ("doc/", "doc", false),
            ("**/a.py", "x/y/a.py", true),
            ("**/a.py", "a.py", true), ("x/**", "x/y/z.py", true), ("x/**", "x", false), ("x/**/z.py", "x/z.py", true),
            ("x/**/z.py", "x/a/b/z.py", true), ("[ab].py", "b.py", true), ("[!ab].py", "b.py", false),
            ("[a-c]x", "bx", true), ("\\*.py", "*.py", true), ("\\*.py", "a.py", false), ("*", "any/thing", true),
            ("src", "src/a/b.py", true), ("*secret*", "my-secret-store/a.py", true), ("[", "[", true),
        ]
    )
    func matching(pattern: String, path: String, isMatch: Bool) {
        #expect(PathPattern(pattern).includes(path) == isMatch)
    }

    @Test("with case folded, letters match in either case, without it they don't")
    func folding() {
        #expect(PathPattern("*.Pem", foldsCase: true).includes("A.pEM"))
        #expect(!PathPattern("*.Pem").includes("A.pem"))
    }

    @Test("a pattern of stars alone is as quick as any")
    func stars() {
        let pattern = PathPattern(String(repeating: "*a", count: 100) + "b")
        #expect(!pattern.includes(String(repeating: "a", count: 4_000)))
    }

    @Test("deny beats allow, and case is no way around it")
    func deny() {
        let rules = PathRules(allow: ["*"], deny: ["internal/"])
        #expect(rules.allows("src/a.py"))
        for path in [
            "internal/a.py", "src/Internal/a.py", ".env", ".ENV.local", "src/.git/config", "key.PEM", "id_rsa",
            "my_secrets.yaml", "AWS-Credentials.txt", "node_modules/x/index.js", "a/.hidden/b.py",
        ] {
            #expect(!rules.allows(path), "\(path)")
        }
    }

    @Test("what isn't source code is allowed only where it is written down")
    func defaults() {
        let rules = PathRules(allow: [], deny: [])
        #expect(rules.allows("src/basket.py") && rules.allows("Makefile"))
        #expect(!rules.allows("config/database.yml") && !rules.allows("dump.sql.gz"))
    }
}
