import Rules
import Testing

@Suite("patterns")
struct PatternTests {
    @Test("know upper and lower case and word edges in every script")
    func unicode() throws {
        var scanner = Scanner()
        #expect(try Pattern(#"\bgröße\b"#).firstMatch(in: "Die GRÖSSE, nein: GRÖßE!", using: &scanner)?.text == "GRÖßE")
        #expect(try Pattern(#"\bhi\b"#).firstMatch(in: "this which they", using: &scanner) == nil)
        #expect(try Pattern("k").firstMatch(in: "\u{212A}", using: &scanner)?.text == "\u{212A}")
    }

    @Test("give the leftmost match and its named groups, and leave out those that took no part")
    func captures() throws {
        var scanner = Scanner()
        let pattern = try Pattern(#"(?<word>error)(?: (?<code>\d+))?"#)
        #expect(try pattern.firstMatch(in: "an error 502", using: &scanner)?["code"] == "502")
        let without = try pattern.firstMatch(in: "an error", using: &scanner)
        #expect(without?["word"] == "error")
        #expect(without?["code"] == nil)
    }

    @Test(
        "stop at a limit instead of running away, and never call that no match",
        arguments: ["[a-z]*[a-z]*[0-9]", "a.{0,80}?a.{0,80}?[yz]", "(a+)+$"]
    )
    func limits(source: String) throws {
        var scanner = Scanner()
        let text = String(repeating: "a", count: 3_999) + "!"
        #expect(throws: MatchLimit.self) {
            try Pattern(source).firstMatch(in: text, using: &scanner)
        }
    }

    @Test("say at which character a mistake is")
    func mistakes() {
        let problem = #expect(throws: PatternProblem.self) { try Pattern("größe(") }
        #expect(problem?.offset == 6)
        #expect(problem?.message == "missing closing parenthesis")
    }
}
