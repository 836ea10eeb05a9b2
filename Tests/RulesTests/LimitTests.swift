import CPCRE2
import Testing

@testable import Rules

/// What ends a search that would take too long.
@Suite("limits of a search")
struct LimitTests {
    private static let text = String(repeating: "a", count: 3_999) + "!"
    private static let options: Pattern.Options = [.caseless, .ucp]

    private func limit(_ pattern: Pattern, step: Duration) -> MatchLimit? {
        var scanner = Scanner.stepping(by: step)
        do throws(MatchLimit) {
            _ = try pattern.firstMatch(in: Self.text, using: &scanner)
            return nil
        } catch {
            return error
        }
    }

    @Test("a guarded search is ended by the clock, and by its steps where the clock stands still")
    func guarded() throws {
        let pattern = try Pattern("[a-z]*[a-z]*[0-9]", options: Self.options, build: .guarded)
        #expect(self.limit(pattern, step: .microseconds(100)) == .time)
        #expect(self.limit(pattern, step: .zero) == .steps)
    }

    @Test("the clock is read at every sixteenth part of the pattern")
    func readings() throws {
        let pattern = try Pattern("^(?:a|b)*[0-9]", options: Self.options, build: .guarded)
        let scanner = Scanner.stepping(by: .microseconds(1))
        scanner.startMessage(within: nil)
        var text = String(repeating: "a", count: 100)
        let start = scanner.now
        text.withUTF8 { bytes in _ = pattern.search(bytes, in: scanner.scratch, using: scanner) }
        let readings = (scanner.now - start) / 1_000 - 1
        #expect((10...40).contains(readings), "\(readings)")
    }

    @Test("an ordinary search never reads the clock before its end")
    func ordinary() throws {
        #expect(self.limit(try Pattern("[a-z]*[a-z]*[0-9]"), step: .seconds(1)) == .steps)
    }

    @Test("where machine code is refused, a pattern is interpreted and guarded, and finds the same")
    func refused() throws {
        let pattern = try Pattern("[a-z]*[a-z]*[0-9]", options: Self.options, build: .interpreted)
        #expect(self.limit(pattern, step: .microseconds(100)) == .time)
        var scanner = Scanner()
        #expect(try pattern.firstMatch(in: "Größe ab42", using: &scanner)?.text == "ab4")
        let word = try Pattern(#"\b(?<word>größe)\b"#, options: Self.options, build: .interpreted)
        #expect(try word.firstMatch(in: "Die GRÖßE.", using: &scanner)?["word"] == "GRÖßE")
    }

    @Test("a pattern that is neither translated nor fits under a clock is not run, which isn't \"no match\"")
    func unrunnable() throws {
        let large = String(repeating: "b", count: 9_000)
        let pattern = try Pattern("[a-z]*[a-z]*[0-9]|\(large)", options: Self.options, build: .interpreted)
        for _ in 0..<2 { #expect(self.limit(pattern, step: .zero) == .error(-48)) }
        #expect(pattern.isReady)
        // Translated, it runs.
        #expect(self.limit(try Pattern("[a-z]*[a-z]*[0-9]|\(large)", options: Self.options), step: .zero) == .steps)
    }

    @Test("a pattern that the system doesn't translate has to fit under a clock when it is loaded")
    func untranslated() throws {
        let pattern = try Pattern(#"(?:error|fault)\s\d+"#, options: Self.options, build: .interpreted)
        #expect(PatternBench(known: KnownCosts()).cost(of: pattern) == .guarded)
        let translated = try Pattern(#"(?:error|fault)\s\d+"#, options: Self.options)
        #expect(PatternBench(known: KnownCosts()).cost(of: translated) == .fine)
    }

    @Test("what is too deep for the stack of the machine code is tried again by the guarded interpreter")
    func stack() throws {
        let pattern = try Pattern(#"^(?:((((((((((.))))))))))|b)*\d"#)
        // Only the interpreter knows a depth, and only a guarded one a time.
        #expect(self.limit(pattern, step: .zero) == .depth)
        #expect(self.limit(pattern, step: .milliseconds(2)) == .time)
    }

    @Test(
        "a search finds what PCRE2 finds without anything around the pattern, groups included",
        arguments: [
            "error", "(?<!\\w)(?:hi|hey)(?!\\w)", #"\b(?:kelvin|sharp)\b"#, "[^a-z ]{2}", "é+", "ß|x", "(?x) a b # c",
            "(?=b)b|c", "x?y", "x*", #"\s+a"#, "(?-i)Ab", #"\Qa.b\E"#, "(?<=a)b", "(?s).b", #"\x{1F600}"#, "k", "ſ",
            "(a)?b", "(?<one>a)?(?<two>b|k)", #"(?<one>a|b)\k<one>"#, #"(?<one>[a-z](?&one)?\W)"#, "(a)(?:(?1)|b)",
            #"(?:(?=\d)|@)\d*"#, "(?i:k)(?-i:K)", "(?!a)[a-c]", #"(?m)^b"#, "^b", #"\Bb"#, "[\\x{80}-\\x{ff}]a|b",
        ]
    )
    func start(source: String) throws {
        var generator = SeededGenerator(source)
        var scanner = Scanner()
        let plain = try PatternCode(source, Self.options)
        defer { plain.free() }
        let matchData = try #require(pcre2_match_data_create_from_pattern_8(plain.pointer, nil))
        defer { pcre2_match_data_free_8(matchData) }
        let alphabet = Array("aAbBckK\u{212A}sſyxéÉßẞ 0@.\n😀".unicodeScalars)
        let pattern = try Pattern(source)
        for _ in 0..<300 {
            var text = String.UnicodeScalarView()
            for _ in 0..<(generator.next() % 12) {
                text.append(alphabet[Int(generator.next() % UInt64(alphabet.count))])
            }
            var message = String(text)
            let expected = message.withUTF8 { bytes in
                let result = pcre2_match_8(plain.pointer, bytes.baseAddress, bytes.count, 0, 0, matchData, nil)
                return result < 0 ? nil : PatternMatch(of: pattern, in: bytes, matchData)
            }
            #expect(try pattern.firstMatch(in: message, using: &scanner) == expected, "\(message)")
        }
    }

    @Test("a pattern is translated by its first search and not before")
    func lazily() throws {
        let pattern = try Pattern("hello")
        var loading = Scanner.loading()
        let isEmptyMatch = pattern.matchesEmptyText(using: loading)
        #expect(!isEmptyMatch)
        #expect(try pattern.firstMatch(in: "say hello", using: &loading)?.text == "hello")
        #expect(!pattern.isReady)
        var scanner = Scanner()
        #expect(try pattern.firstMatch(in: "say hello", using: &scanner)?.text == "hello")
        #expect(pattern.isReady)
    }

    @Test("the translation isn't taken from the time of the message that needs it first")
    func translationTime() throws {
        let pattern = try Pattern("hello")
        // The translation takes a second, and the thread has computed a second more at each look.
        let scanner = Rules.Scanner(
            clock: NanosecondClock { pattern.isReady ? 1_000_000_000 : 0 },
            processor: SteppingClock(step: .seconds(1)).nanoseconds
        )
        scanner.startMessage(within: .milliseconds(5))
        var text = "say hello"
        text.withUTF8 { bytes in _ = pattern.search(bytes, in: scanner.scratch, using: scanner) }
        // The first look would only begin to measure what the thread computes.
        for _ in 0..<2 {
            let hasTime = scanner.hasTime
            #expect(hasTime)
        }
    }

    @Test("many threads may run a pattern for the first time at once")
    func concurrently() async throws {
        for round in 0..<20 {
            let pattern = try Pattern(#"\b(?<number>\d+) of round\#(round)\b"#)
            let found = await withTaskGroup(of: String?.self) { group in
                for number in 0..<16 {
                    group.addTask {
                        var scanner = Scanner()
                        let text = "this is \(number) of round\(round)"
                        return (try? pattern.firstMatch(in: text, using: &scanner))?["number"]
                    }
                }
                return await group.reduce(into: Set<String>()) { if let number = $1 { $0.insert(number) } }
            }
            #expect(found == Set((0..<16).map(String.init)))
        }
    }
}
