import Foundation
import Testing

@testable import Rules

/// Which patterns of a rule are tried: only those that may match by the texts that they require.
@Suite("the choice among the patterns of a rule")
struct EnginePatternChoiceTests {
    /// A rule's fate in a word, whichever of its patterns were tried.
    private static func word(_ trial: RuleTrial) -> String {
        switch trial {
        case .quarantined, .coolingDown: "out"
        case .refused: "refused"
        case .unmatched: "no match"
        case .limit(let limit): "\(limit)"
        case .vetoed(let text): "vetoed by \(text)"
        case .matched(let text, let captures): "\(text) \(captures.map(\.value))"
        }
    }

    /// What became of each rule where the search for required texts has its say, and where all patterns are tried.
    private static func fates(_ set: RuleSet, _ message: String, _ scanner: inout Rules.Scanner) -> [(String, String)] {
        var text = RuleSet.readable(message).text
        return text.withUTF8 { bytes in
            set.prefilter.findCandidates(in: bytes, using: &scanner)
            scanner.startMessage(within: nil)
            return set.rules.enumerated().map { rank, rule in
                let isTried = rule.isEnabled && scanner.isCandidate(rank)
                let chosen =
                    isTried
                    ? rule.trial(on: bytes, in: RuleContext(), at: rank, of: set, using: &scanner)
                    : rule.obstacle(in: RuleContext()) ?? .unmatched
                let all = rule.trial(on: bytes, in: RuleContext(), using: &scanner)
                return (self.word(chosen), rule.isEnabled ? self.word(all) : "no match")
            }
        }
    }

    @Test("changes the fate of no shipped rule, for any sentence of their tests alone, doubled and cut")
    func shipped() throws {
        let folder = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("rules").path
        let book = try RuleBook.load(folder: folder)
        var scanner = Rules.Scanner()
        var (matchCount, vetoCount) = (0, 0)
        var last = ""
        for sentence in book.sentences.map(\.text) {
            for message in [sentence, "\(last), \(sentence.uppercased())", String(sentence.dropLast(3))] {
                for (rank, fates) in Self.fates(book.set, message, &scanner).enumerated() {
                    #expect(fates.0 == fates.1, "\(book.set.rules[rank].name) on \"\(message)\"")
                    if fates.1.hasPrefix("vetoed") { vetoCount += 1 }
                    if fates.1.hasSuffix("]") { matchCount += 1 }
                }
            }
            last = sentence
        }
        #expect(matchCount > 1_000)
        #expect(vetoCount > 100)
    }

    @Test("changes the fate of no shipped rule for a long message of all that their tests say")
    func longMessages() throws {
        let folder = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("rules").path
        let book = try RuleBook.load(folder: folder)
        var generator = SeededGenerator("long messages")
        var scanner = Rules.Scanner()
        var matchCount = 0
        for size in [60, 60, 60, 250, 250, 1_000, 4_000] {
            var message = ""
            while message.count < size {
                let sentence = book.sentences[Int(generator.next() % UInt64(book.sentences.count))]
                message += sentence.text + (generator.next() % 2 == 0 ? " " : "\n")
            }
            for (rank, fates) in Self.fates(book.set, message, &scanner).enumerated() where !fates.1.contains("steps") {
                #expect(fates.0 == fates.1, "\(book.set.rules[rank].name) on \"\(message)\"")
                if fates.1.hasSuffix("]") { matchCount += 1 }
            }
        }
        #expect(matchCount > 20)
    }

    private static let rules = """
        - id: one
          match: {any: ['\\berror\\s(?<code>\\d+)', '\\bcrash', '\\bonce\\s+more\\b']}
          unless: ['\\bfixed\\b', '\\d{4}']
          reply: noted
        - id: two
          match: {all: [login, '\\bbutton\\b']}
          unless: works
          reply: noted
        - id: three
          match: {always: true}
          unless: hello
          pass: true
        """

    @Test(
        "spares a pattern whose texts are missing, and no other",
        arguments: [
            ("error 5", [true, false, false, false, true]), ("a crash", [false, true, false, false, true]),
            ("crash, error, once more; fixed", [true, true, true, true, true]),
            ("fixed", [false, false, false, true, true]),
        ]
    )
    func spared(message: String, admitted: [Bool]) throws {
        let set = try RuleFixture.load(Self.rules)
        var scanner = Rules.Scanner()
        var text = message
        let outlooks = text.withUTF8 { bytes in
            set.prefilter.findCandidates(in: bytes, using: &scanner)
            return admitted.indices.map { set.prefilter.outlook(for: $0, of: 0, in: bytes, using: &scanner) }
        }
        #expect(outlooks.map { $0 != .nowhere } == admitted)
    }

    @Test("lets the first and the second of two patterns through, and what vetoes them")
    func anyOf() throws {
        let set = try RuleFixture.load(Self.rules)
        #expect(set.result("error 5").match?.captures == [Capture(name: "code", value: "5")])
        #expect(set.winner("a crash") == "a/one")
        #expect(set.fate(of: "a/one", "error 5 is fixed") == "unless: \"fixed\"")
        #expect(set.fate(of: "a/one", "crash of 2024") == "unless: \"2024\"")
    }

    @Test("lets the vetoes of a rule with all: and of one with always: through")
    func otherConditions() throws {
        let set = try RuleFixture.load(Self.rules)
        #expect(set.fate(of: "a/two", "the login button works") == "unless: \"works\"")
        #expect(set.fate(of: "a/three", "hello login button") == "unless: \"hello\"")
        #expect(set.winner("the login button") == "a/two")
        #expect(set.winner("the login") == "a/three")
    }
}
