@testable import Rules

/// Makes up patterns of every construct that PCRE2 knows, and texts of the same few letters.
///
/// They mean nothing; they are there to find patterns that the engine reads otherwise than PCRE2.
struct EnginePatterns {
    private var generator: SeededGenerator
    private static let letters = ["a", "b", "k", "s", "ß", "σ", "é", "1", "_", "#", " ", "-"]
    private static let variants = ["A", "B", "K", "\u{212A}", "S", "\u{17F}", "ẞ", "ς", "Σ", "É", "\n", "]", "x"]
    private static let fixed = [
        ".", #"\w"#, #"\W"#, #"\d"#, #"\s"#, #"\b"#, #"\b"#, #"\B"#, "^", "$", #"\x{61}"#, #"\x6b"#, #"\N{U+212A}"#,
        #"\o{142}"#,
        #"\N"#, #"\R"#, #"\X"#, #"\p{L}"#, #"\pL"#, #"\P{Lu}"#, #"\h"#, #"\cA"#, #"\x{df}"#, #"\Qab#\E"#, #"\Q\E"#,
        #"\E"#, #"\061"#,
        #"\1"#, #"\g1"#, #"\g{1}"#, "[ab]", "[^a]", "[a-c]", "[a-z]", "[]a]", "[^]a]", #"[\E]a]"#, #"[\Q]\Ea]"#,
        #"[a\]b]"#,
        "[[:alpha:]]", #"[\w-]"#, "[-a]", "[a-]", "[k ]", #"[\x{73}b]"#, #"[a\-b]"#, "[#]", "(?i)", "(?-i)", "(?x)",
        "(?-x)", "(?^)",
        "(?xx)", "(?s)", "(?#c)", "# a\n", "(?1)", "(*ACCEPT)", "{", "}", "{,2}", "{a}", #"(?<!\w)"#, #"(?!\w)"#, "()",
        "(?:)",
    ]
    private static let heads = [
        "(", "(?:", "(?>", "(?|", "(?=", "(?=.*", "(?!", "(?<=", "(?<!", "(?*", "(?i:", "(?x:", "(?-i:", "(?s-x:",
        "(*pla:",
        "(?(1)", "(?(?=a)", "(?(DEFINE)",
    ]
    private static let quantifiers = [
        "?", "*", "+", "{2}", "{0,2}", "{1,}", "{0}", "{,1}", "??", "*?", "+?", "*+", "++", "{2}?", " ?", "(?#c)?",
        "+ ?", #"\E*"#,
    ]

    init(seed: String) { self.generator = SeededGenerator("patterns", seed) }

    mutating func number(below bound: Int) -> Int { Int(self.generator.next() % UInt64(bound)) }

    private mutating func pick(_ texts: [String]) -> String { texts[self.number(below: texts.count)] }

    /// A pattern; not every one of them is valid.
    mutating func pattern(depth: Int = 0) -> String {
        var text = ""
        for _ in 0...self.number(below: 5) {
            switch self.number(below: depth < 3 ? 10 : 8) {
            case 0...4: for _ in 0...self.number(below: 3) { text += self.pick(Self.letters) }
            case 5...7: text += self.pick(Self.fixed)
            default:
                let branches = (0...self.number(below: 3)).map { _ in self.pattern(depth: depth + 1) }
                text += self.pick(Self.heads) + branches.joined(separator: "|") + ")"
            }
            if self.number(below: 4) == 0 { text += self.pick(Self.quantifiers) }
        }
        return text
    }

    mutating func options() -> Pattern.Options {
        [[.caseless, .ucp], [.caseless, .ucp], [.caseless], [.caseless, .ucp, .extended], [.dotAll]][
            self.number(below: 5)
        ]
    }

    mutating func text() -> String {
        (0..<self.number(below: 12)).map { _ in
            self.pick(self.number(below: 3) == 0 ? Self.variants : Self.letters)
        }
        .joined()
    }

    /// A text from pieces of `texts`, some of them cut.
    mutating func text(of texts: [String]) -> String {
        (0...self.number(below: 4)).map { _ in
            let whole = texts.isEmpty ? "" : self.pick(texts)
            return self.number(below: 6) == 0 ? String(whole.dropFirst(self.number(below: 3))) : whole
        }
        .joined(separator: self.pick(["", "", " ", "-", "a", "\n", ", and then "]))
    }
}
