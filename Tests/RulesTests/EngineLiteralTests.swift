import Testing

@testable import Rules

/// What the engine reads out of a pattern: "a|b" for a set of two texts, `^` and `$` for the edges of a word.
@Suite("required texts")
struct EngineLiteralTests {
    private static func sets(_ pattern: String, options: Pattern.Options = [.caseless, .ucp]) -> [String] {
        let node = PatternParser.parse(pattern, options: options).node
        return RequiredLiterals.required(by: node, isUnicode: options.contains(.ucp)).map { set in
            set.literals.map { ($0.startsWord ? "^" : "") + $0.text + ($0.endsWord ? "$" : "") }.joined(separator: "|")
        }
    }

    @Test(
        "are the texts that stand in a pattern in a row",
        arguments: [
            ("error", ["error"]), ("Größe", ["größe"]), (#"a\.b"#, ["a.b"]), (#"\Qa.b*\E+"#, ["a.b*"]),
            (#"\Qa|b"#, ["a|b"]), (#"caf\x{e9}"#, ["café"]), (#"\x41b"#, ["ab"]), (#"\N{U+212A}it"#, ["kit"]),
            (#"\o{101}b"#, ["ab"]), (#"a\tb"#, ["a\tb"]), ("er(?#or)ror", ["error"]), (#"er\Q\Eror"#, ["error"]),
            ("er(?:ro)r", ["error"]), ("er(ro)r", ["error"]), ("er(?<x>ro)r", ["error"]), ("er(?P<x>ro)r", ["error"]),
            ("er(?'x'ro)r", ["error"]), ("er(?>ro)r", ["error"]), ("er(?|ro)r", ["error"]), ("er(?i:RO)r", ["error"]),
            ("er(?i)ror", ["er", "ror"]), ("ab.cd", ["ab", "cd"]), ("ab^cd", ["ab", "cd"]), (#"ab\wcd"#, ["ab", "cd"]),
            (#"ab\Bcd"#, ["ab", "cd"]), (#"ab\1cd"#, ["ab", "cd"]), (#"ab\k<x>cd"#, ["ab", "cd"]),
            (#"ab\p{L}cd"#, ["ab", "cd"]), (#"ab\pLcd"#, ["ab", "cd"]), (#"ab\Ncd"#, ["ab", "cd"]),
            (#"ab\g{-1}cd"#, ["ab", "cd"]), (#"ab\R\Xcd"#, ["ab", "cd"]), (#"ab\cAcd"#, ["ab", "cd"]),
        ]
    )
    func rows(pattern: String, expected: [String]) {
        #expect(Self.sets(pattern) == expected)
    }

    @Test(
        "end where a quantifier makes a character optional or repeats it",
        arguments: [
            ("colou?r", ["colo"]), ("colou?rs", ["colo", "rs"]), ("ab+cd", ["ab", "cd"]), ("ab{2,}cd", ["ab", "cd"]),
            ("ab*cd", ["cd"]), ("ab{0,3}cd", ["cd"]), ("ab{,3}cd", ["cd"]), ("abc++de", ["abc", "de"]),
            ("abc+?de", ["abc", "de"]), ("(?:abc){2}de", ["abc", "de"]), ("(?:abc)?de", ["de"]),
            ("(?:abc)*+de", ["de"]), ("abc{x}de", ["abc", "x}de"]), ("abc(?#x)*de", ["ab", "de"]),
        ]
    )
    func quantifiers(pattern: String, expected: [String]) {
        #expect(Self.sets(pattern) == expected)
    }

    @Test(
        "are spelt out where a class has up to four characters and there are up to sixteen spellings",
        arguments: [
            ("gr[ae]y", ["gray|grey"]), ("gr[Aa]y", ["gray"]), ("v[1-3]x", ["v1x|v2x|v3x"]), ("v[0-9]x", []),
            ("ab[^c]de", ["ab", "de"]), ("ab[abcde]fg", ["ab", "fg"]), (#"ab[\d]cd"#, ["ab", "cd"]),
            (#"a[\x{e9}\]]b"#, ["aéb|a]b"]), ("a[]x]b", ["a]b|axb"]), (#"a[\E]x]b"#, ["a]b|axb"]),
            ("ab[[:alpha:]]cd", ["ab", "cd"]),
            ("a[-x]b", ["a-b|axb"]), ("a[x-]b", ["axb|a-b"]), (#"ab[\Q]x\E]cd"#, ["ab", "cd"]),
            (
                "[ab][cd][ef][gh]ij",
                [
                    "acegij|acehij|acfgij|acfhij|adegij|adehij|adfgij|adfhij|bcegij|bcehij|bcfgij|bcfhij|bdegij|bdehij|bdfgij|bdfhij"
                ]
            ),
            (
                "[ab][cd][ef][gh][ij]kl",
                ["aceg|aceh|acfg|acfh|adeg|adeh|adfg|adfh|bceg|bceh|bcfg|bcfh|bdeg|bdeh|bdfg|bdfh", "ikl|jkl"]
            ),
        ]
    )
    func classes(pattern: String, expected: [String]) {
        #expect(Self.sets(pattern) == expected)
    }

    @Test(
        "of alternatives are the best of each, and none where one has none",
        arguments: [
            ("error|bug", ["error|bug"]), (#"(?:error|\d+)"#, []), ("(?:error|)", []), ("x(?:ab|cd)y", ["ab|cd"]),
            ("(?:ab.cdefg|hi)", ["cdefg|hi"]), ("(?:error|e)", []), (#"#(?:\d)"#, ["#"]),
            ("ab(?:c|d)ef", ["ab", "ef"]),
        ]
    )
    func alternatives(pattern: String, expected: [String]) {
        #expect(Self.sets(pattern) == expected)
    }

    @Test(
        "stand also in what is looked at ahead and behind, not in what must be absent or may be skipped",
        arguments: [
            ("^(?=.*error)(?=.*login)", ["error", "login"]), ("(?<=error )code", ["error ", "code"]),
            ("(?!error)code", ["code"]), ("(?<!error)code", ["code"]), ("code(?!.*(?:fixed|solved))", ["code"]),
            ("(?*error)x+y", ["error"]), ("(x)?(?(1)error|bug)code", ["code"]),
            ("(?(?=error)error|bug)code", ["code"]), ("(?(DEFINE)(?<n>error))code", ["code"]),
        ]
    )
    func lookarounds(pattern: String, expected: [String]) {
        #expect(Self.sets(pattern) == expected)
    }

    @Test(
        "know where a word starts and ends",
        arguments: [
            (#"\bform\b"#, ["^form$"]), (#"\bform"#, ["^form"]), (#"form\b"#, ["form$"]),
            (#"\b(?:form|field)\b"#, ["^form$|^field$"]),
            (#"\b(?:forms?|field(?:ed)?)\b"#, ["^form|^field"]), (#"(?<!\w)(?:form|field)(?!\w)"#, ["^form$|^field$"]),
            (#"\b(form)\b"#, ["^form$"]), (#"\b#form\b"#, ["#form$"]), (#"\bécran\b"#, ["écran$"]),
            (#"\b(?=form)"#, ["form"]), (#"\bab(?:cd)+\b"#, ["^abcd"]), (#"a\b(?:form)"#, ["^form"]),
            (#"\b(?:ab|cd)ef\b"#, ["^ab|^cd", "ef$"]),
        ]
    )
    func edges(pattern: String, expected: [String]) {
        #expect(Self.sets(pattern) == expected)
    }

    @Test("know no word edges where only ASCII letters make a word")
    func asciiEdges() {
        #expect(Self.sets(#"\bform\b"#, options: [.caseless]) == ["form"])
    }

    @Test(
        "are read past white space and comments in extended mode",
        arguments: [
            ("er ror # no | more\n s", ["errors"]), (#"er\ ror"#, ["er ror"]), ("err[ ]or", ["err or"]),
            ("er + ror", ["er", "ror"]),
            ("er(?-x) r(?x) or", ["er", " r", "or"]), ("er(?-x:  )o r", ["er  or"]), (#"\Qer r\E or"#, ["er ror"]),
        ]
    )
    func extended(pattern: String, expected: [String]) {
        #expect(Self.sets(pattern, options: [.caseless, .ucp, .extended]) == expected)
    }

    @Test(
        "are none where the parser can't be sure, so that the rule always runs",
        arguments: [
            "(*UCP)error", "err(*SKIP)or", "err(?C1)or", "(*napla:error)x", "(?xx)err[ ]or]", "(?aW)error",
            "(?[a-z])error",
            "error)", String(repeating: "(", count: 260) + "error" + String(repeating: ")", count: 260) + "|bug",
        ]
    )
    func unknown(pattern: String) {
        #expect(Self.sets(pattern).isEmpty)
    }

    @Test("that are a single letter or more than 256 are left out")
    func useless() {
        #expect(Self.sets("a.b").isEmpty)
        let words = (0..<257).map { "word\($0)" }
        #expect(Self.sets(words.joined(separator: "|")).isEmpty)
        #expect(Self.sets(words.dropFirst().joined(separator: "|")).count == 1)
    }
}
