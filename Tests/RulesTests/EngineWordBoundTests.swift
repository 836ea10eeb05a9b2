import Testing

@testable import Rules

/// How many words a message has at most that a pattern matches from its start to its end.
@Suite("the words that a pattern has room for")
struct EngineWordBoundTests {
    private static func words(_ pattern: String, options: Pattern.Options = [.caseless, .ucp]) -> Int? {
        PatternParser.parse(pattern, options: options).node.maximumWords
    }

    @Test(
        "are those of its longest way",
        arguments: [
            (#"^(?:hi|good\s+evening)\W*$"#, 2), (#"^\W*(?:hi|hello)\b[\s!.,]*(?:all|everyone)?\W*$"#, 2),
            ("^hi(?:ya)?$", 1), (#"^t-?shirts?\z"#, 2), (#"^(?<greeting>hi)!{0,3}\Z"#, 1), ("^(?:ha){1,9}$", 1),
            ("^(?:ha ){1,9}$", 9), ("^x.{0,9}$", 10), ("^(?:hi$|good day$)", 2), ("^olá$", 1), ("^😀$", 1),
            ("^[!?. ]+$", 0), (#"^[\s!?.,-]*$"#, 0), ("^gr[ae]y$", 1), ("^$", 0),
            ("^(?:ab)+$", 1), ("^(?i)hi$", 1),
        ]
    )
    func known(pattern: String, expected: Int) {
        #expect(Self.words(pattern) == expected)
    }

    @Test(
        "are any number where the pattern ends before the text does, or holds what may be words",
        arguments: [
            "^hi", #"^hi\W*"#, "^hi$|^hello", "^hi.*$", #"^hi\s\w+$"#, "^(?:hi )*$", #"^hi\R$"#, "(?m)^hi$",
            "^hi(?:$)?",
            "^(?<x>hi)(?&x)$", "^hi{,2}$", "^hi{ 2 }$", "^[^x]*$", "^(?:hi){9,}x{0,65535}.{0,65535}$", #"^(hi) \1$"#,
        ]
    )
    func unknown(pattern: String) {
        #expect(Self.words(pattern) == nil)
    }

    @Test("say nothing where lines have ends of their own")
    func multiline() {
        #expect(Self.words("^hi$", options: [.multiline]) == nil)
        #expect(Self.words(#"^hi\z"#, options: [.multiline]) == 1)
    }

    @Test(
        "are counted in a message without those that letters beyond ASCII start or go on with",
        arguments: [
            ("", 0), ("hi", 1), (" hi, all ", 2), ("good-evening 2 u_2", 4), ("ol\u{E1}", 1), ("hi\u{17F}hi", 1),
            ("👋hi there", 1), ("a\nb", 2),
        ]
    )
    func counted(message: String, expected: Int) {
        var message = message
        #expect(message.withUTF8 { wordCount(of: $0) } == expected)
    }

    @Test("spare a pattern that has fewer than the message")
    func spared() throws {
        let set = try RuleFixture.load(
            """
            - id: hello
              match: '^(?:hello|good\\s+day)\\W*$'
              reply: noted
            """
        )
        var scanner = Rules.Scanner()
        func outlook(_ message: String) -> Prefilter.Outlook {
            var message = message
            return message.withUTF8 { bytes in
                set.prefilter.findCandidates(in: bytes, using: &scanner)
                return set.prefilter.outlook(for: 0, of: 0, in: bytes, using: &scanner)
            }
        }
        #expect(outlook("Good day!") == .anywhere)
        #expect(outlook("hello there you") == .nowhere)
        #expect(outlook("hello") == .anywhere)
    }
}
