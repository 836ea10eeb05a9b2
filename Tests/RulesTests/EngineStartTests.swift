import Testing

@testable import Rules

/// Where the engine lets PCRE2 look for a match: "a|b" for two texts, `^` and `$` for the edges of a word, nothing for
/// anywhere.
@Suite("the starts of a match")
struct EngineStartTests {
    private static func starts(_ pattern: String, options: Pattern.Options = [.caseless, .ucp]) -> String? {
        let node = PatternParser.parse(pattern, options: options).node
        return RequiredLiterals.starts(of: node, isUnicode: options.contains(.ucp)).map { set in
            set.literals.map { ($0.startsWord ? "^" : "") + $0.text + ($0.endsWord ? "$" : "") }.joined(separator: "|")
        }
    }

    @Test(
        "are what a pattern starts with on each of its ways",
        arguments: [
            ("error", "error"), ("Größe", "größe"), (#"\berror\b"#, "^error$"), (#"\b(?:get|got)\s+it"#, "^get$|^got$"),
            ("(?<x>error|bug)s?", "error|bug"), (#"(?<!\w)(?:drop\s+down|tab)(?!\w)"#, "^drop$|^tab$"),
            ("(?:e-)?mail", "e-|mail"), ("(?:hyper)?links?", "hyper|link"), ("(?:ab){2}", "ab"),
            ("(?:very )*slow", "very |slow"),
            ("g(?:et|ot)", "get|got"), ("gr[ae]y", "gray|grey"), ("err(?:or|atum)", "err"), ("t-?shirt", "t-|tshirt"),
            (#"\bi\s+am"#, "^i$"), (#"\bi\W"#, "^i$"), (#"(?=x)\berror"#, "^error"), (#"(?<=an )error"#, "error"),
            (#"\?"#, "?"), (#"\berror\s{0,9}\d"#, "^error"), ("(?i)error", "error"),
            ("(?:error|bug){1,3}", "error|bug"),
        ]
    )
    func known(pattern: String, expected: String) {
        #expect(Self.starts(pattern) == expected)
    }

    @Test(
        "are anywhere where a way starts with something else, or with what is in every message",
        arguments: [
            #"\d+"#, "e.g", "(?:error|.)", "(?:error)?", "(?:error|)", ".error", #"\s+error"#, "(?=error)", "a",
            #"\ba"#,
            " ", "e?mail", "(?R)?error", #"(?:error|\w+)"#, "[^a]error", "(*UCP)error", "",
        ]
    )
    func unknown(pattern: String) {
        #expect(Self.starts(pattern) == nil)
    }

    @Test("are spelt out as far as there are no more than 256 of them, and in no more than 4,000 steps")
    func bounded() {
        let words = (0..<257).map { "word\($0)" }
        #expect(Self.starts(words.joined(separator: "|")) == nil)
        #expect(Self.starts(words.dropFirst().joined(separator: "|")) != nil)
        #expect(Self.starts(String(repeating: "(?:a|b|)", count: 40) + "error") == nil)
    }

    private static let rules = """
        - id: one
          match: '\\berror(?:\\s\\w+){0,3}\\s(?<code>\\d+)'
          reply: noted
        """

    /// What the search for required texts says about a message, and the places that it found.
    private static func outlook(_ message: String) throws -> (Prefilter.Outlook, [UInt32]) {
        let set = try RuleFixture.load(Self.rules)
        var scanner = Rules.Scanner()
        var text = message
        let outlook = text.withUTF8 { bytes in
            set.prefilter.findCandidates(in: bytes, using: &scanner)
            return set.prefilter.outlook(for: 0, of: 0, in: bytes, using: &scanner)
        }
        return (outlook, scanner.found.starts)
    }

    @Test(
        "are the places of the texts in the message, in bytes",
        arguments: [
            ("an error 5", [3]), ("ERROR x, errors, error y 7", [0, 9, 17]), ("größer: error", [10]), ("👋error", [4]),
            ("xerror", []),
        ]
    )
    func places(message: String, expected: [UInt32]) throws {
        let (outlook, starts) = try Self.outlook(message)
        #expect(starts == expected)
        #expect(outlook == (expected.isEmpty ? .nowhere : .atStarts))
    }

    @Test(
        "are anywhere where folding has moved the texts, or where there are many of them",
        arguments: ["a ſign, error 5", String(repeating: "error ", count: 65), "error error error error"]
    )
    func anywhere(message: String) throws {
        #expect(try Self.outlook(message).0 == .anywhere)
    }

    @Test("have an equal share of the steps each, and where that is too little the whole text decides")
    func steps() throws {
        let gap = #"(?:\s\w+){0,400}?\szz"#
        let set = try RuleFixture.load("- {id: one, match: '\\berror\(gap)', reply: noted}")
        let words = String(repeating: "no ", count: 300)
        #expect(set.winner("error \(words)zz") == "a/one")
        // The first of eight would need more than an eighth, and there is enough for it.
        #expect(set.winner("\(String(repeating: "error ", count: 8))\(words)zz") == "a/one")
    }
}
